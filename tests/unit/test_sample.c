// SPDX-License-Identifier: GPL-2.0
/* Counters of two moments, rates, columns and the histogram. */
#include "unit.h"

#include <json-c/json.h>

#include "histogram.h"
#include "row.h"
#include "sample.h"

static void put(struct sample *s, const char *name, uint64_t value)
{
	size_t i;

	for (i = 0; i < nr_counters; i++)
		if (!strcmp(counters[i].name, name)) {
			s->value[i] = value;
			s->known[i] = true;
			return;
		}
	fail_msg("there is no counter %s", name);
}

static void assert_number(struct number n, double want)
{
	if (!n.known || n.value < want - 1e-9 || n.value > want + 1e-9)
		fail_msg("%s %g, should be %g", n.known ? "known" : "unknown",
			 n.value, want);
}

static void counters_have_names_of_their_own(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < nr_counters; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(counters[i].name,
						counters[j].name);
}

static void what_the_kernel_lacks_is_unknown_and_no_failure(void **state)
{
	char *dir = temp_dir();
	struct failure f = {};
	struct node_stat stat;
	struct sample s;
	struct node node;
	uint64_t value = 3;

	(void)state;
	make_file(dir, "has_device_memory", "1\n");
	make_dir(dir, "node1/device");
	make_file(dir, "node1/device/driver", "cram\n");
	make_file(dir, "node1/device/stat",
		  "pages_demoted_twice 1\npages_demoted 17\nkills many\n");
	make_file(dir, "node1/device/pressure", "high\n");
	sys_node_dir = dir;
	assert_int_equal(node_open(1, &node, &f), 0);
	sample_read_stat(&node, &stat, &s);
	assert_contains(stat.text, "pages_demoted_twice 1\n");
	assert_false(counter_is_known("pages_demoted_twice"));
	assert_true(counter_is_known("pages_demoted"));
	assert_false(counter_is_known("logical_used"));
	assert_int_equal(s.nr_known, 1);
	assert_int_equal(s.nr_failed, 1);
	assert_string_equal(s.pressure, "high");
	assert_true(s.time > 0);
	assert_false(sample_get(&s, "balloon_pages", &value));
	assert_false(sample_get(&s, "no_such_counter", &value));
	assert_int_equal(value, 3);
	assert_true(sample_get(&s, "pages_demoted", &value));
	assert_int_equal(value, 17);
	node_close(&node);
	remove_dir(dir);
}

static void rates_are_per_second(void **state)
{
	static const char *const both[] = { "pages_reclaimed", "pages_evacuated",
					    NULL };
	struct sample a = { .time = 10 }, b = { .time = 12 };

	(void)state;
	put(&a, "pages_reclaimed", 100);
	put(&b, "pages_reclaimed", 150);
	/* One of the two is enough. */
	assert_number(sample_rate(&b, &a, both), 25);
	put(&b, "pages_evacuated", 7);
	assert_number(sample_rate(&b, &a, both), 25);
	put(&a, "pages_evacuated", 1);
	assert_number(sample_rate(&b, &a, both), 28);
	assert_number(sample_rate(&b, &a, both + 1), 3);
	assert_false(sample_rate(&b, NULL, both).known);
	assert_false(sample_rate(&b, &b, both).known);
	assert_false(sample_rate(&a, &b, both).known);
}

static void counters_that_went_back_have_no_rate(void **state)
{
	static const char *const names[] = { "pages_demoted", NULL };
	struct sample a = { .time = 1 }, b = { .time = 2 };
	uint64_t delta;

	(void)state;
	put(&a, "pages_demoted", 100);
	put(&b, "pages_demoted", 5);
	assert_false(sample_delta(&b, &a, "pages_demoted", &delta));
	assert_false(sample_rate(&b, &a, names).known);
	assert_true(sample_delta(&b, NULL, "pages_demoted", &delta));
	assert_int_equal(delta, 5);
	put(&a, "pages_demoted", 0);
	put(&b, "pages_demoted", UINT64_MAX);
	assert_true(sample_delta(&b, &a, "pages_demoted", &delta));
	assert_true(delta == UINT64_MAX);
}

