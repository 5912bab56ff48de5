# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# nodectl against the real node: what it does, what it says, and that a
# refusal leaves nothing behind. The kernel's side does not differ by LRU.

# shellcheck source=tests/vm/lib/nodectl.sh
. "$here/lib/nodectl.sh"

ONCE=1
out=/run/nodectl.out err=/run/nodectl.err
export NODECTL_PATH=$top/build/bpf

# Everything that a verb may leave behind.
traces() {
	find /sys/fs/bpf -mindepth 1 ! -path "$pins" 2>/dev/null
	"$top/build/bpftool" map list | grep -o '^[0-9]*: struct_ops'
	cat "$node/device/policy_name" "$node/device/policy_id"
}

# refused WANT TEXT ARGUMENTS...: the status, a message with TEXT on stderr
# only, and no trace
refused() {
	local want=$1 text=$2 before after

	shift 2
	before=$(traces)
	status "$want" "$@" || return 1
	[ ! -s $out ] || { why="it printed on stdout: $(head -n 1 $out)"; return 1; }
	grep -qiE -- "$text" $err || {
		why="the message lacks '$text': $(head -n 2 $err | tr '\n' ' ')"
		return 1
	}
	after=$(traces)
	[ "$before" = "$after" ] || {
		why="it left: $(diff <(echo "$before") <(echo "$after") | tr '\n' ' ')"
		return 1
	}
}

load_and_unload() {
	status 0 load "$nid" admit_all || return 1
	expect admit_all "$(field policy_name)" policy_name || return 1
	[ -n "$(find "$pins/node$nid" -type f)" ] || { why="no pin below $pins/node$nid"; return 1; }
	status 0 unload "$nid" || return 1
	expect '' "$(field policy_name)" policy_name || return 1
	[ -z "$(find "$pins" -type f 2>/dev/null)" ] || { why="a pin is left below $pins"; return 1; }
}

# Setting a tunable leaves the others as they are, also those not at their default.
others_stay() {
	local before after

	status 0 set "$nid" samples=7 pick_class=false || return 1
	status 0 --json status "$nid" || return 1
	before=$(jq -cS ".[0].policy.tunables | del(.$1)" $out)
	status 0 set "$nid" "$1=3" || return 1
	status 0 --json status "$nid" || return 1
	after=$(jq -cS ".[0].policy.tunables | del(.$1)" $out)
	expect "$before" "$after" 'the other tunables' || return 1
	expect 3 "$(jq -r ".[0].policy.tunables.$1" $out)" "$1"
}

# What is given at load, and set while it runs, is what the policy has.
tunables_reach_the_policy() {
	local key min got

	status 0 --json inspect compressible || return 1
	key=$(jq -r '.tunables[0].name' $out) min=$(jq -r '.tunables[0].min' $out)
	status 0 load "$nid" compressible "$key=$min" || return 1
	status 0 --json status "$nid" || return 1
	got=$(jq -r ".[0].policy.tunables.$key" $out)
	expect "$min" "$got" "$key" || return 1
	status 0 set "$nid" "$key=$((min + 1))" || return 1
	status 0 --json status "$nid" || return 1
	got=$(jq -r ".[0].policy.tunables.$key" $out)
	expect $((min + 1)) "$got" "$key after set" || return 1
	others_stay "$key" || return 1
	refused 1 "$key" set "$nid" "$key=99999999999" || return 1
	refused 1 "$key" set "$nid" "$key=abc" || return 1
	status 0 unload "$nid"
}

swap_replaces() {
	local updates

	status 0 load "$nid" admit_all || return 1
	updates=$(counter policy_updates)
	status 0 swap "$nid" deny_all || return 1
	grep -q 'no map is handed over' $out || { why="swap says: $(cat $out)"; return 1; }
	expect deny_all "$(field policy_name)" policy_name || return 1
	expect $((updates + 1)) "$(counter policy_updates)" policy_updates || return 1
	status 0 swap "$nid" admit_all --expect deny_all || return 1
	expect admit_all "$(field policy_name)" policy_name || return 1
	refused 1 deny_all swap "$nid" compressible --expect deny_all || return 1
	expect admit_all "$(field policy_name)" policy_name || return 1
	refused 1 'init|refuse|Operation not permitted' swap "$nid" "$bin/policies/init_fails.bpf.o" || return 1
	expect admit_all "$(field policy_name)" policy_name || return 1
	status 0 unload "$nid"
}

