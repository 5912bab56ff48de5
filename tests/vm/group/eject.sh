# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A policy that misbehaves is ended by the kernel, and hurts nobody before.

body() {
	run policy_eject
}
