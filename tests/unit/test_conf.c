// SPDX-License-Identifier: GPL-2.0
/* The configuration: what it may say, and what is wrong with the rest. */
#include "unit.h"

#include <errno.h>

#include "conf.h"
#include "wanted.h"

static const char *other_dir;
static char *top, etc[64], lib[64];

static int setup(void **state)
{
	(void)state;
	top = temp_dir();
	make_dir(top, "etc");
	make_dir(top, "lib");
	snprintf(etc, sizeof(etc), "%s/etc", top);
	snprintf(lib, sizeof(lib), "%s/lib", top);
	conf_system_dirs[0] = etc;
	conf_system_dirs[1] = lib;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	other_dir = NULL;
	remove_dir(top);
	return 0;
}

/* Reads what there is, which must be right. */
static void read_good(struct conf *conf)
{
	struct failure f = {};

	if (conf_read(other_dir, conf, &f))
		fail_msg("%s: %s", conf->wrong, f.cause);
}

static void sections_say_what_they_say(void **state)
{
	const struct conf_section *s;
	struct conf conf;

	(void)state;
	make_file(etc, "a.conf",
		  "# a comment\n"
		  "; another one\n"
		  "\n"
		  "[node node1]\r\n"
		  "policy = compressible\r\n"
		  "\ttunable.threshold = 70% ; behind it\n"
		  "  tunable.samples=7\n"
		  "[match slow] # behind it\n"
		  "driver = cram*\n"
		  "features = fence\n"
		  "min-size = 2G\n"
		  "max-size = 4096M\n"
		  "min-classes = 2\n"
		  "policy = /some/where.bpf.o");
	read_good(&conf);
	assert_int_equal(conf.nr, 2);
	s = conf_section(&conf, CONF_NODE, "node1");
	assert_non_null(s);
	assert_int_equal(s->nid, 1);
	assert_int_equal(s->at.line, 4);
	assert_string_equal(s->values[CONF_POLICY].text, "compressible");
	assert_int_equal(s->nr_tunables, 2);
	assert_string_equal(s->tunables[0].text, "threshold=70%");
	assert_int_equal(s->tunables[1].at.line, 7);
	s = conf_section(&conf, CONF_MATCH, "slow");
	assert_non_null(s);
	assert_int_equal(s->values[CONF_MIN_SIZE].number, 2ULL << 30);
	assert_int_equal(s->values[CONF_MAX_SIZE].number, 4ULL << 30);
	assert_int_equal(s->values[CONF_MIN_CLASSES].number, 2);
	assert_string_equal(s->values[CONF_POLICY].text, "/some/where.bpf.o");
	conf_free(&conf);
}

#define P	"policy = p\n"
#define LONG	"0123456789012345678901234567890123456789"

