// SPDX-License-Identifier: GPL-2.0
/*
 * Prints how many BPF maps, programs, links and BTF objects there are: what a
 * test leaves behind. bpftool loads programs of its own to list them.
 */
#include <stdio.h>

#include <bpf/bpf.h>

static int count(int (*next)(__u32 id, __u32 *next_id))
{
	__u32 id = 0;
	int nr = 0;

	while (!next(id, &id))
		nr++;
	return nr;
}

int main(void)
{
	printf("%d maps, %d programs, %d links, %d BTF\n",
	       count(bpf_map_get_next_id), count(bpf_prog_get_next_id),
	       count(bpf_link_get_next_id), count(bpf_btf_get_next_id));
	return 0;
}
