// SPDX-License-Identifier: GPL-2.0
/* A policy with more maps than one program may use; one has a long name. */
#include "node_ext.bpf.h"

NODE_POLICY(many_maps, "has 81 maps");

struct one {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
};

#define TEN(n)									\
	struct one map##n##0 SEC(".maps"), map##n##1 SEC(".maps"),		\
		map##n##2 SEC(".maps"), map##n##3 SEC(".maps"),			\
		map##n##4 SEC(".maps"), map##n##5 SEC(".maps"),			\
		map##n##6 SEC(".maps"), map##n##7 SEC(".maps"),			\
		map##n##8 SEC(".maps"), map##n##9 SEC(".maps")

struct one a_name_that_is_longer_than_what_fits_into_sixty_four_characters_which_is_much
	SEC(".maps");

TEN(0); TEN(1); TEN(2); TEN(3); TEN(4); TEN(5); TEN(6); TEN(7);

NODE_OP(s32, admit_batch, struct node_admit_ctx *ctx)
{
	return 0;
}

NODE_OPS(many_maps, admit_batch);
