// SPDX-License-Identifier: GPL-2.0
/*
 * Loads a policy's programs and maps and fills its struct_ops map.  Nothing
 * is attached here: until a link is made, all of it vanishes with our file
 * descriptors.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bpflog.h"
#include "caps.h"
#include "kernel.h"
#include "live.h"
#include "nodectl.h"

/* The kernel ends a log with a report of some 30 lines, if it has one. */
#define LOG_REPORT	"Verification failed:"
#define LOG_REPORT_MAX	60
#define LOG_TAIL	20

/* All members that the policy implements must be known to the kernel. */
static int check_members(const struct object *o, const struct btf *btf,
			 struct failure *f)
{
	const struct btf_type *t;
	struct bpf_program *prog;
	char missing[256] = "";
	unsigned int pos = 0;
	const char *name;
	size_t len = 0;
	int id;

	id = btf__find_by_name_kind(btf, OPS_TYPE, BTF_KIND_STRUCT);
	if (id < 0 ||
	    btf__find_by_name_kind(btf, OPS_VALUE_TYPE, BTF_KIND_STRUCT) < 0)
		return fail(f, -EOPNOTSUPP, "\"nodectl check\" tells what it lacks.",
			    "this kernel takes no policies for device nodes (no struct "
			    OPS_TYPE ")");
	t = btf__type_by_id(btf, id);
	while ((name = object_next_func(o, &pos, &prog))) {
		if (!btf_find_member(btf, t, name) && len < sizeof(missing))
			len += snprintf(missing + len, sizeof(missing) - len,
					"%s%s", len ? ", " : "", name);
	}
	if (missing[0])
		return fail(f, -EOPNOTSUPP,
			    "Use a newer kernel or a version of the policy for this one.",
			    "it implements what this kernel does not have: %s",
			    missing);
	return 0;
}

static int write_log(const char *file, const char *text)
{
	FILE *out = fopen(file, "we");
	int err = !out || fputs(text, out) == EOF ? -errno : 0;

	if (out && fclose(out) && !err)
		err = -errno;
	if (err)
		p_error("cannot write %s: %s", file, strerror(-err));
	return err;
}

/*
 * Why node_device refuses a member that the verifier could do with. In its log
 * that is one line, which names the member only.
 */
static const struct refusal {
	int err;
	const char *cause;
	const char *next;
} refusals[] = {
	{ -ELOOP, "it has a loop without a bound of its own, or a global function",
	  "Write loops with a constant bound, and functions static. " },
	{ -EACCES, "it calls a kernel function that policies may not call",
	  "Do without it; docs/abi.md lists what policies may call. " },
	{ -EINVAL, "members may not be sleepable", "" },
};

static const struct refusal *find_refusal(int err, const char *log)
{
	size_t i;

	if (!strstr(log, "attach to unsupported member"))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(refusals); i++)
		if (refusals[i].err == err)
			return &refusals[i];
	return NULL;
}

static int rejected(int err, const char *prog, const char *text,
		    const char *log_file, struct failure *f)
{
	const struct refusal *why = find_refusal(err, text);
	unsigned int nr = lines_from(text, LOG_REPORT);
	const char *advice = why ? why->next : "";
	char next[1024], *tail;
	int left_out;

	if (nr < LOG_TAIL || nr > LOG_REPORT_MAX)
		nr = LOG_TAIL;
	left_out = last_lines(text, nr, &tail);
	if (log_file && !write_log(log_file, text)) {
		snprintf(next, sizeof(next),
			 "%sThe whole log of the verifier is in %s.", advice,
			 log_file);
	} else if (left_out > 0) {
		snprintf(next, sizeof(next),
			 "%sThese were the last lines of the verifier's log; repeat with --log FILE (or -v) for the %d lines before them.",
			 advice, left_out);
	} else {
		snprintf(next, sizeof(next), "%s%s", advice, out_json ? "" :
			 "The verifier's log is above.");
	}
	fail(f, err, next, "the verifier refuses program \"%s\" (%s)",
	     prog ?: "?", why ? why->cause : strerror(-err));
	f->log = left_out < 0 ? NULL : tail;
	return err;
}

/* apply finds out by it whether the file has changed. */
static int keep_digest(const struct object *o, struct failure *f)
{
	struct bpf_program *prog;
	unsigned int pos = 0;

	if (!object_next_func(o, &pos, &prog))
		return 0;
	return digest_keep(&o->digest, bpf_program__fd(prog), f);
}

/**
 * object_load - load a policy into the kernel
 * @o: the object, with node and tunables set
 * @log_file: where to write the verifier's log if it refuses, or NULL
 * @f: why not
 *
 * Return: 0 or a negative errno.
 */
