// SPDX-License-Identifier: GPL-2.0
/*
 * Dax devices: memory that is, or could become, a device node. The kernel's
 * driver for that is dax_node.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dax.h"

#define DRIVER	"dax_node"

/* Devices of the dax bus; tests have their own. */
const char *sys_dax_dir = "/sys/bus/dax/devices";

/* A line of an attribute; "" when there is none. */
static void dax_attr(const char *name, const char *attr, char *buf, size_t size)
{
	char path[PATH_MAX];
	FILE *f;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s/%s", sys_dax_dir, name, attr);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(buf, size, f))
		buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

static void dax_driver(struct dax_device *d)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%s/driver", sys_dax_dir, d->name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0';
	base = strrchr(target, '/');
	snprintf(d->driver, sizeof(d->driver), "%.31s",
		 base ? base + 1 : target);
}

static void dax_read(struct dax_device *d, const char *name)
{
	char text[64];

	memset(d, 0, sizeof(*d));
	snprintf(d->name, sizeof(d->name), "%.31s", name);
	dax_driver(d);
	dax_attr(name, "state", d->state, sizeof(d->state));
	dax_attr(name, "target_node", text, sizeof(text));
	d->nid = text[0] ? atoi(text) : -1;
	dax_attr(name, "size", text, sizeof(text));
	d->bytes = strtoull(text, NULL, 0);
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct dax_device *)a)->name,
			  ((const struct dax_device *)b)->name);
}

/**
 * dax_list - the devices of the dax bus, by name
 * @devices: room for @max of them
 * @max: how many, at most
 *
 * A device of size 0 is a seed, from which others are made, and is left out.
 *
 * Return: how many; 0 where the kernel has no such bus.
 */
int dax_list(struct dax_device *devices, int max)
{
	DIR *dir = opendir(sys_dax_dir);
	struct dirent *e;
	int nr = 0;

	if (!dir)
		return 0;
	while (nr < max && (e = readdir(dir))) {
		if (strncmp(e->d_name, "dax", 3))
			continue;
		dax_read(&devices[nr], e->d_name);
		if (devices[nr].bytes)
			nr++;
	}
	closedir(dir);
	qsort(devices, nr, sizeof(*devices), by_name);
	return nr;
}

/**
 * dax_is_node - is the memory of a device a device node?
 * @d: the device
 */
bool dax_is_node(const struct dax_device *d)
{
	return !strcmp(d->driver, DRIVER) && !strcmp(d->state, "online");
}

/**
 * dax_of_node - the device whose memory a device node is
 * @nid: number of the node
 * @name: its name, "" if there is none
 * @size: size of @name
 *
 * Return: whether there is one.
 */
bool dax_of_node(int nid, char *name, size_t size)
{
	struct dax_device devices[DAX_MAX];
	int nr = dax_list(devices, DAX_MAX), i;

	name[0] = '\0';
	for (i = 0; i < nr; i++) {
		if (devices[i].nid == nid && dax_is_node(&devices[i])) {
			snprintf(name, size, "%s", devices[i].name);
			return true;
		}
	}
	return false;
}

/**
 * dax_next_step - how the memory of a device becomes a device node
 * @d: a device that is none
 * @text: for the shell commands, or for the reason why it cannot
 * @size: size of @text
 *
 * Return: the length of the text, as snprintf() does.
 */
int dax_next_step(const struct dax_device *d, char *text, size_t size)
{
	static const char bus[] = "/sys/bus/dax";
	char unplug[128] = "", unbind[128] = "";

	if (d->nid < 0)
		return snprintf(text, size,
				"The platform gives this memory no node of its own, so it cannot become a device node.");
	if (!strcmp(d->driver, DRIVER))
		return snprintf(text, size, "echo online >%s/devices/%s/state",
				bus, d->name);
	/* That of dax/kmem, whose memory has to go before the device does. */
	if (d->state[0] && strcmp(d->state, "unplugged"))
		snprintf(unplug, sizeof(unplug),
			 "echo unplugged >%s/devices/%s/state && ", bus,
			 d->name);
	if (d->driver[0])
		snprintf(unbind, sizeof(unbind),
			 "echo %s >%s/drivers/%s/unbind && ", d->name, bus,
			 d->driver);
	return snprintf(text, size,
			"%s%smodprobe " DRIVER " && echo %s >%s/drivers/" DRIVER
			"/new_id && echo online >%s/devices/%s/state",
			unplug, unbind, d->name, bus, bus, d->name);
}
