#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: guest.sh GROUP    (inside the VM)
# Set up what every group needs, source group/GROUP.sh and run its body once
# with each LRU. After each body the device is taken away and these must hold,
# each a line of its own: no page was written through the fence, only
# anonymous memory is on the node, nothing is left on it, the kernel did not
# complain.
#
#
# A group defines body(), and may define DEVICE (more module parameters), ONCE
# (not empty: one LRU will do), RUN_SECONDS (for one program, times patience) and
# finish() (once, at the end).
# shellcheck disable=SC2317
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
group=${1:?usage: guest.sh GROUP}
top=${NODE_EXT_TOP:?runs inside the VM only: scripts/vm.sh}
bin=$top/build/tests/vm
patience=${VMTEST_PATIENCE:-1}
emu=/sys/kernel/debug/cram_emu
bad=0 lru=both

pass() { printf 'ok - %s.%s.%s\n' "$group" "$lru" "$1"; }
fail() { printf 'not ok - %s.%s.%s: %s\n' "$group" "$lru" "$1" "$2"; bad=1; }
skip() { printf 'skip - %s.%s.%s: %s\n' "$group" "$lru" "$1" "$2"; }

# check NAME WHY COMMAND...: one test that is one command
check() {
	local name=$1 why=$2

	shift 2
	if "$@"; then pass "$name"; else fail "$name" "$why"; fi
}

# run PROGRAM [TEST...]: its lines are ours
run() {
	local rc=0 prog=$1

	shift
	VMTEST_PREFIX=$group.$lru. timeout -k 5 $((${RUN_SECONDS:-300} * patience)) \
		"$bin/$prog" "$@" || rc=$?
	case $rc in
	0) ;;
	1) bad=1 ;;
	*) fail "$prog" "the program ended with status $rc" ;;
	esac
}

# ---- the machine ------------------------------------------------------------
nodes=${NODE_EXT_NODES:-}
IFS=: read -r nid start size <<<"${nodes%% *}"
node=/sys/devices/system/node/node$nid
export VMTEST_NODE=$nid VMTEST_POLICIES=$bin/policies:$top/build/bpf
export VMTEST_TIMEOUT=$((120 * patience))

device_on() {
	echo 1 >/sys/kernel/mm/numa/demotion_enabled
	# shellcheck disable=SC2086
	modprobe cram_emu start="$start" size="$size" nid="$nid" verify=1 \
		${DEVICE:-phys=256M} || { fail device "modprobe cram_emu failed"; return 1; }
	[ "$(cat "$node/device/state" 2>/dev/null)" = live ] ||
		{ fail device "node $nid is not live"; return 1; }
}

# The residents' last chance to be checked; then all must be gone.
device_off() {
	local used

	check scrub "echo 1 >$emu/scrub failed: a page changed under the fence" \
		scrub
	anon_only
	if ! echo 0 >$emu/online; then
		fail unregister "the node cannot be taken away"
		return 1
	fi
	used="$(cat $emu/phys_used) bytes used, $(cat $emu/reserved) reserved"
	check accounted "$used after the last page left" \
		[ "$used" = '0 bytes used, 0 reserved' ]
	check mismatches "$(cat $emu/mismatches) pages were written through the fence" \
		[ "$(cat $emu/mismatches)" = 0 ]
	check rmmod "rmmod cram_emu failed" rmmod cram_emu
}

scrub() { { echo 1 >"$emu/scrub"; } 2>/dev/null; }

# Pages in the swap cache, on their way out, count as file pages.
anon_only() {
	local found

	echo 1 >/proc/sys/vm/stat_refresh
	found=$(awk '{ kib[$3] = $4 }
		END {
			kib["FilePages:"] -= kib["SwapCached:"]
			n = split("FilePages: Shmem: Slab: KernelStack: PageTables: HugePages_Total:", names)
			for (i = 1; i <= n; i++)
				if (kib[names[i]] > 0)
					print names[i] kib[names[i]]
		}' "$node/meminfo")
	check anon_only "the node holds something else: $found" [ -z "$found" ]
}

# The disk is for swap, compressed RAM disks are for everything else.
devices_on() {
	if mkswap "$NODE_EXT_DISK" >/dev/null && swapon "$NODE_EXT_DISK"; then
		export VMTEST_SWAPDEV=$NODE_EXT_DISK
	else
		fail swap "no swap on $NODE_EXT_DISK"
	fi
	[ -b /dev/zram0 ] || modprobe zram 2>/dev/null
	echo 64M >/sys/block/zram0/disksize && export VMTEST_BLOCKDEV=/dev/zram0
	read -r second </sys/class/zram-control/hot_add &&
		echo 4G >/sys/block/zram"$second"/disksize &&
		export VMTEST_CACHEDEV=/dev/zram$second
}

# The kernel's log since the last time, read for anything but news.
clean_log() {
	local log

	# The name of a check is no complaint by it, nor are its functions in the
	# trace of something else. A complaint has a line before its trace.
	log=$(dmesg -c | grep -vE 'RCU lockdep checking is enabled|\]  (\? )?lockdep_[a-z_]+\+0x')
	log=$(grep -E 'WARNING:|BUG:|BUG |Oops|KASAN|UBSAN|lockdep|[Ss]uspicious|possible (circular|recursive|irq)|inconsistent lock|INFO: task .* blocked|detected.* stall|soft lockup|list_(add|del) corruption|refcount_t|[Bb]ad page|nobody cared|page table check|unable to handle' <<<"$log")
	check dmesg "the kernel said: $(head -n 1 <<<"$log")" [ -z "$log" ]
}

with_each_lru() {
	local knob=/sys/kernel/mm/lru_gen/enabled mode

	if [ ! -w $knob ]; then
		skip lru_gen "the kernel has one LRU only"
		lru=lru "$@"
		return
	fi
	for mode in n y; do
		lru=lru
		[ $mode = n ] || lru=lru_gen
		echo $mode >$knob
		"$@"
	done
	lru=both
}

round() {
	if device_on; then
		body
		device_off
	fi
	clean_log
}

# shellcheck source=/dev/null
. "$here/group/$group.sh"
if ! declare -F body >/dev/null; then
	fail body "group/$group.sh has no body()"
	exit 1
fi
devices_on
if [ "${ONCE-}" ]; then round; else with_each_lru round; fi
if declare -F finish >/dev/null; then finish; fi
exit $bad
