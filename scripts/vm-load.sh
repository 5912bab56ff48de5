# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced in the VM by `make vm`: the first unclaimed memory range becomes a
# device node, and what was built is in the PATH, as make-cold is.

PATH=$NODE_EXT_TOP/build:$NODE_EXT_TOP/scripts:$PATH
if [ -n "${NODE_EXT_NODES-}" ]; then
	IFS=: read -r nid start size <<<"${NODE_EXT_NODES%% *}"
	if ! modprobe cram_emu "start=$start" "size=$size" "nid=$nid" "phys=$((size / 4))"; then
		echo "vm: cram_emu did not load; dmesg may say why" >&2
	elif [ -t 1 ]; then
		echo "Node $nid is a device node: $((size >> 20)) MiB on" \
		     "$((size >> 22)) MiB of physical memory (cram_emu)"
		echo "Demotion is on: echo 1 >/sys/kernel/mm/numa/demotion_enabled"
	fi
	echo 1 >/sys/kernel/mm/numa/demotion_enabled
	unset nid start size
fi
