# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Policies and the kernel, without nodectl.

body() {
	run policy_attach
	run policy_verdicts
	run policy_update
}
