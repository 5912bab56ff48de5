#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: run.sh --runs N | --seconds S [READER...]
# Give each reader of nodectl N arbitrary inputs, or all of them together S
# seconds. They begin with tests/fuzz/corpus/READER and go on with what earlier
# runs found (build/fuzz/corpus/READER). Each reader is one line: `ok - NAME`,
# `not ok - NAME: why` or `skip - NAME: why`. The exit status is 0 if none was
# `not ok`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

fuzz=$build/fuzz
usage='usage: run.sh --runs N | --seconds S [READER...]'
# Many times what the slowest input takes that ends at all.
hang=25

readers=()
for r in "$top"/tests/fuzz/fuzz_*.c; do
	r=${r##*/fuzz_}
	readers+=("${r%.c}")
done
case ${1-} in
--runs | --seconds) [[ ${2-} =~ ^[1-9][0-9]*$ ]] || die "$usage" ;;
*) die "$usage" ;;
esac
how=$1 amount=$2
shift 2
[ $# -eq 0 ] || readers=("$@")

# Good objects, where they are built, are worth more than bytes.
objects() {
	case $1 in
	elf | object) [ ! -d "$build/tests/unit/objects" ] || echo "$build/tests/unit/objects" ;;
	esac
}

# The largest input worth trying; an object of one small program has 4 kB.
max_len() {
	case $1 in
	elf | object) echo 16384 ;;
	*) echo 2048 ;;
	esac
}

# Of the seconds, the reader of whole objects gets three times what others get.
share() {
	case $1 in
	object) echo 3 ;;
	*) echo 1 ;;
	esac
}

# fuzz_reader READER: what libFuzzer says goes to build/fuzz/READER.log
fuzz_reader() {
	local r=$1 rc=0 work=$fuzz/corpus/$1 log=$fuzz/$1.log limit dirs

	mkdir -p "$work"
	dirs=("$work" "$top/tests/fuzz/corpus/$r")
	mapfile -t -O 2 dirs < <(objects "$r")
	case $how in
	--runs) limit=(-runs="$amount") ;;
	*) limit=(-max_total_time=$(((amount * $(share "$r") + shares - 1) / shares))) ;;
	esac
	UBSAN_OPTIONS=print_stacktrace=1 "$fuzz/fuzz_$r" "${limit[@]}" \
		-timeout=$hang -rss_limit_mb=2048 -max_len="$(max_len "$r")" \
		-artifact_prefix="$fuzz/$r-" -print_final_stats=1 \
		"${dirs[@]}" >"$log" 2>&1 </dev/null || rc=$?
	if [ $rc = 0 ]; then
		echo "ok - fuzz.$r"
		say "  $r: $(awk '/^stat::number_of_executed_units/ { print $2 }' "$log")" \
			"executions, $(grep -o 'cov: [0-9]*' "$log" | tail -n 1)"
		return
	fi
	echo "not ok - fuzz.$r: $(grep -m 1 -oE 'SUMMARY: .*|does not hold: .*' "$log" || echo "status $rc")"
	say "  what it said: $log"
	say "  once more: $fuzz/fuzz_$r $(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
	return 1
}

bad=0 shares=0
for r in "${readers[@]}"; do
	shares=$((shares + $(share "$r")))
done
for r in "${readers[@]}"; do
	[ -f "$top/tests/fuzz/fuzz_$r.c" ] || die "there is no reader '$r'"
	if [ -x "$fuzz/fuzz_$r" ]; then
		fuzz_reader "$r" || bad=1
	elif "$top/tests/fuzz/cc.sh" >/dev/null; then
		echo "not ok - fuzz.$r: it is not built (make fuzz-programs)"
		bad=1
	else
		echo "skip - fuzz.$r: no clang here has libFuzzer (Debian: libclang-rt-19-dev)"
	fi
done
exit $bad
