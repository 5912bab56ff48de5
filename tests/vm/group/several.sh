# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Two device nodes at once, one node of two ranges, and a node without a fence.
# Takes the device of the group away and brings its own, one after the other.

# with NAME PARAMETERS TEST...: load the device so and run these tests
with() {
	local name=$1 range n=0

	# shellcheck disable=SC2086
	if ! modprobe cram_emu $2; then
		fail "$name" "modprobe cram_emu $2 failed"
		return
	fi
	shift 2
	run several "$@"
	for range in "$emu"/[0-9]*; do
		n=$((n + 1))
		# Only pages that are verified can be scrubbed.
		{ echo 1 >"$range/scrub"; } 2>/dev/null || true
		{ echo 0 >"$range/online"; } 2>/dev/null || true
	done
	[ $n -gt 0 ] || fail "$name" "the device has no range"
	check "$name.mismatches" "a page was written through the fence" \
		[ "$(cat "$emu"/[0-9]*/mismatches | sort -u)" = 0 ]
	check "$name.violations" "a range held more than it had" \
		[ "$(cat "$emu"/[0-9]*/violations | sort -u)" = 0 ]
	check "$name.rmmod" "the nodes cannot be taken away" rmmod cram_emu
}

body() {
	local start2 size2 half
	local ranges=$nodes

	read -r _ ranges <<<"$ranges"
	IFS=: read -r _ start2 size2 <<<"$ranges"
	if [ -z "$size2" ]; then
		fail second "the machine has no second node"
		return
	fi
	half=$((size / 2))
	if ! { echo 0 >"$emu/online" && rmmod cram_emu; }; then
		fail rmmod "the device stays"
		return
	fi

	with two_nodes "start=$start,$start2 size=$size,$size2 nid=1,2 adistance=1024,2048 phys=128M,128M verify=1" \
		two_nodes_ask_their_own_policies \
		node_that_is_left_hears_of_no_class two_nodes_swap_policies_apart
	with two_ranges "start=$start,$((start + half)) size=$half,$half nid=1,1 phys=8M,64M classes=3,0 granule=256,512 verify=1" \
		two_ranges_store_with_their_own_service \
		full_range_does_not_stop_the_other cut_range_is_emptied
	with unfenced "start=$start size=$size nid=1 phys=$size fence=0 verify=0" \
		unfenced_writes_stay unfenced_hot_pages_leave
	device_on
}
