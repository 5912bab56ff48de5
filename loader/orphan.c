// SPDX-License-Identifier: GPL-2.0
/*
 * Pins of nodes that have left. The kernel detaches the policy of such a node,
 * but its pins stay, and with those of maps their timers go on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <json-c/json.h>

#include "node.h"
#include "orphan.h"
#include "pin.h"

static bool link_is_pinned(int nid, char *path, size_t size)
{
	pin_path(nid, path, size);
	return !access(path, F_OK);
}

static struct json_object *orphan_json(int nid, const struct map_pin *pins,
				       unsigned int nr)
{
	struct json_object *o = json_object_new_object(), *list, *one;
	char name[NODE_NAME_SIZE], path[PATH_MAX];
	unsigned int i;

	snprintf(name, sizeof(name), "node%d", nid);
	out_str(o, "node", name);
	out_int(o, "nid", nid);
	json_object_object_add(o, "state", NULL);
	json_object_object_add(o, "policy", NULL);
	out_bool(o, "stale_pin", link_is_pinned(nid, path, sizeof(path)));
	list = json_object_new_array();
	for (i = 0; i < nr; i++) {
		pin_map_path(nid, &pins[i], path, sizeof(path));
		one = json_object_new_object();
		out_str(one, "path", path);
		out_int(one, "policy_id", pins[i].policy);
		out_int(one, "map_id", pins[i].map_id);
		out_bool(one, "left_over", true);
		json_object_array_add(list, one);
	}
	json_object_object_add(o, "map_pins", list);
	return o;
}

static void print_orphan(int nid, const struct map_pin *pins, unsigned int nr)
{
	char path[PATH_MAX];
	unsigned int i;

	printf("node%d\n  %-11s gone: it is not a device node any more\n", nid,
	       "state");
	if (link_is_pinned(nid, path, sizeof(path)))
		printf("  %-11s pinned at %s, attaches no policy\n", "link",
		       path);
	for (i = 0; i < nr; i++) {
		pin_map_path(nid, &pins[i], path, sizeof(path));
		printf("  %-11s pinned at %s, left from a policy that is gone\n",
		       i ? "" : "maps", path);
	}
}

/**
 * orphan_show - show the pins that are left of a node
 * @nid: a node that is no device node
 * @array: gets an object in place of lines, or NULL
 *
 * Return: are there any?
 */
bool orphan_show(int nid, struct json_object *array)
{
	struct map_pin *pins = NULL;
	char path[PATH_MAX];
	unsigned int nr;

	if (pin_maps_list(nid, &pins, &nr) ||
	    (!nr && !link_is_pinned(nid, path, sizeof(path)))) {
		free(pins);
		return false;
	}
	if (array)
		json_object_array_add(array, orphan_json(nid, pins, nr));
	else
		print_orphan(nid, pins, nr);
	free(pins);
	p_info("node%d: pins are left from a policy that is gone%s; \"nodectl unload node%d\" removes them.",
	       nid, nr ? ", and timers of its maps may go on" : "", nid);
	return true;
}

/**
 * orphans_show - show the pins that are left of all nodes that have left
 * @present: the device nodes
 * @nr: how many
 * @array: gets objects in place of lines, or NULL
 */
void orphans_show(const int *present, int nr, struct json_object *array)
{
	bool there[NODE_MAX] = {};
	int i;

	for (i = 0; i < nr; i++)
		there[present[i]] = true;
	for (i = 0; i < NODE_MAX; i++)
		if (!there[i])
			orphan_show(i, array);
}
