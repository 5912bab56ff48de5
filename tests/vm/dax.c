// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a dax device as a device node. tests/vm/group/dax.sh binds the
 * device VMTEST_DAX to the driver dax_node; its memory is that of the node
 * VMTEST_NODE. Each test leaves it bound and unplugged, with the settings that
 * it has after it was bound.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/kmsg.h"
#include "lib/load.h"
#include "lib/pages.h"
#include "lib/poison.h"
#include "lib/policy.h"

#define DRIVER	"/sys/bus/dax/drivers/dax_node"
#define MIB	(1UL << 20)
#define PAGES	512
#define BAD	3	/* the page with a memory error */
#define LOOPS	3

/* ---- the device ----------------------------------------------------------- */

static const char *dax_name(void)
{
	const char *name = getenv("VMTEST_DAX");

	if (!name)
		vmtest_skip("VMTEST_DAX names no dax device");
	return name;
}

static const char *dax_path(const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "/sys/bus/dax/devices/%s/%s", dax_name(),
		 file);
	return path;
}

static void expect_state(const char *want)
{
	char state[32];

	CHECK(read_text(dax_path("state"), state, sizeof(state)) > 0 &&
	      !strcmp(state, want), "the device is '%s'", state);
}

static void dax_set(const char *file, long value)
{
	int ret = write_text(dax_path(file), "%ld", value);

	CHECK(ret == 0, "%s %ld: %s", file, value, strerror(-ret));
}

static void dax_online(void)
{
	int ret = write_text(dax_path("state"), "online");

	CHECK(ret == 0, "online: %s", strerror(-ret));
	expect_state("online");
}

static void dax_unplug(void)
{
	int ret = write_text(dax_path("state"), "unplugged");

	CHECK(ret == 0, "unplugged: %s", strerror(-ret));
	expect_state("unplugged");
}

/* Binding is allowed for the name since the group has written it to new_id. */
static void dax_bind(bool bind)
{
	const char *file = bind ? DRIVER "/bind" : DRIVER "/unbind";
	int ret = write_text(file, "%s", dax_name());

	CHECK(ret == 0, "%s: %s", file, strerror(-ret));
	CHECK(!access(dax_path("state"), F_OK) == bind, "%s: state is %s", file,
	      bind ? "missing" : "still there");
}

static bool node_exists(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/device",
		 device_nid());
	return access(path, F_OK) == 0;
}

static long dax_bytes(void)
{
	return read_number(dax_path("capacity"));
}

/* ---- coming and going ----------------------------------------------------- */

/* Breaks if binding alone takes the memory. */
static void binding_leaves_the_memory_alone(void)
{
	expect_state("unplugged");
	CHECK(!node_exists(), "there is a node %d", device_nid());
	dax_online();
	CHECK(node_exists(), "there is no node %d", device_nid());
	dax_unplug();
	CHECK(!node_exists(), "there is a node %d still", device_nid());
}

/* Breaks if it becomes ordinary memory, or a node of another size or name. */
static void online_makes_a_device_node(void)
{
	long total = meminfo("MemTotal:");
	char text[256];

	dax_online();
	CHECK(nd_text("driver", text, sizeof(text)) > 0 &&
	      !strcmp(text, "dax_node"), "the driver is '%s'", text);
	CHECK(nd_text("features", text, sizeof(text)) >= 0 &&
	      !strstr(text, "fence"), "features: %s", text);
	CHECK(nd_counter("physical_total") == dax_bytes(),
	      "physical_total is %ld, the capacity %ld",
	      nd_counter("physical_total"), dax_bytes());
	CHECK(nd_counter("logical_total") == dax_bytes(),
	      "logical_total is %ld, the capacity %ld",
	      nd_counter("logical_total"), dax_bytes());
	CHECK(meminfo("MemTotal:") == total, "MemTotal is %ld, it was %ld",
	      meminfo("MemTotal:"), total);
	dax_unplug();
}

