// SPDX-License-Identifier: GPL-2.0
/*
 * The columns of "nodectl top".  Each is as wide as its widest sensible value;
 * what is unknown is "-".
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "row.h"

enum column_kind { NAME, POLICY_NAME, LEVEL, USED_OF, RATIO, PAGES_AS_SIZE, RATE,
		   SHARE };

/* Column 0 is repeated where the columns do not fit side by side. */
static const struct {
	const char *head;
	int width;
	enum column_kind kind;
	enum row_cell cell;
	enum row_cell total;
} columns[] = {
	{ "NODE", -8, NAME, 0, 0 },
	{ "POLICY", -15, POLICY_NAME, 0, 0 },
	{ "PRESSURE", -8, LEVEL, 0, 0 },
	{ "PHYSICAL", 11, USED_OF, CELL_PHYSICAL_USED, CELL_PHYSICAL_TOTAL },
	{ "RATIO", 6, RATIO, CELL_RATIO, 0 },
	{ "LOGICAL", 11, USED_OF, CELL_LOGICAL_USED, CELL_LOGICAL_TOTAL },
	{ "BALLOON", 7, PAGES_AS_SIZE, CELL_BALLOON, 0 },
	{ "DEMOTE/s", 8, RATE, CELL_DEMOTIONS, 0 },
	{ "PROMO/s", 7, RATE, CELL_PROMOTIONS, 0 },
	{ "EVICT/s", 7, RATE, CELL_EVICTIONS, 0 },
	{ "DFLT/s", 6, RATE, CELL_DEFAULT, 0 },
	{ "ACCEPT/s", 8, RATE, CELL_ACCEPT, 0 },
	{ "DENY/s", 6, RATE, CELL_DENY, 0 },
	{ "KEEP/s", 6, RATE, CELL_KEEP, 0 },
	{ "BOUNCE", 6, SHARE, CELL_BOUNCE, 0 },
};

static const char *const demotions[] = { "pages_demoted", NULL };
static const char *const promotions[] = {
	"pages_promoted_write", "pages_promoted_around", "pages_promoted_hot",
	"pages_promoted_victim", NULL
};
static const char *const evictions[] = {
	"pages_reclaimed", "pages_evacuated", NULL
};
static const char *const defaulted[] = { "verdicts_admit_default", NULL };
static const char *const accepted[] = { "verdicts_admit_accept", NULL };
static const char *const denied[] = { "verdicts_admit_deny", NULL };
static const char *const kept[] = { "verdicts_admit_keep", NULL };

/**
 * row_fill - the numbers of a row
 * @r: the row; node and policy are the caller's
 * @now: counters
 * @before: counters of an earlier moment, or NULL: then rates are unknown
 */
void row_fill(struct row *r, const struct sample *now,
	      const struct sample *before)
{
	struct number *cell = r->cell;

	snprintf(r->pressure, sizeof(r->pressure), "%s", now->pressure);
	cell[CELL_PHYSICAL_USED] = sample_gauge(now, "physical_used");
	cell[CELL_PHYSICAL_TOTAL] = sample_gauge(now, "physical_total");
	cell[CELL_RATIO] = sample_ratio(now);
	cell[CELL_LOGICAL_USED] = sample_gauge(now, "logical_used");
	cell[CELL_LOGICAL_TOTAL] = sample_gauge(now, "logical_total");
	cell[CELL_BALLOON] = sample_gauge(now, "balloon_pages");
	cell[CELL_DEMOTIONS] = sample_rate(now, before, demotions);
	cell[CELL_PROMOTIONS] = sample_rate(now, before, promotions);
	cell[CELL_EVICTIONS] = sample_rate(now, before, evictions);
	cell[CELL_DEFAULT] = sample_rate(now, before, defaulted);
	cell[CELL_ACCEPT] = sample_rate(now, before, accepted);
	cell[CELL_DENY] = sample_rate(now, before, denied);
	cell[CELL_KEEP] = sample_rate(now, before, kept);
	cell[CELL_BOUNCE] = before ? sample_bounce(now, before) :
				     (struct number){};
	r->admit_rate = sample_gauge(now, "admit_rate");
	r->balloon_target = sample_gauge(now, "balloon_target");
}

