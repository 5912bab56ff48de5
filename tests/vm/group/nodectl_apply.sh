# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# nodectl apply and dry runs against real nodes: what is configured is so
# afterwards, what is so is left alone, and what is wrong changes nothing.

# shellcheck source=tests/vm/lib/nodectl.sh
. "$here/lib/nodectl.sh"

ONCE=1
out=/run/apply.out err=/run/apply.err conf=/run/apply.conf.d
objects=/run/apply.objects
export NODECTL_PATH=$objects:$top/build/bpf:$bin/policies

after_each() {
	"$ctl" unload "$nid" >/dev/null 2>&1
	rm -rf $conf $objects
	mkdir -p $conf $objects
}

# configure LINE...: the one file of the configuration
configure() { printf '%s\n' "$@" >$conf/test.conf; }

apply() { status "$1" --json apply --config $conf "${@:2}"; }

says() { grep -qE -- "$1" "$2" || { why="'$1' is not said: $(head -n 2 "$2" | tr '\n' ' ')"; return 1; }; }
action() { expect "$1" "$(jq -r .action $out)" 'the action'; }
tunable() { "$ctl" --json status "$nid" 2>/dev/null | jq -r ".[0].policy.tunables.$1"; }

# All that a verb could change.
everything() {
	find /sys/fs/bpf -mindepth 1 2>/dev/null
	"$top/build/bpftool" map list | grep -o '^[0-9]*: struct_ops'
	cat "$node/device/policy_id"
	grep '^policy_' "$node/device/stat"
	"$ctl" --json status "$nid" 2>/dev/null | jq -c '.[0].policy.tunables'
}

# unchanged COMMAND...: it does not change anything
unchanged() {
	local before after

	before=$(everything)
	"$@" || return 1
	after=$(everything)
	[ "$before" = "$after" ] || {
		why="$* changed: $(diff <(echo "$before") <(echo "$after") | tr '\n' ' ')"
		return 1
	}
}

# again: what is so is not done again
again() { unchanged apply 0 "$nid" && action none; }

attaches_what_is_configured() {
	configure "[node $nid]" 'policy = compressible' 'tunable.threshold = 65%'
	apply 0 "$nid" || return 1
	action load || return 1
	expect "$conf/test.conf:1" "$(jq -r .configured_at $out)" configured_at || return 1
	expect compressible "$(field policy_name)" policy_name || return 1
	expect 650 "$(tunable threshold)" threshold || return 1
	[ -e "$pin" ] || { why='the link is not pinned'; return 1; }
	again
}

# Also what was set by hand, and what the configuration does not name any more.
sets_tunables_that_differ() {
	local id

	configure "[node $nid]" 'policy = compressible' 'tunable.threshold = 65%' 'tunable.samples = 7'
	apply 0 "$nid" || return 1
	id=$(field policy_id)
	status 0 set "$nid" threshold=500 pick_class=false || return 1
	configure "[node $nid]" 'policy = compressible' 'tunable.threshold = 65%'
	apply 0 "$nid" || return 1
	action set || return 1
	expect '["pick_class","samples","threshold"]' "$(jq -c '.set | keys' $out)" 'what was set' || return 1
	expect "$id" "$(field policy_id)" 'id of the policy' || return 1
	expect '650 16 true' "$(tunable threshold) $(tunable samples) $(tunable pick_class)" \
		'threshold, samples and pick_class' || return 1
	again
}

strip() { command -v llvm-objcopy-19 llvm-objcopy | head -n 1; }

# The same policy from another file: nothing of it is lost, and at no moment is
# there none.
replaces_a_changed_object() {
	local id link map changes bpftool=$top/build/bpftool

	cp "$top/build/bpf/memcg_budget.bpf.o" $objects/
	configure "[node $nid]" 'policy = memcg_budget' 'tunable.budget = 9'
	apply 0 "$nid" || return 1
	id=$(field policy_id) link=$("$ctl" --json status "$nid" | jq '.[0].link.id')
	map=$("$bpftool" --json map list | jq -r '[.[] | select(.name == "budgets") | .id] | max')
	changes=$(counter policy_attaches),$(counter policy_detaches)
	again || return 1
	echo changed >/run/apply.extra
	"$(strip)" --add-section .test=/run/apply.extra $objects/memcg_budget.bpf.o ||
		{ why='the object cannot be changed'; return 1; }
	apply 0 "$nid" || return 1
	action swap || return 1
	[ "$id" != "$(field policy_id)" ] || { why='it is the old policy'; return 1; }
	expect "$link" "$("$ctl" --json status "$nid" | jq '.[0].link.id')" 'id of the link' || return 1
	expect "$changes" "$(counter policy_attaches),$(counter policy_detaches)" 'attaches and detaches' || return 1
	expect "$map" "$(jq -r '.maps[] | select(.name == "budgets") | .id' $out)" 'id of the map' || return 1
	expect 9 "$(tunable budget)" budget || return 1
	again
}