budgets_map() { "$top/build/bpftool" --json map list | jq -r '[.[] | select(.name == "budgets") | .id] | max'; }

# What a policy has learned is the next one's, if it declares the map alike.
maps_are_handed_over() {
	local map bpftool=$top/build/bpftool
	local key='1 2 0 0 0 0 0 0' value='42 0 0 0 0 0 0 0'

	status 0 load "$nid" memcg_budget budget=10 || return 1
	map=$(budgets_map)
	# shellcheck disable=SC2086
	"$bpftool" map update id "$map" key $key value $value ||
		{ why='bpftool cannot write to the map'; return 1; }
	status 0 swap "$nid" memcg_budget budget=20 || return 1
	grep -q 'map budgets was handed over' $out || { why="swap says: $(cat $out)"; return 1; }
	! grep -q 'map counters' $out || { why="swap says: $(cat $out)"; return 1; }
	expect "$map" "$(budgets_map)" 'id of the map budgets' || return 1
	# shellcheck disable=SC2086
	"$bpftool" map lookup id "$map" key $key >/dev/null ||
		{ why='what was learned is lost'; return 1; }
	status 0 --json status "$nid" || return 1
	expect 20 "$(jq -r '.[0].policy.tunables.budget' $out)" 'budget of the new policy' || return 1

	status 0 --json swap "$nid" memcg_budget || return 1
	expect '["accounts","budgets"]' "$(jq -c '[.maps[] | select(.handed_over) | .name] | sort' $out)" \
		'what is handed over' || return 1
	expect '["counters"]' "$(jq -c '[.maps[] | select(.handed_over | not) | .name]' $out)" \
		'what is not' || return 1

	status 0 swap "$nid" memcg_budget --fresh || return 1
	if grep -q 'handed over' $out || ! grep -q 'all maps start empty' $out; then
		why="swap --fresh says: $(cat $out)"
		return 1
	fi
	# shellcheck disable=SC2086
	! "$bpftool" map lookup id "$(budgets_map)" key $key >/dev/null 2>&1 ||
		{ why='--fresh kept what was learned'; return 1; }

	status 0 swap "$nid" "$bin/policies/budgets_differ.bpf.o" || return 1
	for map in 'budgets starts empty: the type of its value differs' \
		   'accounts starts empty: its type differs'; do
		grep -q "map $map" $out || { why="swap says: $(cat $out)"; return 1; }
	done
	status 0 unload "$nid"
}

# A policy that is refused leaves the maps with the one that stays.
refused_swap_leaves_the_maps() {
	local map

	status 0 load "$nid" memcg_budget || return 1
	map=$(budgets_map)
	status 1 swap "$nid" "$bin/policies/init_fails.bpf.o" || return 1
	expect memcg_budget "$(field policy_name)" policy_name || return 1
	expect "$map" "$(budgets_map)" 'id of the map budgets' || return 1
	status 0 unload "$nid"
}

map_pins() { find "$pins/node$nid" -name 'policy*' -printf '%f ' 2>/dev/null; }

ticks() {
	status 0 --json status "$nid" || return 1
	jq '.[0].policy.counters.ticks' $out
}

# The timer goes on while nobody but the pin holds its map.
timer_ticks() {
	local i from now

	from=$(ticks) || { why="no counter: $(head -n 1 $err)"; return 1; }
	for ((i = 0; i < 100 * patience; i++)); do
		now=$(ticks) || return 1
		[ "$now" -le $((from + 1)) ] || return 0
		sleep 0.1
	done
	why="the timer stands still at $now ($1)"
	return 1
}

# The pins of maps are those of the policy that the node has.
pinned_for_the_policy() {
	local got

	got=$(map_pins)
	case $got in
	"policy$(field policy_id)_map"*' policy'*) ;;
	"policy$(field policy_id)_map"*) return 0 ;;
	esac
	why="pins of maps are '$got', the policy is $(field policy_id)"
	return 1
}

