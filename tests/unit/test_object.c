// SPDX-License-Identifier: GPL-2.0
/*
 * Policy objects, good and bad. The bad ones are made from the bytes of a good
 * one, each with exactly one thing wrong.
 */
#include "unit.h"

#include <elf.h>
#include <errno.h>
#include <libgen.h>
#include <sys/stat.h>

#include "object.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

/**
 * struct bytes - an object in memory, to be changed
 * @data: its bytes
 * @size: how many
 */
struct bytes {
	char *data;
	size_t size;
};

static void object_path(const char *name, char *path, size_t size)
{
	char exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(len > 0);
	exe[len] = '\0';
	assert_true((size_t)snprintf(path, size, "%s/objects/%s", dirname(exe),
				     name) < size);
}

static struct bytes read_object(const char *name)
{
	char path[PATH_MAX];
	struct bytes b;
	struct stat st;
	FILE *f;

	object_path(name, path, sizeof(path));
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s is not there; build it with: make tests", path);
	assert_int_equal(fstat(fileno(f), &st), 0);
	b.size = st.st_size;
	b.data = malloc(b.size);
	assert_non_null(b.data);
	assert_int_equal(fread(b.data, 1, b.size, f), b.size);
	fclose(f);
	return b;
}

static Elf64_Ehdr *header(struct bytes *b)
{
	return (Elf64_Ehdr *)b->data;
}

static Elf64_Shdr *section(struct bytes *b, const char *name)
{
	Elf64_Ehdr *eh = header(b);
	Elf64_Shdr *sh = (Elf64_Shdr *)(b->data + eh->e_shoff);
	const char *names = b->data + sh[eh->e_shstrndx].sh_offset;
	int i;

	for (i = 1; i < eh->e_shnum; i++)
		if (!strcmp(names + sh[i].sh_name, name))
			return &sh[i];
	fail_msg("the object has no section %s", name);
	return NULL;
}

/* Replaces bytes of a section that must be there. */
static char *find(struct bytes *b, const char *sec, const void *what, size_t len)
{
	Elf64_Shdr *sh = section(b, sec);
	char *p = memmem(b->data + sh->sh_offset, sh->sh_size, what, len);

	assert_non_null(p);
	return p;
}

static struct node_ext_tunable *record(struct bytes *b, const char *name)
{
	return (struct node_ext_tunable *)find(b, NODE_EXT_META_SECTION, name,
					       strlen(name) + 1);
}

static struct node_ext_policy *policy_record(struct bytes *b)
{
	char *name = find(b, NODE_EXT_META_SECTION, "good\0\0", 6);

	return (struct node_ext_policy *)(name -
					  offsetof(struct node_ext_policy, name));
}

/* Where a member of the struct_ops lies in the file. */
static char *member(struct bytes *b, const char *name, size_t size)
{
	struct failure f = {};
	struct object o;
	size_t off;

	assert_int_equal(object_open_mem(b->data, b->size, "good", &o, &f), 0);
	off = (char *)object_member(&o, name, size) - (char *)o.ops;
	object_close(&o);
	return b->data + section(b, ".struct_ops.link")->sh_offset + off;
}

/* The object is refused, and the reason has this text. */
static void refused(struct bytes *b, const char *why)
{
	struct failure f = {};
	struct object o;
	int err;

	err = object_open_mem(b->data, b->size, "bad.bpf.o", &o, &f);
	object_close(&o);
	free(b->data);
	if (!err)
		fail_msg("it was not refused, although %s", why);
	assert_contains(f.cause, why);
	assert_true(f.next[0]);
}

