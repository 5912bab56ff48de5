// SPDX-License-Identifier: GPL-2.0
/*
 * Times of the kernel, which count from boot, for people.
 */
#include "when.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/**
 * boot_age - how long ago a moment was
 * @boot_ns: the moment, CLOCK_BOOTTIME
 * @when: the same as wall clock time
 *
 * Return: seconds, 0 for a moment to come.
 */
uint64_t boot_age(uint64_t boot_ns, time_t *when)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME);
	uint64_t age = now > boot_ns ? now - boot_ns : 0;

	*when = (clock_ns(CLOCK_REALTIME) - age) / 1000000000ULL;
	return age / 1000000000ULL;
}

/**
 * when_text - a wall clock time with its zone
 * @when: the time
 * @buf: where to write
 * @size: of @buf
 */
const char *when_text(time_t when, char *buf, size_t size)
{
	struct tm tm;

	localtime_r(&when, &tm);
	strftime(buf, size, "%Y-%m-%dT%H:%M:%S%z", &tm);
	return buf;
}
