# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Charges and limits of cgroups with memory on the node.

body() {
	run memcg
}
