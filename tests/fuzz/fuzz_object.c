// SPDX-License-Identifier: GPL-2.0
/*
 * A policy object as a whole, with libbpf behind it: opened, looked at as
 * "inspect" does, and prepared as "load" and "swap" do until the kernel would
 * see it.
 */
#include "fuzz.h"

#include <string.h>

#include "elfcheck.h"
#include "handover.h"
#include "object.h"
#include "text.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed);

/* A section of a good file, and not an empty one. */
static bool pick_section(const uint8_t *data, size_t size, unsigned int seed,
			 Elf64_Shdr *sh)
{
	struct failure f = {};
	Elf64_Ehdr eh;

	if (elf_check(data, size, &f))
		return false;
	memcpy(&eh, data, sizeof(eh));
	memcpy(sh, data + eh.e_shoff + seed % eh.e_shnum * sizeof(*sh),
	       sizeof(*sh));
	return sh->sh_type != SHT_NULL && sh->sh_type != SHT_NOBITS &&
	       sh->sh_size;
}

/*
 * Bytes that are put in or taken out move all that follows, and the file ends as
 * no ELF file. So most changes are made inside of one section.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	Elf64_Shdr sh;

	if (seed % 4 && pick_section(data, size, seed / 4, &sh)) {
		LLVMFuzzerMutate(data + sh.sh_offset, sh.sh_size, sh.sh_size);
		return size;
	}
	return LLVMFuzzerMutate(data, size, max_size);
}

static void look_at_maps(const struct object *o)
{
	struct map_shape shape;
	struct bpf_map *map;
	char why[256];

	bpf_object__for_each_map(map, o->obj) {
		shape = map_shape_declared(o, map);
		map_runs_callbacks(&shape);
		map_name_match(&shape, shape.name);
		map_may_replace(&shape, &shape, why, sizeof(why));
	}
}

/* What an object calls the default of a tunable can be given as a setting. */
static void set_defaults(struct object *o)
{
	char text[SETTINGS_MAX][32];
	struct settings set = {};
	struct tunable *tun;
	struct failure f = {};

	for (; set.nr < o->meta.nr_tunables && set.nr < SETTINGS_MAX; set.nr++) {
		tun = &o->meta.tunables[set.nr];
		snprintf(set.list[set.nr].key, sizeof(set.list->key), "%s",
			 tun->name);
		set.list[set.nr].value = tunable_format(tun, tun->def,
							text[set.nr],
							sizeof(*text));
	}
	must(!object_set_tunables(o, &set, &f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = fuzz_copy(data, size, 0);
	struct bpf_program *prog;
	struct failure f = {};
	unsigned int pos = 0;
	const char *name;
	struct object o;

	if (object_open_mem(copy, size, "fuzz.bpf.o", &o, &f)) {
		must(f.cause[0]);
		must(text_is_printable(f.cause) && text_is_printable(f.next));
	} else {
		while ((name = object_next_func(&o, &pos, &prog)))
			must(text_is_printable(name));
		look_at_maps(&o);
		must(!object_set_nid(&o, 1, &f));
		set_defaults(&o);
	}
	object_close(&o);
	free(copy);
	return 0;
}
