// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching, replacing and detaching policies: who is let in, who is refused
 * with which error, and that a refusal leaves everything as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/pages.h"
#include "lib/policy.h"

#define PAGES	64

static void expect_policy(const char *name, unsigned int id)
{
	char now[64];

	CHECK(nd_text("policy_name", now, sizeof(now)) >= 0, "policy_name");
	CHECK(!strcmp(now, name), "policy_name is '%s', not '%s'", now, name);
	CHECK(nd_counter("policy_id") == (long)id,
	      "policy_id is %ld, the map's id is %u", nd_counter("policy_id"),
	      id);
	CHECK((nd_counter("policy_version") != 0) == (id != 0),
	      "policy_version is %ld", nd_counter("policy_version"));
	CHECK((nd_counter("policy_attached_ns") != 0) == (id != 0),
	      "policy_attached_ns is %ld", nd_counter("policy_attached_ns"));
}

/* All of sysfs, link and map agree on who governs the node. */
static void attach_and_detach(void)
{
	long attaches = nd_counter("policy_attaches");
	long detaches = nd_counter("policy_detaches");
	struct policy p;
	int exits;

	expect_policy("", 0);
	policy_start(&p, "verdicts");
	expect_policy("verdicts", policy_id(&p));
	CHECK(policy_link_map(&p) == policy_id(&p), "link of map %u",
	      policy_link_map(&p));
	CHECK(nd_counter("policy_attaches") == attaches + 1,
	      "policy_attaches is %ld", nd_counter("policy_attaches"));
	CHECK(policy_count(&p, "inits") == 1, "init() ran %ld times",
	      policy_count(&p, "inits"));
	exits = dup(policy_map_fd(&p, "exits"));
	CHECK(exit_record(exits).kind == EXIT_NONE, "exit() ran too early");
	bpf_link__destroy(p.link);
	p.link = NULL;
	expect_policy("", 0);
	CHECK(nd_counter("policy_detaches") == detaches + 1,
	      "policy_detaches is %ld", nd_counter("policy_detaches"));
	CHECK(exit_record(exits).kind == EXIT_UNREG, "exit() was told kind %u",
	      exit_record(exits).kind);
	CHECK(!strcmp(exit_record(exits).name, "verdicts"),
	      "exit() was told name '%s'", exit_record(exits).name);
	policy_close(&p);
}

/* BPF_LINK_DETACH: the link stays, without a map. */
static void forced_detach(void)
{
	struct policy p;

	policy_start(&p, "verdicts");
	CHECK(bpf_link__detach(p.link) == 0, "bpf_link__detach");
	expect_policy("", 0);
	CHECK(policy_link_map(&p) == 0, "the link still has map %u",
	      policy_link_map(&p));
	CHECK(exit_record(policy_map_fd(&p, "exits")).kind == EXIT_UNREG,
	      "exit() was told kind %u",
	      exit_record(policy_map_fd(&p, "exits")).kind);
	policy_close(&p);
}

/* After the last reference is gone the node decides for itself again. */
static void detach_returns_to_native(void)
{
	long none, calls;
	struct policy p;
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	policy_start(&p, "deny_all");
	area_try_demote(&a, 4);
	CHECK(area_count(&a, device_nid()) == 0,
	      "%zu pages were demoted under deny_all",
	      area_count(&a, device_nid()));
	policy_close(&p);
	none = nd_counter("verdicts_batch_none");
	calls = nd_counter("calls_admit_batch");
	area_demote(&a);
	area_verify(&a);
	CHECK(nd_counter("verdicts_batch_none") == none &&
	      nd_counter("calls_admit_batch") == calls,
	      "a detached policy is still asked");
}

/* The pages that a policy let in stay when it goes. */
static void residents_survive_detach(void)
{
	struct policy p;
	struct area a;

	policy_start(&p, "verdicts");
	area_demoted(&a, PAGES, FILL_TEXT);
	policy_close(&p);
	area_expect_all(&a, device_nid());
	area_verify(&a);
	a.p[0] = 1;
	area_set(&a, 0, 0, 1);
	CHECK(page_nid(a.p) != device_nid(), "written in place");
	area_verify(&a);
}

static void attach_must_fail(const char *name, int nid, int error)
{
	struct policy p;
	int ret;

	policy_open(&p, name, nid);
	ret = policy_load(&p);
	CHECK(ret == 0, "load: %s", strerror(-ret));
	ret = policy_attach(&p);
	CHECK(ret == -error, "%s on node %d: %d, should be %d", name, nid,
	      ret, -error);
	policy_close(&p);
	expect_policy("", 0);
}