static const struct {
	const char *text;
	unsigned int line;
	const char *cause;
} wrong[] = {
	{ "[node 1]\n" P "colour = red\n", 3, "has no \"colour\"" },
	{ "[node 1]\n" P "driver = x\n", 3, "a node has no \"driver\"" },
	{ "[profile a]\n" P "profile = a\n", 3, "a profile has no" },
	{ P, 1, "is in no section" },
	{ "[node 1]\n" P "policy = q\n", 3, "is there already, in line 2" },
	{ "[node 1]\n" P "tunable.a = 1\ntunable.a = 2\n", 4, "is there already, in line 3" },
	{ "[node 1]\n" P "[node node1]\n" P, 3, "is there already, at" },
	{ "[node 1]\n" P "[node 1]\n" P, 3, "is there already, at" },
	{ "[match a]\n" P "driver = *\n[match a]\n" P, 4, "is there already, at" },
	{ "[node 1]\n[node 2]\n" P, 1, "says nothing" },
	{ "[node 2]\n" P "[node 1]\n# nothing\n", 3, "says nothing" },
	{ "[node 1]\npolicy p\n", 2, "not understood" },
	{ "[node 1]\npolicy p\ncolour = red\n", 2, "not understood" },
	{ "[node 1\n" P, 1, "not understood" },
	{ "[node 1] " P, 1, "stands behind the heading" },
	{ "[node x]\n" P, 1, "is not a node" },
	{ "[node 1024]\n" P, 1, "is not a node" },
	{ "[node]\n" P, 1, "no section [node]" },
	{ "[nodes 1]\n" P, 1, "no section [nodes 1]" },
	{ "[]\n" P, 1, "no section []" },
	{ "[match a/b]\n" P "driver = *\n", 1, "cannot be the name" },
	{ "[match " LONG "]\n" P "driver = *\n", 1, "cannot be the name" },
	{ "[match " LONG LONG "]\n" P "driver = *\n", 1, "too long" },
	{ "[node 1]\npolicy =\n", 2, "has no value" },
	{ "[node 1]\npolicy = p # why\n", 2, "\"p # why\" of \"policy\" has a #" },
	{ "[node 1]\n" P "tunable.a = 1\t#why\n", 3, "has a #" },
	{ "[node 1]\npolicy = ./p.bpf.o\n", 2, "depends on where" },
	{ "[profile a]\npolicy = p.bpf.o\n", 2, "depends on where" },
	{ "[match a]\ndriver = *\npolicy = a/p\n", 3, "depends on where" },
	{ "[node 1]\n" P "tunable.a =\n", 3, "has no value" },
	{ "[node 1]\n" P "tunable. = 1\n", 3, "cannot be the name of a tunable" },
	{ "[node 1]\n" P "tunable.a-b = 1\n", 3, "cannot be the name of a tunable" },
	{ "[node 1]\n" P "tunable.a" LONG " = 1\n", 3, "cannot be the name of a tunable" },
	{ "[node 1]\ntunable.a = 1\n", 1, "names no policy" },
	{ "[node 1]\n" P "profile = none\n", 3, "there is no profile \"none\"" },
	{ "[profile a]\ntunable.a = 1\n[node 1]\nprofile = a\n", 3, "neither this section nor its profile" },
	{ "[match a]\n" P, 1, "has no condition" },
	{ "[match a]\n" P "min-size = -1\n", 3, "no value for \"min-size\"" },
	{ "[match a]\n" P "min-size = 1X\n", 3, "no value for \"min-size\"" },
	{ "[match a]\n" P "min-size = 1.5G\n", 3, "no value for \"min-size\"" },
	{ "[match a]\n" P "min-size = 99999999999T\n", 3, "no value for \"min-size\"" },
	{ "[match a]\n" P "min-classes = 2K\n", 3, "no value for \"min-classes\"" },
	{ "[node 1]\n" P "force = maybe\n", 3, "no value for \"force\"" },
	{ "[profile a]\nforce = yes\n", 2, "a profile has no \"force\"" },
	{ "[match a]\n" P "min-size = 2K\nmax-size = 1K\n", 4, "less than min-size" },
	{ "[node 1]\npolicy = \x01\n", 2, "cannot be printed" },
	{ "[node 1]\npolicy = \xff\n", 2, "cannot be printed" },
	{ "[node 1]\npolicy = " LONG LONG LONG LONG LONG "\n", 2, "longer than" },
};

static void errors_name_file_and_line(void **state)
{
	struct failure f = {};
	struct conf conf;
	char at[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		make_file(etc, "bad.conf", wrong[i].text);
		if (!conf_read(NULL, &conf, &f))
			fail_msg("it is taken: %s", wrong[i].text);
		snprintf(at, sizeof(at), "/etc/bad.conf:%u", wrong[i].line);
		if (!strstr(f.cause, wrong[i].cause) ||
		    strcmp(conf.wrong + strlen(top), at))
			fail_msg("%s: \"%s: %s\" is not \"%s: %s\"", wrong[i].text,
				 conf.wrong, f.cause, at, wrong[i].cause);
		conf_free(&conf);
	}
}

/* make_file() ends a text at its first NUL. */
static void nul_byte_is_refused(void **state)
{
	static const char text[] = "[node 1]\npolicy = a\0b\n";
	struct failure f = {};
	struct conf conf = {};
	FILE *in;

	(void)state;
	in = fmemopen((void *)text, sizeof(text) - 1, "r");
	assert_int_equal(conf_read_stream(&conf, in, "nul", &f), -EINVAL);
	assert_string_equal(conf.wrong, "nul:2");
	fclose(in);
	conf_free(&conf);
}

static void files_are_read_in_the_order_of_their_names(void **state)
{
	struct conf conf;

	(void)state;
	make_file(lib, "10-a.conf", "[node 1]\n" P);
	make_file(etc, "20-b.conf", "[node 2]\n" P);
	make_file(lib, "30-c.conf", "[node 3]\n" P);
	make_file(etc, "40-d.conf.bak", "[node 4]\n" P);
	make_file(etc, ".50-e.conf", "[node 5]\n" P);
	read_good(&conf);
	assert_int_equal(conf.nr, 3);
	assert_string_equal(conf.sections[0]->name, "node1");
	assert_string_equal(conf.sections[1]->name, "node2");
	assert_string_equal(conf.sections[2]->name, "node3");
	conf_free(&conf);
}

