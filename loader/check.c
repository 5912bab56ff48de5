// SPDX-License-Identifier: GPL-2.0
/*
 * check: everything a policy needs, one line each, so that nobody has to
 * guess a missing kernel option from an EINVAL.
 *
 * Each requirement is probed where it shows: types in BTF, files in sysfs.
 * The configuration of the kernel only explains why.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <json-c/json.h>
#include <zlib.h>

#include "bpffs.h"
#include "caps.h"
#include "dax.h"
#include "interface.h"
#include "live.h"
#include "node.h"
#include "nodectl.h"
#include "object.h"
#include "pin.h"

/**
 * struct check_state - results, and what several checks share
 * @btf: types of the kernel, or NULL
 * @config: text of the kernel's configuration, or NULL
 * @array: JSON records, or NULL
 * @missing: required things that are missing
 */
struct check_state {
	struct btf *btf;
	char *config;
	struct json_object *array;
	int missing;
};

static const char *const words[] = { "missing", "present", "unknown" };

static void report(struct check_state *s, bool required, enum presence presence,
		   const char *name, const char *consequence, const char *next)
{
	struct json_object *o;

	s->missing += required && presence == MISSING;
	if (s->array) {
		o = json_object_new_object();
		out_str(o, "name", name);
		out_bool(o, "required", required);
		json_object_object_add(o, "present", presence == UNKNOWN ? NULL :
				       json_object_new_boolean(presence));
		if (presence != PRESENT) {
			out_str(o, "consequence", consequence);
			out_str(o, "next", next);
		}
		json_object_array_add(s->array, o);
		return;
	}
	printf("%-8s %s%s\n", words[presence], name,
	       required ? "" : " (optional)");
	if (presence != PRESENT)
		printf("         %s. %s\n", consequence, next);
}

/* ---- the kernel's configuration ------------------------------------------ */

static char *read_config(void)
{
	char path[300], *text = NULL, *bigger;
	size_t size = 0, used = 0;
	struct utsname un;
	gzFile gz;
	int len;

	/* gzopen() reads a file that is not compressed as it is. */
	gz = gzopen("/proc/config.gz", "re");
	if (!gz && !uname(&un)) {
		snprintf(path, sizeof(path), "/boot/config-%s", un.release);
		gz = gzopen(path, "re");
	}
	if (!gz)
		return NULL;
	for (;;) {
		if (size - used < 65536) {
			bigger = realloc(text, size + 262144);
			if (!bigger)
				break;
			text = bigger;
			size += 262144;
		}
		len = gzread(gz, text + used, size - used - 1);
		if (len <= 0)
			break;
		used += len;
	}
	gzclose(gz);
	if (text)
		text[used] = '\0';
	return text;
}

static enum presence config_has(const struct check_state *s, const char *symbol)
{
	char line[128];
	const char *p;
	size_t len;

	if (!s->config)
		return UNKNOWN;
	len = snprintf(line, sizeof(line), "%s=", symbol);
	for (p = s->config; (p = strstr(p, line)); p += len)
		if ((p == s->config || p[-1] == '\n') &&
		    (p[len] == 'y' || p[len] == 'm'))
			return PRESENT;
	return MISSING;
}

static const struct {
	const char *symbol;
	bool required;
	const char *consequence;
} configs[] = {
	{ "CONFIG_NODE_DEVICE", true, "The kernel has no device nodes" },
	{ "CONFIG_NUMA", true, "There are no nodes at all" },
	{ "CONFIG_MEMORY_HOTPLUG", true, "Device memory cannot be added" },
	{ "CONFIG_MIGRATION", true, "Pages cannot move to a device node" },
	{ "CONFIG_BPF_SYSCALL", true, "There is no bpf(2)" },
	{ "CONFIG_BPF_JIT", true, "The kernel refuses struct_ops without the JIT" },
	{ "CONFIG_DEBUG_INFO_BTF", true, "libbpf cannot match a policy with the kernel" },
	{ "CONFIG_SWAP", false, "What a policy denies has nowhere to go but DRAM" },
	{ "CONFIG_MEMCG", false, "Policies see no cgroups" },
	{ "CONFIG_EVENT_TRACING", false, "\"nodectl trace\" shows nothing" },
	{ "CONFIG_CRAM_EMU", false, "The emulated device is not there" },
};

