# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# A device node is a lower memory tier; then two of them, one below the other.

chain() {
	local start2 size2 range

	IFS=: read -r _ start2 size2 <<<"${nodes#* }"
	if [ -z "$size2" ]; then
		fail second "the machine has no second node"
		return
	fi
	if ! { echo 0 >"$emu/online" && rmmod cram_emu; }; then
		fail rmmod "the device stays"
		return
	fi
	if ! modprobe cram_emu "start=$start,$start2" "size=$size,$size2" nid=1,2 \
		"phys=$size,$size2" adistance=1024,0 fence=0,1; then
		fail chain "modprobe cram_emu failed"
		return
	fi
	run tiers chain_has_three_tiers chain_moves_down_step_by_step \
		chain_goes_on_to_swap chain_ends_without_swap
	for range in "$emu"/[0-9]*; do
		{ echo 1 >"$range/scrub"; } 2>/dev/null || true
		{ echo 0 >"$range/online"; } 2>/dev/null || true
	done
	check chain.mismatches "a page was written through the fence" \
		[ "$(cat "$emu"/[0-9]*/mismatches | sort -u)" = 0 ]
	# Each removal makes the targets anew: first without node 1, then without 2.
	check chain.targets "a node that is gone is still a demotion target" \
		grep -q "preferred: 2, fallback: 2$" \
		<(dmesg | grep "Demotion targets for Node 0:" | tail -n 2)
	check chain.rmmod "the nodes cannot be taken away" rmmod cram_emu
	device_on
}

body() {
	run tiers node_is_in_a_tier_of_its_own pressure_demotes \
		demotion_off_stops_all_reclaim demotion_off_stops_node_reclaim \
		demotion_off_leaves_limits_to_swap pageout_goes_past_the_node \
		full_dram_goes_to_the_node \
		full_dram_of_a_bound_process_goes_to_the_node \
		cpuset_unwritten_allows cpuset_that_names_the_node_allows \
		cpuset_without_the_node_forbids cpuset_of_the_parent_forbids \
		cpuset_of_the_parent_allows cpuset_of_the_child_forbids \
		cpuset_written_before_the_device \
		cpuset_of_the_parent_holds_without_controller \
		cpuset_change_leaves_residents cpuset_allows_kswapd \
		cpuset_holds_under_pressure node_reclaim_evicts
	# of a test that was ended in the middle
	echo 0 >/proc/sys/vm/nr_hugepages
	swapon "$VMTEST_SWAPDEV" 2>/dev/null
	chain
}
