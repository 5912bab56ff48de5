#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: run.sh [GROUP...]
# Run groups of tests in the VM, one boot each; without arguments all of them.
# Each test is one line on stdout: `ok - NAME`, `not ok - NAME: why` or
# `skip - NAME: why`. The exit status is 0 if none was `not ok`.
#   KERNEL=debug   the kernel that checks itself: slower, so more time and memory
#   VMS=N          so many VMs at once (default: one for each CPU, at most 4): a
#                  test seldom uses both CPUs of its VM
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"

# Those that take longest come first, so that the last ones end together.
groups=(pressure policy eject nodectl nodectl_races nodectl_apply nodectl_boot
	nodectl_kills promote citizen fence tiers members dax several memcg damon
	offline isolation stress)
case ${KERNEL:-release} in
release) memory=768M patience=1 ;;
*) memory=1536M patience=4 ;;
esac

# Seconds after which the VM of a group is ended: many times what it takes on
# two idle CPUs without KVM, for machines that are not idle.
limit() {
	case $1 in
	eject | nodectl_boot | nodectl_kills | policy | pressure) echo $((1700 * patience)) ;;
	*) echo $((600 * patience)) ;;
	esac
}

# Without kunit.enable KUnit refuses to run suites, also later. no5lvl: while the
# kernel identifies its CPU anew it forgets for a moment that it has five levels
# of page tables, and an interrupt then makes KASAN report what is no error, and
# lockdep turn itself off.
# init_on_*: who writes to all free memory writes to that of the device.
boot_parameters() {
	case $1 in
	isolation) echo "kunit.enable=1 kunit.autorun=0 no5lvl" ;;
	fence) echo "init_on_free=1 init_on_alloc=1 no5lvl" ;;
	*) echo "no5lvl" ;;
	esac
}

# Memory of the nodes that nobody claims at boot.
nodes() {
	case $1 in
	several | tiers | nodectl_apply) echo 512M,256M ;;
	dax) echo 512M,nvdimm:512M ;;
	*) echo 512M ;;
	esac
}

# Debian's packages that only this group needs; they are not installed.
packages() {
	case $1 in
	nodectl_boot) echo udev systemd ;;
	esac
}

run_group() {
	local group=$1 rc=0 seconds lines=$tmp/$1 with=()

	seconds=$(limit "$group")
	say "Group $group (at most $seconds s)"
	read -ra with < <(packages "$group") || true
	[ ${#with[@]} -eq 0 ] || with=("$top/scripts/with-packages.sh" "${with[@]}" --)
	"${with[@]}" "$top/scripts/vm.sh" -m "$memory" -n "$(nodes "$group")" \
		-t "$seconds" --log "$build/vm/$group.log" \
		-a "$(boot_parameters "$group")" \
		-- "VMTEST_PATIENCE=$patience tests/vm/guest.sh $group" |
		tee "$lines" | sed -u '' || rc=$?
	case $rc in
	0) ;;
	124) echo "not ok - $group: not done after $seconds s (kernel log: build/vm/$group.log)" ;;
	125) echo "not ok - $group: the kernel crashed or did not boot (kernel log: build/vm/$group.log)" ;;
	*) grep -q '^not ok - ' "$lines" ||
		echo "not ok - $group: ended with status $rc" ;;
	esac
	if [ $rc = 0 ] && ! grep -q "^ok - $group" "$lines"; then
		echo "not ok - $group: it ran no test"
		rc=1
	fi
	return $rc
}

[ $# -eq 0 ] || groups=("$@")
for group in "${groups[@]}"; do
	[ -r "$top/tests/vm/group/$group.sh" ] ||
		die "there is no group '$group'" \
		    "there are: $(cd "$top/tests/vm/group" && echo *.sh | sed 's/\.sh//g')"
done
vms=${VMS:-$(nproc)}
[[ $vms =~ ^[1-9][0-9]{0,2}$ ]] || die "VMS=$vms is not a number of VMs" "use for example VMS=1"
[ -n "${VMS:-}" ] || [ "$vms" -le 4 ] || vms=4

# A job of its own process group, as it has under set -m, ends as a whole.
# shellcheck disable=SC2317 # called by the trap
end() {
	local job

	for job in $(jobs -p); do
		kill -TERM -- "-$job" 2>/dev/null || true
	done
	wait
	rm -rf "$tmp"
}
set -m
tmp=$(mktemp -d)
trap end EXIT
trap 'exit 130' INT TERM HUP
bad=0 running=0
for group in "${groups[@]}"; do
	if [ $running -ge "$vms" ]; then
		wait -n || bad=1
		running=$((running - 1))
	fi
	run_group "$group" &
	running=$((running + 1))
done
for ((; running > 0; running--)); do
	wait -n || bad=1
done
exit $bad
