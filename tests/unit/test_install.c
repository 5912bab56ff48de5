// SPDX-License-Identifier: GPL-2.0
/*
 * make install and uninstall, below a DESTDIR, and the completion for bash.
 */
#include "shell.h"

#define INSTALL(_what)							\
	"DESTDIR=$PWD/d PREFIX=/opt/x $top/scripts/install.sh " _what

static void an_installed_nodectl_finds_its_policies(void **state)
{
	assert_run(0, *state, INSTALL("install"));
	assert_run(0, *state,
		   "cd / && env -u NODECTL_PATH \"$OLDPWD/d/opt/x/sbin/nodectl\" inspect watermark");
	assert_contains(said, "/d/opt/x/lib/node_ext/watermark.bpf.o");
}

static void every_policy_is_installed(void **state)
{
	assert_run(0, *state, INSTALL("install"));
	assert_run(0, *state,
		   "for p in $top/bpf/*.bpf.c; do p=$(basename $p .c).o; cmp $top/build/bpf/$p d/opt/x/lib/node_ext/$p || exit; done");
}

/* The headers of the tree must not be needed: they are out of sight. */
static void a_policy_is_made_with_what_is_installed(void **state)
{
	assert_run(0, *state, INSTALL("install"));
	assert_run(0, *state,
		   "mv d e && e/opt/x/sbin/nodectl new mine m && make -C m");
	assert_contains(said, "[  PASSED  ] 2 test(s).");
	assert_run(1, *state, "grep -rF $top m");
}

static void the_other_files_are_where_their_readers_look(void **state)
{
	assert_run(0, *state, INSTALL("install"));
	assert_run(0, *state,
		   "cd d/opt/x/share && cmp man/man8/nodectl.8 $top/docs/nodectl.8 && test -s bash-completion/completions/nodectl -a -s zsh/site-functions/_nodectl -a -s fish/vendor_completions.d/nodectl.fish -a -s doc/nodectl/README.md");
}

static void the_unit_starts_the_installed_nodectl(void **state)
{
	assert_run(0, *state, INSTALL("install"));
	assert_run(0, *state,
		   "cd d/opt/x/lib && grep -x 'ExecStart=/opt/x/sbin/nodectl apply --stay %%i' systemd/system/nodectl-apply@.service && cmp udev/rules.d/90-nodectl.rules $top/contrib/90-nodectl.rules");
}

static void nothing_but_nodectl_is_executable(void **state)
{
	assert_run(0, *state, INSTALL("install"));
	assert_run(0, *state, "find d -type f -perm /111");
	assert_string_equal(said, "d/opt/x/sbin/nodectl\n");
	assert_run(1, *state, "find d -type f ! -perm -444 | grep .");
}

static void uninstall_leaves_no_file_and_no_directory_of_ours(void **state)
{
	assert_run(0, *state, INSTALL("install") " && " INSTALL("uninstall"));
	assert_run(1, *state, "find d ! -type d | grep .");
	assert_run(1, *state, "find d -name 'node*' | grep .");
}

static void uninstall_leaves_a_policy_of_the_administrator(void **state)
{
	assert_run(0, *state,
		   INSTALL("install") " && touch d/opt/x/lib/node_ext/own.bpf.o && " INSTALL("uninstall"));
	assert_run(0, *state, "find d ! -type d");
	assert_string_equal(said, "d/opt/x/lib/node_ext/own.bpf.o\n");
}

static void a_relative_place_is_refused_and_nothing_made(void **state)
{
	assert_run(1, *state, "DESTDIR=d $top/scripts/install.sh install");
	assert_contains(said, "DESTDIR begins with a /");
	assert_run(1, *state,
		   "DESTDIR=$PWD/d PREFIX=usr $top/scripts/install.sh install");
	assert_contains(said, "PREFIX and ZSHDIR begin with a /");
	assert_run(1, *state, "ls | grep .");
}

static void bash_offers_every_verb(void **state)
{
	assert_run(0, *state,
		   "$nodectl --help | sed -n '/^Verbs:/,/^$/s/^  \\([a-z]*\\) .*/\\1/p' | sort >verbs; test -s verbs");
	assert_run(0, *state,
		   "bash -c '. $0/contrib/completion/nodectl.bash; COMP_WORDS=(nodectl \"\") COMP_CWORD=1; _nodectl; printf \"%%s\\n\" ${COMPREPLY[@]}' $top | grep -vE '^(--.*|help)$' | sort | diff verbs -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_installed_nodectl_finds_its_policies),
		TEST(every_policy_is_installed),
		TEST(a_policy_is_made_with_what_is_installed),
		TEST(the_other_files_are_where_their_readers_look),
		TEST(the_unit_starts_the_installed_nodectl),
		TEST(nothing_but_nodectl_is_executable),
		TEST(uninstall_leaves_no_file_and_no_directory_of_ours),
		TEST(uninstall_leaves_a_policy_of_the_administrator),
		TEST(a_relative_place_is_refused_and_nothing_made),
		TEST(bash_offers_every_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
