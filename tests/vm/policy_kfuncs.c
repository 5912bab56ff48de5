// SPDX-License-Identifier: GPL-2.0
/*
 * Which member may call which kernel function: all pairs, each loaded by
 * itself.  The table of docs/abi.md once more, written down independently of
 * the kernel's.
 */
#include <stdio.h>
#include <string.h>

#include "lib/pages.h"
#include "lib/policy.h"

#define PAGES	64

/*
 * Of kfuncs.bpf.c: its name for the function, and the name of the function.
 * What may be called everywhere but is told of a folio is refused for want of
 * one, in another place of the verifier.
 */
static const struct {
	const char *name;
	const char *kfunc;
	const char *members;
	bool everywhere;
} kfuncs[] = {
	{ "sample", "bpf_node_device_folio_sample",
	  "admit_batch admit_folio choose_class reclaim_folio", false },
	{ "estimate", "bpf_node_device_folio_estimate",
	  "admit_batch admit_folio choose_class reclaim_folio", false },
	{ "info", "bpf_node_device_folio_info",
	  "admit_batch admit_folio choose_class migrated promote_fault promote_hot reclaim_folio",
	  true },
	{ "stat", "bpf_node_device_stat",
	  "admit_batch admit_folio choose_class migrated promote_fault promote_hot reclaim_folio pressure init exit",
	  true },
	{ "iter", "bpf_iter_node_device_folio_new", "admit_batch", false },
	{ "admit_set", "bpf_node_device_admit_set", "admit_batch", false },
	{ "admit_rate", "bpf_node_device_admit_rate",
	  "admit_batch promote_hot pressure init", false },
	{ "request", "bpf_node_device_request_reclaim",
	  "admit_batch promote_hot pressure init", false },
};

static const char *const members[] = {
	"admit_batch", "admit_folio", "choose_class", "migrated",
	"promote_fault", "promote_hot", "reclaim_folio", "pressure", "init",
	"exit",
};

static bool listed(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') &&
		    (!at[len] || at[len] == ' '))
			return true;
		at += len;
	}
	return false;
}

/* Load the policy of kfuncs.bpf.c that is called @name, and no other. */
static int load_one(const char *name, char *log, size_t size)
{
	char prog_name[64];
	struct bpf_program *prog;
	struct policy p;
	int ret;

	policy_open_one(&p, "kfuncs", name, device_nid());
	snprintf(prog_name, sizeof(prog_name), "op_%s", name);
	prog = bpf_object__find_program_by_name(p.obj, prog_name);
	log[0] = '\0';
	if (prog)
		bpf_program__set_log_buf(prog, log, size);
	ret = policy_load(&p);
	policy_close(&p);
	return ret;
}

static void every_pair(void)
{
	static char log[1 << 16];
	char name[64], reason[128];
	size_t i, j;
	int ret;

	for (i = 0; i < ARRAY_SIZE(kfuncs); i++) {
		for (j = 0; j < ARRAY_SIZE(members); j++) {
			snprintf(name, sizeof(name), "%s__%s", members[j],
				 kfuncs[i].name);
			ret = load_one(name, log, sizeof(log));
			if (listed(kfuncs[i].members, members[j])) {
				CHECK(ret == 0, "%s must load: %s: %.300s",
				      name, strerror(-ret), log);
				continue;
			}
			CHECK(ret < 0, "%s was loaded", name);
			if (kfuncs[i].everywhere)
				continue;
			/* Not for the sake of its arguments. */
			snprintf(reason, sizeof(reason),
				 "calling kernel function %s is not allowed",
				 kfuncs[i].kfunc);
			CHECK(strstr(log, reason), "%s: %.300s", name, log);
		}
	}
}

/* Breaks if the verifier lets a program tell the kernel what a chunk is. */
static void forged_chunk(void)
{
	static const char *const forged[] = {
		"walk_of_stack", "walk_of_map", "walk_of_cast", "set_of_stack",
		"set_of_batch", "folio_of_stack", "folio_unchecked",
	};
	static char log[1 << 16];
	char name[64];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(forged); i++) {
		snprintf(name, sizeof(name), "forged__%s", forged[i]);
		ret = load_one(name, log, sizeof(log));
		CHECK(ret < 0, "%s was loaded", name);
	}
}

/*
 * A policy may have been built with another struct node_folio_info than the
 * kernel's. Breaks if the kernel refuses it, leaves something undefined in it
 * or writes past its end.
 */
static void info_of_any_size(void)
{
	struct policy p;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	policy_start(&p, "info_sizes");
	area_demote(&a);
	area_verify(&a);
	CHECK(policy_count(&p, "asked") >= PAGES, "asked about %ld folios",
	      policy_count(&p, "asked"));
	CHECK(policy_count(&p, "larger") == policy_count(&p, "asked"),
	      "%ld of %ld larger ones were filled in right",
	      policy_count(&p, "larger"), policy_count(&p, "asked"));
	CHECK(policy_count(&p, "smaller") == policy_count(&p, "asked"),
	      "%ld of %ld smaller ones were filled in right",
	      policy_count(&p, "smaller"), policy_count(&p, "asked"));
	policy_close(&p);
}

static const struct vmtest tests[] = {
	VMTEST(every_pair),
	VMTEST(info_of_any_size),
	VMTEST(forged_chunk),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
