// SPDX-License-Identifier: GPL-2.0
/* What contrib/ has for monitoring: the dashboard and the systemd units. */
#include "unit.h"

#include <json-c/json.h>

#include "metric.h"

#define DASHBOARD	"contrib/grafana-node_ext.json"

/* Fails if @text names a metric that is not in the table; counts the others. */
static unsigned int check_metrics(const char *text)
{
	unsigned int nr = 0;
	char name[128];
	int len;

	for (; (text = strstr(text, METRIC_PREFIX)); text += len, nr++) {
		len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
		snprintf(name, sizeof(name), "%.*s", len, text);
		if (!metric_of_series(name))
			fail_msg("%s names %s, which is no metric", DASHBOARD,
				 name);
	}
	return nr;
}

static unsigned int check_value(struct json_object *value)
{
	unsigned int nr = 0;
	size_t i;

	switch (json_object_get_type(value)) {
	case json_type_string:
		return check_metrics(json_object_get_string(value));
	case json_type_array:
		for (i = 0; i < json_object_array_length(value); i++)
			nr += check_value(json_object_array_get_idx(value, i));
		return nr;
	case json_type_object: {
		json_object_object_foreach(value, key, member) {
			(void)key;
			nr += check_value(member);
		}
		return nr;
	}
	default:
		return 0;
	}
}

static void the_dashboard_names_metrics_that_exist(void **state)
{
	struct json_object *root = json_object_from_file(DASHBOARD);

	(void)state;
	if (!root)
		fail_msg("%s", json_util_get_last_err());
	assert_true(check_value(root) > 20);
	json_object_put(root);
}

#define GRID_COLUMNS	24
#define GRID_ROWS	100

static int grid_position(struct json_object *panel, const char *key)
{
	struct json_object *pos, *o;

	assert_true(json_object_object_get_ex(panel, "gridPos", &pos));
	assert_true(json_object_object_get_ex(pos, key, &o));
	return json_object_get_int(o);
}

static void take_place(struct json_object *panel,
		       bool taken[GRID_ROWS][GRID_COLUMNS])
{
	int left = grid_position(panel, "x"), top = grid_position(panel, "y");
	int right = left + grid_position(panel, "w");
	int bottom = top + grid_position(panel, "h");
	int x, y;

	assert_true(right <= GRID_COLUMNS && bottom <= GRID_ROWS);
	for (y = top; y < bottom; y++)
		for (x = left; x < right; x++) {
			assert_false(taken[y][x]);
			taken[y][x] = true;
		}
}

static void panels_do_not_overlap(void **state)
{
	struct json_object *root = json_object_from_file(DASHBOARD), *panels;
	bool taken[GRID_ROWS][GRID_COLUMNS] = {};
	size_t i;

	(void)state;
	assert_true(json_object_object_get_ex(root, "panels", &panels));
	for (i = 0; i < json_object_array_length(panels); i++)
		take_place(json_object_array_get_idx(panels, i), taken);
	json_object_put(root);
}

/* systemd refuses a unit whose program is not there: it gets ours. */
static void systemd_accepts_the_units(void **state)
{
	char *dir = temp_dir(), cmd[2 * PATH_MAX];
	int status;

	(void)state;
	if (system("command -v systemd-analyze >/dev/null")) {
		print_message("there is no systemd-analyze\n");
		free(dir);
		skip();
	}
	snprintf(cmd, sizeof(cmd),
		 "exec 2>&1; d=%s; cp contrib/nodectl-metrics.timer $d &&"
		 " for u in nodectl-metrics.service nodectl-apply@.service; do"
		 " sed \"s#/usr/local/sbin/nodectl#$PWD/build/nodectl#\""
		 " contrib/$u >$d/$u || exit; done;"
		 " systemd-analyze verify --man=no $d/nodectl-metrics.service"
		 " $d/nodectl-metrics.timer $d/nodectl-apply@node1.service", dir);
	status = system(cmd);
	remove_dir(dir);
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dashboard_names_metrics_that_exist),
		cmocka_unit_test(panels_do_not_overlap),
		cmocka_unit_test(systemd_accepts_the_units),
	};

	enter_top();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