timers_outlive_nodectl() {
	local policy=$bin/policies/timer_init.bpf.o before

	status 0 load "$nid" "$policy" || return 1
	timer_ticks load || return 1
	pinned_for_the_policy || return 1
	status 0 swap "$nid" "$policy" || return 1
	timer_ticks swap || return 1
	pinned_for_the_policy || return 1
	# What fails, or is taken back, leaves the timer and its pin alone.
	before=$(map_pins)
	status 1 swap "$nid" "$bin/policies/init_fails.bpf.o" || return 1
	status 1 swap "$nid" "$policy" --expect nobody || return 1
	timeout -s INT 1 "$ctl" swap "$nid" "$policy" --settle $((60 * patience)) \
		>$out 2>$err && { why='it was not interrupted'; return 1; }
	expect "$before" "$(map_pins)" 'pins of maps' || return 1
	timer_ticks 'taken back' || return 1
	status 0 swap "$nid" admit_all || return 1
	expect '' "$(map_pins)" 'pins of a policy without timers' || return 1
	status 0 swap "$nid" "$policy" || return 1
	timer_ticks 'swap again' || return 1
	status 0 unload "$nid" || return 1
	[ ! -e "$pins" ] || { why="left: $(find "$pins" | tr '\n' ' ')"; return 1; }
}

# A file that another one covers cannot be removed.
cover() { : >/run/cover && mount --bind /run/cover "$1"; }

clean_up_that_fails_is_said() {
	local policy=$bin/policies/timer_init.bpf.o verb map

	for verb in "swap $nid admit_all" "unload $nid"; do
		status 0 load "$nid" "$policy" || return 1
		map=$(find "$pins/node$nid" -name 'policy*')
		cover "$map" || { why="$map cannot be covered"; return 1; }
		# shellcheck disable=SC2086
		status 3 --json $verb || { umount "$map"; return 1; }
		umount "$map"
		jq -e --arg map "$map" '.error.next | contains($map)' $err >/dev/null ||
			{ why="it does not name the pin: $(head -n 1 $err)"; return 1; }
		[ -e "$map" ] || { why='the pin is gone, nothing to see'; return 1; }
		status 0 --json unload "$nid" || return 1
	done
	expect '[null,false,1]' "$(jq -c '[.policy, .unloaded, .removed_pins]' $out)" \
		'what was unloaded' || return 1
	[ ! -e "$pins" ] || { why="left: $(find "$pins" | tr '\n' ' ')"; return 1; }
	refused 1 'nothing to detach' unload "$nid"
}

pins_of_maps() { jq -c '.[0].map_pins | map([.policy_id, .left_over])' $out; }

# Without its link the policy goes; what is left of it can be seen.
left_over_pins_are_shown() {
	local id i

	status 0 load "$nid" "$bin/policies/timer_init.bpf.o" || return 1
	id=$(field policy_id)
	status 0 --json status "$nid" || return 1
	expect "[[$id,false]]" "$(pins_of_maps)" 'pins of maps' || return 1
	rm "$pins/node$nid/link"
	for ((i = 0; i < 50 * patience; i++)); do
		status 0 --json status "$nid" || return 1
		[ "$(pins_of_maps)" != "[[$id,true]]" ] || break
		sleep 0.1
	done
	expect "[[$id,true]]" "$(pins_of_maps)" 'pins of maps without the link' || return 1
	status 0 status "$nid" || return 1
	grep -q "$(map_pins | tr -d ' '), left from a policy that is gone" $out ||
		{ why="status says $(grep -A 1 maps $out)"; return 1; }
	grep -q "nodectl unload node$nid" $err || { why="no advice: $(cat $err)"; return 1; }
	status 0 load "$nid" admit_all || return 1
	status 0 --json status "$nid" || return 1
	expect '[]' "$(pins_of_maps)" 'pins of maps after a load' || return 1
	status 0 unload "$nid"
}

# Nothing changes, and nothing untrue is said.
nothing_works_read_only() {
	local verb

	refused 1 'mounted read-only.*remount,rw' load "$nid" admit_all || return 1
	for verb in "swap $nid admit_all" "unload $nid"; do
		# shellcheck disable=SC2086
		refused 1 'mounted read-only.*remount,rw' $verb || return 1
	done
	expect timer_init "$(field policy_name)" policy_name || return 1
	status 1 check || return 1
	grep -q '^missing  BPF file system.*writable' $out ||
		{ why="check says $(grep 'BPF file system' $out)"; return 1; }
}

