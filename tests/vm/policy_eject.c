// SPDX-License-Identifier: GPL-2.0
/*
 * A policy that misbehaves loses its node, and the record says why. What it does
 * not lose it for: few slow calls, and reclaim that must not wait for it.
 *
 * Environment: VMTEST_SWAPDEV, a swap device that is on (some of them).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/kmsg.h"
#include "lib/pages.h"
#include "lib/policy.h"

#define EMU	"/sys/kernel/debug/cram_emu/"
#define NODE	"/sys/devices/system/node/node%d/device/%s"
#define PAGES	64
#define SLOW	8	/* calls that are too many; a long one counts up to four times */
#define SUM_NS	500000000L	/* so much in fewer calls is slow on average: */
#define SUM_CALLS 100
#define BURN_MS	150	/* what a slow call takes if it may be that long */
#define STEPS	128	/* NODE_DEVICE_STEPS_MAX */
#define TIMERS	16	/* NODE_DEVICE_TIMERS_MAX */
#define TIMER_ENTRIES 4096	/* NODE_DEVICE_ENTRIES_TIMER_MAX */

/* As tests/vm/policies/hostile.bpf.c numbers them. */
enum place {
	AT_ADMIT_BATCH, AT_ADMIT_FOLIO, AT_CHOOSE_CLASS, AT_MIGRATED,
	AT_PROMOTE_FAULT, AT_PROMOTE_HOT, AT_RECLAIM_FOLIO, AT_PRESSURE,
	AT_INIT, AT_TIMER, AT_EXIT,
};
enum act { ACT_NONE, ACT_BAD_ANSWER, ACT_EXIT, ACT_BURN, ACT_DENY };

static const char * const member[] = {
	"admit_batch", "admit_folio", "choose_class", "migrated",
	"promote_fault", "promote_hot", "reclaim_folio", "pressure", "init",
	"pressure", "exit",
};

static const char * const kind_word[] = {
	[EXIT_ANSWER] = "answer", [EXIT_SLOW] = "slow",
	[EXIT_ITSELF] = "itself", [EXIT_OPERATOR] = "operator",
};

/* NODE_SLOW_FACTOR of the kernel: what it allows for KASAN and lockdep. */
static long slow_factor(void)
{
	return vmtest_patience() > 1 ? 20 : 1;
}

/* ---- the record in sysfs ----------------------------------------------------- */

