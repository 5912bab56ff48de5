# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# nodectl when things happen at the same time: signals and kills at any moment,
# several nodectl at once, a driver that leaves. What counts is the state of
# the kernel afterwards. The kernel's side does not differ by LRU.

# shellcheck source=tests/vm/lib/nodectl.sh
. "$here/lib/nodectl.sh"

ONCE=1
rounds=8
cold=/sys/fs/cgroup/race
export NODECTL_PATH=$top/build/bpf:$bin/policies

quiet() { timeout -k 5 $((60 * patience)) "$ctl" "$@" >/dev/null 2>&1; }
after_each() {
	unlock_it
	quiet unload "$nid"
	rm -f /run/race.*
}

struct_ops_ids() {
	"$top/build/bpftool" --json map list | jq -c '[.[] | select(.type == "struct_ops") | .id]'
}

# A map goes some time after its last user: wait for it, within limits.
no_struct_ops() {
	local i

	for ((i = 0; i < 50 * patience; i++)); do
		[ "$(struct_ops_ids)" != '[]' ] || return 0
		sleep 0.1
	done
	why="struct_ops maps are left: $(struct_ops_ids)"
	return 1
}

# Beside that of the link.
no_other_pin() {
	[ "$(ls "${pin%/link}")" = link ] ||
		{ why="pins are left: $(ls "${pin%/link}")"; return 1; }
}

nothing_left() {
	no_policy_left && no_struct_ops
}

# A time from nothing to a bit more than a load takes.
moment() {
	local ms

	printf -v ms %04d $((RANDOM % (took + took / 4)))
	sleep "${ms%???}.${ms: -3}"
}

measure_load() {
	local t0=${EPOCHREALTIME/./} t1

	quiet load "$nid" compressible
	t1=${EPOCHREALTIME/./}
	took=$(((t1 - t0) / 1000 + 1))
	quiet unload "$nid"
}

# signalled SIGNAL ARGUMENTS...: start nodectl, signal it at some moment
signalled() {
	local signal=$1 pid

	shift
	"$ctl" "$@" >/run/race.out 2>/run/race.err &
	pid=$!
	moment
	kill "-$signal" $pid 2>/dev/null
	rc=0
	wait $pid 2>/dev/null || rc=$?
}

interrupted_load_is_whole_or_nothing() {
	local i interrupted=0

	for ((i = 0; i < rounds * 2; i++)); do
		signalled INT load "$nid" compressible
		case $rc in
		0)
			[ "$(field policy_name)" = compressible ] ||
				{ why="it says loaded, the node has '$(field policy_name)'"; return 1; }
			quiet unload "$nid" || { why='unload failed'; return 1; } ;;
		1|130)
			interrupted=$((interrupted + 1))
			nothing_left || return 1 ;;
		*) why="status $rc: $(head -n 1 /run/race.err)"; return 1 ;;
		esac
	done
	[ $interrupted -gt 0 ] || { why='no round was interrupted'; return 1; }
}

# A policy whose timer needs a pin has it.
timer_is_pinned() {
	local pins

	[ "$(field policy_name)" = timer_init ] || return 0
	pins="${pin%link}policy$(field policy_id)_map"
	compgen -G "$pins*" >/dev/null || { why="there is no $pins*"; return 1; }
}

killed_load_can_be_repeated() {
	local i said

	for ((i = 0; i < rounds; i++)); do
		signalled KILL load "$nid" timer_init
		timer_is_pinned || return 1
		said=$("$ctl" --json status "$nid" | jq -r '.[0].policy.id // 0')
		[ "$said" = "$(field policy_id)" ] ||
			{ why="status says policy $said, the kernel $(field policy_id)"; return 1; }
		[ "$said" != 0 ] || quiet load "$nid" admit_all ||
			{ why='load after a killed load failed'; return 1; }
		quiet unload "$nid" || { why='unload failed'; return 1; }
	done
	nothing_left
}