static void check_config(struct check_state *s)
{
	static const char next[] =
		"Boot the kernel of this project, or set it and build again.";
	size_t i;

	if (!s->config) {
		report(s, false, MISSING,
		       "configuration of the kernel (/proc/config.gz or /boot)",
		       "Its options cannot be listed",
		       "Nothing follows from it; the checks below look at the kernel itself.");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(configs); i++)
		report(s, configs[i].required, config_has(s, configs[i].symbol),
		       configs[i].symbol, configs[i].consequence, next);
}

/* ---- types and functions -------------------------------------------------- */

static void report_type(void *arg, bool required, enum presence presence,
			const char *name, const char *consequence)
{
	report(arg, required, presence, name, consequence,
	       "Boot the kernel of this project.");
}

static void check_types(struct check_state *s)
{
	report(s, true, s->btf ? PRESENT : MISSING,
	       "types of the kernel (/sys/kernel/btf/vmlinux)",
	       "No policy can be loaded",
	       "Build the kernel with CONFIG_DEBUG_INFO_BTF and a pahole that it accepts.");
	interface_check(s->btf, report_type, s);
}

/* ---- the running system ---------------------------------------------------- */

static void check_caps(struct check_state *s)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < NR_CAPS; i++) {
		snprintf(name, sizeof(name), "capability %s", cap_name(i));
		report(s, true, cap_present(i), name,
		       "load, swap, unload and set are not allowed",
		       cap_advice());
	}
}

static enum presence file_exists(const char *path)
{
	if (!access(path, F_OK))
		return PRESENT;
	return errno == EACCES ? UNKNOWN : MISSING;
}

/* Tells also those who may not look inside. */
static enum presence debugfs_mounted(void)
{
	struct statfs st;

	if (statfs("/sys/kernel/debug", &st))
		return errno == ENOENT ? MISSING : UNKNOWN;
	return st.f_type == DEBUGFS_MAGIC ? PRESENT : MISSING;
}

static enum presence jit_enabled(void)
{
	FILE *f = fopen("/proc/sys/net/core/bpf_jit_enable", "re");
	int c;

	if (!f)
		return UNKNOWN;
	c = fgetc(f);
	fclose(f);
	return c == '1' || c == '2' ? PRESENT : MISSING;
}

static enum presence lockdown_off(void)
{
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char text[128] = "";

	if (!f)
		return PRESENT;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strstr(text, "[confidentiality]") ? MISSING : PRESENT;
}

static enum presence swap_on(void)
{
	FILE *f = fopen("/proc/swaps", "re");
	char line[256];
	int lines = 0;

	if (!f)
		return UNKNOWN;
	while (fgets(line, sizeof(line), f))
		lines++;
	fclose(f);
	return lines > 1 ? PRESENT : MISSING;
}

static enum presence demotion_on(void)
{
	int on = node_demotion();

	return on < 0 ? UNKNOWN : on ? PRESENT : MISSING;
}

static void check_system(struct check_state *s)
{
	struct failure f = {};

	check_caps(s);
	report(s, true, jit_enabled(), "BPF JIT switched on",
	       "The kernel refuses struct_ops without the JIT",
	       "Write 1 to /proc/sys/net/core/bpf_jit_enable.");
	report(s, true, lockdown_off(), "no lockdown in confidentiality mode",
	       "The kernel refuses BPF programs that read its memory",
	       "Boot without lockdown=confidentiality.");
	report(s, true, bpffs_require(&f) ? MISSING : PRESENT,
	       "BPF file system at /sys/fs/bpf, writable",
	       "A policy cannot outlive nodectl, so it is not loaded", f.next);
	report(s, true, bpffs_require_lasting(&f) ? MISSING : PRESENT,
	       "BPF file system mounted by process 1",
	       "A policy goes with this mount namespace, so it is not loaded",
	       f.next);
	report(s, false, file_exists("/sys/kernel/tracing/events"),
	       "tracefs at /sys/kernel/tracing", "\"nodectl trace\" does not work",
	       "Mount it: mount -t tracefs tracefs /sys/kernel/tracing");
	report(s, false, file_exists("/sys/kernel/tracing/events/node_device"),
	       "tracepoints node_device:*", "\"nodectl trace\" shows nothing",
	       "Boot the kernel of this project with CONFIG_EVENT_TRACING.");
	report(s, false, debugfs_mounted(),
	       "debugfs at /sys/kernel/debug",
	       "The counters of the emulated device are not to be seen",
	       "Mount it: mount -t debugfs debugfs /sys/kernel/debug");
	report(s, false, demotion_on(),
	       "demotion (/sys/kernel/mm/numa/demotion_enabled)",
	       "Nothing enters a device node", "Turn it on: " DEMOTION_ON);
	report(s, false, swap_on(), "swap space",
	       "What a policy denies has nowhere to go, nor have the pages of a full node with a write fence (mapped read-only; a write moves them to DRAM)",
	       "Add some with swapon.");
	report(s, false, PRESENT,
	       "RLIMIT_MEMLOCK: no matter, BPF memory is charged to the cgroup",
	       "", "");
}