/* A line of policy_exits, 0 for the newest. False if there is none. */
static bool exits_line(int nr, char *line, size_t size)
{
	char all[8192], *p = all;

	CHECK(nd_text("policy_exits", all, sizeof(all)) >= 0, "policy_exits");
	for (; nr > 0 && p; nr--) {
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	if (!p || !*p)
		return false;
	snprintf(line, size, "%.*s", (int)strcspn(p, "\n"), p);
	return true;
}

static bool last_exit(const char *key, char *value, size_t size)
{
	char line[512], want[32], *p;

	if (!exits_line(0, line, sizeof(line)))
		return false;
	snprintf(want, sizeof(want), "%s=", key);
	p = strstr(line, want);
	CHECK(p, "no %s in '%s'", key, line);
	p += strlen(want);
	snprintf(value, size, "%.*s",
		 (int)strcspn(p, strcmp(key, "text") ? " " : "\n"), p);
	return true;
}

static void expect_exit(const char *key, const char *want)
{
	char value[128] = "", line[512] = "";

	last_exit(key, value, sizeof(value));
	exits_line(0, line, sizeof(line));
	CHECK(!strcmp(value, want), "%s is '%s', not '%s', in '%s'", key, value,
	      want, line);
}

static long exit_number(const char *key)
{
	char value[32];

	CHECK(last_exit(key, value, sizeof(value)), "no record");
	return atol(value);
}

/* ---- what happens at an ejection ---------------------------------------------- */

static void open_hostile(struct policy *p, enum place at, enum act act)
{
	policy_open(p, "hostile", device_nid());
	policy_tune(p, "at", at);
	policy_tune(p, "act", act);
	policy_tune(p, "burn_ms", BURN_MS * vmtest_patience());
	CHECK(policy_load(p) == 0, "load");
}

static void start_hostile(struct policy *p, enum place at, enum act act)
{
	int ret;

	open_hostile(p, at, act);
	ret = policy_attach(p);
	CHECK(ret == 0, "attach: %s", strerror(-ret));
}

static struct exit_record told(const struct policy *p)
{
	return exit_record(policy_map_fd(p, "exits"));
}

static bool hung_up(const struct policy *p)
{
	struct epoll_event ev = { .events = EPOLLHUP };
	int fd = epoll_create1(0);
	bool hup;

	CHECK_SYS(fd >= 0, "epoll_create1");
	CHECK_SYS(epoll_ctl(fd, EPOLL_CTL_ADD, bpf_link__fd(p->link), &ev) == 0,
		  "epoll_ctl");
	hup = epoll_wait(fd, &ev, 1, 0) == 1 && ev.events & EPOLLHUP;
	close(fd);
	return hup;
}

/*
 * @p was ejected, in all that can be seen: the node, the link, the record of the
 * node and the one of the policy.
 */
static void expect_ejected(struct policy *p, unsigned int kind,
			   const char *where, long code, long ejects)
{
	struct exit_record rec;
	char name[64], id[16];
	struct policy q;
	int ret;

	wait_for(told(p).kind != EXIT_NONE, "exit() was not called");
	rec = told(p);
	CHECK(rec.kind == kind, "exit() was told kind %u, not %u", rec.kind,
	      kind);
	CHECK(!strcmp(rec.member, where), "exit() was told member '%s'",
	      rec.member);
	CHECK(!strcmp(rec.name, "hostile"), "exit() was told '%s'", rec.name);
	CHECK(rec.map_id == policy_id(p), "exit() was told map %u", rec.map_id);
	CHECK((rec.prog_id != 0) == (*where != 0), "exit() was told program %u",
	      rec.prog_id);
	CHECK(kind == EXIT_SLOW || rec.code == code, "exit() was told code %lld",
	      (long long)rec.code);
	CHECK(rec.when_ns && rec.when_ns <= clock_ns(CLOCK_BOOTTIME) && rec.runtime_ns,
	      "exit() was told %llu, %llu ns", (long long)rec.when_ns,
	      (long long)rec.runtime_ns);

	expect_exit("kind", kind_word[kind]);
	expect_exit("member", where);
	expect_exit("name", "hostile");
	snprintf(id, sizeof(id), "%u", policy_id(p));
	expect_exit("map_id", id);
	snprintf(id, sizeof(id), "%u", rec.prog_id);
	expect_exit("prog_id", id);
	expect_exit("text", rec.text);
	CHECK(exit_number("code") == (long)rec.code, "code is %ld",
	      exit_number("code"));
	CHECK(exit_number("calls") == (long)rec.nr_calls, "calls is %ld",
	      exit_number("calls"));

	CHECK(nd_counter("policy_ejects") == ejects + 1, "policy_ejects is %ld",
	      nd_counter("policy_ejects"));
	CHECK(nd_text("policy_name", name, sizeof(name)) >= 0 && !*name,
	      "the node still has '%s'", name);
	CHECK(nd_counter("policy_id") == 0, "policy_id is %ld",
	      nd_counter("policy_id"));
	/* The link is the last to know. */
	wait_for(policy_link_map(p) == 0, "the link has map %u",
		 policy_link_map(p));
	wait_for(hung_up(p), "no EPOLLHUP");
	policy_open(&q, "verdicts", device_nid());
	CHECK(policy_load(&q) == 0, "load");
	ret = bpf_link__update_map(p->link, q.ops);
	CHECK(ret == -ENOLINK, "update of what was ejected: %d", ret);
	policy_close(&q);
	policy_expect_successor();
}

static void squeeze_node(struct area *a)
{
	vmtest_swap_device();
	CHECK(cgroup_write("memory.swap.max", "max") == 0, "memory.swap.max");
	forget_references(getpid());
	CHECK(cgroup_write("memory.max", "%ld",
			   cgroup_number("memory.current") -
			   (long)(a->pages * PAGE) / 2) == 0, "memory.max");
	CHECK(cgroup_write("memory.max", "max") == 0, "memory.max");
}

/* Have member @at called; all of @a is on the node if it is one that needs that. */
static void provoke(enum place at, struct area *a)
{
	size_t i;

	switch (at) {
	case AT_ADMIT_BATCH:
	case AT_ADMIT_FOLIO:
	case AT_CHOOSE_CLASS:
	case AT_MIGRATED:
		area_demote(a);
		break;
	case AT_PROMOTE_FAULT:
		for (i = 0; i < a->pages; i++) {
			*(volatile unsigned char *)area_page(a, i) = 5;
			area_set(a, i, 0, 5);
		}
		CHECK(area_count(a, device_nid()) == 0, "written in place");
		break;
	case AT_PROMOTE_HOT:
		for (i = 0; i < a->pages; i++)
			write_text(EMU "report_hot", "%llx 1",
				   (unsigned long long)page_pfn(area_page(a, i)));
		break;
	case AT_RECLAIM_FOLIO:
		squeeze_node(a);
		break;
	default:
		break;
	}
}

static bool needs_residents(enum place at)
{
	return at == AT_PROMOTE_FAULT || at == AT_PROMOTE_HOT ||
	       at == AT_RECLAIM_FOLIO;
}

static void prepare(enum place at, struct area *a)
{
	if (needs_residents(at))
		area_demoted(a, at == AT_RECLAIM_FOLIO ? 32 * PAGES : PAGES,
			     FILL_TEXT);
	else
		area_map(a, PAGES, FILL_TEXT);
	if (at != AT_RECLAIM_FOLIO)
		CHECK(cgroup_write("memory.swap.max", "0") == 0,
		      "memory.swap.max");
}

/* @p does @act in member @at, and is ejected for it. */
static void be_ejected(struct policy *p, enum place at, enum act act,
		       unsigned int kind, long code)
{
	long ejects = nd_counter("policy_ejects");
	struct area a;

	prepare(at, &a);
	start_hostile(p, at, act);
	provoke(at, &a);
	expect_ejected(p, kind, member[at], code, ejects);
	area_verify(&a);
}

/* ---- answers out of range ----------------------------------------------------- */

static void bad_answer(enum place at)
{
	struct policy p;

	be_ejected(&p, at, ACT_BAD_ANSWER, EXIT_ANSWER, 77);
	policy_close(&p);
}

static void bad_answer_of_admit_batch(void) { bad_answer(AT_ADMIT_BATCH); }
static void bad_answer_of_admit_folio(void) { bad_answer(AT_ADMIT_FOLIO); }
static void bad_answer_of_choose_class(void) { bad_answer(AT_CHOOSE_CLASS); }
static void bad_answer_of_promote_fault(void) { bad_answer(AT_PROMOTE_FAULT); }
static void bad_answer_of_promote_hot(void) { bad_answer(AT_PROMOTE_HOT); }
static void bad_answer_of_reclaim_folio(void) { bad_answer(AT_RECLAIM_FOLIO); }

/* ---- the policy itself -------------------------------------------------------- */

static void exits_by_itself(enum place at)
{
	struct policy p;

	be_ejected(&p, at, ACT_EXIT, EXIT_ITSELF, -4711);
	CHECK(!strcmp(told(&p).text, "leaves?by itself"),
	      "exit() was told '%s'", told(&p).text);
	policy_close(&p);
}

static void exit_in_admit_batch(void) { exits_by_itself(AT_ADMIT_BATCH); }
static void exit_in_migrated(void) { exits_by_itself(AT_MIGRATED); }
static void exit_in_promote_fault(void) { exits_by_itself(AT_PROMOTE_FAULT); }
static void exit_in_promote_hot(void) { exits_by_itself(AT_PROMOTE_HOT); }
static void exit_in_reclaim_folio(void) { exits_by_itself(AT_RECLAIM_FOLIO); }
static void exit_in_pressure(void) { exits_by_itself(AT_PRESSURE); }
static void exit_in_timer(void) { exits_by_itself(AT_TIMER); }

/* It never came, and the record says why. */
static void exit_in_init(void)
{
	long ejects = nd_counter("policy_ejects");
	char id[16];
	struct policy p;
	int ret;

	open_hostile(&p, AT_INIT, ACT_EXIT);
	ret = policy_attach(&p);
	CHECK(ret == -ECANCELED, "attach: %d", ret);
	CHECK(nd_counter("policy_id") == 0, "it is attached");
	CHECK(told(&p).kind == EXIT_NONE, "exit() was called");
	expect_exit("kind", "itself");
	expect_exit("member", "init");
	expect_exit("text", "leaves?by itself");
	snprintf(id, sizeof(id), "%u", policy_id(&p));
	expect_exit("map_id", id);
	CHECK(nd_counter("policy_ejects") == ejects + 1, "policy_ejects is %ld",
	      nd_counter("policy_ejects"));
	/* the same map may be tried again */
	policy_tune(&p, "act", ACT_NONE);
	ret = policy_attach(&p);
	CHECK(ret == 0, "second try: %s", strerror(-ret));
	policy_close(&p);
	policy_expect_successor();
}

/* An update that init() makes fail leaves the old policy where it is. */
static void exit_in_init_of_an_update(void)
{
	struct policy p, q;
	int ret;

	policy_start(&p, "verdicts");
	open_hostile(&q, AT_INIT, ACT_EXIT);
	ret = bpf_link__update_map(p.link, q.ops);
	CHECK(ret == -ECANCELED, "update: %d", ret);
	CHECK(nd_counter("policy_id") == (long)policy_id(&p),
	      "the node has %ld", nd_counter("policy_id"));
	expect_exit("name", "hostile");
	policy_close(&q);
	policy_close(&p);
}

/* exit() is too late. */
static void exit_in_exit(void)
{
	long ejects = nd_counter("policy_ejects");
	struct policy p;

	start_hostile(&p, AT_EXIT, ACT_EXIT);
	CHECK(bpf_link__detach(p.link) == 0, "bpf_link__detach");
	CHECK(told(&p).kind == EXIT_UNREG, "exit() was told kind %u",
	      told(&p).kind);
	CHECK(policy_count(&p, "stale") == 1, "-ESTALE %ld times",
	      policy_count(&p, "stale"));
	CHECK(nd_counter("policy_ejects") == ejects, "it was ejected");
	expect_exit("kind", "detached");
	policy_close(&p);
}

/* ---- the operator ------------------------------------------------------------- */

static int eject(const char *why)
{
	char path[128];

	snprintf(path, sizeof(path), NODE, device_nid(), "policy_eject");
	return write_text(path, "%s", why);
}

static void operator_ejects(void)
{
	long ejects = nd_counter("policy_ejects");
	struct policy p;
	int ret;

	ret = eject("nobody is there");
	CHECK(ret == -ENOENT, "ejected whom? %d", ret);
	start_hostile(&p, 0, ACT_NONE);
	ret = eject("I do not like it\n");
	CHECK(ret >= 0, "policy_eject: %s", strerror(-ret));
	expect_ejected(&p, EXIT_OPERATOR, "", 0, ejects);
	CHECK(!strcmp(told(&p).text, "I do not like it"), "text '%s'",
	      told(&p).text);
	policy_close(&p);
}

static void expect_printable(const char *what)
{
	char line[512];
	size_t i;

	exits_line(0, line, sizeof(line));
	for (i = 0; line[i]; i++)
		CHECK(line[i] >= ' ' && line[i] <= '~',
		      "%s: byte %#x in the record", what,
		      (unsigned char)line[i]);
}

/* What is written need not be text: it is cut and cleaned, and is one line. */
static void operator_writes_anything(void)
{
	static const char many[4096] = { [0 ... 4095] = 'x' };
	static const struct {
		const char *what, *bytes;
		size_t len;
		const char *text;
	} input[] = {
		{ "a newline", "\n", 1, "" },
		{ "blanks", " \t ", 3, "" },
		{ "NULs", "\0\0\0", 3, "" },
		{ "a NUL in it", "one\0two", 7, "one" },
		{ "lines", "one\ntwo kind=slow\n", 18, "one?two kind=slow" },
		{ "controls", "\033[2J\r\x80\xff", 7, "?[2J???" },
		{ "4096 bytes", many, sizeof(many), NULL },
	};
	char path[128], cut[64];
	struct policy p;
	ssize_t ret;
	size_t i;
	int fd;

	memset(cut, 'x', 63);
	cut[63] = 0;
	snprintf(path, sizeof(path), NODE, device_nid(), "policy_eject");
	for (i = 0; i < ARRAY_SIZE(input); i++) {
		start_hostile(&p, 0, ACT_NONE);
		fd = open(path, O_WRONLY);
		CHECK_SYS(fd >= 0, "%s", path);
		CHECK(write(fd, "", 0) == 0 &&
		      nd_counter("policy_id") == (long)policy_id(&p),
		      "nothing was written, and it is ejected");
		ret = write(fd, input[i].bytes, input[i].len);
		CHECK_SYS(ret == (ssize_t)input[i].len, "%s", input[i].what);
		close(fd);
		wait_for(told(&p).kind == EXIT_OPERATOR, "not ejected by %s",
			 input[i].what);
		expect_exit("kind", "operator");
		expect_exit("text", input[i].text ?: cut);
		expect_printable(input[i].what);
		policy_close(&p);
	}
}

static void only_root_ejects(void)
{
	struct policy p;
	pid_t pid;

	start_hostile(&p, 0, ACT_NONE);
	pid = vmtest_fork();
	if (!pid) {
		CHECK_SYS(setgid(65534) == 0 && setuid(65534) == 0, "setuid");
		CHECK(eject("x") == -EACCES, "anybody may eject");
		_exit(0);
	}
	vmtest_join(pid);
	CHECK(nd_counter("policy_id") == (long)policy_id(&p), "ejected");
	policy_close(&p);
}

static void sysrq_ejects(void)
{
	long ejects = nd_counter("policy_ejects");
	struct policy p;
	int ret;

	start_hostile(&p, 0, ACT_NONE);
	ret = write_text("/proc/sysrq-trigger", "N");
	CHECK(ret >= 0, "sysrq-trigger: %s", strerror(-ret));
	expect_ejected(&p, EXIT_OPERATOR, "", 0, ejects);
	policy_close(&p);
}

/* An ordinary end is remembered as well, and is no ejection. */
static void detach_is_remembered(void)
{
	long ejects = nd_counter("policy_ejects");
	struct policy p;

	start_hostile(&p, 0, ACT_NONE);
	policy_close(&p);
	expect_exit("kind", "detached");
	expect_exit("member", "");
	CHECK(nd_counter("policy_ejects") == ejects, "policy_ejects is %ld",
	      nd_counter("policy_ejects"));
}

/* ---- too slow ----------------------------------------------------------------- */

/*
 * A call that is as long as a member may be is slow. Where all calls are expected
 * to be, on the debug kernel, it may be so on average only.
 */
static long most_slow_calls(void)
{
	return vmtest_patience() > 1 ? SUM_CALLS : SLOW;
}

static void slow(enum place at)
{
	struct policy p;

	be_ejected(&p, at, ACT_BURN, EXIT_SLOW, 0);
	CHECK(told(&p).code >= 5000000, "the last took %lld ns",
	      (long long)told(&p).code);
	/* Other CPUs may have begun a call before it was ejected. */
	CHECK(policy_count(&p, "begun") > 1 &&
	      policy_count(&p, "begun") <= most_slow_calls() + 2,
	      "%ld calls were slow", policy_count(&p, "begun"));
	policy_close(&p);
}

static void slow_admit_folio(void) { slow(AT_ADMIT_FOLIO); }
static void slow_migrated(void) { slow(AT_MIGRATED); }
static void slow_promote_fault(void) { slow(AT_PROMOTE_FAULT); }
static void slow_reclaim_folio(void) { slow(AT_RECLAIM_FOLIO); }

static void start_burning(struct policy *p, long burn_ms)
{
	policy_open(p, "hostile", device_nid());
	policy_tune(p, "at", AT_ADMIT_FOLIO);
	policy_tune(p, "act", ACT_BURN);
	policy_tune(p, "burn_ms", burn_ms);
	CHECK(policy_load(p) == 0 && policy_attach(p) == 0, "attach");
}

/*
 * No call takes so long that it counts as slow, but all of them do take long. That
 * a policy was there before, with many calls, does not help this one.
 */
static void slow_on_average(void)
{
	char text[64] = "";
	struct policy p;
	struct area a;
	long ejects;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	policy_start(&p, "verdicts");
	area_demoted(&a, 8 * PAGES, FILL_TEXT);
	area_unmap(&a);
	policy_close(&p);

	ejects = nd_counter("policy_ejects");
	area_map(&a, 8 * PAGES, FILL_TEXT);
	start_burning(&p, 12 * slow_factor());
	area_demote(&a);
	wait_for(nd_counter("policy_ejects") == ejects + 1,
		 "not ejected after %ld calls", policy_count(&p, "burnt"));
	expect_exit("kind", "slow");
	expect_exit("member", "admit_folio");
	last_exit("text", text, sizeof(text));
	fprintf(stderr, "# %ld calls, %ld us, '%s'\n", policy_count(&p, "burnt"),
		exit_number("code") / 1000, text);
	/* The time that is looked at was over once, and not twice. */
	CHECK(vmtest_patience() > 1 || strcmp(text, "on average") ||
	      policy_count(&p, "burnt") <
	      SUM_NS * 3 / 2 / exit_number("code") + 2,
	      "ejected after %ld calls of %ld ns", policy_count(&p, "burnt"),
	      exit_number("code"));
	area_verify(&a);
	policy_close(&p);
}

/* One is not too many, however long it is. */
static void one_slow_call(void)
{
	struct policy p;
	struct area a;

	prepare(AT_ADMIT_FOLIO, &a);
	policy_open(&p, "hostile", device_nid());
	policy_tune(&p, "at", AT_ADMIT_FOLIO);
	policy_tune(&p, "act", ACT_BURN);
	policy_tune(&p, "burns", 1);
	policy_tune(&p, "burn_ms", BURN_MS);
	CHECK(policy_load(&p) == 0 && policy_attach(&p) == 0, "attach");
	area_demote(&a);
	CHECK(policy_count(&p, "begun") == 1, "%ld calls were slow",
	      policy_count(&p, "begun"));
	usleep(300 * 1000);
	CHECK(nd_counter("policy_id") == (long)policy_id(&p),
	      "ejected for a slow call");
	policy_close(&p);
}

static bool ejected_after_demotion(long ejects)
{
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	area_try_demote(&a, 1);
	area_verify(&a);
	area_unmap(&a);
	return nd_counter("policy_ejects") > ejects;
}

/*
 * Long calls, so seldom that ten seconds have fewer than eight of them, and among
 * so many short ones that the average is good.
 */
static void long_calls_now_and_then(void)
{
	long ejects = nd_counter("policy_ejects");
	struct policy p;

	if (vmtest_patience() > 1)
		vmtest_skip("no call that is attached is long for this kernel");
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	policy_open(&p, "hostile", device_nid());
	policy_tune(&p, "at", AT_ADMIT_FOLIO);
	policy_tune(&p, "act", ACT_BURN);
	policy_tune(&p, "burn_ms", BURN_MS);
	policy_tune(&p, "each", 16);
	policy_tune(&p, "gap_ms", 1450);
	CHECK(policy_load(&p) == 0 && policy_attach(&p) == 0, "attach");
	wait_for(ejected_after_demotion(ejects), "not ejected for %ld long calls",
		 policy_count(&p, "begun"));
	expect_exit("kind", "slow");
	expect_exit("member", "admit_folio");
	CHECK(policy_count(&p, "begun") > 1 && policy_count(&p, "begun") < SLOW,
	      "ejected for %ld long calls", policy_count(&p, "begun"));
	policy_close(&p);
}

/* ---- what a member that runs long does not hold up ----------------------------- */

/* init() takes seconds: a task that is nicer than another one on its CPU calls it. */
struct slow_attach {
	struct policy policy;
	pid_t attaching;
	pid_t busy;
};

static void slow_attach_begin(struct slow_attach *s, int want)
{
	struct policy *p = &s->policy;
	int ret;

	policy_open(p, "hostile", device_nid());
	policy_tune(p, "at", AT_INIT);
	policy_tune(p, "act", ACT_BURN);
	policy_tune(p, "burn_ms", 10000);
	CHECK(policy_load(p) == 0, "load");
	s->busy = vmtest_fork();
	if (!s->busy) {
		vmtest_use_cpu(0);
		for (;;)
			;
	}
	s->attaching = vmtest_fork();
	if (!s->attaching) {
		vmtest_use_cpu(0);
		CHECK_SYS(setpriority(PRIO_PROCESS, 0, 19) == 0, "setpriority");
		ret = policy_attach(p);
		CHECK(ret == want, "attach: %d, should be %d", ret, want);
		_exit(0);
	}
	wait_for(policy_count(p, "begun"), "init() does not come");
}

static bool slow_attach_lasts(const struct slow_attach *s)
{
	return !policy_count(&s->policy, "not_burnt") &&
	       waitpid(s->attaching, NULL, WNOHANG) == 0;
}

static void slow_attach_end(struct slow_attach *s)
{
	kill(s->busy, SIGKILL);
	waitpid(s->busy, NULL, 0);
	vmtest_join(s->attaching);
}

/* init() holds the lock of the node: sysfs has to be readable all the same. */
static void sysfs_does_not_wait_for_init(void)
{
	struct slow_attach s;
	char text[8192];

	slow_attach_begin(&s, 0);
	CHECK(nd_text("policy_exits", text, sizeof(text)) >= 0, "policy_exits");
	CHECK(nd_text("policy_name", text, sizeof(text)) >= 0, "policy_name");
	CHECK(nd_text("stat", text, sizeof(text)) >= 0, "stat");
	CHECK(slow_attach_lasts(&s),
	      "reading has waited for init(), or that was too quick to tell");
	slow_attach_end(&s);
	policy_close(&s.policy);
}

/* Whoever hangs in init() can be sent away before it has come. */
static void operator_ejects_in_init(void)
{
	struct slow_attach s;
	int ret;

	slow_attach_begin(&s, -ECANCELED);
	ret = eject("too long");
	CHECK(ret >= 0, "policy_eject: %s", strerror(-ret));
	CHECK(slow_attach_lasts(&s),
	      "policy_eject has waited for init(), or that was too quick to tell");
	slow_attach_end(&s);
	expect_exit("kind", "operator");
	expect_exit("text", "too long");
	CHECK(nd_counter("policy_id") == 0, "it came all the same");
	policy_close(&s.policy);
	policy_expect_successor();
}

/* ---- bypass -------------------------------------------------------------------- */

static void swap_is(bool on)
{
	const char *dev = getenv("VMTEST_SWAPDEV");
	char cmd[128];

	if (!dev)
		return;
	snprintf(cmd, sizeof(cmd), "swap%s %s", on ? "on" : "off", dev);
	CHECK(system(cmd) == 0, "%s", cmd);
}

/* Pages that DRAM can hold. */
static long dram_pages(void)
{
	return (nd_meminfo(0, "MemFree") + nd_meminfo(0, "FilePages")) / 4;
}

static unsigned char filling(long page)
{
	return page % 251 + 1;
}

static unsigned char *fill(long pages)
{
	unsigned char *mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				  -1, 0);
	long i;

	CHECK_SYS(mem != MAP_FAILED, "mmap");
	for (i = 0; i < pages; i++)
		memset(mem + i * PAGE, filling(i), PAGE);
	return mem;
}

