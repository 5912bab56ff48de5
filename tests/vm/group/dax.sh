# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Persistent memory in devdax mode as a device node, by the driver dax_node. It is
# the memory of the last node; the emulated device of the group is away meanwhile.

# shellcheck source=tests/vm/lib/nodectl.sh
. "$here/lib/nodectl.sh"

dax=dax0.0 driver=/sys/bus/dax/drivers/dax_node

# Namespaces live as long as the VM: the second LRU finds it in this mode.
namespace() {
	[ -e /sys/bus/dax/devices/$dax ] ||
		ndctl create-namespace --force --reconfig=namespace0.0 --mode=devdax
}

# What nodectl says to do makes a device node of the device as it is.
online_by_nodectl() {
	local next

	next=$("$ctl" check --json |
		jq -r ".dax_devices[] | select(.name == \"$dax\").next")
	check nodectl."$1" "this did not make a device node: $next" \
		eval "$next && [ \$(cat /sys/bus/dax/devices/$dax/state) = online ]"
}

nodectl_knows_the_device() {
	online_by_nodectl check_of_a_device_in_devdax_mode
	check nodectl.names_the_device "nodectl nodes does not say $dax" \
		eval "$ctl nodes --json |
		      jq -e '.[] | select(.nid == 2).device == \"$dax\"' >/dev/null"
	check nodectl.loads_a_policy "tpp could not be loaded for node 2" \
		eval "$ctl load 2 tpp >/dev/null && $ctl unload 2 >/dev/null"
	echo unplugged >/sys/bus/dax/devices/$dax/state
	online_by_nodectl check_of_a_device_that_is_unplugged
	echo unplugged >/sys/bus/dax/devices/$dax/state
}

# Another driver has node 2: the device must say so and stay as it is.
taken() {
	modprobe cram_emu start="$start" size="$size" nid=2 phys="$size"
	check taken.refused "a node that has another device was taken" \
		eval "! { echo online >/sys/bus/dax/devices/$dax/state; } 2>/dev/null"
	check taken.said "the kernel does not say why" \
		eval "dmesg | grep -q '$dax: no device node 2: .*, it may have memory, CPUs or another device'"
	check taken.rmmod "rmmod cram_emu failed" \
		eval "echo 0 >$emu/online && rmmod cram_emu"
}

body() {
	if ! { echo 0 >"$emu/online" && rmmod cram_emu; }; then
		fail rmmod "the device stays"
		return
	fi
	if ! namespace >/dev/null; then
		fail namespace "ndctl made no devdax device"
		return
	fi
	nodectl_knows_the_device
	VMTEST_NODE=2 VMTEST_DAX=$dax run dax
	taken
	echo $dax >$driver/unbind
	check module "dax_node is still in use" rmmod dax_node
	echo $dax >/sys/bus/dax/drivers/device_dax/bind
	device_on
}