read_only_bpffs() {
	local rc=0

	status 0 load "$nid" "$bin/policies/timer_init.bpf.o" || return 1
	mount -o remount,ro /sys/fs/bpf
	nothing_works_read_only || rc=1
	# What is pinned cannot be read then.
	[ $rc = 1 ] || status 3 status "$nid" || rc=1
	! grep -q 'not pinned' $out || { why='status says that the link is not pinned'; rc=1; }
	grep -q 'remount,rw' $err || { why="no advice: $(cat $err)"; rc=1; }
	mount -o remount,rw /sys/fs/bpf
	[ $rc = 0 ] || return 1

	mount --bind /sys/fs/bpf /sys/fs/bpf && mount -o remount,bind,ro /sys/fs/bpf
	nothing_works_read_only || rc=1
	# The advice must do for both ways.
	mount -o remount,rw /sys/fs/bpf
	[ $rc = 1 ] || status 0 unload "$nid" || rc=1
	umount /sys/fs/bpf
	return $rc
}

top_watches() {
	status 0 top --interval 0.2 --count 2 || return 1
	expect 2 "$(grep -c "node$nid " $out)" 'number of lines' || return 1
	status 0 --json top --interval 0.2 --count 3 || return 1
	expect 3 "$(jq -c ".nodes[] | select(.nid == $nid) | .demotions_per_s + 0" $out | wc -l)" \
		'number of objects'
}

histogram_has_all_pages() {
	status 0 --json stats "$nid" --histogram || return 1
	expect "$(awk '/^stored_[0-9]+ / { sum += $2 } END { print sum }' "$node/device/stat")" \
		"$(jq '[.[].pages] | add' $out)" 'sum of the histogram'
}

# Cold pages of a program that sleeps, so that the counters are not all 0.
demote_some() {
	local cg=/sys/fs/cgroup/metrics i

	mkdir -p $cg
	# shellcheck disable=SC2016
	(echo $BASHPID >$cg/cgroup.procs && exec perl -e '$| = 1; $x = "a" x (16 << 20); print "\n"; sleep 1000') \
		>/run/filled &
	filler=$!
	until [ -s /run/filled ]; do
		kill -0 "$filler" || { why='the program that fills memory has ended'; return 1; }
		sleep 0.1
	done
	# The first passes may only find that the pages are not used any more.
	for ((i = 0; i < 5 && $(counter pages_offered) == 0; i++)); do
		echo '8M swappiness=max' >$cg/memory.reclaim 2>/dev/null
	done
	[ "$(counter pages_offered)" -gt 0 ] || { why='nothing was offered to the node'; return 1; }
}

# value SERIES: of the metrics in $out
value() { awk -v series="$1" '$1 == series { print $2 }' $out; }

metrics_are_those_of_the_kernel() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$ctl" metrics >$out 2>$err || { why="as nobody: $(head -n 1 $err)"; return 1; }
	! grep '^node_ext_unknown_total' $out ||
		{ why="a counter is not in nodectl's table: $(grep -m1 ^node_ext_unknown $out)"; return 1; }
	expect "$(counter pages_offered)" "$(value "node_ext_offered_pages_total{node=\"$nid\"}")" \
		node_ext_offered_pages_total || return 1
	expect "$(counter policy_attaches)" \
		"$(value "node_ext_policy_changes_total{node=\"$nid\",change=\"attach\"}")" \
		node_ext_policy_changes_total || return 1
	expect "$(field physical_total)" "$(value "node_ext_physical_size_bytes{node=\"$nid\"}")" \
		node_ext_physical_size_bytes || return 1
	expect 1 "$(value "node_ext_policy_info{node=\"$nid\",policy=\"admit_all\",id=\"$(field policy_id)\",version=\"$(field policy_version)\"}")" \
		node_ext_policy_info
}