/*
 * Nothing may enter, nothing can be swapped, and more is written than DRAM holds:
 * without a bypass something is killed while the node is empty.
 */
static void machine_survives_deny_all(void)
{
	long bypassed = nd_counter("calls_bypassed");
	unsigned char *mem, want[PAGE];
	long kills, pages, i;
	struct policy p;

	swap_is(false);
	kills = read_field("/proc/vmstat", "oom_kill");
	start_hostile(&p, AT_EXIT, ACT_DENY);
	pages = dram_pages() + (60L << 8);
	mem = fill(pages);
	for (i = 0; i < pages; i++) {
		memset(want, filling(i), PAGE);
		CHECK(!memcmp(mem + i * PAGE, want, PAGE), "page %ld", i);
	}
	munmap(mem, pages * PAGE);
	swap_is(true);
	CHECK(read_field("/proc/vmstat", "oom_kill") == kills, "%ld were killed",
	      read_field("/proc/vmstat", "oom_kill") - kills);
	CHECK(nd_counter("calls_bypassed") > bypassed, "nothing was bypassed");
	CHECK(nd_counter("policy_id") == (long)policy_id(&p),
	      "a policy was ejected for what it may say");
	policy_close(&p);
}

static bool policy_is_asked(void)
{
	long before = nd_counter("calls_admit_batch");
	struct area a;

	area_map(&a, PAGES, FILL_TEXT);
	area_try_demote(&a, 1);
	area_unmap(&a);
	return nd_counter("calls_admit_batch") > before;
}