static void good_object_is_read(void **state)
{
	static const struct {
		const char *name;
		uint64_t def;
	} want[] = {
		{ "limit", 600 },
		{ "bias", (uint64_t)-5 },
		{ "budget", 1ULL << 40 },
		{ "delay", (uint64_t)-1 },
		{ "enabled", 1 },
	};
	struct bpf_program *prog;
	struct failure f = {};
	char path[PATH_MAX];
	unsigned int pos = 0;
	struct object o;
	size_t i;

	(void)state;
	object_path("good.bpf.o", path, sizeof(path));
	if (object_open(path, &o, &f))
		fail_msg("%s", f.cause);
	assert_string_equal(o.name, "good");
	assert_int_equal(o.version, 1);
	assert_true(o.meta.described);
	assert_string_equal(o.meta.summary, "every type of tunable once");
	assert_int_equal(o.meta.nr_tunables, ARRAY_SIZE(want));
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		assert_string_equal(o.meta.tunables[i].name, want[i].name);
		assert_true(o.meta.tunables[i].def == want[i].def);
		assert_true(object_tunable(&o, &o.meta.tunables[i]) == want[i].def);
	}
	assert_string_equal(object_next_func(&o, &pos, &prog), "admit_folio");
	assert_string_equal(bpf_program__section_name(prog),
			    "struct_ops/admit_folio");
	assert_null(object_next_func(&o, &pos, &prog));
	object_close(&o);
}

static void settings_reach_the_object_all_or_none(void **state)
{
	char *good[] = { "bias=-7", "enabled=off", "limit=60%" };
	char *bad[] = { "limit=1", "bias=1000" };
	struct bytes b = read_object("good.bpf.o");
	struct failure f = {};
	struct settings set;
	struct object o;
	int32_t *nid;

	(void)state;
	assert_int_equal(object_open_mem(b.data, b.size, "x", &o, &f), 0);
	assert_int_equal(settings_parse(bad, 2, &set, &f), 0);
	assert_int_equal(object_set_tunables(&o, &set, &f), -ERANGE);
	assert_int_equal(object_tunable(&o, &o.meta.tunables[0]), 600);
	assert_int_equal(settings_parse(good, 3, &set, &f), 0);
	assert_int_equal(object_set_tunables(&o, &set, &f), 0);
	assert_int_equal(object_tunable(&o, &o.meta.tunables[0]), 600);
	assert_true(object_tunable(&o, &o.meta.tunables[1]) == (uint64_t)-7);
	assert_true(object_tunable(&o, &o.meta.tunables[2]) == 1ULL << 40);
	assert_int_equal(object_tunable(&o, &o.meta.tunables[4]), 0);
	assert_int_equal(object_set_nid(&o, 3, &f), 0);
	nid = object_member(&o, "nid", sizeof(*nid));
	assert_int_equal(*nid, 3);
	object_close(&o);
	free(b.data);
}

static void what_is_no_elf_file_is_refused(void **state)
{
	struct bytes b = { strdup("#!/bin/sh\n"), 10 };

	(void)state;
	refused(&b, "not an ELF file");
	b = (struct bytes){ strdup(""), 0 };
	refused(&b, "empty");
	b = (struct bytes){ strdup("\177EL"), 3 };
	refused(&b, "not an ELF file");
	b = (struct bytes){ strdup("\177ELF"), 4 };
	refused(&b, "truncated");
}

static void truncation_is_refused_at_every_length(void **state)
{
	struct bytes b = read_object("good.bpf.o");
	struct failure f = {};
	struct object o;
	size_t size;
	char *cut;

	(void)state;
	for (size = 4; size < b.size; size += size < 128 ? 1 : 97) {
		/* A copy of this size, so that valgrind and ASan see its end. */
		cut = malloc(size);
		assert_non_null(cut);
		memcpy(cut, b.data, size);
		if (!object_open_mem(cut, size, "cut", &o, &f))
			fail_msg("%zu of %zu bytes were taken", size, b.size);
		assert_contains(f.cause, "truncated");
		object_close(&o);
		free(cut);
	}
	free(b.data);
}

