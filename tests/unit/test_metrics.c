// SPDX-License-Identifier: GPL-2.0
/*
 * The metrics: the table against the counters of the kernel, and the text that
 * is made of it, in both formats.
 */
#include "unit.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "metric.h"
#include "replace.h"

#define COUNTERS_MAX	256

/**
 * struct kernel_counter - a counter that the series adds to the kernel
 * @name: of the line in stat
 * @balance: lines of patches that add it, less those that take it away
 */
static struct kernel_counter {
	char name[64];
	int balance;
} kernel_counters[COUNTERS_MAX];

static size_t nr_kernel_counters;

static void count_line(const char *name, int how_often)
{
	size_t i;

	for (i = 0; i < nr_kernel_counters; i++)
		if (!strcmp(kernel_counters[i].name, name))
			break;
	assert_true(i < COUNTERS_MAX);
	strcpy(kernel_counters[i].name, name);
	kernel_counters[i].balance += how_often;
	nr_kernel_counters += i == nr_kernel_counters;
}

/* NODE_STAT(item, "name") is a line of the kernel's list; some are printed alone. */
static void read_patch(const char *path)
{
	char line[1024], name[64];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line + 1, "NODE_STAT(%*[A-Z_], \"%63[a-z0-9_]", name) != 1 &&
		    sscanf(line + 1, "\tlen += sysfs_emit_at(buf, len, \"%63[a-z0-9_] %%",
			   name) != 1)
			continue;
		if (line[0] == '+' || line[0] == '-')
			count_line(name, line[0] == '+' ? 1 : -1);
	}
	fclose(f);
}

static void read_kernel_counters(void)
{
	glob_t patches;
	size_t i;

	if (nr_kernel_counters)
		return;
	assert_int_equal(glob("kernel-patches/0*.patch", 0, NULL, &patches), 0);
	for (i = 0; i < patches.gl_pathc; i++)
		read_patch(patches.gl_pathv[i]);
	globfree(&patches);
	/* A change of how they are written must not empty the list. */
	assert_true(nr_kernel_counters > 60);
}

static unsigned int times_shown(const char *counter)
{
	const struct metric_source *s;
	unsigned int nr = 0;
	size_t i;

	for (i = 0; i < nr_metrics; i++)
		for (s = metrics[i].sources; s && s->counter; s++)
			nr += !strcmp(s->counter, counter);
	return nr;
}

static void every_counter_of_the_kernel_is_a_metric(void **state)
{
	const struct kernel_counter *c;

	(void)state;
	read_kernel_counters();
	for (c = kernel_counters; c < kernel_counters + nr_kernel_counters; c++) {
		/* The kernel fills in the number. */
		if (c->balance <= 0 || !strcmp(c->name, "stored_"))
			continue;
		if (times_shown(c->name) != 1)
			fail_msg("%s is in the table %u times", c->name,
				 times_shown(c->name));
	}
}

static void every_counter_of_nodectl_is_a_metric(void **state)
{
	unsigned int nr = 0;
	size_t i;

	(void)state;
	for (i = 0; i < nr_counters; i++)
		if (times_shown(counters[i].name) != 1)
			fail_msg("%s is in the table %u times", counters[i].name,
				 times_shown(counters[i].name));
	/* And the table names no others. */
	for (i = 0; i < nr_metrics; i++) {
		const struct metric_source *s = metrics[i].sources;

		while (s && (s++)->counter)
			nr++;
	}
	assert_int_equal(nr, nr_counters);
}

static void gauges_and_counters_are_not_mixed_up(void **state)
{
	const struct metric_source *s;
	size_t i, j;

	(void)state;
	for (i = 0; i < nr_metrics; i++)
		for (s = metrics[i].sources; s && s->counter; s++)
			for (j = 0; j < nr_counters; j++)
				if (!strcmp(counters[j].name, s->counter) &&
				    counters[j].gauge !=
				    (metrics[i].type == METRIC_GAUGE))
					fail_msg("%s has the wrong type",
						 metrics[i].name);
}

