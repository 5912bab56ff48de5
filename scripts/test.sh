#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: test.sh GROUP...    (unit, fuzz, monitoring, vm)
# Run the groups, show their lines and close with the sum. A test is one line,
# `ok - NAME`, `not ok - NAME: why` or `skip - NAME: why`. A group that fails
# without naming a test, or runs none, counts as one failed test.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# One cmocka program after the other, its TAP in our words.
unit() {
	local t rc bad=0

	cd "$top"
	for t in tests/unit/test_*.c; do
		t=$build/${t%.c}
		rc=0
		CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 300 "$t" </dev/null >"$tmp/unit" 2>&1 || rc=$?
		awk -v prog="${t##*/}" -v rc=$rc '
			/^(not )?ok [0-9]+/ {
				# Some versions of cmocka say `not ok` of a skip, too.
				skip = /# SKIP/; bad = /^not/ && !skip
				sub(/^(not )?ok [0-9]+ (- )?/, ""); sub(/ *# SKIP.*/, "")
				verdict = bad ? "not ok" : skip ? "skip" : "ok"
				printf "%s - %s: %s%s\n", verdict, prog, $0,
					bad ? ": see the lines below" : skip ? ": skipped itself" : ""
				n++; failed += bad
				next
			}
			{ other = other "    " $0 "\n" }
			END {
				if (rc && !failed)
					printf "not ok - %s: exit status %d after %d tests\n", prog, rc, n
				else if (!n)
					printf "not ok - %s: it ran no test\n", prog
				if (rc) printf "%s", other
			}' "$tmp/unit"
		[ $rc = 0 ] || bad=1
	done
	return $bad
}

# The readers of nodectl, 60 seconds in all.
fuzz() {
	"$top/tests/fuzz/run.sh" --seconds 60 </dev/null
}

monitoring() {
	"$top/tests/monitoring/run.sh" </dev/null
}

vm() {
	"$top/tests/run.sh" </dev/null
}

count() {
	grep -c "^$1 - " "$2" || true
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0
for group; do
	say "Tests: $group"
	rc=0
	"$group" | tee "$tmp/out" || rc=$?
	ok=$(count ok "$tmp/out") bad=$(count 'not ok' "$tmp/out") skip=$(count skip "$tmp/out")
	if [ $rc -ne 0 ] && [ "$bad" = 0 ]; then
		echo "not ok - group $group: exit status $rc, no test named"
		bad=1
	elif [ $((ok + bad + skip)) = 0 ]; then
		echo "not ok - group $group: it ran no test"
		bad=1
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