# Scraped while policies replace each other, no counter of a node goes back.
counters_never_go_back() {
	local updates i swaps=2 swapper back

	updates=$(counter policy_updates)
	for ((i = 0; i < swaps; i++)); do
		{ "$ctl" swap "$nid" deny_all && "$ctl" swap "$nid" admit_all; } || break
	done >/run/swaps 2>&1 &
	swapper=$!
	: >/run/scrapes
	while kill -0 $swapper 2>/dev/null; do
		"$ctl" metrics >>/run/scrapes
	done
	"$ctl" metrics >>/run/scrapes
	expect $((updates + 2 * swaps)) "$(counter policy_updates)" \
		"policy_updates ($(tail -n 1 /run/swaps))" || return 1
	back=$(awk '/^[^#].*_(total|bucket|sum|count)\{/ {
			series = $0; sub(/ [^ ]*$/, "", series)
			if ($NF + 0 < last[series] + 0) print series, last[series], "->", $NF
			last[series] = $NF; n++
		} END { if (!n) print "no counter" }' /run/scrapes)
	expect '' "$back" 'what went back'
}

metrics_while_policies_come_and_go() {
	local filler='' rc=0

	status 0 load "$nid" admit_all || return 1
	demote_some && metrics_are_those_of_the_kernel && counters_never_go_back || rc=1
	[ -z "$filler" ] || { kill "$filler"; wait "$filler" 2>/dev/null; }
	status 0 unload "$nid" || return 1
	return $rc
}

shown_as_json() {
	local verb

	status 0 load "$nid" admit_all || return 1
	for verb in nodes policies check status "stats $nid" "inspect admit_all"; do
		# shellcheck disable=SC2086
		status 0 --json $verb || return 1
		jq -e . $out >/dev/null || { why="nodectl --json $verb: not JSON: $(head -c 80 $out)"; return 1; }
	done
	status 0 unload "$nid"
}

busy_node_names_the_owner() {
	status 0 load "$nid" admit_all || return 1
	refused 1 'no tunable "nothing"' load "$nid" memcg_budget nothing=1 || return 1
	refused 1 admit_all load "$nid" deny_all || return 1
	status 0 unload "$nid"
}

# What init() answers is not taken for what the kernel says with that number.
init_errors_are_not_misread() {
	local policy=$bin/policies/init_fails.bpf.o
	local EBUSY=16 ENODEV=19 EOPNOTSUPP=95 ECANCELED=125 nr

	for nr in $EBUSY $ENODEV $EOPNOTSUPP; do
		refused 1 "policy's init\\(\\), or the kernel, refused the node" \
			load "$nid" "$policy" "answer=-$nr" || return 1
	done
	for nr in -$ECANCELED 1; do
		refused 1 "init\\(\\) refused the node with a positive value, or with ECANCELED" \
			load "$nid" "$policy" "answer=$nr" || return 1
	done
	status 0 load "$nid" admit_all || return 1
	for nr in $EBUSY $ENODEV $EOPNOTSUPP; do
		refused 1 "policy's init\\(\\), or the kernel, refused the node" \
			swap "$nid" "$policy" "answer=-$nr" || return 1
	done
	status 0 unload "$nid"
}

# The report at the end of the log has the reason at its beginning.
verifier_says_why() {
	refused 1 'is not allowed: this program' load "$nid" "$bin/policies/sample_migrated.bpf.o"
}

log_file() {
	local policy=$bin/policies/writes_folio.bpf.o log=/run/verifier.log

	refused 1 "whole log of the verifier is in $log" load "$nid" "$policy" --log $log || return 1
	[ -s $log ] || { why='there is no log'; return 1; }
	rm $log
	refused 1 'cannot write /nowhere/log' load "$nid" "$policy" --log /nowhere/log || return 1
	! grep -q 'is in /nowhere/log' $err ||
		{ why="it says that it wrote what it could not: $(tail -n 1 $err)"; return 1; }
	refused 1 'cannot write /nowhere/log' --json load "$nid" "$policy" --log /nowhere/log
}

without_bpffs() {
	local rc=0

	umount /sys/fs/bpf || { why="cannot unmount bpffs"; return 1; }
	status 1 load "$nid" admit_all || rc=1
	grep -qi bpf $err || { why="the message does not name bpffs: $(head -n 1 $err)"; rc=1; }
	mount -t bpf -o mode=700 bpf /sys/fs/bpf
	[ -z "$(field policy_name)" ] || { why="a policy was left"; rc=1; }
	return $rc
}

