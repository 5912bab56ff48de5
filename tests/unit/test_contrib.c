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

static void panels_do_not_overlap(void **state)
{
	struct json_object *root = json_object_from_file(DASHBOARD), *panels;
	struct json_object *pos, *o;
	static const char *const keys[] = { "x", "y", "w", "h" };
	int box[4], x, y;
	bool taken[100][24] = {};
	size_t i, k;

	(void)state;
	assert_true(json_object_object_get_ex(root, "panels", &panels));
	for (i = 0; i < json_object_array_length(panels); i++) {
		o = json_object_array_get_idx(panels, i);
		assert_true(json_object_object_get_ex(o, "gridPos", &pos));
		for (k = 0; k < ARRAY_SIZE(keys); k++) {
			assert_true(json_object_object_get_ex(pos, keys[k], &o));
			box[k] = json_object_get_int(o);
		}
		for (y = box[1]; y < box[1] + box[3]; y++)
			for (x = box[0]; x < box[0] + box[2]; x++) {
				assert_true(x < 24 && y < 100 && !taken[y][x]);
				taken[y][x] = true;
			}
	}
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
		 " sed \"s#/usr/local/sbin/nodectl#$PWD/build/nodectl#\""
		 " contrib/nodectl-metrics.service >$d/nodectl-metrics.service &&"
		 " systemd-analyze verify --man=no $d/*.service $d/*.timer", dir);
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