static void ordinary_node(void)
{
	attach_must_fail("verdicts", 0, ENODEV);
}

static void impossible_node(void)
{
	attach_must_fail("verdicts", -1, EINVAL);
	attach_must_fail("verdicts", 4711, EINVAL);
}

static void second_policy(void)
{
	struct policy p, q;
	int ret;

	policy_start(&p, "verdicts");
	policy_open(&q, "deny_all", device_nid());
	ret = policy_load(&q);
	CHECK(ret == 0, "load: %s", strerror(-ret));
	ret = policy_attach(&q);
	CHECK(ret == -EBUSY, "attach to a governed node: %d", ret);
	expect_policy("verdicts", policy_id(&p));
	policy_close(&q);
	expect_policy("verdicts", policy_id(&p));
	policy_close(&p);
	expect_policy("", 0);
}

static void newer_version(void)
{
	attach_must_fail("too_new_version", device_nid(), EOPNOTSUPP);
}

static void version_zero(void)
{
	attach_must_fail("version_zero", device_nid(), EINVAL);
}

static void without_a_name(void)
{
	attach_must_fail("no_name", device_nid(), EINVAL);
}

static void unknown_flags(void)
{
	attach_must_fail("unknown_flag", device_nid(), EINVAL);
}

/* init()'s refusal is the error that user space gets. */
static void init_refuses(void)
{
	static const struct {
		long answer;
		int error;
	} cases[] = {
		{ -EPERM, EPERM }, { -ENOSPC, ENOSPC }, { 5, ECANCELED },
	};
	struct policy p;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		policy_open(&p, "init_fails", device_nid());
		policy_tune(&p, "answer", cases[i].answer);
		ret = policy_load(&p);
		CHECK(ret == 0, "load: %s", strerror(-ret));
		ret = policy_attach(&p);
		CHECK(ret == -cases[i].error, "init() said %ld: %d",
		      cases[i].answer, ret);
		expect_policy("", 0);
		/* the same map may be tried again */
		policy_tune(&p, "answer", 0);
		ret = policy_attach(&p);
		CHECK(ret == 0, "second try: %s", strerror(-ret));
		expect_policy("init_fails", policy_id(&p));
		policy_close(&p);
		expect_policy("", 0);
	}
}

/* What the verifier, or the check of members, must not let through. */
static void refused_at_load(const char *name)
{
	struct policy p;
	int ret;

	policy_open(&p, name, device_nid());
	ret = policy_load(&p);
	CHECK(ret < 0, "%s was loaded", name);
	policy_close(&p);
	expect_policy("", 0);
}

static void sleepable_member(void)
{
	refused_at_load("sleepable");
}

static void kfunc_in_the_wrong_member(void)
{
	refused_at_load("sample_fault");
	refused_at_load("sample_migrated");
	refused_at_load("estim_fault");
	refused_at_load("estim_migrated");
	refused_at_load("info_batch");
}

static void kfunc_outside_of_policies(void)
{
	refused_at_load("kfunc_elsewhere");
}

static void writes_to_arguments(void)
{
	refused_at_load("writes_folio");
	refused_at_load("writes_ctx");
}

/* A helper that can hold up reclaim for as long as it likes. */
static void unbounded_helper(void)
{
	refused_at_load("uses_loop");
}

/* Breaks if an update is not seen at once everywhere, or forgets exit(). */
static void update(void)
{
	long updates = nd_counter("policy_updates");
	long detaches = nd_counter("policy_detaches");
	struct policy p, q;
	struct area a;
	int ret;

	policy_start(&p, "verdicts");
	policy_open(&q, "deny_all", device_nid());
	CHECK(policy_load(&q) == 0, "load");
	ret = bpf_link__update_map(p.link, q.ops);
	CHECK(ret == 0, "update: %s", strerror(-ret));
	expect_policy("deny_all", policy_id(&q));
	CHECK(policy_link_map(&p) == policy_id(&q), "the link has map %u",
	      policy_link_map(&p));
	CHECK(nd_counter("policy_updates") == updates + 1 &&
	      nd_counter("policy_detaches") == detaches,
	      "%ld updates, %ld detaches",
	      nd_counter("policy_updates") - updates,
	      nd_counter("policy_detaches") - detaches);
	CHECK(exit_record(policy_map_fd(&p, "exits")).kind == EXIT_UPDATED,
	      "exit() was told kind %u",
	      exit_record(policy_map_fd(&p, "exits")).kind);
	area_map(&a, PAGES, FILL_TEXT);
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	area_try_demote(&a, 4);
	CHECK(area_count(&a, device_nid()) == 0,
	      "the new policy's verdict has no effect");
	/* and back */
	ret = bpf_link__update_map(p.link, p.ops);
	CHECK(ret == 0, "update back: %s", strerror(-ret));
	expect_policy("verdicts", policy_id(&p));
	area_demote(&a);
	policy_close(&q);
	expect_policy("verdicts", policy_id(&p));
	policy_close(&p);
	expect_policy("", 0);
}