/* The difference would be a number of twenty digits. */
static void a_counter_that_began_anew_has_no_delta_in_json(void **state)
{
	struct sample a = {}, b = {};
	struct json_object *o, *value;

	(void)state;
	put(&a, "pages_demoted", 60);
	put(&b, "pages_demoted", 0);
	put(&a, "pages_offered", 60);
	put(&b, "pages_offered", 77);
	o = sample_delta_json(&b, &a);
	assert_true(json_object_object_get_ex(o, "pages_demoted", &value));
	assert_null(value);
	assert_true(json_object_object_get_ex(o, "pages_offered", &value));
	assert_int_equal(json_object_get_uint64(value), 17);
	assert_true(json_object_object_get_ex(o, "pages_denied", &value));
	assert_null(value);
	assert_false(json_object_object_get_ex(o, "physical_used", &value));
	json_object_put(o);
}

static void shares_are_of_the_interval(void **state)
{
	struct sample a = {}, b = {};

	(void)state;
	assert_false(sample_bounce(&b, &a).known);
	put(&a, "pages_demoted", 1000);
	put(&a, "pages_promoted_write", 900);
	put(&b, "pages_demoted", 1200);
	put(&b, "pages_promoted_write", 950);
	assert_number(sample_bounce(&b, &a), 0.25);
	assert_number(sample_bounce(&b, NULL), 950.0 / 1200);
	/* Nothing demoted: no share, not infinity. */
	put(&b, "pages_demoted", 1000);
	assert_false(sample_bounce(&b, &a).known);
	put(&a, "pages_offered", 10);
	put(&a, "pages_admitted", 10);
	put(&b, "pages_offered", 20);
	put(&b, "pages_admitted", 15);
	assert_number(sample_admission(&b, &a), 0.5);
	put(&b, "logical_used", 8192);
	put(&b, "physical_used", 0);
	assert_false(sample_ratio(&b).known);
	put(&b, "physical_used", 4096);
	assert_number(sample_ratio(&b), 2);
}

static void verdicts_are_listed_per_member(void **state)
{
	static const char *const members[] = {
		"admit_batch", "admit_folio", "choose_class", "promote_fault",
		"promote_hot", "reclaim_folio",
	};
	struct json_object *o, *member, *value;
	struct sample s = {};
	size_t i;

	(void)state;
	put(&s, "verdicts_hot_around", 4);
	o = sample_verdicts_json(&s);
	assert_int_equal(json_object_object_length(o), ARRAY_SIZE(members));
	for (i = 0; i < ARRAY_SIZE(members); i++)
		assert_true(json_object_object_get_ex(o, members[i], NULL));
	assert_true(json_object_object_get_ex(o, "promote_hot", &member));
	assert_int_equal(json_object_object_length(member), 4);
	assert_true(json_object_object_get_ex(member, "around", &value));
	assert_int_equal(json_object_get_int(value), 4);
	assert_true(json_object_object_get_ex(member, "skip", &value));
	assert_null(value);
	json_object_put(o);
}