/* At most 5 characters up to @steps units: "0", "99.9M", "1023G". */
static const char *scaled(struct number n, double step, const char *units,
			  char *buf, size_t size)
{
	double value = n.value;

	if (!n.known) {
		snprintf(buf, size, "-");
		return buf;
	}
	while (units[1] && value >= step - 0.5) {
		value /= step;
		units++;
	}
	if (value && value < 99.95)
		snprintf(buf, size, "%.1f", value);
	else
		snprintf(buf, size, "%.0f", value);
	if (*units != ' ')
		snprintf(buf + strlen(buf), size - strlen(buf), "%c", *units);
	return buf;
}

/**
 * fmt_size_short - bytes in at most 5 characters
 * @bytes: the number
 * @buf: where to write
 * @size: of @buf
 */
const char *fmt_size_short(struct number bytes, char *buf, size_t size)
{
	return scaled(bytes, 1024, "BKMGTPE", buf, size);
}

/**
 * fmt_pages_short - the size of so many pages in at most 5 characters
 * @pages: the number
 * @buf: where to write
 * @size: of @buf
 */
const char *fmt_pages_short(struct number pages, char *buf, size_t size)
{
	pages.value *= sysconf(_SC_PAGESIZE);
	return fmt_size_short(pages, buf, size);
}

/**
 * fmt_rate - a rate in at most 5 characters
 * @per_s: the number
 * @buf: where to write
 * @size: of @buf
 */
const char *fmt_rate(struct number per_s, char *buf, size_t size)
{
	return scaled(per_s, 1000, " kMGT", buf, size);
}

/**
 * fmt_share - a share in percent, at most 6 characters
 * @share: the number, 1 is all
 * @buf: where to write
 * @size: of @buf
 */
const char *fmt_share(struct number share, char *buf, size_t size)
{
	if (!share.known)
		snprintf(buf, size, "-");
	else if (share.value >= 10)
		snprintf(buf, size, ">1000%%");
	else
		snprintf(buf, size, "%.1f%%", share.value * 100);
	return buf;
}

static const char *column_text(const struct row *r, unsigned int column,
			       char *buf, size_t size)
{
	struct number n = r->cell[columns[column].cell];
	char a[16], b[16];

	switch (columns[column].kind) {
	case NAME:
		return r->node;
	case POLICY_NAME:
		return r->policy[0] ? r->policy : "-";
	case LEVEL:
		return r->pressure[0] ? r->pressure : "-";
	case USED_OF:
		snprintf(buf, size, "%s/%s", fmt_size_short(n, a, sizeof(a)),
			 fmt_size_short(r->cell[columns[column].total], b,
					sizeof(b)));
		return buf;
	case RATIO:
		if (!n.known)
			return "-";
		if (n.value >= 999.995)
			return ">1000";
		snprintf(buf, size, "%.2f", n.value);
		return buf;
	case PAGES_AS_SIZE:
		return fmt_pages_short(n, buf, size);
	case RATE:
		return fmt_rate(n, buf, size);
	case SHARE:
		return fmt_share(n, buf, size);
	}
	return "?";
}

/**
 * row_columns - how many columns there are
 */
unsigned int row_columns(void)
{
	return ARRAY_SIZE(columns);
}

static unsigned int width_of(unsigned int column)
{
	int width = columns[column].width;

	return width < 0 ? -width : width;
}

/**
 * row_fit - which columns fit beside column 0
 * @first: the first one, not column 0
 * @width: of the screen
 *
 * Return: the one after the last that fits, at least @first + 1.
 */
