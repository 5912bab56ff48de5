# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The table at the end of the demo, and what must hold. Sourced by guest.sh,
# which has put every result into r[] and counted `failures`.
# shellcheck disable=SC2154

group() {
	LC_ALL=C.UTF-8 awk -v n="$1" 'BEGIN {
		while (length(n) > 3 && n !~ /[^0-9]/) {
			s = "," substr(n, length(n) - 2) s
			n = substr(n, 1, length(n) - 3)
		}
		print n s
	}'
}
rule() {
	printf -- '-%.0s' {1..79}
	echo
}
# columns TEXT A B C
columns() {
	printf '%-36s %13s %13s %13s\n' "$@"
}
# phases TEXT COUNTER: what it did under each policy
phases() {
	columns "$1" "$(group "$(delta empty cold "$2")")" \
		"$(group "$(delta swap2 second "$2")")" \
		"$(group "$(delta native0 native "$2")")"
}
# row TEXT VALUE RULE: RULE is what the value must be, 0, ">0", "<=N" or "=N"
row() {
	local value=${2:-0} verdict

	case $3 in
	0) verdict="must be 0"; [ -n "$2" ] && [ "$value" -eq 0 ] ;;
	'>0') verdict="must be more than 0"; [ "$value" -gt 0 ] ;;
	'<='*) verdict="must be ${3#<=} or less"; [ "$value" -le "${3#<=}" ] ;;
	=*) verdict="must be ${3#=}"; [ "$value" -eq "${3#=}" ] ;;
	esac || {
		failures+=("${1#"${1%%[! ]*}"}: ${2:-unknown}, $verdict")
		verdict+=": NO"
	}
	printf '%-46s %9s  %s\n' "$1" "$(group "${2:--}")" "$verdict"
}
# fact TEXT VALUE [UNIT]: a number that may be any
fact() {
	printf '%-46s %9s%s\n' "$1" "$(group "${2:--}")" "${3:+ $3}"
}
# space TEXT BYTES LIMIT: in MiB; both in bytes
space() {
	local verdict

	verdict="MiB, must be $(mib "$3") or less"
	if [ "${2:-$(($3 + 1))}" -gt "$3" ]; then
		failures+=("${1#"${1%%[! ]*}"}: ${2:-unknown} B, must be $3 or less")
		verdict+=": NO"
	fi
	printf '%-46s %9s %s\n' "$1" "$(mib "${2:-0}")" "$verdict"
}