static void etc_wins_over_the_same_name(void **state)
{
	char path[PATH_MAX];
	struct conf conf;

	(void)state;
	make_file(lib, "a.conf", "[node 1]\npolicy = of_lib\n");
	make_file(lib, "b.conf", "[node 2]\n" P);
	make_file(etc, "a.conf", "[node 1]\npolicy = of_etc\n");
	snprintf(path, sizeof(path), "%s/b.conf", etc);
	assert_int_equal(symlink("/dev/null", path), 0);
	read_good(&conf);
	assert_int_equal(conf.nr, 1);
	assert_string_equal(conf.sections[0]->values[CONF_POLICY].text, "of_etc");
	conf_free(&conf);

	assert_int_equal(unlink(path), 0);
	make_file(etc, "b.conf", "");
	read_good(&conf);
	assert_int_equal(conf.nr, 1);
	conf_free(&conf);
}

static void other_directory_stands_for_all(void **state)
{
	struct failure f = {};
	char path[PATH_MAX];
	struct conf conf;

	(void)state;
	make_file(etc, "a.conf", "[node 1]\n" P);
	make_file(lib, "b.conf", "[node 2]\n" P);
	other_dir = lib;
	read_good(&conf);
	assert_int_equal(conf.nr, 1);
	assert_string_equal(conf.sections[0]->name, "node2");
	conf_free(&conf);
	snprintf(path, sizeof(path), "%s/none", top);
	assert_int_equal(conf_read(path, &conf, &f), -ENOENT);
	assert_string_equal(conf.wrong, path);
	conf_free(&conf);
}

static void no_configuration_is_no_error(void **state)
{
	struct conf conf;

	(void)state;
	conf_system_dirs[0] = "/nonexistent/etc";
	conf_system_dirs[1] = "/nonexistent/lib";
	read_good(&conf);
	assert_int_equal(conf.nr_files, 0);
	conf_free(&conf);
}

static void what_is_no_file_is_refused(void **state)
{
	char path[PATH_MAX];
	struct failure f = {};
	struct conf conf;

	(void)state;
	make_dir(etc, "a.conf");
	assert_int_equal(conf_read(NULL, &conf, &f), -EINVAL);
	assert_contains(f.cause, "no regular file");
	assert_contains(conf.wrong, "a.conf");
	conf_free(&conf);
	snprintf(path, sizeof(path), "%s/a.conf", etc);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/nonexistent/file", path), 0);
	assert_int_equal(conf_read(NULL, &conf, &f), -ENOENT);
	assert_contains(conf.wrong, "a.conf");
	conf_free(&conf);
}

static void profile_fills_what_the_section_leaves_open(void **state)
{
	const struct traits traits = {};
	struct failure f = {};
	struct wanted w;
	struct conf conf;

	(void)state;
	make_file(etc, "a.conf",
		  "[node 1]\nprofile = a\ntunable.x = 1\n"
		  "[node 2]\nprofile = a\npolicy = q\n"
		  "[profile a]\n" P "tunable.x = 2\ntunable.xy = 3\n");
	read_good(&conf);
	assert_int_equal(wanted_for_node(&conf, 1, &traits, &w, &f), 0);
	assert_string_equal(w.policy->text, "p");
	assert_int_equal(w.nr, 2);
	assert_string_equal(w.tunables[0]->text, "x=1");
	assert_string_equal(w.tunables[1]->text, "xy=3");
	assert_int_equal(w.tunables[1]->at.line, 10);
	assert_int_equal(wanted_for_node(&conf, 2, &traits, &w, &f), 0);
	assert_string_equal(w.policy->text, "q");
	assert_string_equal(w.tunables[0]->text, "x=2");
	conf_free(&conf);
}

/* Which section is for node 3, which is like this? */
static const char *section_for(const struct traits *t)
{
	struct failure f = {};
	static char name[64];
	struct wanted w;
	struct conf conf;

	read_good(&conf);
	assert_int_equal(wanted_for_node(&conf, 3, t, &w, &f), 0);
	snprintf(name, sizeof(name), "%s", w.section ? w.section->name : "none");
	conf_free(&conf);
	return name;
}

