# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# A node that appears gets its policy: a real udevd, a real systemd as the first
# process of a PID namespace, and what "make install" has installed. And what
# becomes of a policy that is ejected. Runs with Debian's package udev.

# shellcheck source=tests/vm/lib/nodectl.sh
. "$here/lib/nodectl.sh"

ONCE=1
out=/run/boot.out err=/run/boot.err conf=/etc/node_ext/50-test.conf
unit=nodectl-apply@node$nid.service
export NODECTL_PATH=$top/build/bpf:$bin/policies

# With the node goes what the kernel has on record about it.
after_each() {
	[ -z "${stayer-}" ] || { kill "$stayer" && wait "$stayer"; } 2>/dev/null
	stayer=
	rm -f $conf
	echo 0 >"$emu/online"
	"$ctl" unload "$nid" >/dev/null 2>&1
	echo 1 >"$emu/online"
}

# configure LINE...: the one file of the configuration
configure() { mkdir -p /etc/node_ext && printf '%s\n' "$@" >$conf; }

# soon WHAT COMMAND...: it becomes true, in the first $looks looks
looks=120
soon() {
	local what=$1 i

	shift
	for ((i = 0; i < looks * patience; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.5
	done
	why="$what never came true: $(tail -n 1 $err 2>/dev/null)"
	return 1
}

has_policy() { [ "$(cat "$node/device/policy_name" 2>/dev/null)" = "$1" ]; }
has_none() { has_policy ''; }
gone() { [ ! -e "$node" ]; }

# ---- systemd and udev ------------------------------------------------------------
# The unit waits for no other one here: those of the host are not started.
start_systemd() {
	local dir=/run/systemd/system

	PREFIX=/usr/local "$top/scripts/install.sh" install >$out 2>$err ||
		{ why="install: $(tail -n 1 $err)"; return 1; }
	mkdir -p "$dir/nodectl-apply@.service.d" /sys/fs/cgroup/systemd
	printf '[Unit]\nDefaultDependencies=no\n' | tee "$dir/nodectl-apply@.service.d/test.conf" >$dir/vmtest.target
	/lib/systemd/systemd-udevd --daemon >$out 2>$err || { why="udevd: $(tail -n 1 $err)"; return 1; }
	(
		echo $BASHPID >/sys/fs/cgroup/systemd/cgroup.procs
		exec unshare --pid --mount --cgroup --fork --mount-proc \
			env -i container=vmtest PATH="$PATH" \
			/lib/systemd/systemd --system --unit=vmtest.target --show-status=0
	) >$out 2>$err </dev/null &
	soon 'systemd is running' pgrep -f 'systemd --system'
	systemd=$(pgrep -o -f '^/lib/systemd/systemd --system')
	soon 'systemd answers' manage list-units
}

manage() { nsenter -t "$systemd" -m -p -C systemctl "$@" >/run/manage.out 2>&1; }
is() { manage show -P ActiveState "$unit"; [ "$(cat /run/manage.out)" = "$1" ]; }

# As the boot does it with the devices that are there.
node_is_there_at_boot() {
	configure '[match all]' 'driver = cram' 'policy = watermark'
	udevadm trigger --action=add --subsystem-match=node
	soon 'the policy' has_policy watermark || return 1
	soon 'the service is active' is active || return 1
	expect "nodectl-apply@node$nid.service" \
		"$(udevadm info --query=property --property=SYSTEMD_WANTS --value -p "$node")" SYSTEMD_WANTS
}

take_away() { echo 0 >"$emu/online" && soon 'the node goes' gone; }
bring_back() { echo 1 >"$emu/online"; }

node_goes_and_comes() {
	local policy

	for policy in watermark admit_all; do
		configure "[node $nid]" "policy = $policy"
		[ -e "$node" ] || bring_back
		udevadm trigger --action=add --subsystem-match=node
		soon 'the policy' has_policy "$policy" || return 1
		take_away || return 1
		soon 'the service ends' is inactive || return 1
		bring_back
		soon 'the policy after the node came back' has_policy "$policy" || return 1
		soon 'the service is active again' is active || return 1
		take_away || return 1
		soon 'the service ends again' is inactive || return 1
	done
	bring_back
	soon 'the policy in the end' has_policy "$policy"
}

# An ordinary node is no failure, and no reason to wait.
ordinary_node_is_left_alone() {
	configure '[match all]' 'driver = *' 'policy = admit_all'
	manage start nodectl-apply@node0.service || { why="$(tail -n 1 /run/manage.out)"; return 1; }
	soon 'the service of node 0 ends' unit_of_node0_is inactive
}
unit_of_node0_is() {
	manage show -P ActiveState nodectl-apply@node0.service
	[ "$(cat /run/manage.out)" = "$1" ]
}

policy_stays_when_the_service_is_stopped() {
	configure "[node $nid]" 'policy = watermark'
	manage restart "$unit" || { why="$(tail -n 1 /run/manage.out)"; return 1; }
	soon 'the policy' has_policy watermark || return 1
	soon 'the service is active' is active || return 1
	manage stop "$unit" || { why="$(tail -n 1 /run/manage.out)"; return 1; }
	is inactive || { why='the service is not inactive'; return 1; }
	has_policy watermark || { why='the policy is gone'; return 1; }
}

# Whoever gives up is seen in systemctl --failed.
bad_configuration_fails_the_service() {
	configure "[node $nid]" 'colour = red'
	manage restart "$unit"
	soon 'the service has failed' is failed || return 1
	has_none || { why='there is a policy'; return 1; }
	manage reset-failed "$unit"
}

# ---- nodectl apply --stay ----------------------------------------------------------

stay() {
	"$ctl" --json apply --stay "$nid" >$out 2>$err &
	stayer=$!
}

# ended STATUS: it ends, with this status
ended() {
	local got=0

	soon 'nodectl ends' not kill -0 "$stayer" || return 1
	wait "$stayer" || got=$?
	stayer=
	expect "$1" $got 'exit status'
}
not() { ! "$@"; }
waiting() { jq -es 'map(select(.action == "wait")) | length >= '"$1" $out >/dev/null; }

# Each time the kernel has one more on record, and the wait is longer.
gives_up_after_four_ejections() {
	local before looks=1000

	before=$(counter policy_ejects)
	configure "[node $nid]" 'policy = leaves' 'tunable.after = 100ms'
	stay
	ended 1 || return 1
	expect 4 $(($(counter policy_ejects) - before)) 'number of ejections' || return 1
	expect '[1,2,3]' "$(jq -cs 'map(select(.action == "wait") | .ejections)' $out)" 'what it waited for' || return 1
	expect true "$(jq -s 'map(select(.action == "wait") | .seconds) | . == (sort | unique)' $out)" \
		'each wait is longer' || return 1
	jq -r .error.cause $err | grep -q 'ejected 4 times in a row' ||
		{ why="it says: $(tail -n 1 $err)"; return 1; }
	has_none || { why='there is a policy'; return 1; }
	# What is on record holds also for who comes anew; who types it, wants it.
	stay
	ended 1 || return 1
	"$ctl" apply "$nid" >$out 2>$err || { why="apply: $(tail -n 1 $err)"; return 1; }
}

# A new policy is not to wait for the old one's reason.
other_policy_begins_anew() {
	configure "[node $nid]" 'policy = leaves'
	stay
	soon 'it waits' waiting 1 || return 1
	configure "[node $nid]" 'policy = watermark'
	soon 'the other policy' has_policy watermark || return 1
	kill "$stayer"
	ended 0
}

administrator_has_the_last_word() {
	configure "[node $nid]" 'policy = watermark'
	stay
	soon 'the policy' has_policy watermark || return 1
	# A swap keeps the link, and what is looked after.
	"$ctl" swap "$nid" admit_all >/dev/null 2>$err || { why="swap: $(tail -n 1 $err)"; return 1; }
	sleep 1
	kill -0 "$stayer" || { why='it ended with the swap'; return 1; }
	"$ctl" unload "$nid" >/dev/null 2>$err || { why="unload: $(tail -n 1 $err)"; return 1; }
	ended 0 || return 1
	has_none || { why='there is a policy'; return 1; }

	stay
	soon 'the policy' has_policy watermark || return 1
	echo test >"$node/device/policy_eject"
	ended 1 || return 1
	jq -r .error.cause $err | grep -q 'administrator ejected it: "test"' ||
		{ why="it says: $(tail -n 1 $err)"; return 1; }
	has_none || { why='there is a policy'; return 1; }
}

# What somebody attaches during the wait is there when it is over.
stopgap_survives_the_wait() {
	configure "[node $nid]" 'policy = leaves' 'tunable.after = 100ms'
	stay
	soon 'it waits' waiting 1 || return 1
	"$ctl" load "$nid" admit_all >/dev/null 2>$err.load ||
		{ why="load: $(tail -n 1 $err.load)"; return 1; }
	sleep 10
	has_policy admit_all || { why="the policy is '$(cat "$node/device/policy_name")'"; return 1; }
	expect load "$(jq -rs 'map(.action) | unique - ["wait"] | join(" ")' $out)" 'what it did' || return 1
	kill -0 "$stayer" || { why='nobody looks after the node'; return 1; }
	"$ctl" unload "$nid" >/dev/null 2>$err || { why="unload: $(tail -n 1 $err)"; return 1; }
	ended 0
}

# Sysrq N is to leave the node without a policy, not with another one.
ejection_by_the_administrator_holds_for_any_policy() {
	"$ctl" load "$nid" admit_all >/dev/null 2>$err || { why="load: $(tail -n 1 $err)"; return 1; }
	echo test >"$node/device/policy_eject"
	soon 'the policy goes' has_none || return 1
	configure "[node $nid]" 'policy = watermark'
	stay
	ended 1 || return 1
	jq -r .error.cause $err | grep -q 'was admit_all: the administrator ejected it: "test"' ||
		{ why="it says: $(tail -n 1 $err)"; return 1; }
	has_none || { why='there is a policy'; return 1; }
}

unconfigured_node_needs_nobody() {
	configure '[node 77]' 'policy = watermark'
	stay
	ended 0 || return 1
	expect unconfigured "$(jq -r .action $out)" 'the action'
}

body() {
	after_each
	works gives_up gives_up_after_four_ejections
	works other_policy other_policy_begins_anew
	works administrator administrator_has_the_last_word
	works stopgap stopgap_survives_the_wait
	works administrator_ejects ejection_by_the_administrator_holds_for_any_policy
	works unconfigured unconfigured_node_needs_nobody
	if ! start_systemd; then
		fail systemd "$why"
		return
	fi
	works at_boot node_is_there_at_boot
	works goes_and_comes node_goes_and_comes
	works ordinary_node ordinary_node_is_left_alone
	works stopped policy_stays_when_the_service_is_stopped
	works bad_configuration bad_configuration_fails_the_service
	kill -KILL "$systemd"
	udevadm control --exit
}
