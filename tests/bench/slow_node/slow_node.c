// SPDX-License-Identifier: GPL-2.0
/*
 * An ordinary node without CPUs, in a tier below DRAM: what tests/bench/cost.sh
 * compares a device node with. It stays until the machine is switched off.
 */
#include <linux/memory-tiers.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>

static ullong start;
module_param(start, ullong, 0444);
MODULE_PARM_DESC(start, "physical address of memory that nobody uses");

static ullong size;
module_param(size, ullong, 0444);
MODULE_PARM_DESC(size, "bytes");

static int nid = 1;
module_param(nid, int, 0444);
MODULE_PARM_DESC(nid, "node, without memory and CPUs");

static int __init slow_node_init(void)
{
	struct memory_dev_type *type;
	int err;

	type = alloc_memory_type(2 * MEMTIER_ADISTANCE_DRAM);
	if (IS_ERR(type))
		return PTR_ERR(type);
	init_node_memory_type(nid, type);
	err = add_memory_driver_managed(nid, start, size,
					"System RAM (slow_node)", MHP_NONE);
	if (err) {
		clear_node_memory_type(nid, type);
		put_memory_type(type);
	}
	return err;
}
module_init(slow_node_init);

MODULE_DESCRIPTION("Ordinary node of a lower memory tier");
MODULE_LICENSE("GPL");