replaces_another_policy() {
	status 0 load "$nid" admit_all || return 1
	configure "[node $nid]" 'policy = deny_all'
	apply 0 "$nid" || return 1
	action swap || return 1
	expect admit_all "$(jq -r .replaced.policy $out)" 'what was replaced' || return 1
	expect deny_all "$(field policy_name)" policy_name || return 1
	again
}

# Who has loaded it does not matter, nor what the file was called.
takes_over_what_was_loaded_by_hand() {
	cp "$top/build/bpf/admit_all.bpf.o" $objects/mine.bpf.o
	status 0 load "$nid" admit_all || return 1
	configure "[node $nid]" 'policy = mine'
	again
}

running_policy_tells_its_file() {
	status 0 load "$nid" admit_all || return 1
	expect "$(sha256sum "$top/build/bpf/admit_all.bpf.o" | cut -d' ' -f1)" \
		"$("$ctl" --json status "$nid" | jq -r '.[0].policy.sha256')" 'digest in the kernel'
}

match_finds_the_node() {
	configure '[match other]' 'driver = none' 'policy = deny_all' \
		'[match it]' 'driver = cra*' 'features = fence' 'min-size = 1M' 'policy = admit_all'
	apply 0 || return 1
	expect "$conf/test.conf:4" "$(jq -r .configured_at $out)" configured_at || return 1
	expect admit_all "$(field policy_name)" policy_name
}

unconfigured_node_is_left_alone() {
	configure '[node 77]' 'policy = deny_all'
	status 0 load "$nid" admit_all || return 1
	unchanged apply 0 "$nid" || return 1
	action unconfigured || return 1
	rm $conf/test.conf
	unchanged apply 0 "$nid" || return 1
	action unconfigured
}

# refused LINE TEXT LINES...: the error is in this line, and nothing is changed
refused() {
	local line=$1 text=$2

	shift 2
	configure "$@"
	unchanged apply 1 || return 1
	[ ! -s $out ] || { why="it printed on stdout: $(head -n 1 $out)"; return 1; }
	expect "$conf/test.conf:$line" "$(jq -r .error.subject $err)" "where '$text' is" || return 1
	jq -r .error.cause $err | grep -q "$text" ||
		{ why="it says: $(head -n 1 $err)"; return 1; }
}

# A good section beside the wrong one is not applied.
bad_configuration_changes_nothing() {
	status 0 load "$nid" compressible threshold=650 || return 1
	refused 3 'no "colour"' "[node $nid]" 'policy = deny_all' 'colour = red' || return 1
	refused 4 'not understood' "[node $nid]" 'policy = deny_all' '[node 77]' 'policy' || return 1
	refused 3 'is there already' "[node $nid]" 'policy = deny_all' "[node $nid]" 'policy = admit_all' || return 1
	refused 5 'out of range' "[node $nid]" 'policy = deny_all' '[node 77]' \
		'policy = compressible' 'tunable.threshold = 2000' || return 1
	refused 3 'no tunable' "[node $nid]" 'policy = deny_all' 'tunable.nothing = 1' || return 1
	expect compressible "$(field policy_name)" policy_name
}

# The configuration is right, but the policy is not there, or the kernel does not
# take it.
stays_if_refused() {
	local policy

	status 0 load "$nid" admit_all || return 1
	for policy in init_fails writes_folio no-such-policy; do
		configure "[node $nid]" "policy = $policy"
		unchanged apply 1 "$nid" || return 1
		expect "node$nid" "$(jq -r .error.subject $err)" "node of $policy" || return 1
	done
	expect "$conf/test.conf:2" "$(jq -r .error.what $err)" 'where the policy is named'
}

