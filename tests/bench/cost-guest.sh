#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: cost-guest.sh PAGES ROUNDS plain | device | slow    (inside the VM)
# Measure with each LRU: memory without another node, a device node that stores
# raw, or an ordinary node of a lower tier. Each line is
#   KIND LRU OPERATION ROUND PAGES INSTRUCTIONS
set -euo pipefail

pages=$1 rounds=$2 kind=$3
top=${NODE_EXT_TOP:?runs inside the VM only: scripts/vm.sh}
group=/sys/fs/cgroup/cost
knob=/sys/kernel/mm/lru_gen/enabled
IFS=: read -r nid start size <<<"${NODE_EXT_NODES%% *}"
node=()

modprobe zram
echo 1G >/sys/block/zram0/disksize
mkswap /dev/zram0 >/dev/null
swapon /dev/zram0
# No readahead: each page is one fault.
echo 0 >/proc/sys/vm/page-cluster
case $kind in
plain) ;;
device)
	modprobe cram_emu start="$start" size="$size" nid="$nid" phys="$size" \
		classes=0 verify=0
	node=("$nid")
	;;
slow)
	insmod "$top/build/tests/bench/slow_node/slow_node.ko" \
		start="$start" size="$size" nid="$nid"
	[ "$(cat /sys/devices/system/node/has_memory)" != 0 ] ||
		{ echo "the memory of node $nid is not online" >&2; exit 1; }
	node=("$nid")
	;;
esac
[ ${#node[@]} = 0 ] || echo 1 >/sys/kernel/mm/numa/demotion_enabled
mkdir -p $group
# When DRAM has nothing left to give, memory.reclaim goes on with the node.
[ ${#node[@]} = 0 ] || echo 0 >$group/memory.swap.max
echo $$ >$group/cgroup.procs
for mode in n y; do
	echo $mode >$knob
	lru=lru
	[ $mode = n ] || lru=lru_gen
	"$top/build/tests/bench/cost" "$pages" "$rounds" $group "${node[@]}" |
		sed "s/^cost/$kind $lru/"
done
