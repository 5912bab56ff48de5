// SPDX-License-Identifier: GPL-2.0
/*
 * Loading programs needs CAP_BPF and CAP_PERFMON, attaching a policy and looking
 * at links needs CAP_SYS_ADMIN, which the kernel takes for the other two as well.
 * All of them must be held in the first user namespace: those of another one do
 * not count for BPF.
 *
 * The kernel decides. To ask before anything is done spares a wrong trail: uid 0
 * without capabilities may, for example, remove the pin of a policy.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caps.h"

/* The kernel's PROC_USER_INIT_INO. */
#define FIRST_USER_NS	0xeffffffdUL

static const struct {
	int cap;
	const char *name;
} caps[NR_CAPS] = {
	[CAPS_ADMIN]	= { CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	[CAPS_BPF]	= { CAP_BPF, "CAP_BPF" },
	[CAPS_PERFMON]	= { CAP_PERFMON, "CAP_PERFMON" },
};

/* Where /proc does not tell, the kernel will. */
static bool other_user_ns(void)
{
	struct stat st;

	return !stat("/proc/self/ns/user", &st) && st.st_ino != FIRST_USER_NS;
}

/**
 * cap_name - name of a capability
 * @cap: which one
 */
const char *cap_name(unsigned int cap)
{
	return caps[cap].name;
}

/**
 * cap_present - is a capability held, as far as BPF is concerned?
 * @cap: which one
 */
enum presence cap_present(unsigned int cap)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};
	int nr = caps[cap].cap;

	if (other_user_ns())
		return MISSING;
	if (syscall(SYS_capget, &head, data))
		return UNKNOWN;
	if (data[CAP_TO_INDEX(nr)].effective & CAP_TO_MASK(nr))
		return PRESENT;
	return cap == CAPS_ADMIN ? MISSING : cap_present(CAPS_ADMIN);
}

/**
 * cap_advice - what to do when one is missing
 */
const char *cap_advice(void)
{
	if (other_user_ns())
		return "Run it as root outside of this user namespace (a container without root of its own, unshare -U): capabilities in here do not count for BPF.";
	if (geteuid())
		return "Run it as root.";
	return "It runs as root, and somebody has taken them away: look at CapabilityBoundingSet= of the service, at --cap-add of the container, or at \"capsh --print\".";
}

/**
 * privilege_require - fail before anything is done without the capabilities
 * @f: which are missing
 *
 * Return: 0 or -EPERM.
 */
int privilege_require(struct failure *f)
{
	char list[64] = "";
	unsigned int i, nr = 0;
	size_t len = 0;

	for (i = 0; i < NR_CAPS; i++) {
		if (cap_present(i) != MISSING)
			continue;
		len += snprintf(list + len, sizeof(list) - len, "%s%s",
				nr++ ? ", " : "", cap_name(i));
	}
	if (!nr)
		return 0;
	return fail(f, -EPERM, cap_advice(), "no permission: %s %s missing",
		    list, nr == 1 ? "is" : "are");
}
