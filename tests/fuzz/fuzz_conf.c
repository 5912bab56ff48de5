// SPDX-License-Identifier: GPL-2.0
/*
 * A file of the configuration, as apply reads it.
 */
#include "fuzz.h"

#include <string.h>

#include "conf.h"
#include "text.h"
#include "wanted.h"

static const struct traits traits = { "cram", "fence", 1 << 30, 3 };

/* What is accepted can be used: it has names, values and places. */
static void check(struct conf *conf)
{
	const struct conf_section *s;
	struct failure f = {};
	struct wanted w;
	unsigned int i, j;

	for (i = 0; i < conf->nr; i++) {
		s = conf->sections[i];
		must(s->at.line);
		must(conf_section(conf, s->kind, s->name) == s);
		for (j = 0; j < s->nr_tunables; j++) {
			must(s->tunables[j].text[s->tunables[j].key_len] == '=');
			must(text_is_printable(s->tunables[j].text));
		}
	}
	for (i = 0; i < 3; i++)
		wanted_for_node(conf, i, &traits, &w, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 1);
	struct conf conf = {};
	struct failure f = {};
	FILE *in;

	in = size ? fmemopen(text, size, "r") : NULL;
	if (in && conf_read_stream(&conf, in, "x", &f)) {
		must(f.cause[0]);
		must(!strncmp(conf.wrong, "x:", 2));
	} else {
		check(&conf);
	}
	if (in)
		fclose(in);
	conf_free(&conf);
	free(text);
	return 0;
}