dry_run_changes_nothing() {
	unchanged status 0 --json load "$nid" compressible threshold=65% --dry-run || return 1
	expect '[true,true,null,650,16]' \
		"$(jq -c '[.dry_run, .verified, .id, .tunables.threshold, .tunables.samples]' $out)" \
		'what load would do' || return 1
	unchanged status 1 load "$nid" writes_folio --dry-run || return 1
	says 'the verifier refuses' $err || return 1
	unchanged status 1 load "$nid" compressible threshold=x --dry-run || return 1
	unchanged status 1 swap "$nid" admit_all --dry-run || return 1

	status 0 load "$nid" memcg_budget budget=3 || return 1
	unchanged status 1 load "$nid" admit_all --dry-run || return 1
	says 'the node has policy' $err || return 1
	unchanged status 0 --json swap "$nid" memcg_budget --dry-run || return 1
	expect '["swap",true,"memcg_budget",true]' \
		"$(jq -c '[.action, .verified, .replaced.policy, (.maps[] | select(.name == "budgets") | .handed_over)]' $out)" \
		'what swap would do' || return 1
	unchanged status 1 swap "$nid" memcg_budget --dry-run --expect other || return 1
	unchanged status 2 swap "$nid" memcg_budget --dry-run --settle 3
}

dry_apply_changes_nothing() {
	configure "[node $nid]" 'policy = compressible'
	unchanged apply 0 --dry-run || return 1
	action load || return 1
	expect true "$(jq .verified $out)" verified || return 1
	apply 0 || return 1
	configure "[node $nid]" 'policy = compressible' 'tunable.samples = 3'
	unchanged apply 0 --dry-run || return 1
	action set || return 1
	expect 3 "$(jq .set.samples.new $out)" 'samples that would be set' || return 1
	configure "[node $nid]" 'policy = admit_all'
	unchanged apply 0 --dry-run || return 1
	action swap || return 1
	configure "[node $nid]" 'policy = writes_folio'
	unchanged apply 1 --dry-run
}

policy_is_for_other_nodes() {
	unchanged status 1 load "$nid" for_others || return 1
	says 'for other nodes: its driver is cram, not other' $err || return 1
	unchanged status 1 load "$nid" for_others --dry-run || return 1
	configure "[node $nid]" 'policy = for_others'
	unchanged apply 1 "$nid" || return 1
	jq -r .error.next $err | grep -q '^"force = yes" in the section' ||
		{ why="it says: $(tail -n 1 $err)"; return 1; }
	configure "[node $nid]" 'policy = for_others' 'force = yes'
	apply 0 "$nid" || return 1
	again || return 1
	status 0 swap "$nid" admit_all || return 1
	unchanged status 1 swap "$nid" for_others || return 1
	status 0 swap "$nid" for_others --force || return 1
	expect for_others "$(field policy_name)" policy_name
}

policies_for_a_node() {
	status 3 --json policies --for "$nid" || return 1
	expect '[true,false]' "$(jq -c 'map(.name) | [index("anti_thrash") != null, index("for_others") != null]' $out)" \
		'anti_thrash and for_others are listed' || return 1
	status 3 policies || return 1
	says '^for_others' $out || return 1
	status 1 policies --for 77
}

# Without --config, as at boot.
system_directories() {
	local etc=/etc/node_ext lib=/usr/lib/node_ext

	mkdir -p $etc $lib
	printf '%s\n' "[node $nid]" 'policy = deny_all' >$lib/50-test.conf
	status 0 apply || return 1
	expect deny_all "$(field policy_name)" 'policy of /usr/lib' || return 1
	printf '%s\n' "[node $nid]" 'policy = admit_all' >$etc/50-test.conf
	status 0 apply || return 1
	expect admit_all "$(field policy_name)" 'policy of /etc' || return 1
	ln -sf /dev/null $etc/50-test.conf
	unchanged status 0 --json apply || return 1
	action unconfigured
}

with_system_directories() {
	local rc=0

	system_directories || rc=1
	rm -f /etc/node_ext/50-test.conf /usr/lib/node_ext/50-test.conf
	return $rc
}

without_privilege() {
	local rc=0

	configure "[node $nid]" 'policy = deny_all'
	status 0 load "$nid" admit_all || return 1
	chmod 755 $conf
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$ctl" apply --config $conf "$nid" >$out 2>$err || rc=$?
	expect 1 $rc 'exit status' || return 1
	expect admit_all "$(field policy_name)" policy_name || return 1
	says 'root|CAP_|permission' $err
}

# In the middle of an experiment: at no moment is there no policy.
unload_to_configured() {
	local detaches

	configure "[node $nid]" 'policy = compressible' 'tunable.threshold = 65%'
	status 0 load "$nid" deny_all || return 1
	detaches=$(counter policy_detaches)
	status 0 --json unload "$nid" --to-configured --config $conf || return 1
	action swap || return 1
	expect "compressible $detaches" "$(field policy_name) $(counter policy_detaches)" \
		'policy and detaches' || return 1
	configure '[node 77]' 'policy = admit_all'
	unchanged status 1 unload "$nid" --to-configured --config $conf || return 1
	says 'says nothing about it' $err
}

