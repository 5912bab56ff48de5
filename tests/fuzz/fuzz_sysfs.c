// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel says as text, and how the user names a node: a list of nodes,
 * the name of a node, a counter out of many lines, a line of mountinfo, a line of
 * the record of policies that left.
 */
#include "fuzz.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "bpffs.h"
#include "exits.h"
#include "node.h"
#include "text.h"

static void check_list(const char *text)
{
	bool set[NODE_MAX];
	int i, nr, members = 0;

	nr = nodelist_parse(text, set, NODE_MAX);
	for (i = 0; i < NODE_MAX; i++)
		members += set[i];
	must(nr < 0 || nr == members);
}

/* @line is taken apart. */
static void check_exit(char *line)
{
	struct policy_exit e;
	char buf[512];

	if (exit_parse(line, &e))
		return;
	must(e.kind[0]);
	must(text_is_printable(exit_reason(&e, buf, sizeof(buf))));
	must(text_is_printable(exit_next(&e, "node1", buf, sizeof(buf))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 1);
	static struct node_stat stat;
	uint64_t value;
	int nid;

	check_list(text);
	if (!node_parse(text, &nid))
		must(nid >= 0 && nid < NODE_MAX);
	snprintf(stat.text, sizeof(stat.text), "%s", text);
	node_stat_u64(&stat, "kills", &value);
	node_stat_u64(&stat, "pages_offered", &value);
	mount_is_bpffs(text, makedev(0, 32));
	check_exit(text);
	free(text);
	return 0;
}
