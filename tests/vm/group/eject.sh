# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A policy that misbehaves is ended by the kernel, and hurts nobody before.

# Some of it waits, and the OOM killer takes its time.
RUN_SECONDS=600

body() {
	run policy_eject
}