keeps_tunables() {
	status 0 load "$nid" compressible threshold=650 samples=9 pick_class=false || return 1
	status 0 --json swap "$nid" compressible samples=5 --keep-tunables || return 1
	expect '650 5 false' "$(tunable threshold) $(tunable samples) $(tunable pick_class)" \
		'threshold, samples and pick_class' || return 1
	expect '[true,false]' \
		"$(jq -c '.kept_tunables | [index("threshold") != null, index("samples") != null]' $out)" \
		'kept_tunables names threshold and samples' || return 1
	status 0 swap "$nid" compressible || return 1
	expect 700 "$(tunable threshold)" 'threshold without --keep-tunables'
}

# Where a value cannot be kept, nothing is changed.
values_that_cannot_be_kept() {
	status 0 load "$nid" compressible threshold=650 || return 1
	unchanged status 1 swap "$nid" narrow samples=8 --keep-tunables || return 1
	says 'out of range for tunable "threshold"' $err || return 1
	unchanged status 1 swap "$nid" narrow threshold=200 --keep-tunables || return 1
	says 'tunable "samples".*cannot be kept' $err || return 1
	status 0 swap "$nid" narrow threshold=200 samples=8 --keep-tunables || return 1
	expect narrow "$(field policy_name)" policy_name
}

other_node() { cat "/sys/devices/system/node/node2/device/policy_name"; }

# What one node does not get does not keep the others from theirs.
several_nodes() {
	configure '[node 1]' 'policy = init_fails' '[node 2]' 'policy = deny_all'
	apply 3 || return 1
	expect node1 "$(jq -r .error.subject $err)" 'the node that failed' || return 1
	expect node2 "$(jq -r .node $out)" 'the node that was done' || return 1
	expect deny_all "$(other_node)" 'policy of node 2' || return 1
	configure '[node 1]' 'policy = admit_all' '[node 2]' 'policy = no-such-policy'
	apply 3 || return 1
	expect 'admit_all deny_all' "$(field policy_name) $(other_node)" 'policies' || return 1
	configure '[match all]' 'driver = *' 'policy = admit_all'
	apply 0 node2 || return 1
	expect '1 node2 swap' "$(jq -rs '"\(length) \(.[0].node) \(.[0].action)"' $out)" 'what was done' || return 1
	apply 0 1 2 || return 1
	expect 'none none' "$(jq -rs 'map(.action) | join(" ")' $out)" 'what was done again' || return 1
	apply 3 1 77 || return 1
	apply 1 77 || return 1
	status 0 unload 1 2
}

with_two_nodes() {
	local start2 size2 rc=0 range

	IFS=: read -r _ start2 size2 <<<"${nodes#* }"
	{ echo 0 >"$emu/online" && rmmod cram_emu; } || { why='the device stays'; return 1; }
	modprobe cram_emu "start=$start,$start2" "size=$size,$size2" nid=1,2 phys=64M,64M ||
		{ why='modprobe cram_emu failed'; return 1; }
	several_nodes || rc=1
	"$ctl" unload 1 2 >/dev/null 2>&1
	for range in "$emu"/[0-9]*; do echo 0 >"$range/online"; done
	{ rmmod cram_emu && device_on; } || { why='the device does not come back'; return 1; }
	return $rc
}

body() {
	after_each
	works attaches attaches_what_is_configured
	works sets_tunables sets_tunables_that_differ
	works changed_object replaces_a_changed_object
	works other_policy replaces_another_policy
	works loaded_by_hand takes_over_what_was_loaded_by_hand
	works digest running_policy_tells_its_file
	works match match_finds_the_node
	works unconfigured unconfigured_node_is_left_alone
	works bad_configuration bad_configuration_changes_nothing
	works refused stays_if_refused
	works dry_run dry_run_changes_nothing
	works dry_apply dry_apply_changes_nothing
	works system_directories with_system_directories
	works without_privilege without_privilege
	works unload_to_configured unload_to_configured
	works keep_tunables keeps_tunables
	works cannot_keep values_that_cannot_be_kept
	works other_nodes policy_is_for_other_nodes
	works policies_for policies_for_a_node
	works several_nodes with_two_nodes
	works not_a_node status 2 apply no-node
	works no_directory status 1 apply --config /nowhere
}
