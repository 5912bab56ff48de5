# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Capacity, pressure and the balloon. The device has an eighth of what it
# shows, so that little data moves much.

DEVICE=phys=64M
RUN_SECONDS=800

body() {
	run pressure
}
