# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# A policy that misbehaves is ended by the kernel, and hurts nobody before. How
# it ends does not depend on the LRU.

ONCE=1

# Some of it waits, and the OOM killer takes its time. A second for each policy
# of a long storm.
storm=$((120 + ${STORM_ROUNDS:-0}))
RUN_SECONDS=$((480 + storm))

body() {
	# Each policy that leaves waits for readers: let that not take a tick each.
	echo 1 >/sys/kernel/rcu_expedited
	VMTEST_TIMEOUT=$((storm * patience)) run policy_storm
	echo 0 >/sys/kernel/rcu_expedited
	run policy_eject
}
