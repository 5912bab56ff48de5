# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Policies and the kernel, without nodectl.

body() {
	run policy_attach
	run policy_kfuncs
	run policy_verdicts
	run policy_shipped
	# Each update waits for readers: let that not take a tick each.
	echo 1 >/sys/kernel/rcu_expedited
	# The debug kernel is many times slower, and so is each grace period.
	[ "$patience" = 1 ] || export VMTEST_UPDATES=1000
	VMTEST_TIMEOUT=$((280 * patience)) run policy_update
	echo 0 >/sys/kernel/rcu_expedited
}