static void other_machines_are_named(void **state)
{
	struct bytes b = read_object("good.bpf.o");

	(void)state;
	header(&b)->e_machine = EM_X86_64;
	refused(&b, "x86-64");
	b = read_object("good.bpf.o");
	header(&b)->e_ident[EI_DATA] = ELFDATA2MSB;
	header(&b)->e_machine = __builtin_bswap16(EM_BPF);
	refused(&b, "big-endian");
	b = read_object("good.bpf.o");
	header(&b)->e_ident[EI_DATA] = ELFDATA2MSB;
	header(&b)->e_machine = __builtin_bswap16(EM_S390);
	refused(&b, "s390");
	b = read_object("good.bpf.o");
	header(&b)->e_ident[EI_CLASS] = ELFCLASS32;
	refused(&b, "64-bit");
	b = read_object("good.bpf.o");
	header(&b)->e_type = ET_EXEC;
	refused(&b, "relocatable");
}

static void missing_sections_are_named(void **state)
{
	struct bytes b = read_object("good.bpf.o");

	(void)state;
	section(&b, ".BTF")->sh_name = 0;
	refused(&b, "no BTF");
	b = read_object("good.bpf.o");
	section(&b, ".struct_ops.link")->sh_name = 0;
	refused(&b, "no struct_ops");
	b = read_object("good.bpf.o");
	memset(strstr(find(&b, ".strtab", ".struct_ops.link", 17), ".link"), 0, 5);
	refused(&b, "cannot be attached to a node by a link");
	b = read_object("good.bpf.o");
	header(&b)->e_shnum = 0;
	refused(&b, "no section table");
	b = read_object("good.bpf.o");
	section(&b, ".BTF")->sh_name = UINT32_MAX;
	refused(&b, "damaged");
	b = read_object("good.bpf.o");
	section(&b, ".BTF")->sh_offset = UINT64_MAX - 4;
	refused(&b, "truncated");
}

static Elf64_Sym *symbol(struct bytes *b, const char *name)
{
	Elf64_Shdr *sh = section(b, ".symtab");
	Elf64_Sym *sym = (Elf64_Sym *)(b->data + sh->sh_offset);
	const char *names = b->data + section(b, ".strtab")->sh_offset;
	size_t i;

	for (i = 0; i < sh->sh_size / sizeof(*sym); i++)
		if (!strcmp(names + sym[i].st_name, name))
			return &sym[i];
	fail_msg("the object has no symbol %s", name);
	return NULL;
}

/* libbpf would copy from where they are said to be. */
static void symbols_outside_their_section_are_refused(void **state)
{
	struct bytes b = read_object("good.bpf.o");

	(void)state;
	symbol(&b, "good")->st_value = UINT32_MAX;
	refused(&b, "outside its section");
	b = read_object("good.bpf.o");
	symbol(&b, "good")->st_size++;
	refused(&b, "outside its section");
	b = read_object("good.bpf.o");
	symbol(&b, "good")->st_shndx = SHN_ABS;
	refused(&b, "outside its section");
	b = read_object("good.bpf.o");
	section(&b, ".text")->sh_type = SHT_NOBITS;
	section(&b, ".text")->sh_size = 1UL << 31;
	refused(&b, "larger than any of a policy");
}

static void unlisted_member_is_refused(void **state)
{
	struct bytes b = read_object("unlisted.bpf.o");

	(void)state;
	refused(&b, "\"op_admit_batch\" is defined, but \"unlisted\" does not use it");
}

static void two_policies_are_refused(void **state)
{
	struct bytes b = read_object("two.bpf.o");

	(void)state;
	refused(&b, "two policies, \"first\" and \"second\"");
}

/* A dry run would leave the pin behind. */
static void map_that_is_to_be_pinned_is_refused(void **state)
{
	struct bytes b = read_object("pinned.bpf.o");

	(void)state;
	refused(&b, "map \"fifteen_letters\" asks to be pinned");
}

static void map_with_the_name_of_a_digest_is_refused(void **state)
{
	static const char name[] = "\0fifteen_letters";
	struct bytes b = read_object("pinned.bpf.o");

	(void)state;
	memcpy(find(&b, ".BTF", name, sizeof(name)) + 1, "node_ext.sha256", 15);
	memcpy(find(&b, ".strtab", name, sizeof(name)) + 1, "node_ext.sha256", 15);
	refused(&b, "map \"node_ext.sha256\" has the name");
}