static void refused_update(struct policy *p, struct policy *q, int error)
{
	int ret = bpf_link__update_map(p->link, q->ops);

	CHECK(ret == -error, "update: %d, should be %d", ret, -error);
	expect_policy("verdicts", policy_id(p));
	CHECK(policy_link_map(p) == policy_id(p), "the link has map %u",
	      policy_link_map(p));
	CHECK(exit_record(policy_map_fd(p, "exits")).kind == EXIT_NONE,
	      "exit() of the policy that stays was called");
}

/* Whatever the reason, the old policy stays and works. */
static void update_refused(void)
{
	struct policy p, q;
	struct area a;

	policy_start(&p, "verdicts");

	policy_open(&q, "init_fails", device_nid());
	CHECK(policy_load(&q) == 0, "load");
	refused_update(&p, &q, EPERM);
	policy_close(&q);

	policy_open(&q, "deny_all", 0);
	CHECK(policy_load(&q) == 0, "load");
	refused_update(&p, &q, EINVAL);
	policy_close(&q);

	policy_open(&q, "too_new_version", device_nid());
	CHECK(policy_load(&q) == 0, "load");
	refused_update(&p, &q, EOPNOTSUPP);
	policy_close(&q);

	area_demoted(&a, PAGES, FILL_TEXT);
	area_verify(&a);
	CHECK(policy_count(&p, "asked") >= PAGES,
	      "the old policy is not asked any more");
	policy_close(&p);
}

/* Its exit() would take down what its init() has just set up. */
static void update_to_itself(void)
{
	struct policy p;

	policy_start(&p, "verdicts");
	refused_update(&p, &p, EEXIST);
	CHECK(policy_count(&p, "inits") == 1, "init() ran %ld times",
	      policy_count(&p, "inits"));
	policy_close(&p);
	expect_policy("", 0);
}

static void choose_ops(struct policy *p, const char *name)
{
	int nid = device_nid();

	p->ops = bpf_object__find_map_by_name(p->obj, name);
	CHECK(p->ops, "there is no policy %s", name);
	memcpy(policy_member(p, "nid"), &nid, sizeof(nid));
}

/* The second of two policies that have a program in common. */
static void second_must_fail(struct policy *p, struct bpf_link *update)
{
	struct bpf_map *first = p->ops;
	struct bpf_link *link;
	int ret;

	/* libbpf registers the map before it makes a link. */
	p->ops = bpf_object__find_map_by_name(p->obj, "second");
	link = bpf_map__attach_struct_ops(p->ops);
	CHECK(!link && errno == EMLINK, "attach: %s", strerror(errno));
	if (update) {
		ret = bpf_link__update_map(update, p->ops);
		CHECK(ret == -EMLINK, "update: %d", ret);
	}
	p->ops = first;
}

/*
 * The kernel knows a policy by its programs. Breaks if a policy is let in about
 * which it does not know, or if one that is there is told another reason.
 */
static void shared_programs(void)
{
	struct policy p, q;
	struct area a;
	int ret;

	policy_open(&p, "shared_progs", device_nid());
	choose_ops(&p, "second");
	choose_ops(&p, "shared_progs");
	CHECK(policy_load(&p) == 0, "load");
	CHECK(policy_attach(&p) == 0, "the first policy is refused");
	area_demoted(&a, PAGES, FILL_TEXT);
	CHECK(policy_count(&p, "asked") > 0 &&
	      policy_count(&p, "known") == policy_count(&p, "asked"),
	      "asked about %ld folios, the kernel answered about %ld",
	      policy_count(&p, "asked"), policy_count(&p, "known"));
	area_unmap(&a);

	second_must_fail(&p, p.link);
	expect_policy("shared_progs", policy_id(&p));
	area_demoted(&a, PAGES, FILL_TEXT);
	CHECK(policy_count(&p, "shared") >= PAGES,
	      "the reason was given for %ld folios",
	      policy_count(&p, "shared"));
	area_verify(&a);

	/* From now on neither is let in again. */
	bpf_link__destroy(p.link);
	p.link = NULL;
	ret = policy_attach(&p);
	CHECK(ret == -EMLINK, "attach of the first again: %d", ret);
	policy_start(&q, "verdicts");
	ret = bpf_link__update_map(q.link, p.ops);
	CHECK(ret == -EMLINK, "update to the first: %d", ret);
	expect_policy("verdicts", policy_id(&q));
	policy_close(&q);
	policy_close(&p);
	expect_policy("", 0);
}