static void conditions_choose_the_section(void **state)
{
	struct traits t = { "cram_emu.0", "fence", 1 << 20, 2 };

	(void)state;
	make_file(etc, "a.conf",
		  "[match driver]\ndriver = other*\n" P
		  "[match features]\nfeatures = fence, ecc\n" P
		  "[match size]\nmin-size = 2M\nmax-size = 4M\n" P
		  "[match classes]\nmin-classes = 3\n" P);
	assert_string_equal(section_for(&t), "none");
	t.classes = 3;
	assert_string_equal(section_for(&t), "classes");
	t.size = 2 << 20;
	assert_string_equal(section_for(&t), "size");
	t.size = 4 << 20;
	assert_string_equal(section_for(&t), "size");
	t.size++;
	assert_string_equal(section_for(&t), "classes");
	snprintf(t.features, sizeof(t.features), "ecc fences");
	assert_string_equal(section_for(&t), "classes");
	snprintf(t.features, sizeof(t.features), "ecc fence");
	assert_string_equal(section_for(&t), "features");
	snprintf(t.driver, sizeof(t.driver), "other.1");
	assert_string_equal(section_for(&t), "driver");
}

static void own_section_comes_before_matches(void **state)
{
	const struct traits t = { .driver = "a" };

	(void)state;
	make_file(etc, "a.conf",
		  "[match all]\ndriver = *\n" P "[node 3]\n" P "[node 4]\n" P);
	assert_string_equal(section_for(&t), "node3");
}

static void all_conditions_must_hold(void **state)
{
	struct traits t = { .driver = "a", .classes = 1 };

	(void)state;
	make_file(etc, "a.conf",
		  "[match both]\ndriver = a\nmin-classes = 2\n" P);
	assert_string_equal(section_for(&t), "none");
	t.classes = 2;
	assert_string_equal(section_for(&t), "both");
}

/* The objects of the unit tests are policies, too. */
static void objects_dir(struct policy_dirs *dirs)
{
	char exe[PATH_MAX], dir[PATH_MAX + 16];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(len > 0);
	exe[len] = '\0';
	*strrchr(exe, '/') = '\0';
	snprintf(dir, sizeof(dir), "%s/objects", exe);
	assert_int_equal(policy_dirs_add(dirs, dir), 0);
}

static void values_are_vetted_with_the_policy(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *cause;
	} cases[] = {
		{ "[node 1]\npolicy = good\ntunable.nothing = 1\n", 3, "no tunable \"nothing\"" },
		{ "[node 1]\npolicy = good\ntunable.bias = x\n", 3, "is not a" },
		{ "[node 1]\npolicy = good\ntunable.bias = 99999999\n", 3, "out of range" },
		{ "[profile a]\npolicy = good\ntunable.bias = x\n", 3, "is not a" },
		{ "[node 1]\npolicy = good\nprofile = a\n[profile a]\ntunable.bias = x\n", 5, "is not a" },
	};
	struct policy_dirs dirs = {};
	struct failure f = {};
	struct conf conf;
	char at[64];
	size_t i;

	(void)state;
	objects_dir(&dirs);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_file(etc, "a.conf", cases[i].text);
		read_good(&conf);
		assert_true(wanted_vet_all(&conf, &dirs, &f) < 0);
		assert_contains(f.cause, cases[i].cause);
		snprintf(at, sizeof(at), "/etc/a.conf:%u", cases[i].line);
		assert_string_equal(conf.wrong + strlen(top), at);
		conf_free(&conf);
	}
	make_file(etc, "a.conf",
		  "[node 1]\npolicy = good\ntunable.bias = 1\n"
		  "[node 2]\npolicy = not-there\ntunable.a = 1\n");
	read_good(&conf);
	assert_int_equal(wanted_vet_all(&conf, &dirs, &f), 0);
	conf_free(&conf);
	policy_dirs_free(&dirs);
}

#define with_dirs(_test)	cmocka_unit_test_setup_teardown(_test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_dirs(sections_say_what_they_say),
		with_dirs(errors_name_file_and_line),
		with_dirs(nul_byte_is_refused),
		with_dirs(files_are_read_in_the_order_of_their_names),
		with_dirs(etc_wins_over_the_same_name),
		with_dirs(other_directory_stands_for_all),
		with_dirs(no_configuration_is_no_error),
		with_dirs(what_is_no_file_is_refused),
		with_dirs(profile_fills_what_the_section_leaves_open),
		with_dirs(conditions_choose_the_section),
		with_dirs(own_section_comes_before_matches),
		with_dirs(all_conditions_must_hold),
		with_dirs(values_are_vetted_with_the_policy),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