without_permission() {
	local before after rc=0

	before=$(traces)
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$ctl" load "$nid" admit_all >$out 2>$err || rc=$?
	after=$(traces)
	expect 1 $rc 'exit status' || return 1
	expect "$before" "$after" 'what is left' || return 1
	grep -qiE 'permission|root|CAP_|not permitted' $err ||
		{ why="the message does not say why: $(head -n 1 $err)"; return 1; }
}

# The policy that the node has, and whether its link is pinned.
attached() { printf '%s %s\n' "$(field policy_id)" "$(find "$pins" -name link 2>/dev/null)"; }

# bounded CAPS ARGUMENTS...: nodectl as root without these capabilities
bounded() {
	local caps=$1

	shift
	setpriv --bounding-set "$caps" --inh-caps "$caps" \
		timeout -k 5 $((60 * patience)) "$ctl" "$@" >$out 2>$err
}

# refused_without CAPS TEXT: every verb that changes something
refused_without() {
	local caps=$1 text=$2 before verb rc

	before=$(attached)
	for verb in "load $nid deny_all" "swap $nid deny_all" "set $nid samples=3" \
		    "unload $nid"; do
		rc=0
		# shellcheck disable=SC2086
		bounded "$caps" $verb || rc=$?
		expect 1 $rc "exit status of $verb without $caps" || return 1
		grep -q "$text" $err ||
			{ why="$verb without $caps says: $(head -n 1 $err)"; return 1; }
		expect "$before" "$(attached)" "what is attached after $verb without $caps" || return 1
	done
	rc=0
	bounded "$caps" --json unload "$nid" || rc=$?
	jq -e --arg text "$text" '.error.cause | contains($text)' $err >/dev/null ||
		{ why="--json unload without $caps says: $(head -n 1 $err)"; return 1; }
}

# Root is not enough. CAP_SYS_ADMIN stands for the others, as in the kernel.
without_capabilities() {
	local caps

	status 0 load "$nid" compressible || return 1
	refused_without -sys_admin 'CAP_SYS_ADMIN is missing' || return 1
	refused_without -sys_admin,-bpf 'CAP_SYS_ADMIN, CAP_BPF are missing' || return 1
	refused_without -sys_admin,-perfmon 'CAP_SYS_ADMIN, CAP_PERFMON are missing' || return 1
	refused_without -all 'CAP_SYS_ADMIN, CAP_BPF, CAP_PERFMON are missing' || return 1
	for caps in -bpf -perfmon -bpf,-perfmon; do
		bounded $caps swap "$nid" compressible ||
			{ why="swap without $caps: $(head -n 1 $err)"; return 1; }
	done
	status 0 unload "$nid" || return 1
	bounded -sys_admin load "$nid" compressible && { why='load went well without CAP_SYS_ADMIN'; return 1; }
	expect '' "$(field policy_name)" policy_name
}

# in_private COMMAND: in a mount namespace with a BPF file system of its own
in_private() {
	unshare -m bash -c 'mount -t bpf bpf /sys/fs/bpf && exec "$@"' - "$@"
}

# private_says WANT ARGUMENTS...: an exit status there, and that it is private
private_says() {
	local want=$1 got=0

	shift
	in_private timeout -k 5 $((60 * patience)) "$ctl" "$@" >$out 2>$err || got=$?
	expect "$want" $got "exit status of $* with a private bpffs" || return 1
	grep -qE 'nsenter -t 1 -m' $err $out ||
		{ why="$* with a private bpffs says: $(head -n 1 $err)"; return 1; }
}

# Pins there would go with the namespace, and the policy with them.
private_bpffs() {
	local before

	private_says 1 load "$nid" admit_all || return 1
	grep -q 'is private' $err || { why="load says: $(head -n 1 $err)"; return 1; }
	expect '' "$(field policy_name)" policy_name || return 1
	private_says 1 check || return 1
	private_says 1 --json load "$nid" admit_all || return 1
	jq -e '.error.next | contains("nsenter")' $err >/dev/null ||
		{ why="--json load says: $(head -n 1 $err)"; return 1; }
	status 0 load "$nid" admit_all || return 1
	before=$(attached)
	private_says 1 swap "$nid" deny_all || return 1
	expect "$before" "$(attached)" 'what is attached' || return 1
	# In need it can be detached, and where the pin is, is said.
	private_says 3 unload "$nid" || return 1
	expect '' "$(field policy_name)" policy_name || return 1
	status 0 unload "$nid" || return 1
	[ ! -e "$pins" ] || { why="left: $(find "$pins" | tr '\n' ' ')"; return 1; }
}

