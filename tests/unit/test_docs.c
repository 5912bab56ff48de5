// SPDX-License-Identifier: GPL-2.0
/*
 * The examples of the documentation: each code block that starts with
 * "```c NAME.bpf.c" is compiled as the tutorial says and is a policy.  The
 * objects stay in build/tests/docs/, so that they can be loaded in the VM.
 */
#include <sys/stat.h>

#include <bpf/libbpf.h>

#include "unit.h"

/* cmocka's functions take an argument that most do not need. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define OUT		"build/tests/docs"
#define FENCE		"```"

static const char *const pages[] = { "README.md", "docs/write-a-policy.md" };

struct example {
	const char *page;
	char name[32];
	char *title;
};

static struct example examples[32];
static size_t nr_examples;

/* Write the code blocks of @page to OUT and note them down. */
static void extract(const char *page)
{
	char line[1024], name[32], path[PATH_MAX];
	FILE *in = fopen(page, "r"), *out = NULL;
	struct example *e;
	int len;

	if (!in) {
		perror(page);
		exit(1);
	}
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, FENCE, strlen(FENCE))) {
			if (out)
				fputs(line, out);
			continue;
		}
		if (out)
			fclose(out);
		out = NULL;
		len = 0;
		sscanf(line, FENCE "c %31[a-z0-9_].bpf.c%n", name, &len);
		if (!len || line[len] != '\n')
			continue;
		if (nr_examples == ARRAY_SIZE(examples)) {
			fprintf(stderr, "%s: too many examples\n", page);
			exit(1);
		}
		e = &examples[nr_examples++];
		e->page = page;
		strcpy(e->name, name);
		if (asprintf(&e->title, "%s in %s is a policy", name, page) < 0)
			exit(1);
		snprintf(path, sizeof(path), OUT "/%s.bpf.c", name);
		out = fopen(path, "w");
		if (!out) {
			perror(path);
			exit(1);
		}
	}
	if (out)
		fclose(out);
	fclose(in);
}

static const char *clang(void)
{
	static const char *const names[] = {
		"clang-19", "clang-20", "clang-21", "clang-18", "clang-17",
		"clang",
	};
	char cmd[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null",
			 names[i]);
		if (!system(cmd))
			return names[i];
	}
	return NULL;
}

static void is_a_policy(void **state)
{
	const struct example *e = *state;
	char cmd[512], object[PATH_MAX];
	const char *compiler = clang();
	struct bpf_object *obj;
	unsigned int nr_ops = 0;
	struct bpf_map *map;

	assert_non_null(compiler);
	snprintf(object, sizeof(object), OUT "/%s.bpf.o", e->name);
	snprintf(cmd, sizeof(cmd),
		 "%s -target bpf -g -O2 -Wall -Wextra -Werror -I build/include"
		 " -c " OUT "/%s.bpf.c"
		 " -o " OUT "/%s.bpf.o", compiler, e->name, e->name);
	assert_int_equal(system(cmd), 0);

	obj = bpf_object__open_file(object, NULL);
	assert_non_null(obj);
	bpf_object__for_each_map(map, obj)
		nr_ops += bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS;
	assert_int_equal(nr_ops, 1);
	bpf_object__close(obj);
}

static void every_page_has_an_example(void **state)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		for (j = 0; j < nr_examples; j++)
			if (examples[j].page == pages[i])
				break;
		assert_true(j < nr_examples);
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(examples) + 1] = {
		cmocka_unit_test(every_page_has_an_example),
	};
	size_t i;

	enter_top();
	if (mkdir(OUT, 0755) && access(OUT, W_OK)) {
		perror(OUT);
		return 1;
	}
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		extract(pages[i]);
	for (i = 0; i < nr_examples; i++)
		tests[i + 1] = (struct CMUnitTest){
			.name = examples[i].title,
			.test_func = is_a_policy,
			.initial_state = &examples[i],
		};
	return _cmocka_run_group_tests("docs", tests, nr_examples + 1, NULL,
				       NULL);
}