killed_swap_keeps_a_policy() {
	local i

	quiet load "$nid" admit_all || return 1
	for ((i = 0; i < rounds; i++)); do
		signalled KILL swap "$nid" timer_init
		timer_is_pinned || return 1
		[ "$(field policy_id)" != 0 ] || { why='the node has no policy'; return 1; }
		[ "$("$ctl" --json status "$nid" | jq -r '.[0].link.pin')" = "$pin" ] ||
			{ why='the pin is gone'; return 1; }
	done
	quiet unload "$nid" && nothing_left
}

# at_once ARGUMENTS...: three nodectl at the same time; prints how many won. Status
# and stderr of each are in files.
at_once() {
	local i won=0

	for i in 1 2 3; do
		{
			rc=0
			timeout -k 5 $((60 * patience)) "$ctl" "$@" \
				>/dev/null 2>/run/race.err.$i || rc=$?
			echo $rc >/run/race.$i
		} &
	done
	wait
	for i in 1 2 3; do
		[ "$(cat /run/race.$i)" != 0 ] || won=$((won + 1))
	done
	echo $won
}

one_of_many_loads_wins() {
	local i won

	for ((i = 0; i < rounds / 3; i++)); do
		won=$(at_once load "$nid" admit_all)
		[ "$won" = 1 ] || { why="$won of 3 say that they attached"; return 1; }
		[ -e "$pin" ] || { why='the winner has no pin'; return 1; }
		quiet unload "$nid" || { why='unload failed'; return 1; }
	done
	nothing_left
}

# The others are told which policy has come instead of the one they expect.
one_of_many_expected_swaps_wins() {
	local i j won

	quiet load "$nid" admit_all || return 1
	for ((i = 0; i < rounds / 3; i++)); do
		won=$(at_once swap "$nid" compressible --expect "$(field policy_id)")
		[ "$won" = 1 ] || { why="$won of 3 say that they swapped"; return 1; }
		for j in 1 2 3; do
			[ "$(cat /run/race.$j)" != 0 ] || continue
			[ "$(cat /run/race.$j)" = 1 ] ||
				{ why="one that lost ended with status $(cat /run/race.$j)"; return 1; }
			grep -q "\"compressible\" (id $(field policy_id))" /run/race.err.$j ||
				{ why="one that lost does not name policy $(field policy_id): $(head -n 1 /run/race.err.$j)"; return 1; }
		done
		no_other_pin || return 1
	done
}

# timed VERB...: notes the verb, when it began and ended, and its status
timed() {
	local begin=${EPOCHREALTIME/./} rc=0

	quiet "$@" || rc=$?
	echo "$1 $begin ${EPOCHREALTIME/./} $rc" >>/run/race.log
}

# A load that no unload has come after: its policy must be there.
load_that_counts() {
	awk '$4 != 0 { next }
	     $1 == "load" { if ($2 > load) load = $2 }
	     $1 == "unload" { if ($3 > unload) unload = $3 }
	     END { exit !(load > unload) }' /run/race.log
}

# Whatever the order: a policy that is attached at the end is pinned.
loads_and_unloads_at_once_leave_no_unpinned_policy() {
	local i j state

	for ((i = 0; i < rounds; i++)); do
		: >/run/race.log
		for j in 1 2; do
			timed load "$nid" admit_all &
			timed unload "$nid" &
		done
		wait
		state=$("$ctl" --json status "$nid" |
			jq -c '.[0] | [.policy != null, .link.pin != null, .stale_pin]')
		case $state in
		'[true,true,false]' | '[false,false,false]') ;;
		*) why="policy, pin, stale pin are $state"; return 1 ;;
		esac
		[ "$state" = '[true,true,false]' ] || ! load_that_counts ||
			{ why="a load succeeded, no policy is there: $(tr '\n' ';' </run/race.log)"; return 1; }
	done
	quiet unload "$nid"
	nothing_left
}

