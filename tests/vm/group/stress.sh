# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Many writers of many kinds at once, while memory is pushed to the node all
# the time; the hashes say afterwards whether one of them came through.

cgroup=/sys/fs/cgroup/stress

demotions() { awk '$1 == "pages_demoted" { print $2 }' "$node/device/stat"; }

# Push, and check all residents while they are in use.
pusher() {
	while [ -e /run/pushing ]; do
		{ echo '64M swappiness=max' >$cgroup/memory.reclaim; } 2>/dev/null
		{ echo 1 >"$emu/scrub"; } 2>/dev/null || touch /run/leak
		sleep 0.2
	done
}

# stress NAME OPTIONS...: stress-ng, a bounded amount of work
stress() {
	local name=$1 rc=0

	shift
	# shellcheck disable=SC2016
	timeout -k 5 $((100 * patience)) bash -c 'echo 0 >'$cgroup'/cgroup.procs
		exec stress-ng --quiet --verify --oomable --timeout 12 \
			--temp-path /dev/shm "$@"' - "$@" \
		>/run/stress.out 2>&1 || rc=$?
	check "$name" "stress-ng ended with status $rc: $(tail -n 1 /run/stress.out)" \
		[ $rc = 0 ]
}

body() {
	local demoted pusher_pid

	if ! command -v stress-ng >/dev/null; then
		skip writers "stress-ng is not installed"
		return
	fi
	mkdir -p $cgroup
	touch /run/pushing
	rm -f /run/leak
	demoted=$(demotions)
	pusher &
	pusher_pid=$!
	stress vm --vm 2 --vm-bytes 96M --vm-keep
	stress fork --fork 2 --fork-vm --clone 1
	stress move --mremap 1 --mremap-bytes 8M --vm-splice 1 --vm-rw 1 --vm-rw-bytes 8M
	stress fault --userfaultfd 1 --userfaultfd-bytes 8M --mprotect 1 --mlock 1
	stress access --ptrace 1 --aio 1 --mmap 1 --mmap-bytes 16M --vm-addr 1 --numa 1
	rm /run/pushing
	wait $pusher_pid
	check scrub_meanwhile "a page changed under the fence" [ ! -e /run/leak ]
	demoted=$(($(demotions) - demoted))
	check demoted "only $demoted pages were demoted meanwhile" \
		[ $demoted -gt 1000 ]
	rmdir $cgroup
}
