# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the groups about nodectl share. Sourced by a group, after guest.sh has set
# up the node.

ctl=$top/build/nodectl
pins=/sys/fs/bpf/node_ext
pin=$pins/node$nid/link

field() { cat "$node/device/$1"; }
counter() { awk -v name="$1" '$1 == name { print $2 }' "$node/device/stat"; }

# expect WANT GOT WHAT
expect() {
	[ "$1" = "$2" ] || { why="$3 is '$2', should be '$1'"; return 1; }
}

# status WANT ARGUMENTS...: run nodectl, expect an exit status. A group that uses
# it says in $out and $err where the output goes.
status() {
	local want=$1 got=0

	shift
	timeout -k 5 $((60 * patience)) "$ctl" "$@" >"$out" 2>"$err" || got=$?
	[ $got = "$want" ] || {
		why="nodectl $*: status $got, should be $want: $(head -n 1 "$err")"
		return 1
	}
}

# works NAME COMMAND...: one test, with the reason that COMMAND left in $why, and
# the place that it left in $where. after_each, if there is one, tidies up.
works() {
	local name=$1

	why=
	shift
	if "$@"; then pass "$name"; else fail "$name" "${where-}${why:-$* failed}"; fi
	if declare -F after_each >/dev/null; then after_each; fi
}

# Neither a policy nor a pin. Maps go some time later.
no_policy_left() {
	[ "$(field policy_id)" = 0 ] || { why="policy $(field policy_name) is left"; return 1; }
	[ ! -e $pins ] || { why="left: $(find $pins | tr '\n' ' ')"; return 1; }
}