# Whichever comes first: what is left at the end are pins of the policy.
swaps_and_unloads_at_once_leave_no_pins() {
	local i

	for ((i = 0; i < rounds; i++)); do
		quiet load "$nid" admit_all || { why='load failed'; return 1; }
		quiet swap "$nid" timer_init &
		moment
		quiet unload "$nid"
		wait
		[ "$(field policy_id)" = 0 ] || quiet unload "$nid"
		nothing_left || return 1
	done
}

lock_it() {
	local i

	(umask 077 && mkdir -p "${pin%/link}")
	flock -n --no-fork "${pin%/link}" sleep 1000 &
	holder=$!
	for ((i = 0; i < 100 * patience; i++)); do
		[ "$(cat "/proc/$holder/comm")" != sleep ] || return 0
		sleep 0.1
	done
	return 1
}

unlock_it() {
	[ "${holder-}" ] || return 0
	kill "$holder"
	wait "$holder" 2>/dev/null
	holder=
}

# wait_for PATTERN: until a line of stderr has it
wait_for() {
	local i

	for ((i = 0; i < 100 * patience; i++)); do
		! grep -q "$1" /run/race.err || return 0
		sleep 0.1
	done
	why="stderr has no '$1': $(cat /run/race.err)"
	return 1
}

# begins ARGUMENTS...: start nodectl, wait until it waits for us
begins() {
	"$ctl" "$@" >/run/race.out 2>/run/race.err &
	pid=$!
	wait_for "waiting for pid $holder (sleep), which is changing it"
}

ends() {
	rc=0
	wait "$pid" || rc=$?
	[ $rc = "$1" ] || { why="status $rc, not $1: $(cat /run/race.err)"; return 1; }
}

locked_node_is_waited_for() {
	lock_it || { why='the lock cannot be had'; return 1; }
	begins load "$nid" admit_all || return 1
	[ "$(field policy_id)" = 0 ] || { why='load did not wait'; return 1; }
	unlock_it
	ends 0 || return 1
	[ "$(field policy_name)" = admit_all ] || { why='nothing was loaded'; return 1; }

	lock_it || { why='a load keeps the lock'; return 1; }
	begins unload "$nid" || return 1
	kill -INT $pid
	ends 1 || return 1
	grep -q interrupted /run/race.err || { why="no reason: $(cat /run/race.err)"; return 1; }
	[ "$(field policy_name)" = admit_all ] || { why='unload did not wait'; return 1; }

	begins swap "$nid" deny_all || return 1
	ends 1 || return 1
	grep -q "waited 30 s for pid $holder (sleep).*kill $holder" /run/race.err ||
		{ why="no reason: $(cat /run/race.err)"; return 1; }
	[ "$(field policy_name)" = admit_all ] || { why='swap did not wait'; return 1; }
	# What others may open, others may lock.
	chmod 755 "${pin%/link}"
	! "$ctl" unload "$nid" 2>/run/race.err || { why='unload used an open directory'; return 1; }
	grep -q "chmod 700 ${pin%/link}" /run/race.err ||
		{ why="no next step: $(cat /run/race.err)"; return 1; }
	chmod 700 "${pin%/link}"
	unlock_it
	quiet unload "$nid" && nothing_left
}

# Nobody waits for a policy that settles; who replaces it is told of.
settling_policy_may_be_replaced() {
	local i

	quiet load "$nid" admit_all || return 1
	"$ctl" swap "$nid" timer_init --settle $((60 * patience)) \
		>/run/race.out 2>/run/race.err &
	pid=$!
	for ((i = 0; i < 100 * patience; i++)); do
		[ "$(field policy_name)" != timer_init ] || break
		sleep 0.1
	done
	quiet swap "$nid" deny_all || { why='a swap while one settles failed'; return 1; }
	# The swap was made, and its policy did not stay.
	ends 3 || return 1
	grep -q 'did not stay' /run/race.err || { why="no reason: $(cat /run/race.err)"; return 1; }
	[ "$(field policy_name)" = deny_all ] || { why="the node has $(field policy_name)"; return 1; }
	no_other_pin
}