static void check_nodes(struct check_state *s)
{
	bool supported = node_kernel_supported();
	struct failure f = {};
	int nids[NODE_MAX], nr;

	report(s, true, supported ? PRESENT : MISSING,
	       "device nodes in sysfs (has_device_memory)",
	       "The kernel knows no device nodes", "Boot the kernel of this project.");
	nr = supported ? node_list(nids, NODE_MAX, &f) : 0;
	report(s, true, nr > 0 ? PRESENT : MISSING, "a device node",
	       "There is nothing to attach a policy to",
	       "Load the driver of the device, for example: modprobe cram_emu start=ADDRESS size=SIZE nid=N phys=SIZE");
}

/* Memory that could become a device node. Returns JSON records, or NULL. */
static struct json_object *check_dax(bool json)
{
	struct json_object *array = json ? json_object_new_array() : NULL, *o;
	struct dax_device devices[DAX_MAX];
	int nr = dax_list(devices, DAX_MAX), i;
	char next[512];

	for (i = 0; i < nr; i++) {
		const struct dax_device *d = &devices[i];

		next[0] = '\0';
		if (!dax_is_node(d))
			dax_next_step(d, next, sizeof(next));
		if (json) {
			o = json_object_new_object();
			out_str(o, "name", d->name);
			out_str(o, "driver", d->driver);
			out_int(o, "nid", d->nid);
			out_uint(o, "bytes", d->bytes);
			out_bool(o, "device_node", dax_is_node(d));
			out_str(o, "next", next);
			json_object_array_add(array, o);
		} else if (next[0]) {
			printf("memory   %s, %llu MiB, driver %s: %s a device node\n"
			       "         %s\n", d->name,
			       (unsigned long long)d->bytes >> 20,
			       d->driver[0] ? d->driver : "none",
			       d->nid < 0 ? "is not" : "could become", next);
		}
	}
	return array;
}

/**
 * do_check - nodectl check
 * @c: the command line
 */
int do_check(const struct cmdline *c)
{
	struct check_state s = {};
	struct failure f = {};
	struct json_object *o;

	(void)c;
	s.btf = vmlinux_btf(&f);
	s.config = read_config();
	if (out_json)
		s.array = json_object_new_array();
	check_config(&s);
	check_types(&s);
	check_system(&s);
	check_nodes(&s);
	if (!s.array)
		check_dax(false);
	if (s.array) {
		o = json_object_new_object();
		out_bool(o, "ok", !s.missing);
		json_object_object_add(o, "demotion_enabled",
				       node_demotion_json());
		json_object_object_add(o, "checks", s.array);
		json_object_object_add(o, "dax_devices", check_dax(true));
		out_record(o);
	} else if (s.missing) {
		printf("%d required %s missing\n", s.missing,
		       s.missing == 1 ? "thing is" : "things are");
	} else if (!node_demotion()) {
		printf("everything that is required is there, but demotion is off, so nothing enters a device node. Turn it on: "
		       DEMOTION_ON "\n");
	} else {
		printf("everything that is required is there\n");
	}
	free(s.config);
	return s.missing ? NODECTL_NONE : NODECTL_OK;
}