unsigned int row_fit(unsigned int first, unsigned int width)
{
	unsigned int used = width_of(0), i;

	for (i = first; i < ARRAY_SIZE(columns); i++) {
		used += 1 + width_of(i);
		if (used > width && i > first)
			break;
	}
	return i;
}

static size_t append(char *buf, size_t size, size_t len, unsigned int column,
		     const char *text, const char *space)
{
	if (len < size)
		len += snprintf(buf + len, size - len, "%s%*s", space,
				columns[column].width, text);
	return len;
}

static void trim(char *buf)
{
	size_t len = strlen(buf);

	while (len && buf[len - 1] == ' ')
		buf[--len] = '\0';
}

/**
 * row_head - the heads of column 0 and of some others
 * @first: the first of the others
 * @last: the one after the last of them
 * @buf: where to write
 * @size: of @buf
 */
void row_head(unsigned int first, unsigned int last, char *buf, size_t size)
{
	size_t len = append(buf, size, 0, 0, columns[0].head, "");
	unsigned int i;

	for (i = first; i < last; i++)
		len = append(buf, size, len, i, columns[i].head, " ");
	trim(buf);
}

/**
 * row_text - column 0 and some others of a row
 * @r: the row
 * @first: the first of the others
 * @last: the one after the last of them
 * @buf: where to write
 * @size: of @buf
 */
void row_text(const struct row *r, unsigned int first, unsigned int last,
	      char *buf, size_t size)
{
	char text[64];
	size_t len = append(buf, size, 0, 0,
			    column_text(r, 0, text, sizeof(text)), "");
	unsigned int i;

	for (i = first; i < last; i++)
		len = append(buf, size, len, i,
			     column_text(r, i, text, sizeof(text)), " ");
	trim(buf);
}

static void add_count(struct json_object *o, const char *key, struct number n)
{
	json_object_object_add(o, key, n.known ?
			       json_object_new_uint64(n.value) : NULL);
}

static struct json_object *text_or_null(const char *text)
{
	return text[0] ? json_text(text) : NULL;
}

/**
 * row_json - a row for JSON
 * @r: the row
 */
struct json_object *row_json(const struct row *r)
{
	struct json_object *o = json_object_new_object(), *verdicts;
	const struct number *cell = r->cell;

	out_str(o, "node", r->node);
	out_int(o, "nid", r->nid);
	json_object_object_add(o, "policy", text_or_null(r->policy));
	json_object_object_add(o, "pressure", text_or_null(r->pressure));
	add_count(o, "physical_used", cell[CELL_PHYSICAL_USED]);
	add_count(o, "physical_total", cell[CELL_PHYSICAL_TOTAL]);
	json_object_object_add(o, "ratio", number_json(cell[CELL_RATIO]));
	add_count(o, "logical_used", cell[CELL_LOGICAL_USED]);
	add_count(o, "logical_total", cell[CELL_LOGICAL_TOTAL]);
	add_count(o, "balloon_pages", cell[CELL_BALLOON]);
	add_count(o, "balloon_target", r->balloon_target);
	add_count(o, "admit_rate", r->admit_rate);
	json_object_object_add(o, "demotions_per_s",
			       number_json(cell[CELL_DEMOTIONS]));
	json_object_object_add(o, "promotions_per_s",
			       number_json(cell[CELL_PROMOTIONS]));
	json_object_object_add(o, "evictions_per_s",
			       number_json(cell[CELL_EVICTIONS]));
	verdicts = json_object_new_object();
	json_object_object_add(verdicts, "default",
			       number_json(cell[CELL_DEFAULT]));
	json_object_object_add(verdicts, "accept",
			       number_json(cell[CELL_ACCEPT]));
	json_object_object_add(verdicts, "deny", number_json(cell[CELL_DENY]));
	json_object_object_add(verdicts, "keep", number_json(cell[CELL_KEEP]));
	json_object_object_add(o, "admit_verdicts_per_s", verdicts);
	json_object_object_add(o, "bounce_rate", number_json(cell[CELL_BOUNCE]));
	return o;
}
