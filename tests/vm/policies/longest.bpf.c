// SPDX-License-Identifier: GPL-2.0
/*
 * The longest calls that are attached: the slow functions, each called as often
 * as the limit of instructions lets through, and for each step of the iterator.
 * Counts how long they took.
 */
#include "one_member.h"

NODE_POLICY(longest, "test: calls as long as they can be");

#define BLOCK		4096	/* as much as is read at once */
#define VALUE		65528	/* as large as a value can be, a multiple of 8 */
#define RECORD		120000	/* two of them are in a ring buffer */

/* An unused hole of the address space of x86: each load is an exception. */
#define HOLE		0xffffff8000001000ULL

struct longest_counters {
	u64 calls;
	u64 ns;
};

NODE_COUNTERS(struct longest_counters);

struct value {
	char byte[VALUE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct value);
} values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	/* Nobody reads it, and each call needs room. */
	__uint(map_flags, BPF_F_RB_OVERWRITE);
	__uint(max_entries, 256 << 10);
} room SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(map_flags, BPF_F_RB_OVERWRITE);
	__uint(max_entries, 256 << 10);
} sink SEC(".maps");

char from[BLOCK] = { [0 ... BLOCK - 2] = 'a' };
char to[BLOCK];
static const char same[BLOCK] = { [0 ... BLOCK - 2] = 'a' };

/* Few instructions beside the calls. The factor is of rounds that are unrolled. */
#define UNROLLED	32
#define REPEAT(_n, _call)						\
	do {								\
		u32 ___i;						\
									\
		_Pragma("clang loop unroll_count(32)")			\
		for (___i = 0; ___i < (_n) / UNROLLED * UNROLLED; ___i++) \
			_call;						\
	} while (0)

#define TIMED(_what)							\
	do {								\
		u64 ___start = bpf_ktime_get_ns();			\
									\
		_what;							\
		NODE_COUNT(calls, 1);					\
		NODE_COUNT(ns, bpf_ktime_get_ns() - ___start);		\
	} while (0)

#define FOLIO	((struct folio *)ctx[0])

static __always_inline void *first_value(void)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&values, &key);
}

ONE_MEMBER(call_estimate, admit_folio)
{
	struct folio *folio = FOLIO;

	TIMED(REPEAT(20000, bpf_node_device_folio_estimate(folio, 64)));
	return 0;
}

ONE_MEMBER(call_info, admit_folio)
{
	struct node_folio_info *info = first_value();
	struct folio *folio = FOLIO;

	if (!info)
		return 0;
	TIMED(REPEAT(15000, bpf_node_device_folio_info(folio, info, VALUE)));
	return 0;
}

ONE_MEMBER(call_read, admit_folio)
{
	TIMED(REPEAT(15000, bpf_probe_read_kernel(to, BLOCK, from)));
	return 0;
}

ONE_MEMBER(call_read_str, admit_folio)
{
	TIMED(REPEAT(15000, bpf_probe_read_kernel_str(to, BLOCK, from)));
	return 0;
}

ONE_MEMBER(call_strncmp, admit_folio)
{
	TIMED(REPEAT(15000, bpf_strncmp(from, BLOCK, same)));
	return 0;
}

ONE_MEMBER(call_comm, admit_folio)
{
	void *value = first_value();

	if (!value)
		return 0;
	TIMED(REPEAT(20000, bpf_get_current_comm(value, VALUE)));
	return 0;
}

ONE_MEMBER(call_update, admit_folio)
{
	void *value = first_value();
	u32 other = 1;

	if (!value)
		return 0;
	TIMED(REPEAT(10000, bpf_map_update_elem(&values, &other, value, BPF_ANY)));
	return 0;
}

ONE_MEMBER(call_output, admit_folio)
{
	void *record = bpf_ringbuf_reserve(&room, RECORD, 0);

	if (!record)
		return 0;
	TIMED(REPEAT(12000, bpf_ringbuf_output(&sink, record, RECORD,
					       BPF_RB_NO_WAKEUP)));
	bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	return 0;
}

ONE_MEMBER(call_fault, admit_folio)
{
	const volatile u64 *hole = bpf_rdonly_cast((void *)HOLE, 0);

	TIMED(REPEAT(56000, *hole));
	return 0;
}

ONE_MEMBER(walk_estimate, admit_batch)
{
	struct node_admit_ctx *chunk = (struct node_admit_ctx *)ctx[0];
	struct folio *folio;

	TIMED(NODE_FOR_EACH_FOLIO(folio, chunk)
		      REPEAT(4000, bpf_node_device_folio_estimate(folio, 64)));
	return 0;
}

ONE_MEMBER(walk_read_str, admit_batch)
{
	struct node_admit_ctx *chunk = (struct node_admit_ctx *)ctx[0];
	struct folio *folio;

	TIMED(NODE_FOR_EACH_FOLIO(folio, chunk)
		      REPEAT(1600, bpf_probe_read_kernel_str(to, BLOCK, from)));
	return 0;
}
