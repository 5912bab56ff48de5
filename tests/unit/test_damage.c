// SPDX-License-Identifier: GPL-2.0
/*
 * Objects whose bytes were changed, given to each verb that reads one: inspect,
 * policies, and load as far as it goes without a kernel. Whatever the bytes, the
 * verb ends, says what is wrong, and hands no byte to the terminal or into JSON
 * that does not belong there.
 *
 * The changes are the same in each run: seed and round repeat one. The fuzzer
 * (tests/fuzz) tries others each time, below the verbs.
 */
#include "unit.h"

#include <ctype.h>
#include <elf.h>
#include <fcntl.h>
#include <glob.h>
#include <sanitizer/common_interface_defs.h>
#include <sys/mman.h>

#include <json-c/json.h>

#include "attempt.h"
#include "bpflog.h"
#include "elfcheck.h"
#include "text.h"

#define ROUNDS		120	/* per object */
#define SIZE_MAX_OBJECT	(1 << 20)

struct bytes {
	unsigned char data[SIZE_MAX_OBJECT];
	size_t size;
};

/**
 * struct progress - what is being tried, for when it is the end of this program
 * @seed: the object that was changed
 * @round: number of the change
 * @verb: what it is given to
 */
struct progress {
	const char *seed;
	unsigned int round;
	const char *verb;
};

static struct bytes good, damaged;
static struct progress progress;
static char *dir;
static char out[1 << 20], err[1 << 20];
static unsigned int refused, nr_seeds;

/* Those of stdout and stderr: the real ones, and what verbs print to. */
static int real[2], files[2];

static void read_file(const char *path, struct bytes *b)
{
	FILE *f = fopen(path, "r");

	if (!f)
		fail_msg("no %s", path);
	b->size = fread(b->data, 1, sizeof(b->data), f);
	assert_true(b->size && b->size < sizeof(b->data));
	fclose(f);
}

static void write_file(const char *name, const struct bytes *b)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(b->data, 1, b->size, f), b->size);
	assert_int_equal(fclose(f), 0);
}

/* ---- changes -------------------------------------------------------------- */

/* A section, more often one that nodectl itself reads, or the whole file. */
static void pick(const struct bytes *b, unsigned int *seed, size_t *from,
		 size_t *len)
{
	static const char *const read[] = {
		".BTF", ".strtab", ".symtab", ".struct_ops.link",
		NODE_EXT_META_SECTION, NODE_EXT_TUNABLES_SECTION,
	};
	unsigned int which = rand_r(seed), pos = 0;
	struct failure f = {};
	Elf64_Ehdr eh;
	Elf64_Shdr sh;

	*from = 0;
	*len = b->size;
	if (which % 8 == 0 || elf_check(b->data, b->size, &f))
		return;
	memcpy(&eh, b->data, sizeof(eh));
	if (which % 8 < 3)
		memcpy(&sh, b->data + eh.e_shoff +
		       which / 8 % eh.e_shnum * sizeof(sh), sizeof(sh));
	else if (!elf_section(b->data, read[which / 8 % ARRAY_SIZE(read)], &pos,
			      &sh))
		return;
	if (sh.sh_type == SHT_NULL || sh.sh_type == SHT_NOBITS || !sh.sh_size)
		return;
	*from = sh.sh_offset;
	*len = sh.sh_size;
}

static void flip_bits(unsigned char *p, size_t len, unsigned int *seed)
{
	unsigned int flips;

	for (flips = 1 + rand_r(seed) % 3; flips; flips--)
		p[rand_r(seed) % len] ^= 1 << rand_r(seed) % 8;
}

/* What a terminal, a shell, JSON or printf() would make something of. */
static void put_text(unsigned char *p, size_t len, unsigned int *seed)
{
	static const char *const texts[] = {
		"\033[2J", "\033]0;x\007", "\x9b" "2J", "\xff\xfe", "\xc2\x9b",
		"\xe2\x80\xae", "\"},{\"", "\\u0000", "`id>&2`", "$(id)", "%n%s",
		"\r\n", "\n", "../../", "\xed\xa0\x80",
	};
	const char *text = texts[rand_r(seed) % ARRAY_SIZE(texts)];
	size_t nr = strlen(text), at;

	if (nr > len)
		nr = len;
	at = rand_r(seed) % (len - nr + 1);
	memcpy(p + at, text, nr);
}

