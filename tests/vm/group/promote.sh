# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Writes to pages of the node: their charge, and what is told of them.

body() {
	run promote
}
