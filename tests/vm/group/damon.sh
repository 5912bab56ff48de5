# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# DAMON and the pages of the node.

body() {
	echo 1 >/sys/kernel/mm/numa/demotion_enabled
	run damon
}
