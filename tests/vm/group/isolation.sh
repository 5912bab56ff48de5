# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Nobody but demotion gets memory of the node. The device refuses every
# reservation, so that demotion gets none either: the node has all of its memory
# free, and its free count must stand still to the page.

body() {
	local line="" pid

	if ! { echo 100 >"$emu/fail_reserve/probability" &&
	       echo -1 >"$emu/fail_reserve/times"; } 2>/dev/null; then
		fail fail_reserve "the device cannot be told to refuse"
		return
	fi
	# Its page cache lasts as long as it is open.
	exec 9<"$VMTEST_CACHEDEV"
	coproc FILL { exec "$bin/fill_memory"; }
	# bash forgets it when it ends
	pid=$FILL_PID
	read -r -t $((60 * patience)) line <&"${FILL[0]}"
	if [ "$line" = full ]; then
		run isolation
	else
		fail fill_memory "memory could not be filled"
	fi
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	rmdir /sys/fs/cgroup/vmtest/fill_memory
	exec 9<&-
	kunit
}

# The kernel's own tests, among them the probe with __GFP_THISNODE. Some need
# a device node: they do not run at boot (kunit.autorun=0) but now.
kunit() {
	local suite

	modprobe cram_emu_kunit
	for suite in node_device node_device_pressure node_account node_promote \
		     node_device_eject cram_emu; do
		kunit_suite $suite
	done
	rmmod cram_emu_kunit
}

# A suite that is not there, or has no result, is one that failed.
kunit_suite() {
	local suite=$1 dir=/sys/kernel/debug/kunit/$1 line name n=0

	if ! { echo 1 >"$dir/run"; } 2>/dev/null; then
		fail "kunit.$suite" "the kernel has no such KUnit suite"
		return
	fi
	while read -r line; do
		name=$suite.$(sed -E 's/^(not ok|ok) [0-9]+ ([^ ]+).*/\2/' <<<"$line")
		n=$((n + 1))
		case $line in
		*'# SKIP'*) skip "kunit.$name" "${line#*# SKIP }" ;;
		'not ok '*) fail "kunit.$name" "see the kernel's log" ;;
		*) pass "kunit.$name" ;;
		esac
	done < <(sed -nE 's/^    ((not ok|ok) [0-9]+)/\1/p' "$dir/results")
	[ $n -gt 0 ] || fail "kunit.$suite" "the KUnit suite ran no test"
}