# The file system counts, not the namespace.
shared_bpffs_in_a_namespace() {
	unshare -m "$ctl" load "$nid" admit_all >$out 2>$err ||
		{ why="load says: $(head -n 1 $err)"; return 1; }
	expect admit_all "$(field policy_name)" 'policy after the namespace is gone' || return 1
	status 0 unload "$nid"
}

no_file() {
	: >/run/empty.bpf.o
	refused 1 'ELF|object' load "$nid" /run/empty.bpf.o || return 1
	echo 'this is text' >/run/text.bpf.o
	refused 1 'ELF|object' load "$nid" /run/text.bpf.o || return 1
	refused 1 'no-such-policy' load "$nid" no-such-policy || return 1
	refused 1 'nowhere' load "$nid" /nowhere/policy.bpf.o
}

truncated() {
	local size cut

	size=$(stat -c %s "$top/build/bpf/admit_all.bpf.o")
	for cut in 64 $((size / 2)) $((size - 40)); do
		head -c $cut "$top/build/bpf/admit_all.bpf.o" >/run/cut.bpf.o
		refused 1 . load "$nid" /run/cut.bpf.o || return 1
	done
}

other_architecture() {
	refused 1 'BPF|architecture|machine' load "$nid" /bin/true
}

without_btf() {
	local strip

	strip=$(command -v llvm-objcopy-19 llvm-objcopy | head -n 1)
	[ -n "$strip" ] || strip=objcopy
	"$strip" --remove-section .BTF --remove-section .BTF.ext \
		"$top/build/bpf/admit_all.bpf.o" /run/nobtf.bpf.o 2>/dev/null ||
		{ why="$strip cannot remove a section"; return 1; }
	refused 1 BTF load "$nid" /run/nobtf.bpf.o
}

# Objects that are no policy do not hide those that are: partly done.
objects_in_the_path() {
	status 3 policies --path "$bin/policies" || return 1
	grep -q verdicts $out || { why="verdicts is not listed"; return 1; }
	grep -q kfunc_elsewhere $err || { why="kfunc_elsewhere is not named"; return 1; }
}

# Nothing enters the node while demotion is off: who looks is told, with the way
# to turn it on.
demotion_off_is_said() {
	local knob=/sys/kernel/mm/numa/demotion_enabled rc=0

	echo 0 >$knob
	demotion_off || rc=1
	echo 1 >$knob
	[ $rc = 0 ] || return 1
	status 0 status "$nid" || return 1
	! grep -q "echo 1 >$knob" $out $err || { why='it is on, and status says off'; return 1; }
	status 0 check || return 1
	! grep -q "echo 1 >$knob" $out || { why='it is on, and check says off'; return 1; }
	status 0 --json status "$nid" || return 1
	expect true "$(jq '.[0].demotion_enabled' $out)" demotion_enabled
}

demotion_off() {
	local verb

	status 0 check || return 1
	expect 2 "$(grep -c "echo 1 >$knob" $out)" 'number of lines of check with the command' || return 1
	tail -n 1 $out | grep -q "demotion is off.*echo 1 >$knob" ||
		{ why='the last line of check does not say that demotion is off'; return 1; }
	for verb in "load $nid admit_all" "status $nid"; do
		# shellcheck disable=SC2086
		status 0 $verb || return 1
		expect 1 "$(cat $out $err | grep -c "echo 1 >$knob")" \
			"number of lines of $verb with the command" || return 1
	done
	status 0 unload "$nid" || return 1
	status 0 --json check || return 1
	expect false "$(jq .demotion_enabled $out)" 'demotion_enabled of check' || return 1
	status 0 --json load "$nid" admit_all || return 1
	expect false "$(jq .demotion_enabled $out)" 'demotion_enabled of load' || return 1
	status 0 --json status "$nid" || return 1
	expect false "$(jq '.[0].demotion_enabled' $out)" 'demotion_enabled of status' || return 1
	status 0 unload "$nid"
}