/* Breaks if residents are lost or wrong when the memory goes. */
static void unplug_brings_all_back(void)
{
	struct area a;
	int i;

	area_map(&a, PAGES, FILL_TEXT);
	for (i = 0; i < LOOPS; i++) {
		dax_online();
		area_demote(&a);
		dax_unplug();
		area_expect_all(&a, 0);
		area_verify(&a);
		area_store_all(&a, i);
	}
	area_verify(&a);
}

/* The first page of @a is in a pipe now, and cannot leave the node. */
static void hold_on_the_node(struct area *a, int fd[2])
{
	dax_online();
	area_demoted(a, 16, FILL_TEXT);
	area_hold(a, fd);
}

static void expect_held_is_named(int log, const struct area *a)
{
	char text[64];

	snprintf(text, sizeof(text), "pfn %#lx stays: ", page_pfn(a->p));
	CHECK(*kmsg_find(log, text), "the log does not say '%s'", text);
}

/* Breaks if it waits for whoever holds a page, or leaves the node half gone. */
static void held_page_stays_and_is_named(void)
{
	int log = kmsg_open(), fd[2], ret;
	struct area a;

	hold_on_the_node(&a, fd);
	ret = write_text(dax_path("state"), "unplugged");
	CHECK(ret == -EBUSY, "under a page in use: %s",
	      ret ? strerror(-ret) : "the node went away");
	expect_held_is_named(log, &a);
	expect_state("online");
	/* It still takes pages. */
	area_demote(&a);
	area_verify(&a);
	area_let_go(&a, fd);
	dax_unplug();
	area_verify(&a);
	close(log);
}

static bool node_drains(void)
{
	char state[32];

	return nd_text("state", state, sizeof(state)) > 0 &&
	       !strcmp(state, "draining");
}

/* Breaks if a reader of the state waits for the pages, or a signal ends nothing. */
static void unplugging_is_seen_and_ends_by_a_signal(void)
{
	struct area a;
	int fd[2], status;
	pid_t pid;

	hold_on_the_node(&a, fd);
	pid = fork();
	CHECK_SYS(pid >= 0, "fork");
	if (!pid)
		_exit(!!write_text(dax_path("state"), "unplugged"));
	wait_for(node_drains(), "node %d is not drained", device_nid());
	expect_state("online");
	CHECK(waitpid(pid, &status, WNOHANG) == 0,
	      "the state could not be read before %d had ended", pid);
	CHECK_SYS(kill(pid, SIGTERM) == 0, "kill");
	CHECK_SYS(waitpid(pid, &status, 0) == pid, "waitpid");
	CHECK(WIFSIGNALED(status), "it ended with %#x", status);
	expect_state("online");
	CHECK(!node_drains(), "node %d is still drained", device_nid());
	area_let_go(&a, fd);
	dax_unplug();
	area_verify(&a);
}

/*
 * Unbinding cannot fail. Breaks if the memory is lost, or if the device does not
 * find it when it is bound again.
 */
static void node_outlives_an_unbind(void)
{
	int log = kmsg_open(), fd[2];
	struct area a;

	hold_on_the_node(&a, fd);
	dax_bind(false);
	expect_held_is_named(log, &a);
	CHECK(node_exists(), "node %d is gone", device_nid());
	area_verify(&a);
	area_demote(&a);
	dax_bind(true);
	expect_state("online");
	area_verify(&a);
	area_let_go(&a, fd);
	dax_unplug();
	area_verify(&a);
	close(log);
}

/* The device is taken away while pages come and are written. */
static void unbind_under_load(void)
{
	struct load *load;
	int i;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	load = load_start();
	for (i = 0; i < LOOPS; i++) {
		dax_online();
		wait_for(nd_counter("pages_demoted") > 0, "nothing came");
		dax_bind(false);
		CHECK(!node_exists(), "node %d is still there", device_nid());
		dax_bind(true);
		expect_state("unplugged");
	}
	load_stop(load);
}