int object_load(struct object *o, const char *log_file, struct failure *f)
{
	const char *text, *prog, *said;
	struct btf *btf;
	int err;

	btf = vmlinux_btf(f);
	if (!btf)
		return -EOPNOTSUPP;
	err = check_members(o, btf, f);
	if (err)
		return err;
	bpflog_start();
	err = bpf_object__load(o->obj);
	if (!err)
		return keep_digest(o, f);
	if (signals_stop())
		return fail(f, -EINTR, NULL, "interrupted");
	text = bpflog_verifier(&prog);
	if (text)
		return rejected(err, prog, text, log_file, f);
	if (err == -EPERM)
		return privilege_require(f) ?:
		       fail(f, err, "Run it as root, outside of a container.",
			    "no permission to load BPF programs");
	said = bpflog_find("not found in kernel or module BTFs");
	if (said)
		return fail(f, err, "\"nodectl check\" tells what this kernel lacks.",
			    "it needs what this kernel does not have: %s", said);
	said = bpflog_warning();
	return fail(f, err, "Repeat with -v to see what libbpf did.", "%s (%s)",
		    said ?: "libbpf cannot load it", strerror(-err));
}

/*
 * Copies a member of the policy to where the kernel has it: a number as it is,
 * for a function the file descriptor of its program. What the policy does not
 * have, or one of the two has no room for, stays 0.
 */
static void copy_member(const struct object *o, const struct btf *btf,
			const struct btf_member *m, char *ops, size_t ops_size)
{
	int64_t size = btf__resolve_size(btf, m->type);
	size_t to = m->offset / 8;
	const struct btf_member *own;
	struct bpf_program *prog;
	unsigned long fd;
	const char *from;

	own = btf_find_member(o->btf, o->ops_type,
			      btf__name_by_offset(btf, m->name_off));
	if (!own || size <= 0 || to + size > ops_size ||
	    own->offset / 8 + (size_t)size > o->ops_size)
		return;
	from = (const char *)o->ops + own->offset / 8;
	if (!btf_member_is_func(btf, m)) {
		memcpy(ops + to, from, size);
		return;
	}
	memcpy(&prog, from, sizeof(prog));
	if (!prog)
		return;
	fd = bpf_program__fd(prog);
	memcpy(ops + to, &fd, sizeof(fd));
}

/* The value of the struct_ops map in the kernel's layout. */
static void *kernel_value(const struct object *o, const struct btf *btf,
			  size_t *size)
{
	const struct btf_type *vt, *ops;
	unsigned int i;
	size_t offset;
	char *value;

	vt = btf__type_by_id(btf, btf__find_by_name_kind(btf, OPS_VALUE_TYPE,
							 BTF_KIND_STRUCT));
	ops = btf_value_ops(btf, vt, &offset);
	value = ops ? calloc(1, vt->size) : NULL;
	if (!value)
		return NULL;
	*size = vt->size;
	for (i = 0; i < btf_vlen(ops); i++)
		copy_member(o, btf, btf_members(ops) + i, value + offset,
			    vt->size - offset);
	return value;
}

/**
 * object_register - give the loaded policy to the kernel as a whole
 * @o: the object after object_load()
 * @f: why not
 *
 * libbpf does this only together with making a link.  A swap has its link
 * already, and a failure should say which of the two steps it was.
 *
 * Return: 0 or a negative errno.
 */
int object_register(struct object *o, struct failure *f)
{
	struct btf *btf;
	__u32 zero = 0;
	size_t size;
	void *value;
	int err;

	btf = vmlinux_btf(f);
	if (!btf)
		return -EOPNOTSUPP;
	value = kernel_value(o, btf, &size);
	if (!value)
		return fail(f, -ENOMEM, NULL, "no memory");
	err = bpf_map_update_elem(bpf_map__fd(o->ops_map), &zero, value, 0) ?
		      -errno : 0;
	free(value);
	switch (err) {
	case 0:
		return 0;
	case -EOPNOTSUPP:
		return fail(f, err,
			    "Use a newer kernel or a version of the policy for this one.",
			    "it was written for version %u of struct " OPS_TYPE
			    ", which is newer than this kernel's", o->version);
	case -EINVAL:
		return fail(f, err,
			    "Members may not be sleepable; \"nodectl inspect\" shows the rest.",
			    "the kernel refuses the policy as invalid (version %u)",
			    o->version);
	default:
		return fail(f, err, NULL, "the kernel refuses the policy: %s",
			    strerror(-err));
	}
}
