// SPDX-License-Identifier: GPL-2.0
/*
 * A pin lasts as long as its file system is mounted somewhere. One that was
 * mounted in a mount namespace of its own (unshare -m, a systemd service) goes
 * with the last process there, which may be nodectl itself. Only what the first
 * process has mounted, in whatever place, stays.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "bpffs.h"
#include "pin.h"

/* The unit tests point this to a file of their own. */
const char *first_mounts = "/proc/1/mountinfo";

/**
 * mount_is_bpffs - is this line of mountinfo about a certain BPF file system?
 * @line: "36 35 98:0 /root /mount/point options ... - type source options"
 * @dev: the file system
 */
bool mount_is_bpffs(const char *line, dev_t dev)
{
	const char *type = strstr(line, " - ");
	unsigned int major_nr, minor_nr;

	if (!type || strncmp(type, " - bpf ", strlen(" - bpf ")))
		return false;
	return sscanf(line, "%*u %*u %u:%u", &major_nr, &minor_nr) == 2 &&
	       makedev(major_nr, minor_nr) == dev;
}

/* Return: 1 or 0, or a negative errno when it cannot be told. */
static int first_process_has(dev_t dev)
{
	FILE *mounts = fopen(first_mounts, "re");
	char *line = NULL;
	size_t size = 0;
	int found = 0;

	if (!mounts)
		return -errno;
	while (!found && getline(&line, &size, mounts) >= 0)
		found = mount_is_bpffs(line, dev);
	if (ferror(mounts))
		found = -EIO;
	free(line);
	fclose(mounts);
	return found;
}

/**
 * bpffs_require_lasting - fail when pins would not outlive this mount namespace
 * @f: why, and where to run it instead
 *
 * It is not refused where it cannot be told, for example without /proc, nor where
 * none is mounted at all, which bpffs_require() says.
 *
 * Return: 0 or -EXDEV.
 */
int bpffs_require_lasting(struct failure *f)
{
	struct stat st;

	if (!bpffs_mounted() || stat(bpffs_dir, &st) ||
	    first_process_has(st.st_dev))
		return 0;
	return fail(f, -EXDEV,
		    "Run it where process 1 is: nsenter -t 1 -m nodectl ... If none is mounted there, mount it first: nsenter -t 1 -m mount -t bpf bpf /sys/fs/bpf",
		    "the BPF file system at %s is private: process 1 has not mounted it, so it goes with this mount namespace, and the policy with it",
		    bpffs_dir);
}