# What nodectl reads of the node's policy, while the kernel has the pinned one.
seen_as() {
	echo "$1" >/run/race.id
	mount --bind /run/race.id "$node/device/policy_id"
}

seen_as_it_is() { umount "$node/device/policy_id"; }

# A load or a swap may come between a look at the node and one at its pin.
other_policy_is_not_taken_for_gone() {
	local id

	quiet load "$nid" admit_all || return 1
	id=$(field policy_id)
	seen_as 0 || { why='a file of sysfs cannot be covered'; return 1; }
	quiet unload "$nid" && why='unload of a node without policy succeeds'
	seen_as_it_is
	seen_as 1
	"$ctl" --json status "$nid" >/run/race.out 2>/run/race.err
	jq -e '.[0].stale_pin | not' /run/race.out >/dev/null ||
		why='status takes the pin of a policy for a stale one'
	quiet unload "$nid" && why='unload of a policy that is gone succeeds'
	seen_as_it_is
	[ -z "$why" ] || return 1
	[ "$(field policy_id)" = "$id" ] ||
		{ why="unload has detached a policy that it did not see"; return 1; }
	[ -e "$pin" ] || { why='unload has removed the pin of a live policy'; return 1; }
}

# The first look, which reads the id twice, sees a policy that has been replaced by
# the time of the second.
status_looks_again() {
	local old new i fifo rc=0

	quiet load "$nid" admit_all || return 1
	old=$(field policy_id)
	quiet swap "$nid" deny_all || return 1
	new=$(field policy_id)
	mkfifo /run/race.id
	exec {fifo}<>/run/race.id
	# 63 bytes each: nodectl takes so many at once.
	printf '%-62s\n' "$old" "$old" >&"$fifo"
	for ((i = 0; i < 100; i++)); do
		printf '%-62s\n' "$new" >&"$fifo"
	done
	mount --bind /run/race.id "$node/device/policy_id" ||
		{ why='a file of sysfs cannot be covered'; return 1; }
	timeout $((60 * patience)) "$ctl" --json status "$nid" \
		>/run/race.out 2>/run/race.err || rc=$?
	exec {fifo}>&-
	seen_as_it_is
	[ $rc = 0 ] || { why="status $rc: $(head -n 1 /run/race.err)"; return 1; }
	[ "$(jq -c '.[0] | [.policy.id, .link.pin, .stale_pin]' /run/race.out)" = \
	  "[$new,\"$pin\",false]" ] || { why="status says $(cat /run/race.out)"; return 1; }
}

no_setting_is_lost() {
	local i got

	quiet load "$nid" compressible || return 1
	for ((i = 1; i <= rounds; i++)); do
		quiet set "$nid" samples=$i &
		quiet set "$nid" threshold=$((500 + i)) &
		wait
		got=$("$ctl" --json status "$nid" | jq -r '.[0].policy.tunables | "\(.samples) \(.threshold)"')
		[ "$got" = "$i $((500 + i))" ] ||
			{ why="samples and threshold are $got after setting $i $((500 + i))"; return 1; }
	done
}

