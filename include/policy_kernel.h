/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel for policies on the host: hash maps that work, a clock that the test
 * turns, and kernel functions that answer from struct folio and "kernel".
 * Include it after policy_host.h and before the policy.
 */
#ifndef POLICY_KERNEL_H
#define POLICY_KERNEL_H

#include <stdlib.h>
#include <string.h>

#include "policy_host.h"

#define MSEC		1000000ULL
#define NOT_CALLED	UINT64_MAX

#define ARRAY_SIZE(_a)	(sizeof(_a) / sizeof((_a)[0]))

/**
 * struct host_kernel - what a test sets, and what a policy has done
 * @now: the clock, ns
 * @random: what bpf_get_prandom_u32() says
 * @stat: of bpf_node_device_stat()
 * @info_error: of bpf_node_device_folio_info()
 * @rate_error: of bpf_node_device_admit_rate()
 * @rate: what was set last, NOT_CALLED if nothing was
 * @reclaim: pages that were requested, NOT_CALLED if none were
 * @exit_code: of bpf_node_device_policy_exit()
 * @exit_text: why it left the node, NULL if it did not
 * @nr_estimates: calls of bpf_node_device_folio_estimate()
 */
struct host_kernel {
	u64 now;
	u32 random;
	u64 stat[HOST_NR_STATS];
	int info_error;
	int rate_error;
	u64 rate;
	u64 reclaim;
	s64 exit_code;
	const char *exit_text;
	u32 nr_estimates;
};

static struct host_kernel kernel;

int bpf_node_device_folio_info(struct folio *folio,
			       struct node_folio_info *info,
			       u32 info__sz)
{
	assert_int_equal(info__sz, sizeof(*info));
	if (kernel.info_error)
		return kernel.info_error;
	*info = folio->info;
	return 0;
}

s32 bpf_node_device_folio_estimate(struct folio *folio, u32 samples)
{
	kernel.nr_estimates++;
	return folio->estimate;
}

u64 bpf_node_device_stat(u32 item)
{
	assert_in_range(item, 0, HOST_NR_STATS - 1);
	return kernel.stat[item];
}

/* What is not in the chunk is refused, as in the kernel. */
int bpf_node_device_admit_set(struct node_admit_ctx *ctx, struct folio *folio,
			      u32 verdict)
{
	assert_in_range(folio - ctx->batch, 0, ctx->nr_folios - 1);
	assert_in_range(verdict, NODE_DEVICE_ADMIT_DEFAULT,
			NODE_DEVICE_ADMIT_KEEP);
	folio->verdict = verdict;
	return 0;
}

int bpf_node_device_admit_rate(u32 pages_per_sec)
{
	if (kernel.rate_error)
		return kernel.rate_error;
	kernel.rate = pages_per_sec;
	return 0;
}

int bpf_node_device_request_reclaim(u64 nr_pages)
{
	kernel.reclaim = nr_pages;
	return 0;
}

/* The first reason stands. */
int bpf_node_device_policy_exit(s64 code, const char *text__str)
{
	if (kernel.exit_text)
		return -ESTALE;
	kernel.exit_code = code;
	kernel.exit_text = text__str;
	return 0;
}

u64 bpf_ktime_get_ns(void)
{
	return kernel.now;
}

u32 bpf_get_prandom_u32(void)
{
	return kernel.random;
}

/* ---- maps ---------------------------------------------------------------- */

struct host_entry {
	struct host_entry *next;
	const void *map;
	size_t key_size;
	unsigned char bytes[] __attribute__((aligned(8)));
};

static struct host_entry *host_entries;

static void *host_lookup(const void *map, const void *key, size_t key_size)
{
	struct host_entry *e;

	for (e = host_entries; e; e = e->next)
		if (e->map == map && !memcmp(e->bytes, key, key_size))
			return e->bytes + key_size;
	return NULL;
}

__attribute__((unused))
static int host_update(const void *map, const void *key, size_t key_size,
		       const void *value, size_t value_size)
{
	void *old = host_lookup(map, key, key_size);
	struct host_entry *e;

	assert_int_equal(key_size % 8, 0);
	if (old) {
		memcpy(old, value, value_size);
		return 0;
	}
	e = calloc(1, sizeof(*e) + key_size + value_size);
	assert_non_null(e);
	e->map = map;
	e->key_size = key_size;
	memcpy(e->bytes, key, key_size);
	memcpy(e->bytes + key_size, value, value_size);
	e->next = host_entries;
	host_entries = e;
	return 0;
}

#define bpf_map_lookup_elem(_map, _key)					\
	((typeof((_map)->value))host_lookup((_map), (_key),		\
					    sizeof(*(_map)->key)))
#define bpf_map_update_elem(_map, _key, _value, _flags)			\
	host_update((_map), (_key), sizeof(*(_map)->key),		\
		    (_value), sizeof(*(_map)->value))

/* Each test begins with a kernel of its own. */
static void host_reset(void)
{
	struct host_entry *e;

	while ((e = host_entries)) {
		host_entries = e->next;
		free(e);
	}
	kernel = (struct host_kernel){
		.now = 1000000 * MSEC,
		.random = 1,
		.rate = NOT_CALLED,
		.reclaim = NOT_CALLED,
	};
}

#endif