static void numbers_fit_their_columns(void **state)
{
	static const struct {
		double value;
		const char *size, *rate;
	} numbers[] = {
		{ 0, "0B", "0" },
		{ 0.25, "0.2B", "0.2" },
		{ 5, "5.0B", "5.0" },
		{ 999, "999B", "999" },
		{ 1000, "1000B", "1.0k" },
		{ 1023, "1023B", "1.0k" },
		{ 1024, "1.0K", "1.0k" },
		{ 123456, "121K", "123k" },
		{ 1048575, "1.0M", "1.0M" },
		{ 1.5 * (1 << 20), "1.5M", "1.6M" },
		{ 18446744073709551615.0, "16.0E", "18446744T" },
	};
	static const struct {
		double value;
		const char *text;
	} shares[] = {
		{ 0, "0.0%" }, { 0.0625, "6.2%" }, { 1, "100.0%" },
		{ 9.994, "999.4%" }, { 10, ">1000%" },
	};
	struct number n = { .known = true };
	char buf[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		n.value = numbers[i].value;
		assert_string_equal(fmt_size_short(n, buf, sizeof(buf)),
				    numbers[i].size);
		assert_string_equal(fmt_rate(n, buf, sizeof(buf)),
				    numbers[i].rate);
	}
	for (i = 0; i < ARRAY_SIZE(shares); i++) {
		n.value = shares[i].value;
		assert_string_equal(fmt_share(n, buf, sizeof(buf)),
				    shares[i].text);
	}
	n.known = false;
	assert_string_equal(fmt_size_short(n, buf, sizeof(buf)), "-");
	assert_string_equal(fmt_rate(n, buf, sizeof(buf)), "-");
	assert_string_equal(fmt_share(n, buf, sizeof(buf)), "-");
}

static void columns_stand_below_their_heads(void **state)
{
	char head[ROW_TEXT_MAX], text[ROW_TEXT_MAX], *p;
	struct sample a = { .time = 1 }, b = { .time = 2 };
	struct row r = { .nid = 1, .node = "node1", .policy = "memcg_budget" };

	(void)state;
	put(&b, "physical_used", 64 << 20);
	put(&b, "physical_total", 256 << 20);
	put(&b, "logical_used", 160 << 20);
	put(&a, "pages_demoted", 0);
	put(&b, "pages_demoted", 1234);
	strcpy(b.pressure, "critical");
	row_fill(&r, &b, &a);
	row_head(1, row_columns(), head, sizeof(head));
	row_text(&r, 1, row_columns(), text, sizeof(text));
	assert_string_equal(text,
		"node1    memcg_budget    critical  64.0M/256M   2.50      160M/-"
		"       -     1.2k       -       -      -        -      -      -      -");
	/* Right edges. */
	p = strstr(head, "PHYSICAL") + strlen("PHYSICAL");
	assert_ptr_equal(text + (p - head), strstr(text, "256M") + 4);
	p = strstr(head, "DEMOTE/s") + strlen("DEMOTE/s");
	assert_ptr_equal(text + (p - head), strstr(text, "1.2k") + 4);
	/* Without an earlier moment nothing has happened yet. */
	row_fill(&r, &b, NULL);
	row_text(&r, 1, row_columns(), text, sizeof(text));
	assert_null(strstr(text, "1.2k"));
	/* A buffer that is too small cuts. */
	row_text(&r, 1, row_columns(), text, 12);
	assert_string_equal(text, "node1    me");
}

static void columns_wrap_on_a_narrow_screen(void **state)
{
	static const unsigned int widths[] = { 1, 20, 40, 80, 120, 400 };
	unsigned int first, last, blocks;
	char head[ROW_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		blocks = 0;
		for (first = 1; first < row_columns(); first = last) {
			last = row_fit(first, widths[i]);
			assert_true(last > first && last <= row_columns());
			row_head(first, last, head, sizeof(head));
			if (widths[i] >= 40)
				assert_true(strlen(head) <= widths[i]);
			assert_int_equal(strncmp(head, "NODE", 4), 0);
			blocks++;
		}
		if (widths[i] == 400)
			assert_int_equal(blocks, 1);
		if (widths[i] == 80)
			assert_int_equal(blocks, 2);
	}
}