/* ---- data ----------------------------------------------------------------- */

/* No fence: breaks if a write leaves the node, or another page has it. */
static void pages_are_written_in_place(void)
{
	struct area a;

	dax_online();
	area_demoted(&a, PAGES, FILL_RANDOM);
	area_store_all(&a, 7);
	area_expect_all(&a, device_nid());
	area_verify(&a);
	dax_unplug();
	area_verify(&a);
}

static void fenced_pages_leave_by_write(void)
{
	struct area a;

	dax_set("fence", 1);
	dax_online();
	area_demoted(&a, PAGES, FILL_TEXT);
	area_store_all(&a, 7);
	area_expect_all(&a, 0);
	area_verify(&a);
	dax_unplug();
	dax_set("fence", 0);
}

static void expect_others_readable(const struct area *a)
{
	int status = read_in_child(a, 0, BAD);

	CHECK(status == 0, "readers of other pages end with %#x", status);
	status = read_in_child(a, BAD + 1, PAGES - BAD - 1);
	CHECK(status == 0, "readers of other pages end with %#x", status);
}

/* Breaks if an error of one page takes others along, or holds the node. */
static void poisoned_page_is_no_obstacle(void)
{
	struct area a;
	long used;

	dax_online();
	area_demoted(&a, PAGES, FILL_TEXT);
	used = nd_counter("physical_used");
	poison_as_reader(&a, BAD);
	CHECK(nd_counter("physical_used") == used - (long)PAGE,
	      "physical_used is %ld, it was %ld",
	      nd_counter("physical_used"), used);
	expect_others_readable(&a);
	dax_unplug();
	expect_others_readable(&a);
	dax_online();
	dax_unplug();
}

/*
 * tpp on a plain tier: what is read again and again comes back by hint faults,
 * without a write.
 */
static void tpp_promotes_what_is_read(void)
{
	long before, rounds;
	struct policy p;
	struct area a;

	numa_balancing_needed();
	dax_online();
	policy_start(&p, "tpp");
	area_demoted(&a, PAGES, FILL_TEXT);
	before = numa_balancing_start(2, 10, 20, 100);
	/* Scans come by the CPU time of the task, so do not sleep. */
	for (rounds = 200 * vmtest_patience();
	     rounds && area_count(&a, device_nid()) > PAGES / 2; rounds--)
		area_read_all(&a, 1000);
	numa_balancing_stop(before);
	CHECK(area_count(&a, device_nid()) <= PAGES / 2,
	      "%zu of %d pages are still on the node",
	      area_count(&a, device_nid()), PAGES);
	CHECK(nd_counter("pages_promoted_write") == 0, "%ld pages were written",
	      nd_counter("pages_promoted_write"));
	area_verify(&a);
	policy_close(&p);
	dax_unplug();
}

/* ---- space ---------------------------------------------------------------- */

/* Breaks if space is not given back, or given back twice. */
static void space_follows_the_pages(void)
{
	struct area a;
	long used;

	dax_online();
	used = nd_counter("physical_used");
	CHECK(used == 0, "physical_used of an empty node is %ld", used);
	area_demoted(&a, PAGES, FILL_TEXT);
	used = nd_counter("physical_used");
	CHECK(used >= PAGES * (long)PAGE &&
	      used == nd_counter("logical_used"),
	      "physical_used is %ld, logical_used %ld", used,
	      nd_counter("logical_used"));
	area_unmap(&a);
	wait_for(nd_counter("physical_used") <= used - PAGES * (long)PAGE,
		 "physical_used is %ld, with %d pages more it was %ld",
		 nd_counter("physical_used"), PAGES, used);
	dax_unplug();
}

