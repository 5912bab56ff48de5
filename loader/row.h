/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line per node: the columns of "nodectl top".
 */
#ifndef NODECTL_ROW_H
#define NODECTL_ROW_H

#include "sample.h"

#define ROW_TEXT_MAX	512
#define ROW_POLICY_MAX	24

enum row_cell {
	CELL_PHYSICAL_USED, CELL_PHYSICAL_TOTAL, CELL_RATIO, CELL_LOGICAL_USED,
	CELL_LOGICAL_TOTAL, CELL_BALLOON, CELL_DEMOTIONS, CELL_PROMOTIONS,
	CELL_EVICTIONS, CELL_DEFAULT, CELL_ACCEPT, CELL_DENY, CELL_KEEP,
	CELL_BOUNCE, NR_CELLS
};

/**
 * struct row - what is shown of a node
 * @nid: the node
 * @node: its name
 * @policy: its policy, empty for none
 * @pressure: its level, empty when unknown
 * @cell: numbers; space in bytes, the balloon in pages, rates per second
 * @admit_rate: pages per second that the policy lets in, UINT32_MAX for no limit
 * @balloon_target: pages
 */
struct row {
	int nid;
	char node[NODE_NAME_SIZE];
	char policy[ROW_POLICY_MAX];
	char pressure[16];
	struct number cell[NR_CELLS];
	struct number admit_rate;
	struct number balloon_target;
};

void row_fill(struct row *r, const struct sample *now,
	      const struct sample *before);
unsigned int row_columns(void);
unsigned int row_fit(unsigned int first, unsigned int width);
void row_head(unsigned int first, unsigned int last, char *buf, size_t size);
void row_text(const struct row *r, unsigned int first, unsigned int last,
	      char *buf, size_t size);
struct json_object *row_json(const struct row *r);

const char *fmt_size_short(struct number bytes, char *buf, size_t size);
const char *fmt_pages_short(struct number pages, char *buf, size_t size);
const char *fmt_rate(struct number per_s, char *buf, size_t size);
const char *fmt_share(struct number share, char *buf, size_t size);

#endif /* NODECTL_ROW_H */