static void rows_in_json_have_null_for_unknown(void **state)
{
	struct sample b = { .time = 2 };
	struct row r = { .nid = 1, .node = "node1" };
	struct json_object *o, *value;

	(void)state;
	put(&b, "physical_used", 1ULL << 40);
	row_fill(&r, &b, NULL);
	o = row_json(&r);
	assert_true(json_object_object_get_ex(o, "policy", &value));
	assert_null(value);
	assert_true(json_object_object_get_ex(o, "pressure", &value));
	assert_null(value);
	assert_true(json_object_object_get_ex(o, "balloon_pages", &value));
	assert_null(value);
	assert_true(json_object_object_get_ex(o, "bounce_rate", &value));
	assert_null(value);
	assert_true(json_object_object_get_ex(o, "physical_used", &value));
	assert_true(json_object_get_uint64(value) == 1ULL << 40);
	json_object_put(o);
}

static void bars_are_never_empty_for_something(void **state)
{
	(void)state;
	assert_int_equal(histogram_bar(0, 100, 40), 0);
	assert_int_equal(histogram_bar(0, 0, 40), 0);
	assert_int_equal(histogram_bar(100, 100, 40), 40);
	assert_int_equal(histogram_bar(50, 100, 40), 20);
	assert_int_equal(histogram_bar(1, 1000000, 40), 1);
	assert_int_equal(histogram_bar(UINT64_MAX, UINT64_MAX, 40), 40);
}

static void histogram_has_a_line_and_a_record_per_size(void **state)
{
	struct json_object *array, *o, *value;
	struct sample s = {};
	struct histogram h;
	char line[128], small[16];

	(void)state;
	histogram_fill(&h, &s);
	assert_int_equal(h.nr_known, 0);
	put(&s, "stored_0", 10);
	put(&s, "stored_256", 0);
	put(&s, "stored_4096", 30);
	histogram_fill(&h, &s);
	assert_int_equal(h.nr_known, 3);
	assert_int_equal(h.total, 40);
	assert_int_equal(h.max, 30);
	histogram_line(&h, 0, line, sizeof(line));
	assert_string_equal(line, "            0           10  25.0 % #############");
	histogram_line(&h, 1, line, sizeof(line));
	assert_string_equal(line, "      1 - 256            0   0.0 %");
	histogram_line(&h, 2, line, sizeof(line));
	assert_string_equal(line, "    257 - 512            -");
	histogram_line(&h, 16, line, sizeof(line));
	assert_string_equal(line, "  3841 - 4096           30  75.0 % "
			    "########################################");
	histogram_line(&h, 16, small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
	array = histogram_json(&h);
	assert_int_equal(json_object_array_length(array), 17);
	o = json_object_array_get_idx(array, 16);
	assert_true(json_object_object_get_ex(o, "min_bytes", &value));
	assert_int_equal(json_object_get_int(value), 3841);
	assert_true(json_object_object_get_ex(o, "max_bytes", &value));
	assert_int_equal(json_object_get_int(value), 4096);
	assert_true(json_object_object_get_ex(o, "pages", &value));
	assert_int_equal(json_object_get_int(value), 30);
	o = json_object_array_get_idx(array, 2);
	assert_true(json_object_object_get_ex(o, "pages", &value));
	assert_null(value);
	json_object_put(array);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_have_names_of_their_own),
		cmocka_unit_test(what_the_kernel_lacks_is_unknown_and_no_failure),
		cmocka_unit_test(rates_are_per_second),
		cmocka_unit_test(counters_that_went_back_have_no_rate),
		cmocka_unit_test(shares_are_of_the_interval),
		cmocka_unit_test(verdicts_are_listed_per_member),
		cmocka_unit_test(numbers_fit_their_columns),
		cmocka_unit_test(columns_stand_below_their_heads),
		cmocka_unit_test(columns_wrap_on_a_narrow_screen),
		cmocka_unit_test(rows_in_json_have_null_for_unknown),
		cmocka_unit_test(bars_are_never_empty_for_something),
		cmocka_unit_test(histogram_has_a_line_and_a_record_per_size),
		cmocka_unit_test(a_counter_that_began_anew_has_no_delta_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
