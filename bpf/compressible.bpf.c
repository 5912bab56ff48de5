// SPDX-License-Identifier: GPL-2.0
/*
 * compressible - admits what a look at the content says will shrink
 *
 * For a compressed node whose workloads hold a mix of data.  A page that does
 * not shrink takes as much of the device as it frees in DRAM, and it takes it
 * from pages that would have shrunk; it is better off in swap.  So each folio
 * is estimated before it moves, and one whose estimate is above "threshold" is
 * denied.
 *
 * An admitted folio is given the compression effort that it is worth.  Very
 * compressible data get the fastest class: more effort would gain little.
 * Data that shrink only just get the strongest class.  Everything between gets
 * the device's default.  "pick_class=false" leaves the class to the device.
 *
 * The owner of the folio may write to it between the estimate and the copy.
 * Then the estimate is wrong for that folio.  That costs some space and
 * nothing else: the kernel reserved room for an incompressible page.
 *
 * Cost per folio: one bpf_node_device_folio_estimate() of "samples" windows and
 * one map lookup; for an admitted folio, with pick_class, a second, coarser
 * estimate of "class_samples" windows and a second lookup.
 */
#include "node_ext.bpf.h"

NODE_POLICY(compressible, "admits what a look at the content says will shrink");

NODE_TUNABLE(u32, threshold, 700, 0, 1000, "permille",
	     "largest estimate that is admitted; 0 is constant, 1000 random");
NODE_TUNABLE(u32, samples, 16, 1, 64, "windows",
	     "windows of 64 bytes to look at before admitting");
NODE_TUNABLE(bool, pick_class, true, false, true, "",
	     "choose the compression class from the estimate");
NODE_TUNABLE(u32, fast_below, 250, 0, 1000, "permille",
	     "estimates below this get the fastest class");
NODE_TUNABLE(u32, strong_above, 640, 0, 1000, "permille",
	     "estimates above this get the strongest class");
NODE_TUNABLE(u32, class_samples, 4, 1, 64, "windows",
	     "windows of 64 bytes to look at for the class");

struct compressible_counters {
	u64 shrinks;		/* admitted */
	u64 incompressible;	/* denied: estimate above the threshold */
	u64 unknown;		/* no estimate: left to the native default */
	u64 class_fast;
	u64 class_default;
	u64 class_strong;
};

NODE_COUNTERS(struct compressible_counters);

NODE_OP(u32, admit_folio, struct folio *folio, struct node_admit_ctx *ctx)
{
	s32 estimate = bpf_node_device_folio_estimate(folio, samples);

	if (estimate < 0) {
		NODE_COUNT(unknown, 1);
		return NODE_DEVICE_ADMIT_DEFAULT;
	}
	if ((u32)estimate > threshold) {
		NODE_COUNT(incompressible, 1);
		return NODE_DEVICE_ADMIT_DENY;
	}
	NODE_COUNT(shrinks, 1);
	return NODE_DEVICE_ADMIT_ACCEPT;
}

/* Classes are ordered: 1 is the fastest, ctx->nr_classes the strongest. */
NODE_OP(s32, choose_class, struct folio *folio, struct node_class_ctx *ctx)
{
	s32 estimate;

	if (!pick_class || ctx->nr_classes < 2)
		return 0;

	estimate = bpf_node_device_folio_estimate(folio, class_samples);
	if (estimate >= 0 && (u32)estimate < fast_below) {
		NODE_COUNT(class_fast, 1);
		return 1;
	}
	if (estimate >= 0 && (u32)estimate > strong_above) {
		NODE_COUNT(class_strong, 1);
		return ctx->nr_classes;
	}
	NODE_COUNT(class_default, 1);
	return 0;
}

NODE_OPS(compressible, admit_folio, choose_class);
