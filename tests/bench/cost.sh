#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: cost.sh [--json] KERNEL
# What the series costs, in instructions per page of 4 KiB: this kernel, without
# a device node, beside KERNEL, which is the unpatched one of the same
# configuration (a directory with its bzImage and lib/modules, as in
# build/image), and with a device node beside an ordinary node of a lower tier.
# QEMU counts (-icount), so that nothing here depends on the speed of the machine;
# one CPU, both LRUs, and for each number the median and the spread of all rounds.
#   COST_PAGES=4096   pages of each operation    COST_ROUNDS=9
#   COST_TIMEOUT=3600 seconds for each VM        COST_RAW=FILE  keep the raw numbers
set -euo pipefail
# shellcheck source=tests/bench/options.sh
. "$(dirname "$0")/options.sh"

[ $# = 1 ] || die "which kernel is the unpatched one?" "usage: tests/bench/cost.sh [--json] KERNEL"
base=$1
pages=${COST_PAGES:-4096} rounds=${COST_ROUNDS:-9} seconds=${COST_TIMEOUT:-3600}
want_numbers "$pages" "$rounds" "$seconds"
[ "$rounds" -ge 5 ] || die "COST_ROUNDS=$rounds: a median of fewer than 5 rounds says little"
[ -r "$base/bzImage" ] || die "there is no kernel in '$base'" "it must hold bzImage and lib/modules"
objects=$build/kernel/release
[ -e "$objects/Module.symvers" ] || die "the kernel's objects are not there" \
	"they are after a build in this checkout: make kernel-tree, change a file, make kernel"

# The workload, and the module for an ordinary node of a lower tier.
make -C "$top" build/tests/bench/cost >&2
mkdir -p "$build/tests/bench/slow_node"
cp "$top"/tests/bench/slow_node/* "$build/tests/bench/slow_node/"
make -s -C "$build/linux" O="$objects" M="$build/tests/bench/slow_node" modules >&2

raw=${COST_RAW:-}
if [ -z "$raw" ]; then
	raw=$(mktemp)
	trap 'rm -f "$raw"' EXIT
fi
: >"$raw"

measure() { # LABEL KERNEL KIND
	local rc=0

	say "Measuring: $1"
	"$top/scripts/vm.sh" -k "$2" -c 1 -m 1G -n 512M --icount -t "$seconds" \
		-a memhp_default_state=online_movable --log "$build/vm/cost-$1.log" -- \
		"tests/bench/cost-guest.sh $pages $rounds $3" | sed -n "s/^$3 /$1 /p" >>"$raw" ||
		rc=$?
	[ $rc = 0 ] || die "the VM ended with status $rc" "kernel log: build/vm/cost-$1.log"
}

measure base "$base" plain
measure this release plain
measure device release device
measure slow release slow

# LABEL LRU OPERATION ROUND PAGES INSTRUCTIONS
awk -v json="$json" -v rounds="$rounds" -v pages="$pages" '
function sorted(k,	i, j, x, n) {
	n = nr[k]
	for (i = 1; i <= n; i++)
		v[i] = value[k, i]
	for (i = 2; i <= n; i++) {
		x = v[i]
		for (j = i - 1; j > 0 && v[j] > x; j--)
			v[j + 1] = v[j]
		v[j + 1] = x
	}
	return n
}
function median(k,	n) {
	n = sorted(k)
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
# From the least to the most, in percent of the median.
function spread(k,	n, m) {
	m = median(k)
	n = sorted(k)
	return m ? 100 * (v[n] - v[1]) / m : 0
}
function row(lru, what, a, b,	ka, kb, ma, mb) {
	ka = a SUBSEP lru SUBSEP what
	kb = b SUBSEP lru SUBSEP (a == "device" && b == "this" ? "cow" : what)
	if (!nr[ka] || !nr[kb])
		return
	ma = median(ka)
	mb = median(kb)
	if (json)
		printf "%s    {\"lru\": \"%s\", \"operation\": \"%s\", \"kernel\": \"%s\", \"beside\": \"%s\", \"instructions\": %.1f, \"spread_percent\": %.3f, \"instructions_beside\": %.1f, \"spread_beside_percent\": %.3f, \"difference_percent\": %.3f}",
			rows++ ? ",\n" : "", lru, what, a, b, ma, spread(ka), mb,
			spread(kb), 100 * (ma / mb - 1)
	else
		printf "%-8s %-15s %10.1f %7.2f %% %10.1f %7.2f %% %+8.2f %%\n", lru, what,
			mb, spread(kb), ma, spread(ka), 100 * (ma / mb - 1)
}
function table(head, list, a, b,	ops, n, i, l) {
	n = split(list, ops, " ")
	if (!json) {
		printf "\n%s\n%-8s %-15s %10s %9s %10s %9s %10s\n", head, "lru", "per page",
			b, "spread", a, "spread", "difference"
	}
	for (l = 1; l <= 2; l++)
		for (i = 1; i <= n; i++)
			row(l == 1 ? "lru" : "lru_gen", ops[i], a, b)
}
{
	k = $1 SUBSEP $2 SUBSEP $3
	value[k, ++nr[k]] = $6 / $5
}
END {
	if (json) {
		printf "{\n  \"unit\": \"guest instructions per page of 4 KiB\", \"pages\": %d, \"rounds\": %d,\n  \"rows\": [\n",
			pages, rounds
	} else {
		printf "Guest instructions per page of 4 KiB (QEMU -icount, one CPU), median of %d\nrounds of %d pages; spread is from the least to the most\n",
			rounds, pages
	}
	table("Without a device node, beside the unpatched kernel",
	      "fault fork cow reuse mprotect mprotect-write swap-out swap-in unmap", "this", "base")
	table("A write promotes, beside an ordinary copy on write of this kernel",
	      "promote refault", "device", "this")
	table("Demotion to a device node that stores raw, beside an ordinary node",
	      "demote", "device", "slow")
	if (json)
		print "\n  ]\n}"
}' "$raw"