static bool is_name(const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if (!islower((unsigned char)*p) && *p != '_' &&
		    (p == name || !isdigit((unsigned char)*p)))
			return false;
	return p > name;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

static void names_follow_the_rules(void **state)
{
	static const char *const reserved[] = {
		"_total", "_created", "_info", "_bucket", "_sum", "_count",
	};
	const struct metric *m, *other;
	size_t i;

	(void)state;
	for (m = metrics; m < metrics + nr_metrics; m++) {
		assert_true(is_name(m->name));
		for (i = 0; i < ARRAY_SIZE(reserved); i++)
			assert_false(ends_with(m->name, reserved[i]));
		assert_true(!m->unit || ends_with(m->name, m->unit));
		assert_true(m->unit || m->type == METRIC_INFO ||
			    !ends_with(m->name, "pages"));
		assert_true(m->sources || m->write);
		assert_true(!m->of_host || m->write);
		for (i = 0; i < METRIC_LABELS && m->label[i]; i++)
			assert_true(is_name(m->label[i]) &&
				    strcmp(m->label[i], "node"));
		for (other = metrics; other < m; other++)
			assert_string_not_equal(m->name, other->name);
	}
}

static void help_is_one_sentence(void **state)
{
	const struct metric *m;

	(void)state;
	for (m = metrics; m < metrics + nr_metrics; m++) {
		assert_true(ends_with(m->help, "."));
		assert_null(strpbrk(m->help, "\n\\"));
	}
}

static struct metric_node node_one, node_two;

static void put(struct metric_node *n, const char *name, uint64_t value)
{
	size_t i;

	for (i = 0; i < nr_counters; i++)
		if (!strcmp(counters[i].name, name)) {
			n->sample.value[i] = value;
			n->sample.known[i] = true;
			return;
		}
	fail_msg("there is no counter %s", name);
}

static int two_nodes(void **state)
{
	(void)state;
	node_one = (struct metric_node){ .nid = 1, .driver = "cram" };
	node_two = (struct metric_node){ .nid = 12, .driver = "cram" };
	sys_demotion = "/nowhere";
	return 0;
}

/* The text of the first @nr nodes, to be freed. */
static char *text_of(enum metric_format format, size_t nr)
{
	struct metric_node *nodes[] = { &node_one, &node_two };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	metric_write(out, format, nodes, nr);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_lines(enum metric_format format, const char *lines)
{
	char *text = text_of(format, 2);

	assert_contains(text, lines);
	free(text);
}

static void assert_none(const char *part)
{
	char *text = text_of(METRIC_OPENMETRICS, 2);

	if (strstr(text, part))
		fail_msg("\"%s\" has \"%s\"", text, part);
	free(text);
}

static void without_nodes_only_the_end_is_written(void **state)
{
	char *text = text_of(METRIC_OPENMETRICS, 0);

	(void)state;
	assert_string_equal(text, "# EOF\n");
	free(text);
}

static void openmetrics_leaves_the_suffix_to_the_series(void **state)
{
	(void)state;
	put(&node_one, "pages_offered", 5);
	put(&node_two, "pages_offered", UINT64_MAX);
	assert_lines(METRIC_OPENMETRICS,
		     "# HELP node_ext_offered_pages Pages that reclaim offered to the node.\n"
		     "# TYPE node_ext_offered_pages counter\n"
		     "# UNIT node_ext_offered_pages pages\n"
		     "node_ext_offered_pages_total{node=\"1\"} 5\n"
		     "node_ext_offered_pages_total{node=\"12\"} 18446744073709551615\n");
	assert_lines(METRIC_OPENMETRICS, "# TYPE node_ext_node info\n");
}

static void prometheus_describes_the_series(void **state)
{
	(void)state;
	put(&node_one, "pages_offered", 5);
	assert_lines(METRIC_PROMETHEUS,
		     "# HELP node_ext_offered_pages_total Pages that reclaim offered to the node.\n"
		     "# TYPE node_ext_offered_pages_total counter\n"
		     "node_ext_offered_pages_total{node=\"1\"} 5\n");
	assert_lines(METRIC_PROMETHEUS,
		     "# TYPE node_ext_node_info gauge\n"
		     "node_ext_node_info{node=\"1\",driver=\"cram\",features=\"\"} 1\n");
}

static void what_is_unknown_has_no_series_and_no_description(void **state)
{
	(void)state;
	put(&node_two, "pages_kept", 0);
	assert_none("node_ext_offered_pages");
	assert_none("fate=\"demoted\"");
	assert_lines(METRIC_OPENMETRICS,
		     "node_ext_fate_pages_total{node=\"12\",fate=\"kept\"} 0\n");
}

static void labels_are_escaped(void **state)
{
	(void)state;
	strcpy(node_one.driver, "a\"b\\c\nd\t\xc3\xa9");
	/* Cut short, too long, a surrogate, beyond the end. */
	strcpy(node_two.driver, "\xc3|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82");
	assert_lines(METRIC_OPENMETRICS,
		     "{node=\"1\",driver=\"a\\\"b\\\\c\\nd\t\xc3\xa9\",");
#define BAD	"\xef\xbf\xbd"
	assert_lines(METRIC_OPENMETRICS, "{node=\"12\",driver=\"" BAD "|" BAD BAD
		     "|" BAD BAD BAD "|" BAD BAD BAD BAD "|" BAD BAD "\",");
}

static void unknown_counters_keep_their_name_as_a_label(void **state)
{
	(void)state;
	strcpy(node_one.stat.text, "pages_kept 3\npages_sent_on 7\nno number\n");
	assert_lines(METRIC_PROMETHEUS,
		     "# TYPE node_ext_unknown_total counter\n"
		     "node_ext_unknown_total{node=\"1\",counter=\"pages_sent_on\"} 7\n"
		     "# EOF\n");
}

static void limits_may_be_infinite(void **state)
{
	(void)state;
	put(&node_one, "admit_rate", UINT32_MAX);
	put(&node_two, "admit_rate", 0);
	assert_lines(METRIC_OPENMETRICS,
		     "node_ext_admit_limit_pages_per_second{node=\"1\"} +Inf\n"
		     "node_ext_admit_limit_pages_per_second{node=\"12\"} 0\n");
}

static void the_balloon_is_in_bytes(void **state)
{
	char line[128];

	(void)state;
	put(&node_one, "balloon_pages", 3);
	snprintf(line, sizeof(line), "node_ext_balloon_bytes{node=\"1\"} %ld\n",
		 3 * sysconf(_SC_PAGESIZE));
	assert_lines(METRIC_OPENMETRICS, line);
}

static void the_ratio_of_nothing_is_unknown(void **state)
{
	(void)state;
	put(&node_one, "logical_used", 8192);
	put(&node_one, "physical_used", 0);
	put(&node_two, "logical_used", 10);
	put(&node_two, "physical_used", 4);
	assert_lines(METRIC_OPENMETRICS,
		     "# UNIT node_ext_compression_ratio ratio\n"
		     "node_ext_compression_ratio{node=\"12\"} 2.5\n");
}

static void pressure_is_a_series_per_level(void **state)
{
	(void)state;
	strcpy(node_one.sample.pressure, "high");
	strcpy(node_two.sample.pressure, "absurd");
	assert_lines(METRIC_OPENMETRICS,
		     "node_ext_pressure{node=\"1\",level=\"ok\"} 0\n"
		     "node_ext_pressure{node=\"1\",level=\"low\"} 0\n"
		     "node_ext_pressure{node=\"1\",level=\"high\"} 1\n"
		     "node_ext_pressure{node=\"1\",level=\"critical\"} 0\n");
	/* A level that a later kernel may have. */
	assert_lines(METRIC_OPENMETRICS,
		     "node_ext_pressure{node=\"12\",level=\"critical\"} 0\n"
		     "node_ext_pressure{node=\"12\",level=\"absurd\"} 1\n");
}

static void no_policy_has_no_series(void **state)
{
	(void)state;
	assert_none("node_ext_policy_info");
	strcpy(node_two.policy, "tpp");
	node_two.policy_id = 41;
	node_two.policy_version = 1;
	assert_lines(METRIC_OPENMETRICS,
		     "# TYPE node_ext_policy info\n"
		     "node_ext_policy_info{node=\"12\",policy=\"tpp\",id=\"41\",version=\"1\"} 1\n");
}

static void buckets_are_cumulative(void **state)
{
	char name[32];
	unsigned int i;

	(void)state;
	put(&node_one, "bytes_stored_total", 5000);
	for (i = 0; i < STORED_NR - 1; i++) {
		snprintf(name, sizeof(name), "stored_%u", i * STORED_STEP);
		put(&node_one, name, i < 3);
	}
	/* The last bucket is missing: no histogram. */
	assert_none("node_ext_stored_page_size_bytes");
	put(&node_one, "stored_4096", 4);
	assert_lines(METRIC_OPENMETRICS,
		     "# TYPE node_ext_stored_page_size_bytes histogram\n"
		     "# UNIT node_ext_stored_page_size_bytes bytes\n"
		     "node_ext_stored_page_size_bytes_bucket{node=\"1\",le=\"0.0\"} 1\n"
		     "node_ext_stored_page_size_bytes_bucket{node=\"1\",le=\"256.0\"} 2\n");
	assert_lines(METRIC_OPENMETRICS,
		     "node_ext_stored_page_size_bytes_bucket{node=\"1\",le=\"3840.0\"} 3\n"
		     "node_ext_stored_page_size_bytes_bucket{node=\"1\",le=\"4096.0\"} 7\n"
		     "node_ext_stored_page_size_bytes_bucket{node=\"1\",le=\"+Inf\"} 7\n"
		     "node_ext_stored_page_size_bytes_count{node=\"1\"} 7\n"
		     "node_ext_stored_page_size_bytes_sum{node=\"1\"} 5000\n");
}

static void demotion_is_of_the_machine(void **state)
{
	char *dir = temp_dir(), path[PATH_MAX], *text;

	(void)state;
	make_file(dir, "demotion_enabled", "true\n");
	snprintf(path, sizeof(path), "%s/demotion_enabled", dir);
	sys_demotion = path;
	text = text_of(METRIC_OPENMETRICS, 0);
	assert_contains(text, "\nnode_ext_demotion_enabled 1\n# EOF\n");
	free(text);
	remove_dir(dir);
}

static void series_are_found_by_their_whole_name(void **state)
{
	static const char *const found[] = {
		"node_ext_offered_pages_total", "node_ext_policy_info",
		"node_ext_stored_page_size_bytes_bucket",
		"node_ext_compression_ratio",
	};
	static const char *const missing[] = {
		"node_ext_offered_pages", "node_ext_policy", "offered_pages_total",
		"node_ext_stored_page_size_bytes", "node_ext_compression_ratio_sum",
		"node_ext_stored_page_size_bytes_total",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(found); i++)
		assert_non_null(metric_of_series(found[i]));
	for (i = 0; i < ARRAY_SIZE(missing); i++)
		assert_null(metric_of_series(missing[i]));
}

static void a_node_is_read_from_sysfs(void **state)
{
	static struct metric_node n;
	char *dir = temp_dir();

	(void)state;
	sys_node_dir = dir;
	assert_int_equal(metric_node_read(1, &n), -ENODEV);
	make_file(dir, "has_device_memory", "1\n");
	make_dir(dir, "node1/device");
	make_file(dir, "node1/device/driver", "cram\n");
	/* It has left meanwhile: nothing else can be read. */
	assert_int_equal(metric_node_read(1, &n), -ENODEV);
	make_file(dir, "node1/device/stat", "pages_demoted 3\nkills x\nnew 4\n");
	make_file(dir, "node1/device/policy_id", "17\n");
	make_file(dir, "node1/device/policy_name", "tpp\n");
	make_file(dir, "node1/device/state", "live\n");
	assert_int_equal(metric_node_read(1, &n), 0);
	assert_string_equal(n.driver, "cram");
	assert_string_equal(n.state, "live");
	assert_string_equal(n.features, "");
	assert_string_equal(n.policy, "tpp");
	assert_int_equal(n.policy_id, 17);
	assert_int_equal(n.policy_version, 0);
	assert_int_equal(n.sample.nr_failed, 1);
	assert_contains(n.stat.text, "new 4");
	remove_dir(dir);
}

/* Fails if @text, which is of @where, names a metric that is not in the table. */
static void assert_metrics_exist(const char *where, const char *text)
{
	const struct metric *m;
	char name[128], whole[128];
	int len;

	while ((text = strstr(text, METRIC_PREFIX))) {
		len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
		snprintf(name, sizeof(name), "%.*s", len, text);
		text += len;
		if (metric_of_series(name))
			continue;
		/* Of a histogram, a page may name the whole. */
		for (m = metrics; m < metrics + nr_metrics; m++) {
			metric_name(m, METRIC_PROMETHEUS, whole, sizeof(whole));
			if (!strcmp(whole, name))
				break;
		}
		if (m == metrics + nr_metrics)
			fail_msg("%s names %s, which is no metric", where, name);
	}
}

static char *read_page(const char *path)
{
	size_t size = 65536, len;
	char *text = malloc(size);
	FILE *f = fopen(path, "r");

	assert_non_null(text);
	assert_non_null(f);
	len = fread(text, 1, size - 1, f);
	assert_true(len > 0 && len < size - 1);
	text[len] = '\0';
	fclose(f);
	return text;
}

static void the_page_describes_every_metric_and_no_other(void **state)
{
	char *page = read_page("docs/metrics.md"), name[128], row[192];
	const struct metric *m;

	(void)state;
	for (m = metrics; m < metrics + nr_metrics; m++) {
		metric_name(m, METRIC_PROMETHEUS, name, sizeof(name));
		snprintf(row, sizeof(row), "\n| `%s` | ", name);
		if (!strstr(page, row) || !strstr(page, m->help))
			fail_msg("docs/metrics.md lacks %s: %s", name, m->help);
	}
	assert_metrics_exist("docs/metrics.md", page);
	free(page);
}

static unsigned int nr_entries(const char *dir)
{
	char pattern[PATH_MAX];
	unsigned int nr;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*", dir);
	assert_int_equal(glob(pattern, GLOB_PERIOD, NULL, &found), 0);
	nr = found.gl_pathc - 2;
	globfree(&found);
	return nr;
}

static void assert_file(const char *path, const char *want)
{
	char text[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) == strlen(want));
	assert_string_equal(text, want);
	fclose(f);
}

static void files_are_replaced_and_nothing_else_is_left(void **state)
{
	char *dir = temp_dir(), path[PATH_MAX], old[PATH_MAX];
	struct failure f = {};
	struct stat st;
	mode_t mask = umask(027);

	(void)state;
	snprintf(path, sizeof(path), "%s/x.prom", dir);
	snprintf(old, sizeof(old), "%s/old", dir);
	assert_int_equal(replace_file(path, "one\n", 4, &f), 0);
	assert_file(path, "one\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* Who has the old file open goes on reading the old text. */
	assert_int_equal(link(path, old), 0);
	assert_int_equal(replace_file(path, "two", 3, &f), 0);
	assert_file(path, "two");
	assert_file(old, "one\n");
	assert_int_equal(nr_entries(dir), 2);
	umask(mask);
	remove_dir(dir);
}

static void only_files_are_replaced(void **state)
{
	char *dir = temp_dir(), path[PATH_MAX];
	struct failure f = {};
	struct stat st;

	(void)state;
	/* No real device: this test must do no harm when it fails. */
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(replace_file(path, "x", 1, &f), -EINVAL);
	assert_contains(f.cause, "no regular file");
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(replace_file(dir, "x", 1, &f), -EINVAL);
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_int_equal(replace_file(path, "x", 1, &f), -EINVAL);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	snprintf(path, sizeof(path), "%s/none/x.prom", dir);
	assert_int_equal(replace_file(path, "x", 1, &f), -ENOENT);
	assert_int_equal(replace_file("", "x", 1, &f), -ENOENT);
	assert_int_equal(nr_entries(dir), 2);
	remove_dir(dir);
}

static void a_file_that_cannot_be_written_stays_as_it_was(void **state)
{
	char *dir = temp_dir(), path[PATH_MAX];
	struct rlimit old, small;
	struct failure f = {};
	int err;

	(void)state;
	snprintf(path, sizeof(path), "%s/x.prom", dir);
	assert_int_equal(replace_file(path, "one\n", 4, &f), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	err = replace_file(path, "two, longer", 11, &f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err, -EFBIG);
	assert_contains(f.next, "as it was");
	assert_file(path, "one\n");
	assert_int_equal(nr_entries(dir), 1);
	remove_dir(dir);
}

#define TEST(_name)	cmocka_unit_test_setup(_name, two_nodes)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_counter_of_the_kernel_is_a_metric),
		TEST(every_counter_of_nodectl_is_a_metric),
		TEST(gauges_and_counters_are_not_mixed_up),
		TEST(names_follow_the_rules),
		TEST(help_is_one_sentence),
		TEST(without_nodes_only_the_end_is_written),
		TEST(openmetrics_leaves_the_suffix_to_the_series),
		TEST(prometheus_describes_the_series),
		TEST(what_is_unknown_has_no_series_and_no_description),
		TEST(labels_are_escaped),
		TEST(unknown_counters_keep_their_name_as_a_label),
		TEST(limits_may_be_infinite),
		TEST(the_balloon_is_in_bytes),
		TEST(the_ratio_of_nothing_is_unknown),
		TEST(pressure_is_a_series_per_level),
		TEST(no_policy_has_no_series),
		TEST(buckets_are_cumulative),
		TEST(demotion_is_of_the_machine),
		TEST(series_are_found_by_their_whole_name),
		TEST(a_node_is_read_from_sysfs),
		TEST(the_page_describes_every_metric_and_no_other),
		TEST(files_are_replaced_and_nothing_else_is_left),
		TEST(only_files_are_replaced),
		TEST(a_file_that_cannot_be_written_stays_as_it_was),
	};

	enter_top();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