/* Breaks if the node takes more than the device has, or forgets a setting. */
static void less_space_than_pages(void)
{
	long bytes = dax_bytes(), small = 8 * MIB;
	struct area a;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	dax_set("capacity", small);
	dax_online();
	CHECK(nd_counter("physical_total") == small,
	      "physical_total is %ld", nd_counter("physical_total"));
	area_map(&a, 2 * small / PAGE, FILL_TEXT);
	CHECK(!area_try_demote(&a, 8), "all of it came");
	CHECK(area_count(&a, device_nid()) > 0, "none of it came");
	CHECK(nd_counter("physical_used") <= small, "physical_used is %ld",
	      nd_counter("physical_used"));
	area_verify(&a);
	dax_unplug();
	CHECK(dax_bytes() == small, "the capacity is %ld now", dax_bytes());
	dax_set("capacity", bytes);
}

/* Breaks if only new pages are held to a capacity that shrinks. */
static void lost_capacity_empties_the_node(void)
{
	long bytes = dax_bytes();
	struct area a;

	CHECK(cgroup_write("memory.swap.max", "0") == 0, "memory.swap.max");
	dax_online();
	area_demoted(&a, 8 * MIB / PAGE, FILL_TEXT);
	dax_set("capacity", 4 * MIB);
	wait_for(nd_counter("physical_used") <= (long)(4 * MIB),
		 "physical_used is %ld of 4 MiB", nd_counter("physical_used"));
	area_verify(&a);
	dax_unplug();
	dax_set("capacity", bytes);
}

/* ---- what is refused ------------------------------------------------------ */

struct refusal {
	const char *file;
	const char *text;
	int error;
};

static void expect_refused(const struct refusal *r, size_t nr)
{
	size_t i;
	int ret;

	for (i = 0; i < nr; i++) {
		ret = write_text(dax_path(r[i].file), "%s", r[i].text);
		CHECK(ret == -r[i].error, "'%s' to %s: %s, not %s", r[i].text,
		      r[i].file, ret ? strerror(-ret) : "taken",
		      strerror(r[i].error));
	}
}

static void bad_settings_are_refused(void)
{
	static const struct refusal unplugged[] = {
		{ "state", "maybe", EINVAL },
		{ "fence", "2", EINVAL },
		{ "adistance", "near", EINVAL },
		{ "adistance", "1", ERANGE },
		{ "adistance", "-1", ERANGE },
		{ "capacity", "0", ERANGE },
		{ "capacity", "4095", ERANGE },
		{ "capacity", "-1", EINVAL },
		{ "capacity", "1G", EINVAL },
		{ "capacity", "18446744073709551615", ERANGE },
	};
	static const struct refusal online[] = {
		{ "fence", "1", EBUSY },
		{ "adistance", "4096", EBUSY },
		{ "capacity", "0", ERANGE },
	};
	long bytes = dax_bytes();

	expect_refused(unplugged, ARRAY_SIZE(unplugged));
	expect_state("unplugged");
	dax_online();
	expect_refused(online, ARRAY_SIZE(online));
	CHECK(nd_counter("physical_total") == bytes,
	      "physical_total is %ld, the capacity %ld",
	      nd_counter("physical_total"), bytes);
	dax_unplug();
}

static const struct vmtest tests[] = {
	VMTEST(binding_leaves_the_memory_alone),
	VMTEST(online_makes_a_device_node),
	VMTEST(unplug_brings_all_back),
	VMTEST(held_page_stays_and_is_named),
	VMTEST(unplugging_is_seen_and_ends_by_a_signal),
	VMTEST(node_outlives_an_unbind),
	VMTEST(unbind_under_load),
	VMTEST(pages_are_written_in_place),
	VMTEST(fenced_pages_leave_by_write),
	VMTEST(poisoned_page_is_no_obstacle),
	VMTEST(tpp_promotes_what_is_read),
	VMTEST(space_follows_the_pages),
	VMTEST(less_space_than_pages),
	VMTEST(lost_capacity_empties_the_node),
	VMTEST(bad_settings_are_refused),
};

int main(int argc, char **argv)
{
	return vmtest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
