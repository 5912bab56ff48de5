# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The node goes and comes back with memory on it.

body() {
	run offline
	# of a test that was ended in the middle
	echo offline >/sys/devices/system/memory/auto_online_blocks
}