/*
 * What nothing can hold: the native default had its chance, and one is killed.
 * The policy is asked again afterwards.
 */
static void oom_killer_comes_second(void)
{
	int log = kmsg_open(), status;
	struct policy p;
	pid_t pid;

	swap_is(false);
	start_hostile(&p, AT_EXIT, ACT_DENY);
	pid = fork();
	if (!pid) {
		write_text("/proc/self/oom_score_adj", "1000");
		fill(dram_pages() + 3 * (512L << 8));
		_exit(0);
	}
	CHECK_SYS(waitpid(pid, &status, 0) == pid, "waitpid");
	swap_is(true);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "status %#x", status);
	CHECK(*kmsg_find(log, "no policy is asked"),
	      "the policy was not bypassed before the kill");
	close(log);
	wait_for(policy_is_asked(), "the policy is not asked any more");
	policy_close(&p);
}

/* ---- what is not even loaded ---------------------------------------------------- */

static void refused(const char *name, int error)
{
	struct policy p;
	int ret;

	policy_open(&p, name, device_nid());
	ret = policy_load(&p);
	CHECK(ret == -error, "load of %s: %d, should be %d", name, ret, -error);
	policy_close(&p);
}

/* As for helpers the verifier says EINVAL. */
static void loops_without_a_bound(void)
{
	refused("uses_loop", EINVAL);
	refused("uses_callback", EINVAL);
	refused("uses_may_goto", ELOOP);
	refused("uses_num", EACCES);
	refused("uses_global", ELOOP);
}

