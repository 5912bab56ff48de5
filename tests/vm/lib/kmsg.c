// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel says while a test runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"
#include "vmtest.h"

/** kmsg_open - the messages of the kernel from now on */
int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	CHECK_SYS(fd >= 0, "/dev/kmsg");
	CHECK_SYS(lseek(fd, 0, SEEK_END) >= 0, "/dev/kmsg");
	return fd;
}

/**
 * kmsg_find - the next message with @text
 * @fd: of kmsg_open(); the message is read, and those before it
 *
 * Return: the message, good until the next call; "" when there is none
 */
const char *kmsg_find(int fd, const char *text)
{
	static char line[8192];
	ssize_t len;

	for (;;) {
		len = read(fd, line, sizeof(line) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return "";
		line[len] = '\0';
		if (strstr(line, text))
			return line;
	}
}