static void struct_ops_of_another_kind_is_named(void **state)
{
	struct bytes b = read_object("good.bpf.o");

	(void)state;
	memcpy(find(&b, ".BTF", "\0node_device_ops", 17) + 1, "tcp_congest_ops", 15);
	refused(&b, "tcp_congest_ops");
}

static void members_of_the_struct_ops_are_vetted(void **state)
{
	struct bytes b = read_object("good.bpf.o");

	(void)state;
	memset(member(&b, "name", 16), 0, 16);
	refused(&b, "name is empty");
	b = read_object("good.bpf.o");
	memset(member(&b, "name", 16), 'x', 16);
	refused(&b, "not terminated");
	b = read_object("good.bpf.o");
	member(&b, "name", 16)[1] = ' ';
	refused(&b, "0x20");
	b = read_object("good.bpf.o");
	memset(member(&b, "version", 4), 0, 4);
	refused(&b, "which version");
	b = read_object("good.bpf.o");
	member(&b, "flags", 8)[0] = 2;
	refused(&b, "0x2");
}

static void metadata_is_vetted(void **state)
{
	struct bytes b = read_object("good.bpf.o");

	(void)state;
	policy_record(&b)->meta_version = NODE_EXT_META_VERSION + 1;
	refused(&b, "metadata is of version");
	b = read_object("good.bpf.o");
	strcpy(policy_record(&b)->name, "evil");
	refused(&b, "but its struct_ops is \"good\"");
	b = read_object("good.bpf.o");
	strcpy(record(&b, "limit")->type, "u64");
	refused(&b, "of another type");
	b = read_object("good.bpf.o");
	strcpy(record(&b, "limit")->type, "s32");
	refused(&b, "of another type");
	b = read_object("good.bpf.o");
	strcpy(record(&b, "enabled")->type, "u16");
	refused(&b, "unknown type \"u16\"");
	b = read_object("good.bpf.o");
	strcpy(record(&b, "limit")->name, "limes");
	refused(&b, "\"limes\", which is not in section");
	b = read_object("good.bpf.o");
	*record(&b, "limit") = *record(&b, "bias");
	refused(&b, "\"bias\" is described twice");
	b = read_object("good.bpf.o");
	record(&b, "limit")->def = 1001;
	refused(&b, "do not fit together");
	b = read_object("good.bpf.o");
	record(&b, "limit")->max = 1ULL << 33;
	refused(&b, "do not fit together");
	b = read_object("good.bpf.o");
	record(&b, "limit")->def = 601;
	refused(&b, "does not start with its default");
}

/* Names are typed and completed by a shell, texts are shown on terminals. */
static void texts_that_cannot_be_shown_are_refused(void **state)
{
	static const char *const bad[] = {
		"`id`", "a b", "1a", "", "a-b", "\xc3\xa9", "a\033",
	};
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		b = read_object("good.bpf.o");
		strcpy(record(&b, "limit")->name, bad[i]);
		refused(&b, "cannot be the name of a tunable");
	}
	b = read_object("good.bpf.o");
	strcpy(record(&b, "limit")->desc, "\033[2J");
	refused(&b, "description of tunable \"limit\" cannot be printed");
	b = read_object("good.bpf.o");
	strcpy(record(&b, "limit")->unit, "\xff");
	refused(&b, "description of tunable \"limit\" cannot be printed");
	b = read_object("good.bpf.o");
	strcpy(policy_record(&b)->summary, "a\xc2\x9b");
	refused(&b, "about itself cannot be printed");
}

