#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: policies.sh [--json] [POLICY...]
# make bench: the policies side by side. In one VM the same mixed workload runs
# with each of them, "native" for the kernel's own default, and a table says what
# came of it. The device is emulated and the VM may be: there is no time in the
# table, and nothing in it is about speed.
#   BENCH_MIB=192 BENCH_REDIS_MIB=24  the data     BENCH_ROUNDS=12
#   BENCH_DRAM=40  percent of the data that stay in DRAM
#   BENCH_PHYS=64M  physical space    BENCH_CUT=85  percent that is left of it in
#   every fourth round (100: the device loses nothing)   BENCH_TIMEOUT=3600
set -euo pipefail
# shellcheck source=tests/bench/options.sh
. "$(dirname "$0")/options.sh"

[ $# -gt 0 ] || set -- native admit_all ratio_keeper watermark anti_thrash
for policy; do
	[ "$policy" = native ] || [ -r "$build/bpf/$policy.bpf.o" ] ||
		die "there is no policy '$policy'" "run: make policies"
done
[ -x "$build/tests/bench/workload" ] || die "the workload is not built" "run: make bench"

mib=${BENCH_MIB:-192} redis_mib=${BENCH_REDIS_MIB:-24} rounds=${BENCH_ROUNDS:-12}
phys=${BENCH_PHYS:-64M} cut=${BENCH_CUT:-85} dram=${BENCH_DRAM:-40} seconds=${BENCH_TIMEOUT:-3600}
want_numbers "$mib" "$redis_mib" "$rounds" "$cut" "$dram" "$seconds"

out=$(mktemp)
trap 'rm -f "$out"' EXIT
rc=0
"$top/scripts/vm.sh" -m 1G -n 512M -t "$seconds" --log "$build/vm/bench.log" -- \
	"export BENCH_MIB=$mib BENCH_REDIS_MIB=$redis_mib BENCH_ROUNDS=$rounds BENCH_PHYS=$phys BENCH_CUT=$cut BENCH_DRAM=$dram; echo accel \$NODE_EXT_ACCEL; tests/bench/guest.sh $*" >"$out" || rc=$?
[ $rc -eq 0 ] || say "error: the VM ended with status $rc (kernel log: build/vm/bench.log)"

# Each line is `result POLICY NAME=VALUE...`; what is missing is shown as -.
awk -v json="$json" -v mib="$mib" -v redis_mib="$redis_mib" -v rounds="$rounds" \
    -v phys="$phys" -v cut="$cut" -v dram="$dram" -v want=$# '
function of(name) { return name in v ? v[name] : "-" }
function ratio(a, b) { return b > 0 ? sprintf("%.2f", a / b) : "-" }
function percent(a, b) { return b > 0 ? sprintf("%.1f", 100 * a / b) : "-" }
function number(x) { return x == "-" ? "null" : x }
$1 == "accel" { accel = $2 }
$1 == "result" {
	split("", v)
	for (i = 3; i <= NF; i++) {
		eq = index($i, "=")
		v[substr($i, 1, eq - 1)] = substr($i, eq + 1)
	}
	n++
	name[n] = $2
	demoted[n] = of("pages_demoted")
	end[n] = ratio(v["logical_used"], v["physical_used"])
	mean[n] = of("ratio_mean"); least[n] = of("ratio_least")
	high[n] = of("pressure_high"); critical[n] = of("pressure_critical")
	bounce[n] = percent(v["pages_promoted_write"], v["pages_demoted"])
	swapped[n] = of("swap_outs")
	redis = v["redis"]
	bad += v["mismatches"] + v["violations"]
	raw[n] = ""
	for (i = 3; i <= NF; i++) {
		eq = index($i, "=")
		raw[n] = raw[n] sprintf("%s\"%s\": %s", i > 3 ? ", " : "",
			substr($i, 1, eq - 1), substr($i, eq + 1))
	}
}
END {
	about = sprintf("emulated device (cram_emu), %s, no timing", toupper(accel))
	if (json) {
		printf "{\n  \"device\": \"cram_emu\", \"accel\": \"%s\", \"timing\": false,\n", accel
		printf "  \"data_mib\": %d, \"redis_mib\": %d, \"rounds\": %d, \"phys\": \"%s\", \"cut_percent\": %d, \"dram_percent\": %d,\n",
			mib, redis ? redis_mib : 0, rounds, phys, cut, dram
		print "  \"policies\": ["
		for (i = 1; i <= n; i++)
			printf "    {\"policy\": \"%s\", \"ratio\": %s, \"bounce_percent\": %s, %s}%s\n",
				name[i], number(end[i]), number(bounce[i]), raw[i], i < n ? "," : ""
		print "  ]\n}"
	} else {
		print "Policies on the mixed workload: " about
		printf "%d MiB of text, JSON, random numbers, zeros and machine code; redis: %s\n",
			mib, redis ? redis_mib " MiB" : "not there"
		printf "%d %% of it in DRAM, %d rounds, %s of physical space", dram, rounds, phys
		if (cut < 100)
			printf ", %d %% of it in every fourth round", cut
		print "\n"
		print "                   pages  ratio, logical : physical  times at pressure  bounced      pages"
		print "policy           demoted    end    mean   least     high  critical       %   swapped out"
		for (i = 1; i <= n; i++)
			printf "%-14s %9s %6s %7s %7s %8s %9s %7s %13s\n", name[i],
				demoted[i], end[i], mean[i], least[i], high[i],
				critical[i], bounce[i], swapped[i]
		print "\nmean and least: after each round of the second half. bounced: promoted by a"
		print "write, of those demoted."
	}
	if (bad) print "error: the device found pages written through the fence, or space exceeded" >"/dev/stderr"
	if (n < want) printf "error: only %d of %d runs ended\n", n, want >"/dev/stderr"
	exit bad || n < want
}' "$out" || rc=1
exit $rc
