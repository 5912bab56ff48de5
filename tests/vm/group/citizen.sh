# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What else moves memory by request or looks at it, and pages of the node.

body() {
	echo 1 >/sys/kernel/mm/numa/demotion_enabled
	run citizen
	run watch
}
