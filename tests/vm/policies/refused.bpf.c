// SPDX-License-Identifier: GPL-2.0
/*
 * Attempts to get out of what a policy may do, each in a policy of its own: the
 * verifier must refuse it. policy_eject.c has what it says.
 */
#include "one_member.h"

NODE_POLICY(refused, "test: each of these is refused");

extern void bpf_throw(u64 cookie) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;
extern int bpf_strstr(const char *text, const char *part) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} programs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} orders SEC(".maps");

char text[8] = "later";

#define FOLIO	((struct folio *)ctx[0])

/* Another program would run as this member. */
ONE_MEMBER(tail_call, admit_folio)
{
	bpf_tail_call(ctx, &programs, 0);
	return 0;
}

static long obey(void *dynptr, void *data)
{
	return 0;
}

/* As long as user space likes, in a callback. */
ONE_MEMBER(user_ringbuf, admit_folio)
{
	return bpf_user_ringbuf_drain(&orders, obey, NULL, 0);
}

ONE_MEMBER(throw, admit_folio)
{
	bpf_throw(1);
	return 0;
}

ONE_MEMBER(preempt_disable, admit_folio)
{
	bpf_preempt_disable();
	bpf_preempt_enable();
	return 0;
}

ONE_MEMBER(irq_save, admit_folio)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	bpf_local_irq_restore(&flags);
	return 0;
}

/* A search takes the product of both lengths. */
ONE_MEMBER(search_text, admit_folio)
{
	return bpf_strstr("text", "x");
}

/* Functions that fill a buffer, which is the folio. */
ONE_MEMBER(folio_by_helper, admit_folio)
{
	struct folio *folio = FOLIO;

	return bpf_probe_read_kernel(folio, 16, folio);
}

ONE_MEMBER(folio_by_kfunc, admit_folio)
{
	struct folio *folio = FOLIO;

	return bpf_node_device_folio_sample(folio, 0, folio, 8);
}

/* What a policy calls a folio. */
ONE_MEMBER(folio_of_cast, admit_folio)
{
	struct folio *folio;

	folio = bpf_core_cast((void *)ctx[1], struct folio);
	return bpf_node_device_folio_estimate(folio, 1);
}

/* It need not have an end any more when it is read. */
ONE_MEMBER(text_that_changes, admit_folio)
{
	return bpf_node_device_policy_exit(0, text);
}
