// SPDX-License-Identifier: GPL-2.0
/* What nodectl check says about kernels that lack a part of the interface. */
#include "unit.h"

#include <bpf/btf.h>

#include "interface.h"
#include "object.h"

static const char *const first_members[] = {
	"admit_batch", "admit_folio", "choose_class", "migrated",
	"promote_fault", "init", "exit", "nid", "version", "flags", "name",
};

static const char *const later_members[] = {
	"promote_hot", "reclaim_folio", "pressure",
};

static const char *const first_functions[] = {
	"bpf_node_device_folio_sample", "bpf_node_device_folio_estimate",
	"bpf_node_device_folio_info",
};

static const char *const later_functions[] = {
	"bpf_node_device_stat", "bpf_iter_node_device_folio_new",
	"bpf_node_device_admit_set",
	"bpf_node_device_admit_rate", "bpf_node_device_request_reclaim",
	"bpf_node_device_policy_exit",
};

static int u64_type;

static void add_struct(struct btf *btf, const char *name,
		       const char *const *fields, size_t nr,
		       const char *const *more, size_t nr_more)
{
	size_t i;

	assert_true(btf__add_struct(btf, name, 8 * (nr + nr_more)) > 0);
	for (i = 0; i < nr + nr_more; i++)
		assert_int_equal(btf__add_field(btf, i < nr ? fields[i] :
						more[i - nr], u64_type,
						64 * i, 0), 0);
}

static void add_functions(struct btf *btf, const char *const *names, size_t nr)
{
	int proto = btf__add_func_proto(btf, 0);
	size_t i;

	for (i = 0; i < nr; i++)
		assert_true(btf__add_func(btf, names[i], BTF_FUNC_GLOBAL,
					  proto) > 0);
}

/* Types of a kernel of today, or of the first one that had policies. */
static struct btf *kernel(bool today)
{
	static const char *const info[] = { "nid", "area" };
	static const char *const ctx[] = { "nid", "pressure" };
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	u64_type = btf__add_int(btf, "unsigned long long", 8, 0);
	add_struct(btf, OPS_TYPE, first_members, ARRAY_SIZE(first_members),
		   later_members, today ? ARRAY_SIZE(later_members) : 0);
	add_struct(btf, OPS_VALUE_TYPE, info, 1, NULL, 0);
	add_struct(btf, "node_folio_info", info, today ? 2 : 1, NULL, 0);
	add_struct(btf, "node_admit_ctx", ctx, today ? 2 : 1, NULL, 0);
	add_functions(btf, first_functions, ARRAY_SIZE(first_functions));
	if (today)
		add_functions(btf, later_functions,
			      ARRAY_SIZE(later_functions));
	return btf;
}

static struct {
	int missing, missing_required, unknown, all;
	char text[8192];	/* what is missing, a line each */
} result;

static void note(void *arg, bool required, enum presence presence,
		 const char *name, const char *consequence)
{
	size_t len = strlen(result.text);

	assert_null(arg);
	assert_true(name[0] && consequence[0]);
	assert_int_not_equal(consequence[strlen(consequence) - 1], '.');
	result.all++;
	result.unknown += presence == UNKNOWN;
	if (presence != MISSING)
		return;
	result.missing++;
	result.missing_required += required;
	snprintf(result.text + len, sizeof(result.text) - len, "%s: %s\n", name,
		 consequence);
}

static void look(struct btf *btf)
{
	memset(&result, 0, sizeof(result));
	interface_check(btf, note, NULL);
	btf__free(btf);
}

static void a_kernel_of_today_has_everything(void **state)
{
	(void)state;
	look(kernel(true));
	if (result.missing)
		fail_msg("missing: %s", result.text);
	assert_int_equal(result.unknown, 0);
}

static void the_first_kernels_lack_nothing_required(void **state)
{
	(void)state;
	look(kernel(false));
	assert_int_equal(result.missing_required, 0);
}

static void what_they_lack_is_named_with_the_policies(void **state)
{
	char line[128];
	size_t i;

	(void)state;
	look(kernel(false));
	for (i = 0; i < ARRAY_SIZE(later_members); i++) {
		snprintf(line, sizeof(line), "member %s: ", later_members[i]);
		assert_contains(result.text, line);
	}
	for (i = 0; i < ARRAY_SIZE(later_functions); i++) {
		snprintf(line, sizeof(line), "kernel function %s: ",
			 later_functions[i]);
		assert_contains(result.text, line);
	}
	assert_contains(result.text, "field area of struct node_folio_info: ");
	assert_contains(result.text, "ratio_keeper");
	assert_contains(result.text, "watermark");
	assert_contains(result.text, "anti_thrash");
	assert_contains(result.text, "tpp");
}

static void a_kernel_without_policies_lacks_what_is_required(void **state)
{
	(void)state;
	look(btf__new_empty());
	assert_contains(result.text, "struct " OPS_TYPE ": ");
	/* Both structs and the functions that were there from the first. */
	assert_int_equal(result.missing_required,
			 2 + ARRAY_SIZE(first_functions));
	assert_null(strstr(result.text, "member "));
}

static void without_types_nothing_is_known(void **state)
{
	(void)state;
	look(NULL);
	assert_int_equal(result.missing, 0);
	assert_int_equal(result.unknown, result.all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_of_today_has_everything),
		cmocka_unit_test(the_first_kernels_lack_nothing_required),
		cmocka_unit_test(what_they_lack_is_named_with_the_policies),
		cmocka_unit_test(a_kernel_without_policies_lacks_what_is_required),
		cmocka_unit_test(without_types_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
