/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the configuration wants for a node.
 */
#ifndef NODECTL_WANTED_H
#define NODECTL_WANTED_H

#include "conf.h"
#include "object.h"
#include "policy_path.h"
#include "traits.h"

/**
 * struct wanted - a policy and its tunables
 * @section: what says so, NULL when nothing does
 * @policy: its name or path, and where it is written
 * @tunables: those of the section, and of its profile where the section does
 *	      not say otherwise
 * @nr: how many
 */
struct wanted {
	const struct conf_section *section;
	const struct conf_value *policy;
	const struct conf_tunable *tunables[SETTINGS_MAX];
	unsigned int nr;
};

int wanted_of_section(struct conf *conf, const struct conf_section *s,
		      struct wanted *w, struct failure *f);
int wanted_for_node(struct conf *conf, int nid, const struct traits *t,
		    struct wanted *w, struct failure *f);
int wanted_vet(struct conf *conf, const struct wanted *w,
	       const struct policy_meta *meta, struct failure *f);
void wanted_tell_missing(struct conf *conf, const struct policy_dirs *dirs);
int wanted_vet_all(struct conf *conf, const struct policy_dirs *dirs,
		   struct failure *f);
unsigned int wanted_args(const struct wanted *w, char **args);

#endif /* NODECTL_WANTED_H */