no_cold_group() {
	compgen -G '/sys/fs/cgroup/make-cold.*' >/dev/null || return 0
	why="a cgroup is left: $(echo /sys/fs/cgroup/make-cold.*)"
	return 1
}

# 16 MiB, of which a part stays in DRAM: what perl has besides is warm.
make_cold_fills_the_node() {
	local enough

	status 0 load "$nid" admit_all || return 1
	"$top/scripts/make-cold" 16 >$out 2>$err || { why="it failed: $(head -n 1 $err)"; return 1; }
	enough=$(awk -v n="node$nid" '$4 == n && $5 == "(device)" { print ($1 >= 8) }' $out)
	expect 1 "$enough" "8 MiB or more on the device ($(tr '\n' ' ' <$out))" || return 1
	no_cold_group || return 1
	status 0 unload "$nid"
}

make_cold_runs_a_command_meanwhile() {
	local got=0

	"$top/scripts/make-cold" 2 sh -c 'ls -d /sys/fs/cgroup/make-cold.* && exit 7' >$out 2>$err || got=$?
	expect 7 $got 'its exit status' || return 1
	grep -q '^/sys/fs/cgroup/make-cold' $out || { why='the cgroup was gone'; return 1; }
	no_cold_group
}

body() {
	if [ ! -x "$ctl" ]; then
		fail build "there is no $ctl"
		return
	fi
	works check status 0 check
	works nodes status 0 nodes
	works load_and_unload load_and_unload
	works demotion_off demotion_off_is_said
	works tunables tunables_reach_the_policy
	works swap swap_replaces
	works json shown_as_json
	works maps_handed_over maps_are_handed_over
	works refused_swap_leaves_maps refused_swap_leaves_the_maps
	works timers_outlive_nodectl timers_outlive_nodectl
	works clean_up_fails clean_up_that_fails_is_said
	works left_over_pins left_over_pins_are_shown
	works read_only_bpffs read_only_bpffs
	works make_cold make_cold_fills_the_node
	works make_cold_command make_cold_runs_a_command_meanwhile
	works top top_watches
	works histogram histogram_has_all_pages
	works metrics metrics_while_policies_come_and_go
	works busy_node busy_node_names_the_owner
	works no_file no_file
	works truncated truncated
	works other_architecture other_architecture
	works without_btf without_btf
	works no_struct_ops refused 1 'struct_ops|policy' load "$nid" "$bin/policies/no_struct_ops.bpf.o"
	works two_struct_ops refused 1 'two|2|one' load "$nid" "$bin/policies/two_struct_ops.bpf.o"
	works ordinary_node refused 1 'node ?0' load 0 admit_all
	works missing_node refused 1 '77' load 77 admit_all
	works sleepable refused 1 . load "$nid" "$bin/policies/sleepable.bpf.o"
	works too_new refused 1 'version' load "$nid" "$bin/policies/too_new_version.bpf.o"
	works verifier refused 1 . load "$nid" "$bin/policies/writes_folio.bpf.o"
	works endless_loop refused 1 'loop without a bound' load "$nid" "$bin/policies/uses_may_goto.bpf.o"
	works foreign_call refused 1 'policies may not call' load "$nid" "$bin/policies/uses_pid.bpf.o"
	works long_member refused 1 'may run for too long' load "$nid" "$bin/policies/too_long.bpf.o"
	works left_in_init refused 1 'ended itself in init.*leaves' load "$nid" "$bin/policies/hostile.bpf.o" at=8 act=2
	works verifier_says_why verifier_says_why
	works log_file log_file
	works init_errors init_errors_are_not_misread
	works init_refuses refused 1 . load "$nid" "$bin/policies/init_fails.bpf.o"
	works wrong_key refused 1 'wrong_key' load "$nid" compressible wrong_key=1
	works other_objects_in_the_path objects_in_the_path
	works unload_nothing refused 1 . unload "$nid"
	works no_verb refused 2 . no-such-verb
	works no_argument refused 2 . load
	works without_bpffs without_bpffs
	works without_permission without_permission
	works without_capabilities without_capabilities
	works private_bpffs private_bpffs
	works shared_bpffs shared_bpffs_in_a_namespace
}
