# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The members that move pages out of the node, and what they may ask for.

body() {
	run policy_members
}