static void calls_that_act(void)
{
	refused("uses_signal", EINVAL);
	refused("uses_pid", EACCES);
	refused("uses_tasks", EACCES);
	refused("uses_printk", EINVAL);
	refused("uses_snprintf", EINVAL);
	refused("uses_cancel", EINVAL);
	refused("uses_work", EACCES);
}

/* Each is refused for what it does: @why is in the log of the verifier. */
static void ways_out(void)
{
	static const struct {
		const char *name;
		int error;
		const char *why;
	} way[] = {
		{ "tail_call", EINVAL, "bpf_tail_call" },
		{ "user_ringbuf", EINVAL, "bpf_user_ringbuf_drain" },
		{ "throw", EACCES, "" },
		{ "preempt_disable", EACCES, "" },
		{ "irq_save", EACCES, "" },
		{ "search_text", EACCES, "" },
		{ "folio_by_helper", EACCES, "may write into memory" },
		{ "folio_by_kfunc", EACCES, "only read is supported" },
		{ "folio_of_cast", EINVAL, "must be referenced or trusted" },
		{ "text_that_changes", EACCES, "readonly map" },
	};
	static char log[1 << 16];
	struct bpf_program *prog;
	char prog_name[64];
	struct policy p;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(way); i++) {
		policy_open_one(&p, "refused", way[i].name, device_nid());
		snprintf(prog_name, sizeof(prog_name), "op_%s", way[i].name);
		prog = bpf_object__find_program_by_name(p.obj, prog_name);
		CHECK(prog, "no program %s", prog_name);
		log[0] = 0;
		CHECK(bpf_program__set_log_buf(prog, log, sizeof(log)) == 0,
		      "log of %s", way[i].name);
		ret = policy_load(&p);
		CHECK(ret == -way[i].error && strstr(log, way[i].why),
		      "load of %s: %d, should be %d: %.300s", way[i].name, ret,
		      -way[i].error, log);
		policy_close(&p);
	}
}