/* Numbers where sums and sizes wrap. */
static void put_number(unsigned char *p, size_t len, unsigned int *seed)
{
	static const uint32_t numbers[] = {
		0, 1, 0x7f, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
		0xfffffff0, 0xffffffff,
	};
	uint32_t number = numbers[rand_r(seed) % ARRAY_SIZE(numbers)];

	if (len >= sizeof(number))
		memcpy(p + rand_r(seed) % (len / 4) * 4, &number,
		       sizeof(number));
}

static bool is_letter(unsigned char c)
{
	return isalpha(c) || c == '_';
}

/* A name begins after a zero. Of the others in the section none is changed. */
static void put_in_name(unsigned char *p, size_t len, unsigned int *seed)
{
	size_t i, end, start = rand_r(seed) % len;

	for (i = start; i + 3 < len; i++) {
		if (p[i] || !is_letter(p[i + 1]) || !is_letter(p[i + 2]))
			continue;
		end = i + 1 + strnlen((char *)p + i + 1, len - i - 1);
		put_text(p + i + 1, end - i - 1, seed);
		return;
	}
}

static void change(struct bytes *b, unsigned int *seed)
{
	unsigned int times = 1 + rand_r(seed) % 2;
	size_t from, len;

	for (; times; times--) {
		pick(b, seed, &from, &len);
		switch (rand_r(seed) % 5) {
		case 0:
			flip_bits(b->data + from, len, seed);
			break;
		case 1:
			put_text(b->data + from, len, seed);
			break;
		case 2:
			put_number(b->data + from, len, seed);
			break;
		default:
			put_in_name(b->data + from, len, seed);
		}
	}
	if (rand_r(seed) % 32 == 0)
		b->size = rand_r(seed) % b->size + 1;
}

/* ---- what the verbs say --------------------------------------------------- */

/* Where it was, under what the sanitizers say; the object stays. */
static void last_words(void)
{
	dprintf(real[1], "%s, round %u, %s: the object is %s/damaged.bpf.o\n",
		progress.seed, progress.round, progress.verb, dir);
}

#define broken(_fmt, ...)						\
	fail_msg("%s, round %u, %s: " _fmt, progress.seed,		\
		 progress.round, progress.verb, __VA_ARGS__)

/* What a verb prints goes to files of ours. */
static void redirect(void)
{
	int i;

	fflush(stdout);
	for (i = 0; i < 2; i++)
		assert_true(dup2(files[i], i + 1) == i + 1);
}

static void restore(void)
{
	int i;

	fflush(stdout);
	for (i = 0; i < 2; i++)
		assert_true(dup2(real[i], i + 1) == i + 1);
}

static void take(int fd, char *text, size_t size)
{
	ssize_t len = pread(fd, text, size - 1, 0);

	assert_true(len >= 0 && (size_t)len < size - 1);
	text[len] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	if (strlen(text) != (size_t)len)
		broken("a zero was printed after: %s", text);
}

static void check_line(const char *line)
{
	struct json_tokener *tok;
	struct json_object *o;

	if (!text_is_printable(line))
		broken("this cannot be shown: %s", line);
	if (!out_json)
		return;
	tok = json_tokener_new();
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
			       JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, line, strlen(line) + 1);
	if (!o)
		broken("this is no JSON: %s", line);
	json_object_put(o);
	json_tokener_free(tok);
}

