#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: guest.sh POLICY...    (inside the VM)
# Run the same workload once with each policy, "native" for none, each time with
# a new device. Prints a line `result POLICY NAME=VALUE...` for each; progress
# goes to stderr. Ends with status 1 if a run went wrong.
set -euo pipefail

top=${NODE_EXT_TOP:?runs inside the VM only: scripts/vm.sh}
workload=$top/build/tests/bench/workload
nodectl=$top/build/nodectl
export NODECTL_PATH=$top/build/bpf
mib=${BENCH_MIB:-192} redis_mib=${BENCH_REDIS_MIB:-24} rounds=${BENCH_ROUNDS:-12}
phys=${BENCH_PHYS:-64M} cut=${BENCH_CUT:-85} dram=${BENCH_DRAM:-40}
group=/sys/fs/cgroup/bench
emu=/sys/kernel/debug/cram_emu
run=/run/bench
sock=$run/redis.sock
IFS=: read -r nid start bytes <<<"${NODE_EXT_NODES%% *}"
dev=/sys/devices/system/node/node$nid/device
redis=''
if command -v redis-server >/dev/null && command -v redis-cli >/dev/null; then
	redis=1
else
	redis_mib=0
fi

say() { printf '[%4d s] %s\n' "$SECONDS" "$*" >&2; }
give_up() { say "error: $*"; exit 1; }
counter() {
	if [ -e "$dev/$1" ]; then
		cat "$dev/$1"
	else
		awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }' "$dev/stat"
	fi
}
vmstat() { awk -v n="$1" '$1 == n { print $2 }' /proc/vmstat; }

# ok COMMAND...: wait up to a minute for it
ok() {
	local i

	for ((i = 0; i < 300; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.2
	done
	return 1
}

pids=()
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
}
trap cleanup EXIT

redis_on() {
	(
		echo "$BASHPID" >$group/cgroup.procs
		exec redis-server --port 0 --unixsocket $sock --save '' \
			--appendonly no --daemonize no --dir $run \
			--logfile $run/redis.log
	) &
	redis_pid=$!
	pids+=("$redis_pid")
	ok redis-cli -s $sock ping || give_up "redis-server does not answer"
	redis_write 1
}

# redis_write SEED [SHARE]
redis_write() {
	"$workload" resp "$redis_mib" "$@" | redis-cli -s $sock --pipe >$run/pipe
	grep -q 'errors: 0,' $run/pipe || give_up "redis: $(tail -n 1 $run/pipe)"
}

# A share of redis's data set changes in each round of the other process.
follow() {
	local rounds_done=0 now

	while kill -0 "$work_pid" 2>/dev/null; do
		! grep -q '^done' $run/work || return 0
		now=$(grep -c '^round=' $run/work || true)
		if [ -n "$redis" ] && [ "$now" -gt "$rounds_done" ]; then
			rounds_done=$now
			redis_write $((now + 1)) 6
		fi
		sleep 0.5
	done
	give_up "the workload ended early"
}

is_off() { [ ! -e "$dev" ]; }

one() {
	local policy=$1 swapouts swapins name line

	say "$policy"
	modprobe cram_emu "start=$start" "size=$bytes" "nid=$nid" "phys=$phys" verify=1 ||
		give_up "cram_emu did not load"
	echo 1 >/sys/kernel/mm/numa/demotion_enabled
	[ "$policy" = native ] || "$nodectl" load "$nid" "$policy" >&2 ||
		give_up "$policy did not load"
	mkdir -p $group
	redis_pid=''
	swapouts=$(vmstat pswpout) swapins=$(vmstat pswpin)
	[ -z "$redis" ] || redis_on
	rm -f $run/go
	mkfifo $run/go
	: >$run/work
	# Both ends, so that nobody waits for the other to open it.
	exec 7<>$run/go
	(
		echo "$BASHPID" >$group/cgroup.procs
		exec "$workload" fill "$mib" "$rounds" $group \
			$(((mib + redis_mib) * dram * 1048576 / 100)) \
			"$dev" $emu/phys_limit "$(cat $emu/phys_total)" "$cut"
	) <&7 >$run/work 7>&- &
	work_pid=$!
	pids+=("$work_pid")
	follow

	line="result $policy"
	for name in pages_offered pages_admitted pages_demoted pages_denied \
		    pages_kept pages_promoted_write pages_reclaimed \
		    pages_evacuated pages_slowed logical_used physical_used \
		    pressure_low pressure_high pressure_critical kills \
		    overridden; do
		line+=" $name=$(counter $name)"
	done
	line+=" swap_outs=$(($(vmstat pswpout) - swapouts))"
	line+=" swap_ins=$(($(vmstat pswpin) - swapins))"
	# Of the second half of the rounds: until then it fills and learns.
	line+=$(awk -v half=$((rounds / 2)) -F '[ =]' '/^round=/ && $2 > half && $6 {
			ratio = $4 / $6; sum += ratio; n++
			if (!least || ratio < least) least = ratio
		} END {
			if (n) printf " ratio_least=%.3f ratio_mean=%.3f", least, sum / n
		}' $run/work)
	[ "$policy" = native ] || "$nodectl" status "$nid" >&2 || true

	echo >&7
	wait "$work_pid" || give_up "$policy: the content is not what was written"
	exec 7>&-
	grep -q '^checked' $run/work || give_up "$policy: the content was not checked"
	if [ -n "$redis_pid" ]; then
		redis-cli -s $sock shutdown nosave >/dev/null 2>&1 || true
		wait "$redis_pid" || true
	fi
	pids=()
	[ "$policy" = native ] || "$nodectl" unload "$nid" >&2
	line+=" mismatches=$(cat $emu/mismatches) violations=$(cat $emu/violations)"
	echo "$line redis=${redis:-0}"
	echo 0 >$emu/online || give_up "the node cannot be taken away"
	ok is_off || give_up "the node is still there"
	rmmod cram_emu
	rmdir $group || true
}

mkdir -p $run
mkswap "$NODE_EXT_DISK" >/dev/null
swapon "$NODE_EXT_DISK"
for policy; do
	one "$policy"
done