static void calls_that_are_listed(void)
{
	struct policy p;
	struct area a;

	policy_start(&p, "uses_listed");
	area_demoted(&a, PAGES, FILL_TEXT);
	area_verify(&a);
	policy_close(&p);
}

static void nested_walks_end(void)
{
	struct policy p;
	struct area a;

	policy_start(&p, "many_steps");
	area_demoted(&a, PAGES, FILL_TEXT);
	CHECK(policy_count(&p, "steps") > policy_count(&p, "calls") &&
	      policy_count(&p, "steps") <= STEPS * policy_count(&p, "calls"),
	      "%ld steps in %ld calls", policy_count(&p, "steps"),
	      policy_count(&p, "calls"));
	policy_close(&p);
}

static void attach_says(struct policy *p, int error, const char *what)
{
	int ret;

	CHECK(policy_load(p) == 0, "load with %s", what);
	ret = policy_attach(p);
	CHECK(ret == -error, "attach with %s: %d, should be %d", what, ret,
	      -error);
	policy_close(p);
}

/* What the verifier has walked through to its end, which was far away. */
static void too_long_to_attach(void)
{
	struct policy p;

	policy_open(&p, "too_long", device_nid());
	attach_says(&p, E2BIG, "a loop that is too long");
}

/*
 * Interrupts are off where there is a lock, and a softirq runs all timers that are
 * due: there less is too long.
 */
static void too_long_with_a_lock(void)
{
	struct policy p;

	policy_open_one(&p, "long_members", "long_plain", device_nid());
	attach_says(&p, 0, "a long loop");
	policy_open_one(&p, "long_members", "long_locked", device_nid());
	attach_says(&p, E2BIG, "a lock and a long loop");
}

static void too_long_with_a_timer(void)
{
	struct policy p;

	policy_open_one(&p, "long_members", "long_timed", device_nid());
	attach_says(&p, E2BIG, "a timer and a long loop");
}

/* What is refused leaves nothing of what was in the buffer. */
static void reads_have_a_limit(void)
{
	struct policy p;
	struct area a;
	long calls;

	policy_start(&p, "reads_much");
	area_demoted(&a, PAGES, FILL_TEXT);
	area_verify(&a);
	calls = policy_count(&p, "calls");
	CHECK(calls > 0, "it was not called");
	CHECK(policy_count(&p, "granted") == 3 * calls,
	      "in %ld calls %ld reads of 4096 bytes were granted", calls,
	      policy_count(&p, "granted"));
	CHECK(policy_count(&p, "refused") == 3 * calls,
	      "in %ld calls %ld reads of 4097 bytes were refused", calls,
	      policy_count(&p, "refused"));
	CHECK(policy_count(&p, "cleared") == 2 * calls,
	      "in %ld calls %ld buffers were cleared", calls,
	      policy_count(&p, "cleared"));
	policy_close(&p);
}

static struct bpf_map *map_of(const struct policy *p, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(p->obj, name);

	CHECK(map, "no map %s", name);
	return map;
}