# A process whose memory reclaim offers to the node, a MiB at a time.
cold_process_on() {
	local i

	mkdir -p $cold
	mkfifo /run/race.fifo
	(
		echo "$BASHPID" >$cold/cgroup.procs
		text=$(head -c 24M /dev/zero | tr '\0' x)
		echo ${#text} >/run/race.ready
		read -rt 1000 _ <>/run/race.fifo
	) &
	cold_pid=$!
	for ((i = 0; i < 300 * patience; i++)); do
		[ ! -s /run/race.ready ] || break
		sleep 0.1
	done
	while sleep 0.05; do
		echo 256K >$cold/memory.reclaim
	done 2>/dev/null &
	reclaim_pid=$!
}

cold_process_off() {
	kill "$reclaim_pid" "$cold_pid"
	wait "$reclaim_pid" "$cold_pid" 2>/dev/null
	rmdir $cold
}

# An answer out of range: the kernel ejects the policy, the old one comes back.
misbehaving_policy_is_taken_back() {
	local rc=0 old

	quiet load "$nid" admit_all || return 1
	old=$(field policy_id)
	cold_process_on
	"$ctl" swap "$nid" out_of_range --settle $((20 * patience)) \
		>/run/race.out 2>/run/race.err || rc=$?
	[ $rc = 1 ] || why="a policy with verdicts out of range stayed: status $rc: $(head -n 1 /run/race.err)"
	[ -n "$why" ] || [ "$(field policy_id)" = "$old" ] ||
		why="the node has $(field policy_name), id $(field policy_id)"
	[ -n "$why" ] || grep -q 'it was ejected: .*() answered' /run/race.err ||
		why="the message does not say why: $(head -n 1 /run/race.err)"
	[ -n "$why" ] || [ "$("$ctl" --json status "$nid" | jq -r '.[0].link.pin')" = "$pin" ] ||
		why='the old policy is not pinned again'
	[ -n "$why" ] || no_other_pin
	[ -n "$why" ] || [ "$("$ctl" --json why "$nid" | jq -c '.[0] | [.decides, .exits[0].policy, .exits[0].kind]')" = \
		'["policy","out_of_range","answer"]' ] || why="why says $("$ctl" why "$nid")"
	[ -n "$why" ] || quiet swap "$nid" deny_all --settle 1 ||
		why='a good policy was taken back'
	cold_process_off
	[ -z "$why" ] && [ "$(field policy_name)" = deny_all ]
}

# The condition of the operator holds as soon as a page was let in.
condition_takes_a_policy_back() {
	local rc=0 old

	quiet load "$nid" deny_all || return 1
	old=$(field policy_id)
	cold_process_on
	"$ctl" swap "$nid" admit_all --settle $((60 * patience)) \
		--settle-if 'pages_demoted>18446744073709551614' \
		--settle-if 'pages_demoted>0' >/run/race.out 2>/run/race.err || rc=$?
	cold_process_off
	[ $rc = 1 ] || { why="status $rc"; return 1; }
	[ "$(field policy_id)" = "$old" ] || { why="the node has $(field policy_name)"; return 1; }
	grep -q 'pages_demoted rose by [0-9]*, more than 0' /run/race.err ||
		{ why="the message does not say why: $(head -n 1 /run/race.err)"; return 1; }
}

# init() of the old policy refuses to come back, with what the kernel makes the same
# error as that of a swap that was taken back.
failed_way_back_is_told() {
	local rc=0

	quiet load "$nid" init_fails answer=0 || return 1
	quiet set "$nid" answer=1 || { why='init cannot be made to fail'; return 1; }
	cold_process_on
	"$ctl" swap "$nid" timer_init --settle $((60 * patience)) \
		--settle-if 'pages_demoted>0' >/run/race.out 2>/run/race.err || rc=$?
	cold_process_off
	[ $rc = 3 ] || { why="status $rc: $(head -n 1 /run/race.err)"; return 1; }
	[ "$(field policy_name)" = timer_init ] || { why="the node has $(field policy_name)"; return 1; }
	[ "$("$ctl" --json status "$nid" | jq -c '.[0].map_pins | map(.left_over)')" = '[false]' ] ||
		{ why="pins of the policy that runs: $(echo "${pin%/link}"/*)"; return 1; }
}

eject_by_hand() {
	local i

	echo "$1" >"$node/device/policy_eject" || { why='the file of the operator refuses'; return 1; }
	for ((i = 0; i < 100 * patience; i++)); do
		[ "$(field policy_id)" != 0 ] || return 0
		sleep 0.1
	done
	why='the policy does not leave'
	return 1
}

ejected_policy_is_explained() {
	! "$ctl" why 77 >/run/race.out 2>/run/race.err || { why='why of no node succeeds'; return 1; }
	quiet load "$nid" timer_init || return 1
	[ "$("$ctl" --json status "$nid" | jq -r '.[0].decides')" = policy ] ||
		{ why='a policy is attached, and status says otherwise'; return 1; }
	eject_by_hand 'we try another' || return 1
	"$ctl" why "$nid" >/run/race.out || { why="why ended with $?"; return 1; }
	grep -q 'policy timer_init .*the administrator ejected it: "we try another"' /run/race.out ||
		{ why="why says $(cat /run/race.out)"; return 1; }
	grep -q "nodectl load node$nid timer_init" /run/race.out ||
		{ why="no next step: $(cat /run/race.out)"; return 1; }
	[ "$("$ctl" --json status "$nid" | jq -r '.[0].decides')" = ejected ] ||
		{ why='status does not say that it was ejected'; return 1; }
	"$ctl" status "$nid" 2>/dev/null | grep -q "was ejected .*nodectl why node$nid" ||
		{ why='status does not tell where to look'; return 1; }
	quiet load "$nid" deny_all || { why='the next policy is refused'; return 1; }
	no_other_pin || return 1
	quiet unload "$nid" && nothing_left
	[ "$("$ctl" --json why "$nid" | jq -c '.[0] | [.decides, .exits[0].kind, .exits[1].kind]')" = \
		'["native","detached","operator"]' ] || why="why says $("$ctl" why "$nid")"
	[ -z "$why" ]
}

# The kernel detaches the link after exit(), and lets the next policy attach before.
# Its worker shares a CPU with a loop of higher priority here, so that exit() lasts.
ejected_link_does_not_keep_the_pin() {
	local workers=/sys/devices/virtual/workqueue/cpumask mask hog

	[ "$(nproc)" -gt 1 ] || { why='it takes two CPUs'; return 1; }
	quiet load "$nid" hostile at=10 act=3 burn_ms=4000 || return 1
	mask=$(cat $workers)
	echo 2 >$workers
	taskset 2 nice -n -20 timeout -k 5 $((60 * patience)) bash -c 'while :; do :; done' &
	hog=$!
	eject_by_hand 'the next one, please' &&
		{ taskset 1 timeout -k 5 $((60 * patience)) "$ctl" load "$nid" deny_all \
			>/run/race.out 2>/run/race.err ||
			why="the next policy: $(head -n 1 /run/race.err)"; }
	kill $hog
	wait $hog 2>/dev/null
	echo "$mask" >$workers
	[ -z "$why" ] || return 1
	# A map of the ejected policy may be pinned until that is freed, by a worker, too.
	[ "$("$ctl" --json status "$nid" | jq -r '.[0].link.pin')" = "$pin" ] ||
		{ why='the new link is not pinned'; return 1; }
	quiet unload "$nid" && nothing_left
}

# $1 is what status is asked about, $2 its exit status.
left_pins_are_told() {
	local rc=0

	# shellcheck disable=SC2086  # no argument, or one
	"$ctl" --json status $1 >/run/race.out 2>/run/race.err || rc=$?
	[ $rc = "$2" ] || { why="status $1: $rc, not $2: $(cat /run/race.err)"; return 1; }
	[ "$(jq -c '.[0] | [.nid, .stale_pin, (.map_pins | length)]' /run/race.out)" = "[$nid,true,1]" ] ||
		{ why="status $1 says $(cat /run/race.out)"; return 1; }
}

leaving_driver_takes_its_policy() {
	quiet load "$nid" timer_init || return 1
	echo 0 >"$emu/online" || { why='the node cannot be taken away'; return 1; }
	"$ctl" nodes >/run/race.out 2>/run/race.err || { why="nodes: $(cat /run/race.err)"; return 1; }
	left_pins_are_told '' 0 && left_pins_are_told "$nid" 3 || return 1
	quiet unload "$nid" || { why='the pin of the node that left cannot be removed'; return 1; }
	(umask 077 && mkdir -p "${pin%/link}")
	! quiet unload "$nid" || why='unload of nothing succeeds'
	[ ! -e "${pin%/link}" ] || why='the empty directory of the node that left stays'
	echo 1 >"$emu/online" || { why='the node does not come back'; return 1; }
	[ -z "$why" ] && nothing_left
}

stale_pin_is_replaced() {
	quiet load "$nid" timer_init || return 1
	echo 0 >"$emu/online"
	echo 1 >"$emu/online" || { why='the node does not come back'; return 1; }
	[ -e "$pin" ] || { why='no pin was left, nothing to see'; return 1; }
	[ "$("$ctl" --json status "$nid" | jq -c '.[0] | [.policy, .stale_pin]')" = '[null,true]' ] ||
		{ why="status says $("$ctl" --json status "$nid")"; return 1; }
	quiet load "$nid" deny_all || { why='load beside the stale pin failed'; return 1; }
	[ "$("$ctl" --json status "$nid" | jq -r '.[0].link.pin')" = "$pin" ] ||
		{ why='the new link is not pinned'; return 1; }
	no_other_pin || return 1
	quiet unload "$nid" && nothing_left
}

trace_shows_and_cleans_up() {
	local pid i

	# Left from a trace that was killed; its number is used again.
	(
		mkdir "/sys/kernel/tracing/instances/nodectl-$BASHPID"
		exec "$ctl" trace "$nid" --duration 0.1 >/run/race.out 2>/run/race.err
	) ||
		{ why="trace ended with $?: $(head -n 1 /run/race.err)"; return 1; }
	for i in "status $nid" "load $nid admit_all" "unload $nid"; do
		(mkdir "/sys/kernel/tracing/instances/nodectl-$BASHPID")
		# shellcheck disable=SC2086  # words
		quiet $i
		[ -z "$(ls /sys/kernel/tracing/instances)" ] ||
			{ why="$i left what a trace left"; return 1; }
	done
	"$ctl" --json trace "$nid" --duration $((30 * patience)) >/run/race.out 2>/run/race.err &
	pid=$!
	for ((i = 0; i < 100 * patience; i++)); do
		! grep -q '"ready"' /run/race.out || break
		sleep 0.1
	done
	quiet load "$nid" admit_all
	quiet swap "$nid" deny_all
	quiet unload "$nid"
	for ((i = 0; i < 100 * patience; i++)); do
		! grep -q '"node_device_detach"' /run/race.out || break
		sleep 0.1
	done
	kill -INT $pid
	wait $pid || { why="trace ended with $?: $(head -n 1 /run/race.err)"; return 1; }
	for i in ready node_device_attach node_device_update node_device_detach end; do
		jq -r .event /run/race.out | grep -qx $i ||
			{ why="no event $i"; return 1; }
	done
	[ "$(jq -r 'select(.event == "end") | .lost' /run/race.out)" = 0 ] ||
		{ why='events were lost'; return 1; }
	[ -z "$(ls /sys/kernel/tracing/instances)" ] ||
		{ why="left: $(ls /sys/kernel/tracing/instances)"; return 1; }
}

body() {
	measure_load
	works interrupted_load interrupted_load_is_whole_or_nothing
	works killed_load killed_load_can_be_repeated
	works killed_swap killed_swap_keeps_a_policy
	works parallel_loads one_of_many_loads_wins
	works parallel_swaps one_of_many_expected_swaps_wins
	works parallel_loads_and_unloads loads_and_unloads_at_once_leave_no_unpinned_policy
	works parallel_swaps_and_unloads swaps_and_unloads_at_once_leave_no_pins
	works locked_node locked_node_is_waited_for
	works settling_policy settling_policy_may_be_replaced
	works other_policy other_policy_is_not_taken_for_gone
	works status_looks_again status_looks_again
	works parallel_sets no_setting_is_lost
	works settle misbehaving_policy_is_taken_back
	works settle_if condition_takes_a_policy_back
	works no_way_back failed_way_back_is_told
	works ejected_policy ejected_policy_is_explained
	works ejected_link ejected_link_does_not_keep_the_pin
	works driver_leaves leaving_driver_takes_its_policy
	works stale_pin stale_pin_is_replaced
	works trace trace_shows_and_cleans_up
}
