/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What a policy object says about itself, read by nodectl.
 *
 * Both sides include this file: a policy through node_ext.bpf.h, whose macros
 * NODE_POLICY(), NODE_MATCH() and NODE_TUNABLE() fill these records, and nodectl.
 *
 * The records are constants in one ELF section.  libbpf turns a section whose
 * name starts with ".rodata." into a frozen BPF map and binds it to every
 * program of the object.  So the same bytes answer for a file (nodectl
 * inspect) and for a policy that runs (nodectl status, nodectl set), also
 * when the file is gone.  nodectl finds the records by the BTF of the section
 * (type name and size), so their order and their variables' names are free.
 *
 * The tunables themselves are ordinary volatile globals in a second section,
 * so that they are one map that can be changed while the policy runs.  A
 * policy reads each tunable once per decision; nodectl stores each one with a
 * single aligned store.
 */
#ifndef __NODE_EXT_META_H
#define __NODE_EXT_META_H

#if !defined(__VMLINUX_H__) && !defined(__NODE_EXT_TYPES_H)
#include <linux/types.h>
#endif

/* Section of the records below. */
#define NODE_EXT_META_SECTION		".rodata.node_ext"

/* Section of the tunables' values. */
#define NODE_EXT_TUNABLES_SECTION	".data.tunables"

/* Layout of the records below; nodectl refuses a newer one. */
#define NODE_EXT_META_VERSION		1

#define NODE_EXT_POLICY_NAME_LEN	16
#define NODE_EXT_NAME_LEN		32
#define NODE_EXT_TYPE_LEN		8
#define NODE_EXT_UNIT_LEN		16
#define NODE_EXT_TEXT_LEN		128

/**
 * struct node_ext_policy - the policy itself, exactly one per object
 * @meta_version: NODE_EXT_META_VERSION the object was built with
 * @ops_version: NODE_DEVICE_OPS_VERSION the policy was written for
 * @name: the name that the struct_ops carries too
 * @summary: one sentence for lists
 */
struct node_ext_policy {
	__u32 meta_version;
	__u32 ops_version;
	char name[NODE_EXT_POLICY_NAME_LEN];
	char summary[NODE_EXT_TEXT_LEN];
};

/**
 * struct node_ext_tunable - one tunable
 * @name: name of the global in NODE_EXT_TUNABLES_SECTION
 * @type: "u32", "s32", "u64", "s64" or "bool"
 * @unit: what a value counts ("permille", "pages", ...), empty for a number
 * @desc: one sentence
 * @def: default, also the initial value of the global
 * @min: smallest value allowed
 * @max: largest value allowed
 *
 * @def, @min and @max hold the value converted to 64 bits: sign extended for
 * the signed types.
 */
struct node_ext_tunable {
	char name[NODE_EXT_NAME_LEN];
	char type[NODE_EXT_TYPE_LEN];
	char unit[NODE_EXT_UNIT_LEN];
	char desc[NODE_EXT_TEXT_LEN];
	__u64 def;
	__u64 min;
	__u64 max;
};

/**
 * struct node_ext_match - which nodes the policy is for, at most one per object
 * @driver: pattern of the shell for the node's driver, empty for any
 * @features: features that the node must have, separated by blanks
 * @min_size: bytes of logical space that it has at least
 * @max_size: and at most, 0 for no limit
 * @min_classes: compression classes that the device has at least
 * @reserved: 0
 *
 * nodectl compares.  The kernel does not: a policy must not misbehave on any node.
 */
struct node_ext_match {
	char driver[NODE_EXT_NAME_LEN];
	char features[NODE_EXT_TEXT_LEN];
	__u64 min_size;
	__u64 max_size;
	__u32 min_classes;
	__u32 reserved;
};

#endif /* __NODE_EXT_META_H */