static void map_of_object_is_refused(const char *name)
{
	struct policy p;

	policy_open(&p, name, device_nid());
	attach_says(&p, EFBIG, name);
}

struct map_decl {
	const char *what;
	enum bpf_map_type type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t entries;
	uint32_t flags;
	int error;
};

static void map_is(const struct map_decl *d)
{
	struct bpf_map *map;
	struct policy p;

	policy_open(&p, "uses_map", device_nid());
	map = map_of(&p, "probe");
	CHECK(bpf_map__set_type(map, d->type) == 0 &&
	      bpf_map__set_key_size(map, d->key_size) == 0 &&
	      bpf_map__set_value_size(map, d->value_size) == 0 &&
	      bpf_map__set_max_entries(map, d->entries) == 0 &&
	      bpf_map__set_map_flags(map, d->flags) == 0, "%s", d->what);
	attach_says(&p, d->error, d->what);
}

/* A helper takes as long as its map allows. */
static void maps_have_limits(void)
{
	static const struct map_decl decl[] = {
		{ "a value of 64 KiB", BPF_MAP_TYPE_HASH, 8, 65536, 1, 0, 0 },
		{ "a value of more than 64 KiB", BPF_MAP_TYPE_HASH, 8, 65544, 1,
		  0, EFBIG },
		{ "a key of 256 bytes", BPF_MAP_TYPE_HASH, 256, 8, 1, 0, 0 },
		{ "a key of more than 256 bytes", BPF_MAP_TYPE_HASH, 257, 8, 1,
		  0, EFBIG },
		{ "65536 elements", BPF_MAP_TYPE_HASH, 8, 8, 65536, 0, 0 },
		{ "more than 65536 elements", BPF_MAP_TYPE_HASH, 8, 8, 65537, 0,
		  EFBIG },
		{ "a hash that allocates", BPF_MAP_TYPE_HASH, 8, 8, 1,
		  BPF_F_NO_PREALLOC, EFBIG },
		{ "a hash without a seed", BPF_MAP_TYPE_HASH, 8, 8, 1,
		  BPF_F_ZERO_SEED, EFBIG },
		{ "LRU lists of the CPUs", BPF_MAP_TYPE_LRU_HASH, 8, 8, 1024,
		  BPF_F_NO_COMMON_LRU, 0 },
		{ "a common LRU list", BPF_MAP_TYPE_LRU_HASH, 8, 8, 1024, 0,
		  EFBIG },
		{ "a common LRU list of values per CPU",
		  BPF_MAP_TYPE_LRU_PERCPU_HASH, 8, 8, 1024, 0, EFBIG },
		{ "a trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1, BPF_F_NO_PREALLOC,
		  EFBIG },
	};
	struct policy p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(decl); i++)
		map_is(&decl[i]);
	policy_open(&p, "uses_listed", device_nid());
	bpf_map__set_max_entries(map_of(&p, "events"), 512 << 10);
	attach_says(&p, EFBIG, "a large ring buffer");
	map_of_object_is_refused("map_locked");
	map_of_object_is_refused("map_in_map");
	map_of_object_is_refused("map_arena");
}

/* An insert clears the values of all CPUs, with interrupts off. */
static void values_per_cpu_have_a_limit(void)
{
	struct map_decl d = { "values that are small", BPF_MAP_TYPE_PERCPU_HASH,
			      8, 0, 1, 0, 0 };
	int cpus = libbpf_num_possible_cpus();

	/* The kernel allows 32 KiB for each, and that is no matter of policies. */
	if (cpus < 3)
		vmtest_skip("%d CPUs cannot have values that are too large", cpus);
	d.value_size = 65536 / cpus / 8 * 8;
	map_is(&d);
	d.what = "values that are large";
	d.value_size += 8;
	d.error = EFBIG;
	map_is(&d);
}

/* A table of places in a program to jump to, which only one that is frozen is. */
static void tables_of_jumps_are_refused(void)
{
	struct bpf_map *map;
	struct policy p;
	int fd;

	fd = bpf_map_create(BPF_MAP_TYPE_INSN_ARRAY, "jumps", sizeof(uint32_t),
			    sizeof(struct bpf_insn_array_value), 1, NULL);
	CHECK(fd >= 0, "bpf_map_create: %d", fd);
	CHECK(bpf_map_freeze(fd) == 0, "bpf_map_freeze");
	/* Its program names the map and does nothing with it. */
	policy_open(&p, "map_arena", device_nid());
	map = map_of(&p, "refused");
	CHECK(bpf_map__reuse_fd(map, fd) == 0, "bpf_map__reuse_fd");
	attach_says(&p, EFBIG, "a table of jumps");
	close(fd);
}

static void timers_have_a_limit(void)
{
	struct policy p;

	policy_open(&p, "timer_storm", device_nid());
	bpf_map__set_max_entries(map_of(&p, "clocks"), TIMERS + 1);
	attach_says(&p, EFBIG, "many timers");
	policy_open(&p, "two_clocks", device_nid());
	bpf_map__set_max_entries(map_of(&p, "clocks"), TIMERS / 2);
	bpf_map__set_max_entries(map_of(&p, "more_clocks"), TIMERS / 2);
	attach_says(&p, 0, "as many timers as there may be, in two maps");
	policy_open(&p, "two_clocks", device_nid());
	bpf_map__set_max_entries(map_of(&p, "clocks"), TIMERS / 2);
	bpf_map__set_max_entries(map_of(&p, "more_clocks"), TIMERS / 2 + 1);
	attach_says(&p, EFBIG, "many timers in two maps");
}

/* A chain of a hash is walked in the softirq, where nothing measures it. */
static void hashes_beside_timers_are_small(void)
{
	struct policy p;

	policy_open(&p, "clock_and_hash", device_nid());
	bpf_map__set_max_entries(map_of(&p, "table"), TIMER_ENTRIES);
	attach_says(&p, 0, "a timer and a small hash");
	policy_open(&p, "clock_and_hash", device_nid());
	bpf_map__set_max_entries(map_of(&p, "table"), TIMER_ENTRIES + 1);
	attach_says(&p, EFBIG, "a timer and a large hash");
}