/* Texts of records need not be terminated; they must not run on. */
static void texts_of_full_length_are_read(void **state)
{
	struct bytes b = read_object("good.bpf.o");
	struct failure f = {};
	struct object o;

	(void)state;
	memset(record(&b, "limit")->unit, 'u', NODE_EXT_UNIT_LEN);
	memset(record(&b, "limit")->desc, 'd', NODE_EXT_TEXT_LEN);
	assert_int_equal(object_open_mem(b.data, b.size, "x", &o, &f), 0);
	assert_int_equal(strlen(o.meta.tunables[0].unit), NODE_EXT_UNIT_LEN);
	assert_int_equal(strlen(o.meta.tunables[0].desc), NODE_EXT_TEXT_LEN);
	object_close(&o);
	free(b.data);
}

static void files_that_cannot_be_read_are_named(void **state)
{
	char *dir = temp_dir(), fifo[PATH_MAX];
	struct failure f = {};
	struct object o;

	(void)state;
	assert_int_equal(object_open("/no/such.o", &o, &f), -ENOENT);
	assert_contains(f.cause, "/no/such.o");
	assert_int_equal(object_open(dir, &o, &f), -EINVAL);
	assert_contains(f.cause, "not a regular file");
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(object_open(fifo, &o, &f), -EINVAL);
	assert_int_equal(object_open("/dev/zero", &o, &f), -EINVAL);
	remove_dir(dir);
}

/* One to three bits of a part that nodectl itself reads; @which of them. */
static void damage(struct bytes *b, unsigned int which, unsigned int *seed)
{
	static const char *const sections[] = {
		NODE_EXT_META_SECTION, NODE_EXT_TUNABLES_SECTION,
		".struct_ops.link", ".strtab",
	};
	unsigned int flips;
	size_t from, len;
	Elf64_Shdr *sh;

	switch (which) {
	case 0:
		from = 0;
		len = sizeof(Elf64_Ehdr);
		break;
	case 1:
		from = header(b)->e_shoff;
		len = header(b)->e_shnum * sizeof(Elf64_Shdr);
		break;
	default:
		sh = section(b, sections[which - 2]);
		from = sh->sh_offset;
		len = sh->sh_size;
	}
	for (flips = 1 + rand_r(seed) % 3; flips; flips--)
		b->data[from + rand_r(seed) % len] ^= 1 << rand_r(seed) % 8;
}

/*
 * Damage in the ELF header, section table, records or struct_ops never crashes
 * nodectl.  The seed is fixed: a failure can be repeated.
 */
static void random_damage_is_survived(void **state)
{
	struct bytes good = read_object("good.bpf.o"), b;
	unsigned int seed = 1, round, refusals = 0;
	struct failure f = {};
	struct object o;

	(void)state;
	for (round = 0; round < 2000; round++) {
		b = good;
		b.data = malloc(b.size);
		assert_non_null(b.data);
		memcpy(b.data, good.data, good.size);
		damage(&b, round % 6, &seed);
		if (object_open_mem(b.data, b.size, "damaged", &o, &f)) {
			refusals++;
			assert_true(f.cause[0]);
		}
		object_close(&o);
		free(b.data);
	}
	/* Damaged descriptions are harmless, but not all of it is there. */
	assert_true(refusals > 500);
	free(good.data);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_object_is_read),
		cmocka_unit_test(settings_reach_the_object_all_or_none),
		cmocka_unit_test(what_is_no_elf_file_is_refused),
		cmocka_unit_test(truncation_is_refused_at_every_length),
		cmocka_unit_test(other_machines_are_named),
		cmocka_unit_test(missing_sections_are_named),
		cmocka_unit_test(symbols_outside_their_section_are_refused),
		cmocka_unit_test(unlisted_member_is_refused),
		cmocka_unit_test(two_policies_are_refused),
		cmocka_unit_test(map_that_is_to_be_pinned_is_refused),
		cmocka_unit_test(map_with_the_name_of_a_digest_is_refused),
		cmocka_unit_test(struct_ops_of_another_kind_is_named),
		cmocka_unit_test(members_of_the_struct_ops_are_vetted),
		cmocka_unit_test(metadata_is_vetted),
		cmocka_unit_test(texts_that_cannot_be_shown_are_refused),
		cmocka_unit_test(texts_of_full_length_are_read),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
