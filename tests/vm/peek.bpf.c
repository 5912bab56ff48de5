// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a page frame, whether or not anybody has it: what is in free memory can
 * be seen in no other way.
 */
#include "node_ext_types.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define PAGE_SHIFT	12

struct peek {
	u64 pfn;
	u8 page[1 << PAGE_SHIFT];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct peek);
} peeked SEC(".maps");

/* Where all of memory is mapped. */
extern const void page_offset_base __ksym;

SEC("syscall")
int peek(void *ctx __attribute__((unused)))
{
	struct peek *p;
	u64 base = 0;
	u32 key = 0;

	p = bpf_map_lookup_elem(&peeked, &key);
	if (!p)
		return -1;
	if (bpf_probe_read_kernel(&base, sizeof(base), &page_offset_base))
		return -1;
	return bpf_probe_read_kernel(p->page, sizeof(p->page),
				     (void *)(base + (p->pfn << PAGE_SHIFT)));
}