/* "Replace only if this one is there": the map named must be the old one. */
static void update_expects_another(void)
{
	DECLARE_LIBBPF_OPTS(bpf_link_update_opts, opts);
	struct policy p, q;
	int ret;

	policy_start(&p, "verdicts");
	policy_open(&q, "deny_all", device_nid());
	CHECK(policy_load(&q) == 0, "load");
	/* register q's map without a link: what attach does first */
	ret = policy_attach(&q);
	CHECK(ret == -EBUSY, "attach: %d", ret);
	opts.flags = BPF_F_REPLACE;
	opts.old_map_fd = bpf_map__fd(q.ops);
	ret = bpf_link_update(bpf_link__fd(p.link), bpf_map__fd(q.ops),
			      &opts);
	CHECK(ret == -EPERM, "update with a wrong old map: %d", ret);
	expect_policy("verdicts", policy_id(&p));
	opts.old_map_fd = bpf_map__fd(p.ops);
	ret = bpf_link_update(bpf_link__fd(p.link), bpf_map__fd(q.ops),
			      &opts);
	CHECK(ret == 0, "update with the right old map: %d", ret);
	expect_policy("deny_all", policy_id(&q));
	policy_close(&q);
	policy_close(&p);
	expect_policy("", 0);
}

/* A pin keeps the policy when its loader is gone. */
static void pinned_link_survives(void)
{
	const char *pin = "/sys/fs/bpf/vmtest_link";
	struct policy p;
	unsigned int id;

	unlink(pin);
	policy_start(&p, "verdicts");
	id = policy_id(&p);
	CHECK(bpf_link__pin(p.link, pin) == 0, "pin");
	policy_close(&p);
	expect_policy("verdicts", id);
	CHECK_SYS(unlink(pin) == 0, "unlink %s", pin);
	/* the last reference goes in the background */
	wait_for(!nd_counter("policy_id"), "policy %ld stays without its pin",
		 nd_counter("policy_id"));
	expect_policy("", 0);
}

/* The node goes: its policy is detached, and told why. */
static void node_goes(void)
{
	char state[32];
	struct policy p;
	struct area a;

	policy_start(&p, "verdicts");
	area_demoted(&a, PAGES, FILL_TEXT);
	emu_online(false);
	CHECK(policy_link_map(&p) == 0, "the link still has map %u",
	      policy_link_map(&p));
	CHECK(exit_record(policy_map_fd(&p, "exits")).kind ==
	      EXIT_UNREG_KERN, "exit() was told kind %u",
	      exit_record(policy_map_fd(&p, "exits")).kind);
	CHECK(policy_count(&p, "moved_out") >= PAGES,
	      "migrated() saw %ld pages leave",
	      policy_count(&p, "moved_out"));
	CHECK(policy_count(&p, "offlined") >= PAGES,
	      "of %ld pages it was told that the node goes",
	      policy_count(&p, "offlined"));
	area_verify(&a);
	area_expect_all(&a, 0);
	emu_online(true);
	CHECK(nd_text("state", state, sizeof(state)) > 0 &&
	      !strcmp(state, "live"), "the node is '%s'", state);
	policy_close(&p);
	expect_policy("", 0);
}

static const struct vmtest tests[] = {
	VMTEST(attach_and_detach),
	VMTEST(forced_detach),
	VMTEST(detach_returns_to_native),
	VMTEST(residents_survive_detach),
	VMTEST(ordinary_node),
	VMTEST(impossible_node),
	VMTEST(second_policy),
	VMTEST(newer_version),
	VMTEST(version_zero),
	VMTEST(without_a_name),
	VMTEST(unknown_flags),
	VMTEST(init_refuses),
	VMTEST(sleepable_member),
	VMTEST(kfunc_in_the_wrong_member),
	VMTEST(kfunc_outside_of_policies),
	VMTEST(writes_to_arguments),
	VMTEST(unbounded_helper),
	VMTEST(update),
	VMTEST(update_refused),
	VMTEST(update_to_itself),
	VMTEST(shared_programs),
	VMTEST(update_expects_another),
	VMTEST(pinned_link_survives),
	VMTEST(node_goes),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
