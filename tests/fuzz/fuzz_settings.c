// SPDX-License-Identifier: GPL-2.0
/*
 * KEY=VALUE as it is given to load, swap and set: one line, one argument.
 */
#include "fuzz.h"

#include <string.h>

#include "tunable.h"

#define ARGS_MAX	(SETTINGS_MAX + 2)

static struct tunable tunables[] = {
	{ .name = "size", .unit = "bytes", .type = TUNABLE_U64,
	  .def = 4096, .min = 1, .max = UINT64_MAX },
	{ .name = "share", .unit = "permille", .type = TUNABLE_U32,
	  .def = 10, .min = 0, .max = 1000 },
	{ .name = "bias", .unit = "percent", .type = TUNABLE_S32,
	  .def = -1ULL, .min = -100ULL, .max = 100 },
	{ .name = "delay", .unit = "ns", .type = TUNABLE_S64,
	  .def = 0, .min = INT64_MIN, .max = INT64_MAX },
	{ .name = "wait", .unit = "s", .type = TUNABLE_U64,
	  .def = 5, .min = 0, .max = 3600 },
	{ .name = "on", .type = TUNABLE_BOOL, .def = 1, .min = 0, .max = 1 },
};

static const struct policy_meta meta = {
	.tunables = tunables, .nr_tunables = ARRAY_SIZE(tunables),
};

/* What is accepted is in range, and is the same when it is written out. */
static void check(const struct tunable_change *c)
{
	struct failure f = {};
	uint64_t again;
	char text[32];

	must(tunable_fits(c->tun->type, c->value));
	must(tunable_in_range(c->tun, c->value));
	tunable_format(c->tun, c->value, text, sizeof(text));
	must(!tunable_parse_value(c->tun, text, &again, &f));
	must(again == c->value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 1), *rest = text, *args[ARGS_MAX];
	struct tunable_change changes[SETTINGS_MAX];
	struct settings set;
	struct failure f = {};
	unsigned int i;
	int nr = 0;

	while (rest && nr < ARGS_MAX)
		args[nr++] = strsep(&rest, "\n");
	if (settings_parse(args, nr, &set, &f) ||
	    tunables_vet(&meta, &set, changes, &f)) {
		must(f.cause[0]);
	} else {
		for (i = 0; i < set.nr; i++)
			check(&changes[i]);
	}
	free(text);
	return 0;
}