/* A timer that goes on is due every millisecond. */
static bool timer_has_stopped(const struct policy *p)
{
	long ticks = policy_count(p, "ticks");

	usleep(100000);
	return policy_count(p, "ticks") == ticks;
}

/*
 * The kernel's worker ends an ejected policy, or the close of its link does,
 * whichever comes first. The maps stay open, and would keep the timers.
 */
static void timers_end_with_an_ejected_policy(void)
{
	struct policy p;
	int round, ret;

	for (round = 0; round < 20; round++) {
		policy_start(&p, "timer_storm");
		wait_for(policy_count(&p, "ticks") > 0, "the timer never ran");
		ret = eject("its timers, too");
		CHECK(ret >= 0, "policy_eject: %s", strerror(-ret));
		if (round % 2) {
			bpf_link__destroy(p.link);
			p.link = NULL;
		}
		wait_for(timer_has_stopped(&p), "round %d: the timer goes on",
			 round);
		policy_close(&p);
	}
}

/* No sooner than in a millisecond, so that everything else has its turn. */
static void timers_leave_time(void)
{
	uint64_t start = clock_ns(CLOCK_BOOTTIME), ms;
	struct policy p;
	long ticks;

	policy_start(&p, "timer_storm");
	sleep(2);
	ticks = policy_count(&p, "ticks");
	ms = (clock_ns(CLOCK_BOOTTIME) - start) / 1000000;
	CHECK(ticks > 0 && ticks <= (long)ms, "%ld ticks in %lu ms", ticks,
	      (unsigned long)ms);
	CHECK(policy_count(&p, "refused") >= ticks,
	      "of %ld absolute times %ld were refused", ticks,
	      policy_count(&p, "refused"));
	policy_close(&p);
}

/*
 * The longest calls that are let in: the policy is gone after few of them, unless
 * they are short after all.
 */
static void longest(const char *name)
{
	long slow_us = 20000 * slow_factor();
	long ejects = nd_counter("policy_ejects"), calls, us;
	struct policy p;
	struct area a;
	int ret;

	area_map(&a, 16 * PAGES, FILL_TEXT);
	policy_open_one(&p, "longest", name, device_nid());
	ret = policy_load(&p);
	CHECK(ret == 0, "load of %s: %s", name, strerror(-ret));
	ret = policy_attach(&p);
	CHECK(ret == 0, "attach of %s: %s", name, strerror(-ret));
	area_demote(&a);
	calls = policy_count(&p, "calls");
	CHECK(calls > 0, "%s was not called", name);
	us = policy_count(&p, "ns") / calls / 1000;
	fprintf(stderr, "# %s: %ld us, %ld calls\n", name, us, calls);
	if (us >= slow_us) {
		wait_for(nd_counter("policy_ejects") == ejects + 1,
			 "%s is not ejected after %ld calls", name, calls);
		expect_exit("kind", "slow");
		CHECK(calls <= SUM_CALLS, "%s: %ld calls", name, calls);
	}
	area_verify(&a);
	area_unmap(&a);
	policy_close(&p);
}

static void longest_call(void)
{
	static const char *const name[] = {
		"call_estimate", "call_info", "call_read", "call_read_str",
		"call_strncmp", "call_comm", "call_update", "call_output",
		"call_fault",
	};
	size_t i;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	for (i = 0; i < ARRAY_SIZE(name); i++)
		longest(name[i]);
}

static void longest_walk(void)
{
	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	longest("walk_estimate");
	longest("walk_read_str");
}

static const struct vmtest tests[] = {
	VMTEST(loops_without_a_bound),
	VMTEST(calls_that_act),
	VMTEST(ways_out),
	VMTEST(calls_that_are_listed),
	VMTEST(nested_walks_end),
	VMTEST(too_long_to_attach),
	VMTEST(too_long_with_a_lock),
	VMTEST(too_long_with_a_timer),
	VMTEST(reads_have_a_limit),
	VMTEST(maps_have_limits),
	VMTEST(values_per_cpu_have_a_limit),
	VMTEST(tables_of_jumps_are_refused),
	VMTEST(timers_have_a_limit),
	VMTEST(hashes_beside_timers_are_small),
	VMTEST(timers_end_with_an_ejected_policy),
	VMTEST(timers_leave_time),
	VMTEST(machine_survives_deny_all),
	VMTEST(longest_call),
	VMTEST(longest_walk),
	VMTEST(slow_admit_folio),
	VMTEST(slow_migrated),
	VMTEST(slow_promote_fault),
	VMTEST(slow_reclaim_folio),
	VMTEST(slow_on_average),
	VMTEST(one_slow_call),
	VMTEST(long_calls_now_and_then),
	VMTEST(sysfs_does_not_wait_for_init),
	VMTEST(operator_ejects_in_init),
	VMTEST(bad_answer_of_admit_batch),
	VMTEST(bad_answer_of_admit_folio),
	VMTEST(bad_answer_of_choose_class),
	VMTEST(bad_answer_of_promote_fault),
	VMTEST(bad_answer_of_promote_hot),
	VMTEST(bad_answer_of_reclaim_folio),
	VMTEST(exit_in_admit_batch),
	VMTEST(exit_in_migrated),
	VMTEST(exit_in_promote_fault),
	VMTEST(exit_in_promote_hot),
	VMTEST(exit_in_reclaim_folio),
	VMTEST(exit_in_pressure),
	VMTEST(exit_in_timer),
	VMTEST(exit_in_init),
	VMTEST(exit_in_init_of_an_update),
	VMTEST(exit_in_exit),
	VMTEST(operator_ejects),
	VMTEST(operator_writes_anything),
	VMTEST(only_root_ejects),
	VMTEST(sysrq_ejects),
	VMTEST(detach_is_remembered),
	VMTEST(oom_killer_comes_second),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
