/* SPDX-License-Identifier: GPL-2.0 */
/* Objects with several policies, each of which has one member: NAME is op_NAME. */
#ifndef ONE_MEMBER_H
#define ONE_MEMBER_H

#include "node_ext.bpf.h"

/* Followed by the body of member @_member, which is told @ctx, its arguments. */
#define ONE_MEMBER(_name, _member)					\
	SEC("struct_ops/" #_member)					\
	int op_##_name(unsigned long long *ctx);			\
	struct node_device_ops _name SEC(".struct_ops.link") = {	\
		._member = (void *)op_##_name,				\
		.nid = -1,						\
		.version = NODE_DEVICE_OPS_VERSION,			\
		.name = "one_member",					\
	};								\
	SEC("struct_ops/" #_member)					\
	int op_##_name(unsigned long long *ctx)

#endif
