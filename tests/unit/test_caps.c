// SPDX-License-Identifier: GPL-2.0
/*
 * What is said without capabilities. Each case is a process of its own, since
 * they do not come back.
 */
#include "unit.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "caps.h"

#define BIT(_cap)	(1ULL << (_cap))
#define ALL		(BIT(CAP_SYS_ADMIN) | BIT(CAP_BPF) | BIT(CAP_PERFMON))

static bool drop(uint64_t caps)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};

	if (syscall(SYS_capget, &head, data))
		return false;
	data[0].effective &= ~(uint32_t)caps;
	data[1].effective &= ~(uint32_t)(caps >> 32);
	return !syscall(SYS_capset, &head, data);
}

/* Without @caps, nodectl may not; the message says @cause and @next. */
static bool refused(uint64_t caps, const char *cause, const char *next)
{
	struct failure f = {};

	return drop(caps) && privilege_require(&f) == -EPERM &&
	       !strcmp(f.cause, cause) && strstr(f.next, next);
}

static bool without_all(void)
{
	return refused(ALL, "no permission: CAP_SYS_ADMIN, CAP_BPF, CAP_PERFMON are missing",
		       geteuid() ? "Run it as root" : "somebody has taken them away");
}

static bool without_admin(void)
{
	return refused(BIT(CAP_SYS_ADMIN), "no permission: CAP_SYS_ADMIN is missing",
		       "capsh --print");
}

static bool without_admin_and_bpf(void)
{
	return refused(BIT(CAP_SYS_ADMIN) | BIT(CAP_BPF),
		       "no permission: CAP_SYS_ADMIN, CAP_BPF are missing", "root");
}

static bool without_admin_and_perfmon(void)
{
	return refused(BIT(CAP_SYS_ADMIN) | BIT(CAP_PERFMON),
		       "no permission: CAP_SYS_ADMIN, CAP_PERFMON are missing",
		       "root");
}

/* The kernel takes CAP_SYS_ADMIN for the others. */
static bool admin_stands_for_all(void)
{
	struct failure f = {};

	return drop(BIT(CAP_BPF) | BIT(CAP_PERFMON)) && !privilege_require(&f) &&
	       cap_present(CAPS_BPF) == PRESENT;
}

static bool as_another_user(void)
{
	return !setresuid(65534, 65534, 65534) &&
	       refused(0, "no permission: CAP_SYS_ADMIN, CAP_BPF, CAP_PERFMON are missing",
		       "Run it as root.");
}

/* There it has all of them, and they do not count. */
static bool in_a_user_namespace(void)
{
	return refused(0, "no permission: CAP_SYS_ADMIN, CAP_BPF, CAP_PERFMON are missing",
		       "outside of this user namespace");
}

static bool holds(bool (*what)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(!what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void need_caps(void)
{
	unsigned int i;

	for (i = 0; i < NR_CAPS; i++)
		if (cap_present(i) != PRESENT)
			skip();
}

static void nothing_is_missing_with_all(void **state)
{
	struct failure f = {};

	(void)state;
	need_caps();
	assert_int_equal(privilege_require(&f), 0);
}

static void what_is_missing_is_named(void **state)
{
	(void)state;
	assert_true(holds(without_all));
	need_caps();
	assert_true(holds(without_admin));
	assert_true(holds(without_admin_and_bpf));
	assert_true(holds(without_admin_and_perfmon));
}

static void sys_admin_stands_for_the_others(void **state)
{
	(void)state;
	need_caps();
	assert_true(holds(admin_stands_for_all));
}

static void users_are_sent_to_root(void **state)
{
	(void)state;
	need_caps();
	assert_true(holds(as_another_user));
}

static bool can_unshare(void)
{
	return !unshare(CLONE_NEWUSER);
}

static bool unshared(void)
{
	return can_unshare() && in_a_user_namespace();
}

static void capabilities_of_a_user_namespace_do_not_count(void **state)
{
	(void)state;
	if (!holds(can_unshare))
		skip();
	assert_true(holds(unshared));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_missing_with_all),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(sys_admin_stands_for_the_others),
		cmocka_unit_test(users_are_sent_to_root),
		cmocka_unit_test(capabilities_of_a_user_namespace_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