/* Only line by line, and without the tabs of libbpf. */
static void check_text(const char *text)
{
	char *copy = strdup(text), *line, *save, *p;

	assert_non_null(copy);
	for (p = copy; *p; p++)
		if (*p == '\t')
			*p = ' ';
	for (line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		check_line(line);
	free(copy);
}

static int do_open(const struct cmdline *c)
{
	struct failure f = {};
	struct attempt a;
	int failed;

	attempt_init(&a);
	failed = attempt_open(&a, c, &f);
	if (failed)
		attempt_explain("load", &a, c->args[1], &f);
	failure_clear(&f);
	attempt_close(&a);
	return failed ? NODECTL_NONE : NODECTL_OK;
}

/* Runs a verb; what it prints is in @out and @err afterwards. */
static int run(const char *name, int (*verb)(const struct cmdline *),
	       struct cmdline *c)
{
	int status;

	progress.verb = name;
	redirect();
	status = verb(c);
	restore();
	take(files[0], out, sizeof(out));
	take(files[1], err, sizeof(err));
	check_text(out);
	check_text(err);
	return status;
}

static void check_verbs(void)
{
	char path[PATH_MAX], *args[] = { path, "1", path, "limit=1" };
	struct cmdline inspect = { .args = args, .nr_args = 1 };
	struct cmdline load = { .args = args + 1, .nr_args = 3 };
	struct cmdline list = {};
	int status, listed;

	snprintf(path, sizeof(path), "%s/damaged.bpf.o", dir);
	status = run("inspect", do_inspect, &inspect);
	if (status != NODECTL_OK && status != NODECTL_NONE)
		broken("status %d", status);
	if (status == NODECTL_OK ? !*out : *out || !*err)
		broken("status %d: %s%s", status, out, err);
	refused += status == NODECTL_NONE;

	status = run("load", do_open, &load);
	if (status != NODECTL_OK && !*err)
		broken("status %d, and no reason", status);

	assert_int_equal(policy_dirs_add(&list.dirs, dir), 0);
	listed = run("policies", do_policies, &list);
	policy_dirs_free(&list.dirs);
	if (listed != NODECTL_OK && listed != NODECTL_PARTLY)
		broken("status %d: %s", listed, err);
	/* Before the damaged one and after it. */
	if (!strstr(out, "before") || !strstr(out, "later"))
		broken("a good one is missing: %s", out);
}

static void no_change_is_too_much(void **state)
{
	unsigned int seed = 1, round;

	progress.seed = *state;
	read_file(progress.seed, &good);
	for (round = 0; round < ROUNDS; round++) {
		progress.round = round;
		damaged = good;
		if (round)
			change(&damaged, &seed);
		write_file("damaged.bpf.o", &damaged);
		out_json = round % 2;
		bpflog_verbose = round % 8 < 2;
		check_verbs();
	}
}

/* Else the changes are such as nobody looks at. */
static void many_are_refused(void **state)
{
	(void)state;
	assert_true(refused > nr_seeds * ROUNDS / 8);
	assert_true(refused < nr_seeds * ROUNDS / 8 * 7);
}

static int begin(void **state)
{
	int i;

	(void)state;
	dir = temp_dir();
	read_file("build/bpf/admit_all.bpf.o", &good);
	write_file("before.bpf.o", &good);
	write_file("later.bpf.o", &good);
	for (i = 0; i < 2; i++) {
		real[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 3);
		files[i] = memfd_create("printed", MFD_CLOEXEC);
		assert_true(real[i] >= 0 && files[i] >= 0);
	}
	__sanitizer_set_report_fd((void *)(long)real[1]);
	__sanitizer_set_death_callback(last_words);
	bpflog_start();
	return 0;
}

static int end(void **state)
{
	(void)state;
	remove_dir(dir);
	return 0;
}

/* Those that are shipped, those of the tests, and what the fuzzer has found. */
static void find_seeds(glob_t *found)
{
	static const char *const where[] = {
		"build/bpf/*.bpf.o", "build/tests/unit/objects/*.bpf.o",
		"tests/fuzz/corpus/object/*.bpf.o",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(where); i++)
		if (glob(where[i], i ? GLOB_APPEND : 0, NULL, found)) {
			fprintf(stderr, "there is no %s\n", where[i]);
			exit(1);
		}
}

int main(void)
{
	struct CMUnitTest *tests;
	glob_t seeds = {};
	int failed;
	size_t i;

	enter_top();
	find_seeds(&seeds);
	nr_seeds = seeds.gl_pathc;
	tests = calloc(nr_seeds + 1, sizeof(*tests));
	if (!tests)
		return 1;
	for (i = 0; i < nr_seeds; i++)
		tests[i] = (struct CMUnitTest){
			.name = seeds.gl_pathv[i],
			.test_func = no_change_is_too_much,
			.initial_state = seeds.gl_pathv[i],
		};
	tests[i] = (struct CMUnitTest)cmocka_unit_test(many_are_refused);
	failed = _cmocka_run_group_tests("damage", tests, nr_seeds + 1, begin,
					 end);
	free(tests);
	globfree(&seeds);
	return failed;
}