report() {
	local slack=$(($(nproc) * (31 + 32)))
	local logical=${r[cold.logical_used]} physical=${r[cold.physical_used]}

	rule
	columns "What the node was offered and took [1]" "$policy" "$second" \
		"native"
	phases "pages offered by reclaim" pages_offered
	phases "pages admitted" pages_admitted
	phases "pages refused (on to swap)" pages_denied
	phases "pages that found no room" pages_refused_device
	phases "pages promoted by writes" pages_promoted_write
	rule
	fact "logical: data held by the node [2]" "$(mib "$logical")" MiB
	fact "physical: memory that takes" "$(mib "$physical")" MiB
	fact "ratio" "$(awk -v l="$logical" -v p="$physical" \
			'BEGIN { if (p > 0) printf "%.2f", l / p; else print "-" }')" ": 1"
	rule
	echo "Reads of demoted data"
	row "  server's pages on the node, all read [3]" "${r[server.pages]-}" ">0"
	row "    reads of them that faulted" "${r[server.readfaults]-}" 0
	row "  pages read in place by a program [4]" "${r[reader.pages]-}" ">0"
	row "    reads of them that faulted" "${r[reader.faults]-}" 0
	row "    changed their physical page meanwhile" "${r[reader.moved]-}" 0
	row "    differ from what was written" "${r[reader.different]-}" 0
	echo "Writes to demoted data"
	row "  values rewritten" "${r[rewrite.rewritten]-}" ">0"
	row "  pages promoted by these writes" \
		"$(delta swap3 written pages_promoted_write)" ">0"
	echo "While $policy was replaced by $second"
	row "  requests served, all of the load" "${r[load.served]-}" ">0"
	row "  requests served, inside nodectl swap" \
		$((${r[after.served]:-0} - ${r[before.served]:-0})) ">0"
	row "  requests failed" "${r[load.failed]-}" 0
	row "  answers wrong" "${r[load.different]-}" 0
	row "  pages that a policy was asked about" \
		"$(delta swap0 swap3 calls_admit_folio)" ">0"
	row "  calls that found no policy" \
		"$(delta swap0 swap3 calls_no_policy)" 0
	echo "Under $second"
	row "  pages of the server on the node [5]" "${r[budget.pages]}" \
		"<=$((budget + slack))"
	echo "While the device had lost $lost of its capacity, under load"
	fact "  capacity before" "$(mib "${r[cut0.physical_total]}")" MiB
	fact "    of which in use" "$(mib "${r[cut0.physical_used]}")" MiB
	fact "  capacity after" "$(mib "$limit")" MiB
	space "    of which in use" "${r[cut2.physical_used]-}" "$limit"
	row "  times that the device held too much [6]" "${violations-}" 0
	row "  times that pressure became critical" \
		"$(delta cut0 cut2 pressure_critical)" ">0"
	row "  pages that the kernel took out of the node" \
		$(($(delta cut0 cut2 pages_reclaimed) +
		   $(delta cut0 cut2 pages_evacuated))) ">0"
	fact "    of them to swap" "$(delta cut0 cut2 pages_reclaimed)"
	fact "    of them to DRAM" "$(delta cut0 cut2 pages_evacuated)"
	row "  free pages that its balloon took away [7]" \
		"$(delta cut0 cut2 balloon_in)" ">0"
	row "  processes killed" "$(delta cut0 cut2 kills)" 0
	row "  requests served" \
		$((${r[cut2.served]:-0} - ${r[cut0.served]:-0})) ">0"
	row "  requests failed, all of the load" "${r[cutload.failed]-}" 0
	row "  answers wrong" "${r[cutload.different]-}" 0
	row "  pages that came in when the capacity was back" \
		"$(delta back0 back1 pages_demoted)" ">0"
	echo "From a hostile policy to the next good one, under load"
	row "  policies ejected by the kernel" \
		"$(delta bad0 bad1 policy_ejects)" =1
	row "  requests served" \
		$((${r[bad1.served]:-0} - ${r[bad0.served]:-0})) ">0"
	row "  requests failed, all of the load" "${r[badload.failed]-}" 0
	row "  answers wrong" "${r[badload.different]-}" 0
	echo "At the end, after nodectl unload"
	row "  pages admitted without a policy" \
		"$(delta native0 native pages_admitted)" ">0"
	row "  calls to a policy" \
		"$(delta native0 native calls_admit_folio)" 0
	row "  values read back and compared" "${r[verify.compared]-}" \
		"=${r[data.values]:-0}"
	row "  values that differ" "${r[verify.different]-}" 0
	row "  hash mismatches found by the device [8]" "${mismatches-}" 0
	row "  warnings in the kernel's log" "${warnings-}" 0
	rule
	cat <<NOTES
[1] $policy: while the server was filled. $second: from the end of the swap
    until its budget held. native: after nodectl unload. What came and went
    between these is below, in the block that it belongs to.
[2] After the fill: base pages resident on $node, and what they take there,
    compressed with LZ4, reservations included.
[3] The kernel's trace events exceptions:page_fault_* of the server's thread
    while every value was read by GET. Counted: faults by a read on a page
    that was on $node before. The server writes to its own data, too, e.g. the
    time of the last access: ${r[server.writefaults]:-?} faults by writes there.
[4] Own memory of a program, full of the same text, demoted, then read by
    plain loads: getrusage() before and after, and /proc/self/pagemap.
[5] Its budget is $budget pages (nodectl set). The kernel counts pages per CPU in
    batches, and what was on its way when the budget was set is not in its
    count: $slack more are possible.
[6] Counted by the device: a page came in for which there was no room. What was
    there when the capacity went away is right until it has left.
[7] The balloon holds pages of the node that nobody may use, because the device
    could not store what is written there. It held $(group "${r[cut0.balloon_pages]}") pages before
    and $(group "${r[cut2.balloon_pages]}") after.
[8] The device keeps a hash of every page and has just checked all of them:
    a mismatch would mean that somebody wrote to a page in place.
NOTES
	[ "$(delta empty cold pages_offered)" -gt 0 ] ||
		failures+=("reclaim offered pages under $policy: none")
	[ "$(delta empty cold pages_admitted)" -gt 0 ] ||
		failures+=("$policy admitted pages: none")
	[ "$(delta empty cold pages_denied)" -gt 0 ] ||
		failures+=("$policy refused pages that do not shrink: none")
	[ "$(delta decide second pages_admitted)" -gt 0 ] ||
		failures+=("$second admitted pages within its budget: none")
	[ "$(delta decide second pages_denied)" -gt 0 ] ||
		failures+=("$second refused pages beyond its budget: none")
	[ "$logical" -gt "$physical" ] ||
		failures+=("the node holds more than it takes: $logical B in $physical B")
}
