# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# nodectl is killed where it enters a system call that changes something, one
# run for each of these; with EVERY=1 in the environment, where it enters any.
# What counts is what others find then, and that nodectl cleans it up.

# shellcheck source=tests/vm/lib/nodectl.sh
. "$here/lib/nodectl.sh"

ONCE=1
run=/run/kills
export NODECTL_PATH=$bin/policies

# What others can see, or what nodectl uses for it later. The last one is its end:
# all is done, and nothing is closed. Without what libbpf tries out beforehand.
changes='^(mkdir|mkdirat|rmdir|unlink|unlinkat|rename|renameat|renameat2|flock|exit_group)[(]'
changes+='|^bpf[(]BPF_(MAP_CREATE|MAP_FREEZE|MAP_UPDATE_ELEM|PROG_LOAD|OBJ_PIN|LINK_[A-Z]*),'
changes+='|^(open|openat)[(].*O_(CREAT|WRONLY|RDWR)'
tries='prog_type=BPF_PROG_TYPE_(SOCKET_FILTER|KPROBE),|map_name="lib'

quiet() { timeout -k 5 $((60 * patience)) "$ctl" "$@" >$run.out 2>$run.err; }
after_each() {
	quiet unload "$nid"
	where=
}

# traced OPTIONS...: strace; on one CPU, or each of its stops waits for the other
traced() { taskset -c 0 strace -f "$@"; }

# places VERB...: the system calls of a nodectl that nobody kills, as lines of a
# name and how many of that name have come so far
places() {
	traced -o $run.trace "$ctl" "$@" >$run.out 2>$run.err ||
		{ why="$1 fails: $(head -n 1 $run.err)"; return 1; }
	awk -v every="${EVERY:-0}" -v changes="$changes" -v tries="$tries" '
		{ sub(/^[0-9]+ +/, "") }
		match($0, /^[a-z0-9_]+[(]/) {
			name = substr($0, 1, RLENGTH - 1)
			nr[name]++
			if (every || ($0 ~ changes && $0 !~ tries))
				print name, nr[name]
		}' $run.trace >$run.places
	[ -s $run.places ] || { why="$1 changes nothing: $(tail -n 1 $run.trace)"; return 1; }
}

# killed NAME N VERB...: kill nodectl where it enters its Nth NAME()
killed() {
	local call=$1 n=$2 rc=0

	shift 2
	where="$1 killed at call $n of $call(): "
	traced -o /dev/null -e "trace=$call" \
		-e "inject=$call:signal=KILL:when=$n" "$ctl" "$@" \
		>$run.out 2>$run.err &
	wait $! 2>/dev/null || rc=$?
	[ $rc = 137 ] || { why="it ended with status $rc: $(head -n 1 $run.err)"; return 1; }
	kills=$((kills + 1))
}

# The node has a policy with its pin, or neither, and status says so. A link that
# only the killed one had open goes some time after it: wait for it, within limits.
state_is_whole() {
	local i id said

	for ((i = 0; i < 50 * patience; i++)); do
		quiet --json status "$nid" || { why="status fails: $(head -n 1 $run.err)"; return 1; }
		said=$(jq -r '.[0] | "\(.policy.id // 0) \(.link.pin) \(.stale_pin) \(.decides)"' $run.out) ||
			{ why='status prints no JSON'; return 1; }
		id=$(field policy_id)
		case $said in
		"0 null false native" | "$id $pin false policy") [ "${said%% *}" != "$id" ] || return 0 ;;
		esac
		sleep 0.1
	done
	why="the node has policy $id, status says: $said"
	return 1
}

# objects_are WHAT: maps and programs go some time after their last user.
objects_are() {
	local i

	for ((i = 0; i < 50 * patience; i++)); do
		[ "$("$bin/bpf_objects")" != "$1" ] || return 0
		sleep 0.1
	done
	why="there were $1, and are $("$bin/bpf_objects")"
	return 1
}

nothing_left() {
	no_policy_left && objects_are "$none"
}

# The link, and the map of a timer, of the policy that the node has.
only_its_pins() {
	local left

	left=$(cd "$pins/node$nid" && echo *)
	case $left in
	"link policy$(field policy_id)_map"*' '*) ;;
	"link policy$(field policy_id)_map"*) return 0 ;;
	esac
	why="pins: $left, the policy is $(field policy_id)"
	return 1
}

told() {
	printf '# %s killed at %s of its system calls\n' "$1" "$kills" >&2
}

# The same again, and then the end of it.
killed_load() {
	local call n

	kills=0
	places load "$nid" timer_init || return 1
	quiet unload "$nid" || { why='unload fails'; return 1; }
	while read -r call n <&3; do
		killed "$call" "$n" load "$nid" timer_init || return 1
		state_is_whole || return 1
		[ "$(field policy_id)" != 0 ] || quiet load "$nid" timer_init ||
			{ why="it cannot be repeated: $(head -n 1 $run.err)"; return 1; }
		only_its_pins || return 1
		quiet unload "$nid" || { why="unload fails: $(head -n 1 $run.err)"; return 1; }
		nothing_left || return 1
	done 3<$run.places
	where=
	told load
}

# Never without a policy, the old one or the new one.
killed_swap() {
	local call n one

	kills=0
	objects_are "$none" || return 1
	quiet load "$nid" timer_init || { why='load fails'; return 1; }
	one=$("$bin/bpf_objects")
	places swap "$nid" timer_init || return 1
	while read -r call n <&3; do
		killed "$call" "$n" swap "$nid" timer_init || return 1
		[ "$(field policy_name)" = timer_init ] || { why='the node has no policy'; return 1; }
		state_is_whole || return 1
		quiet swap "$nid" timer_init ||
			{ why="it cannot be repeated: $(head -n 1 $run.err)"; return 1; }
		only_its_pins && objects_are "$one" || return 1
	done 3<$run.places
	where=
	quiet unload "$nid" || { why="unload fails: $(head -n 1 $run.err)"; return 1; }
	nothing_left && told swap
}

unload_again() {
	local policy

	policy=$(field policy_id)
	quiet unload "$nid" && return
	[ "$policy" = 0 ] && grep -q 'there is nothing to detach' $run.err && return
	why="it cannot be repeated: $(head -n 1 $run.err)"
	return 1
}

killed_unload() {
	local call n

	kills=0
	quiet load "$nid" timer_init || { why='load fails'; return 1; }
	places unload "$nid" || return 1
	while read -r call n <&3; do
		quiet load "$nid" timer_init || { why="load fails: $(head -n 1 $run.err)"; return 1; }
		killed "$call" "$n" unload "$nid" || return 1
		state_is_whole || return 1
		unload_again && nothing_left || return 1
	done 3<$run.places
	where=
	told unload
}

body() {
	if ! command -v strace >/dev/null; then
		skip kills "strace is not installed"
		return
	fi
	none=$("$bin/bpf_objects")
	works load killed_load
	works swap killed_swap
	works unload killed_unload
}
