// SPDX-License-Identifier: GPL-2.0
/*
 * Replaces a file in one step: a reader sees the old text or the new one, never
 * a part, and what fails leaves the old one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace.h"

/* rename() would put a file in the place of a device or a link. */
static int check_target(const char *path, struct failure *f)
{
	struct stat st;

	if (lstat(path, &st)) {
		if (errno == ENOENT && *path)
			return 0;
		return fail(f, -errno, "Name a file in a directory that exists.",
			    "cannot look at it: %s", strerror(errno));
	}
	if (S_ISREG(st.st_mode))
		return 0;
	return fail(f, -EINVAL, "Name a file, or one that does not exist yet.",
		    "it is no regular file, and would be replaced by one");
}

static int write_all(int fd, const char *text, size_t len)
{
	ssize_t written;

	while (len) {
		written = write(fd, text, len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		len -= written;
	}
	return 0;
}

/* As open() would have made it; mkstemp() makes it for the owner only. */
static int set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask) ? -errno : 0;
}

/**
 * replace_file - write a text to a file in one step
 * @path: the file; it need not exist
 * @text: what it is to hold
 * @len: of @text
 * @f: why not
 *
 * The temporary file is in the same directory, hidden, and its name does not
 * end as @path does: who looks for *.prom there does not find it.  Nothing is
 * synced: after a crash of the machine the file is written anew.
 *
 * Return: 0 or a negative errno; then @path is as it was.
 */
int replace_file(const char *path, const char *text, size_t len,
		 struct failure *f)
{
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? slash + 1 - path : 0;
	char *temp;
	int fd, err;

	err = check_target(path, f);
	if (err)
		return err;
	if (asprintf(&temp, "%.*s.%s.XXXXXX", dir_len, path, path + dir_len) < 0)
		return fail(f, -ENOMEM, NULL, "no memory");
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0) {
		err = fail(f, -errno, "Name a directory that exists and that you may write to.",
			   "cannot make a file beside it: %s", strerror(errno));
		free(temp);
		return err;
	}
	err = write_all(fd, text, len) ?: set_mode(fd);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temp, path))
		err = -errno;
	if (err) {
		unlink(temp);
		fail(f, err, "The file is as it was.", "cannot write it: %s",
		     strerror(-err));
	}
	free(temp);
	return err;
}
