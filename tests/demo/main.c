// SPDX-License-Identifier: GPL-2.0
/*
 * Helper of `make demo`: data set, client of the server, and the two ways to
 * measure whether reads of demoted pages fault. Run by guest.sh.
 */
#include <stdio.h>
#include <string.h>

#include "demo.h"

static const struct verb {
	const char *name;
	int argc;
	const char *args;
	int (*run)(char **argv);
} verbs[] = {
	{ "stream", 2, "JOURNAL TEXT", verb_stream },
	{ "load", 3, "JOURNAL SOCKET SECONDS", verb_load },
	{ "rewrite", 3, "JOURNAL SOCKET COUNT", verb_rewrite },
	{ "verify", 3, "JOURNAL TEXT SOCKET", verb_verify },
	{ "counters", 1, "JOURNAL", verb_counters },
	{ "readfaults", 5, "JOURNAL TEXT SOCKET PID NODE", verb_readfaults },
	{ "ballast", 2, "MIB SECONDS", verb_ballast },
	{ "reader", 4, "TEXT NODE RECLAIM MIB", verb_reader },
	{ "resident", 2, "PID NODE", verb_resident },
};

int main(int argc, char **argv)
{
	size_t i, n = sizeof(verbs) / sizeof(verbs[0]);

	for (i = 0; argc > 1 && i < n; i++) {
		if (!strcmp(argv[1], verbs[i].name) && argc - 2 == verbs[i].argc)
			return verbs[i].run(argv + 2);
	}
	fprintf(stderr, "usage:\n");
	for (i = 0; i < n; i++)
		fprintf(stderr, "  %s %s %s\n", argv[0], verbs[i].name,
			verbs[i].args);
	return 2;
}
