#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# make demo, the part inside the VM: a redis server is filled with text while
# a neighbour holds most of the memory, cold pages go to the compressed node,
# the policy is replaced under load, the device loses half of its capacity, a
# hostile policy is ejected and a good one loaded, the policy is unloaded, and
# everything is read back.
# Ends with one table, and with status 1 if a line of it is not as it must be.
set -euo pipefail
# One stream keeps progress, errors and results in order.
exec 2>&1

top=${NODE_EXT_TOP:?run this in the VM: make demo}
out=${NODE_EXT_OUT:?}
demo=$top/build/demo/demo
data=$top/build/demo/dataset
nodectl=$top/build/demo/bin/nodectl
bpftool=$top/build/demo/bin/bpftool
export NODECTL_PATH=$top/build/demo/bin
run=/run/demo
journal=/dev/shm/journal
sock=$run/redis.sock
server=/sys/fs/cgroup/demo-server
reader=/sys/fs/cgroup/demo-reader
cram=/sys/kernel/debug/cram_emu
policy=compressible
second=memcg_budget
phys=${DEMO_PHYS_MIB:?}
reader_mib=16
# What takes the kernel a moment may take so many seconds.
settle=$((30 * ${DEMO_PATIENCE:-1}))
# shellcheck source=tests/demo/report.sh
. "$top/tests/demo/report.sh"

# ---- telling what happens -----------------------------------------------
stage="start"
step() {
	stage=$*
	printf '\n[%3d s] %s\n' "$SECONDS" "$*"
}
note() {
	printf '        %s\n' "$*"
}
failures=()
fail() {
	failures+=("$*")
	printf 'demo: DOES NOT HOLD: %s\n' "$*" >&2
}
give_up() {
	printf 'demo: error: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '      %s\n' "$@" >&2
	exit 1
}

pids=()
cleanup() {
	local rc=$?

	[ $rc -eq 0 ] || printf 'demo: ended in the step "%s" (status %d)\n' \
		"$stage" $rc >&2
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
	dmesg >"$out/dmesg.txt" 2>/dev/null || true
}
trap cleanup EXIT

# results FILE PREFIX: lines name=value become r[PREFIX.name]
declare -A r
results() {
	local name value

	while IFS='=' read -r name value; do
		r[$2.$name]=$value
	done <"$1"
}

# ---- the node -------------------------------------------------------------
node='' nid='' start='' bytes=''
# One number or word of the node: a file of its own, or a line of stat.
counter() {
	local dir=/sys/devices/system/node/$node/device name value

	if [ -e "$dir/$1" ]; then
		read -r value <"$dir/$1" || return
		echo "$value"
		return
	fi
	while read -r name value; do
		if [ "$name" = "$1" ]; then
			echo "$value"
			return
		fi
	done <"$dir/stat"
	return 1
}

# All counters of the node at one moment, as r[NAME.counter].
counters=(pages_offered pages_admitted pages_demoted pages_denied pages_kept
	  pages_refused_device pages_failed pages_promoted_write
	  calls_admit_batch calls_admit_folio calls_no_policy overridden
	  logical_used physical_used physical_total policy_updates policy_ejects
	  pressure_critical pages_reclaimed pages_evacuated kills
	  balloon_pages balloon_in)
snap() {
	local c

	for c in "${counters[@]}"; do
		r[$1.$c]=$(counter "$c")
	done
}
# delta FROM TO COUNTER
delta() {
	echo $((${r[$2.$3]} - ${r[$1.$3]}))
}
# What the kernel says the server's cgroup has on the node.
server_pages() {
	awk -v n="N$nid=" -v page="$(getconf PAGESIZE)" '$1 == "anon" {
		for (i = 2; i <= NF; i++)
			if (index($i, n) == 1)
				pages = substr($i, length(n) + 1) / page
	} END { print int(pages) }' $server/memory.numa_stat
}
mib() {
	awk -v b="$1" 'BEGIN { printf "%.1f", b / 1048576 }'
}
# within SECONDS COMMAND...: wait until it succeeds, no longer
within() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}
pressure_is() {
	[ "$(counter pressure)" = "$1" ]
}
uses_at_most() {
	[ "$(counter physical_used)" -le "$1" ]
}
# What the device itself counts, over its own life.
device() {
	cat "$cram/$1"
}
available_mib() {
	awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo
}
# Ask the kernel to reclaim so many MiB of the server's cold memory. It says
# EAGAIN if that much was not there: what counts is what moved.
reclaim() {
	echo "$1M swappiness=max" 2>/dev/null >$server/memory.reclaim || true
}

# Requests to the server in the background; what came of them is r[NAME.*].
load_pid=''
start_load() {
	"$demo" load $journal $sock $((300 * ${DEMO_PATIENCE:-1})) >"$run/$1" &
	load_pid=$!
	pids+=("$load_pid")
}
stop_load() {
	kill -TERM "$load_pid"
	wait "$load_pid" || fail "all requests $2 were answered correctly"
	results "$run/$1" "$1"
}
# served NAME: how many there were by now, as r[NAME.served]
served() {
	"$demo" counters $journal >"$run/counters.$1"
	results "$run/counters.$1" "$1"
}

step "the device: emulated compressed memory on a NUMA node of its own"
mkdir -p $run
IFS=: read -r nid start bytes <<<"${NODE_EXT_NODES%% *}"
node=node$nid
modprobe cram_emu "start=$start" "size=$bytes" "nid=$nid" "phys=${phys}M" verify=1 ||
	give_up "the driver cram_emu did not load" "see $out/dmesg.txt"
[ -d "/sys/devices/system/node/$node/device" ] ||
	give_up "$node did not become a device node" "see $out/dmesg.txt"
# Off after boot, as for any lower memory tier.
echo 1 >/sys/kernel/mm/numa/demotion_enabled
note "demotion is on: echo 1 >/sys/kernel/mm/numa/demotion_enabled"
mkswap "$NODE_EXT_DISK" >/dev/null
swapon "$NODE_EXT_DISK"
"$nodectl" check >"$out/check.txt" ||
	give_up "this kernel misses something" "$(grep ^missing -A 1 "$out/check.txt")"
note "nodectl check: $(tail -n 1 "$out/check.txt")"
"$nodectl" nodes
note "nodes with memory for everybody: $(cat /sys/devices/system/node/has_memory)," \
     "device nodes: $(cat /sys/devices/system/node/has_device_memory)"
# Reading a demoted page back costs nothing, reading a file again does: as with
# zram, reclaim should look at anonymous memory first.
echo 150 >/proc/sys/vm/swappiness

step "nodectl load $node $policy"
"$nodectl" load "$node" $policy

step "a redis server, and a neighbour that takes most of the memory"
mkdir $server $reader
(
	echo "$BASHPID" >$server/cgroup.procs
	exec redis-server --port 0 --unixsocket $sock --save '' --appendonly no \
		--daemonize no --dir $run --logfile $run/redis.log
) &
redis_pid=$!
pids+=("$redis_pid")
for ((i = 0; i < 100; i++)); do
	[ "$(redis-cli -s $sock ping 2>/dev/null)" != PONG ] || break
	sleep 0.2
done
[ "$(redis-cli -s $sock ping 2>/dev/null)" = PONG ] ||
	give_up "redis-server does not answer" "$(tail -n 5 $run/redis.log)"
total_mib=$((DEMO_TEXT_MIB + DEMO_PACKED_MIB))
leave=$((total_mib * 6 / 10))
[ $leave -ge 48 ] || leave=48
ballast=$(($(available_mib) - leave))
[ $ballast -gt 0 ] || ballast=0
"$demo" ballast $ballast 900 >$run/ballast &
pids+=($!)
for ((i = 0; i < 150; i++)); do
	[ ! -s $run/ballast ] || break
	sleep 0.2
done
grep -q ready $run/ballast || give_up "the neighbour did not get $ballast MiB"
note "the neighbour holds $ballast MiB; $(available_mib) MiB are left" \
     "for $total_mib MiB of data"

step "filling: $DEMO_TEXT_MIB MiB of text and $DEMO_PACKED_MIB MiB of" \
     ".gz files, by redis-cli --pipe"
snap empty
"$demo" stream $journal "$data" | redis-cli -s $sock --pipe >$run/fill
grep -q 'errors: 0,' $run/fill ||
	give_up "redis-cli could not fill the server:" "$(tail -n 3 $run/fill)"
"$demo" counters $journal >$run/counters
results $run/counters data
[ "$(redis-cli -s $sock dbsize)" = "${r[data.values]}" ] ||
	give_up "the server does not hold ${r[data.values]} values"
snap filled
note "${r[data.values]} values; memory pressure alone has demoted" \
     "$(delta empty filled pages_demoted) pages so far"
# Pressure stops as soon as the neighbour and the server have what they need.
# Ask for the rest, a bounded number of times.
want=$((total_mib * 256 * 6 / 10))
for ((i = 0; i < 30; i++)); do
	[ "$(counter pages_demoted)" -lt $((want + ${r[empty.pages_demoted]})) ] ||
		break
	reclaim 4
done
snap cold
note "with proactive reclaim (memory.reclaim): $(delta empty cold pages_demoted) pages"
"$nodectl" status "$node"

step "reads of demoted data, in the server: every value is read, the kernel" \
     "records the faults"
"$demo" readfaults $journal "$data" $sock $redis_pid "$nid" >$run/readfaults ||
	fail "all values could be read under $policy"
results $run/readfaults server
note "${r[server.pages]-?} pages of the server were on $node:" \
     "${r[server.readfaults]-?} read faults, ${r[server.writefaults]-?} write faults there"

step "reads of demoted data, in place: a program has its text demoted and" \
     "reads it with plain loads"
(
	echo "$BASHPID" >$reader/cgroup.procs
	exec "$demo" reader "$data" "$nid" $reader/memory.reclaim $reader_mib
) >$run/reader ||
	fail "the reader's measurement ran"
results $run/reader reader
note "${r[reader.pages]-?} pages: ${r[reader.faults]-?} faults," \
     "${r[reader.moved]-?} changed their physical page"

step "requests go on while nodectl swap $node $second"
snap swap0
start_load load
(while sleep 0.5; do reclaim 1; done) &
press_pid=$!
pids+=("$press_pid")
sleep 4
served before
snap swap1
old_id=$(counter policy_id)
"$nodectl" swap "$node" $second "budget=$(server_pages)" --expect $policy
served after
snap swap2
sleep 4
kill $press_pid
wait $press_pid 2>/dev/null || true
stop_load load "around the swap"
snap swap3
[ "$(counter policy_id)" != "$old_id" ] || fail "swap changed the policy"
[ "$(counter policy_name)" = $second ] || fail "swap attached $second"
note "${r[load.served]-?} requests served in all, $((${r[after.served]:-0} - ${r[before.served]:-0}))" \
     "of them while nodectl swap ran; ${r[load.failed]-?} failed"
note "the policy was asked about $(delta swap0 swap3 calls_admit_folio) pages in that time;" \
     "no policy: $(delta swap0 swap3 calls_no_policy)"

step "writes to demoted data"
"$demo" rewrite $journal $sock 1000 >$run/rewrite || fail "all writes were answered"
results $run/rewrite rewrite
snap written
note "${r[rewrite.rewritten]-?} values rewritten:" \
     "$(delta swap3 written pages_promoted_write) pages promoted"

step "$second decides: the server may have a few more pages on the node"
budget=$(($(server_pages) + 128))
"$nodectl" set "$node" budget=$budget
snap decide
for ((i = 0; i < 16; i++)); do
	[ "$(counter pages_denied)" -lt $((${r[decide.pages_denied]} + 500)) ] ||
		break
	reclaim 8
done
snap second
note "$(server_pages) pages of the server on $node, its budget is $budget;" \
     "offered $(delta decide second pages_offered)," \
     "admitted $(delta decide second pages_admitted)," \
     "refused $(delta decide second pages_denied)"

r[budget.pages]=$(server_pages)

# Taken while the policy is attached, printed below the table.
show() {
	printf '\n$ bpftool %s\n' "$*"
	if ! "$bpftool" "$@" >$run/show 2>&1; then
		fail "bpftool $* works"
	fi
	head -n 60 $run/show
	[ "$(wc -l <$run/show)" -le 60 ] || echo "... ($(wc -l <$run/show) lines)"
	[ -s $run/show ] || echo "(empty)"
}
show_all() {
	local progs id

	show struct_ops list
	show struct_ops dump name $second
	show -f link show
	progs=$("$bpftool" prog show | awk '$2 == "struct_ops" { print $1 + 0 }')
	[ -n "$progs" ] || fail "bpftool prog show lists the policy's programs"
	for id in $progs; do
		show prog show id "$id"
		show prog tracelog stdout id "$id"
		show prog tracelog stderr id "$id"
	done
}
show_all >$run/bpftool

step "the device loses half of its capacity while requests go on"
# All of it may be used until then. What the requests bring back from swap is
# what gets cold again.
"$nodectl" set "$node" budget=-1
start_load cutload
for ((i = 0; i < 30; i++)); do
	uses_at_most $((phys * 1048576 * 65 / 100)) || break
	reclaim 2
	sleep 0.3
done
snap cut0
served cut0
# If that alone would force nothing out, it loses more.
lost="half" limit=$((${r[cut0.physical_total]} / 2))
if [ "${r[cut0.physical_used]}" -le $((limit + limit / 8)) ]; then
	lost="more than half" limit=$((${r[cut0.physical_used]} / 2))
fi
limit=$((limit / $(getconf PAGESIZE) * $(getconf PAGESIZE)))
note "$(mib "${r[cut0.physical_used]}") MiB of $(mib "${r[cut0.physical_total]}")" \
     "are in use; from now on there are $(mib $limit)"
echo $limit >$cram/phys_limit
cut_at=$SECONDS
within $settle uses_at_most $limit ||
	fail "the node used no more than $(mib $limit) MiB after $settle s"
snap cut1
note "$((SECONDS - cut_at)) s later: $(mib "${r[cut1.physical_used]}") MiB in use;" \
     "$(delta cut0 cut1 pages_reclaimed) pages were reclaimed by kswapd of the node," \
     "$(delta cut0 cut1 pages_evacuated) to DRAM"
# The server lives with that for a while.
sleep 4
served cut2
snap cut2
"$nodectl" status "$node" | grep -E '^  (logical|physical|pressure|balloon) ' ||
	fail "nodectl status shows capacity and pressure"
echo "${r[cut0.physical_total]}" >$cram/phys_limit
within $settle pressure_is ok ||
	fail "with its capacity back, the node is at pressure ok after $settle s"
snap back0
for ((i = 0; i < 16; i++)); do
	[ "$(counter pages_demoted)" -lt $((${r[back0.pages_demoted]} + 100)) ] ||
		break
	reclaim 4
done
snap back1
note "the capacity is back: pressure $(counter pressure)," \
     "$(delta back0 back1 pages_demoted) pages came in again"
stop_load cutload "around the loss of capacity"
note "${r[cutload.served]-?} requests served in all," \
     "$((${r[cut2.served]:-0} - ${r[cut0.served]:-0})) of them while capacity" \
     "was short; ${r[cutload.failed]-?} failed"

step "requests go on while the kernel ejects a policy whose calls take too long"
start_load badload
sleep 4
served bad0
snap bad0
# at=1 is admit_folio, act=3 burns. The slow calls have an end: if the kernel does
# not eject it, the demo fails and does not hang.
"$nodectl" swap "$node" hostile at=1 act=3 burns=100 \
	burn_ms=$((200 * ${DEMO_PATIENCE:-1})) --expect $second
ejected() {
	reclaim 1
	[ "$(counter policy_id)" = 0 ]
}
within $settle ejected || fail "the kernel has ejected hostile after $settle s"
printf '$ nodectl why %s\n' "$node"
"$nodectl" why "$node" >$run/why || fail "nodectl why works"
head -n 4 $run/why
grep -q 'policy hostile .*it was ejected: its calls took too long.* admit_folio()' \
	$run/why || fail "nodectl why names slow calls of admit_folio"
"$nodectl" load "$node" $policy || fail "the next policy could be loaded"
[ "$(counter policy_name)" = $policy ] || fail "$policy is attached after hostile"
served bad1
snap bad1
stop_load badload "around the ejection"
note "${r[badload.served]-?} requests served in all," \
     "$((${r[bad1.served]:-0} - ${r[bad0.served]:-0})) of them until the next" \
     "policy was there; ${r[badload.failed]-?} failed"

step "nodectl unload $node: back to the native default"
"$nodectl" unload "$node"
[ -z "$(counter policy_name)" ] || fail "unload left no policy"
[ "$(counter policy_id)" = 0 ] || fail "unload left no policy id"
# What is written goes to DRAM and gets cold there: there is something to offer.
"$demo" rewrite $journal $sock 500 >$run/rewrite2 || fail "all writes were answered"
snap native0
for ((i = 0; i < 4; i++)); do
	reclaim 8
done
snap native

step "every value is read back and compared with the file"
"$demo" verify $journal "$data" $sock >$run/verify ||
	fail "every value could be read back"
results $run/verify verify
echo 1 >$cram/scrub || fail "the scrub of the device found no mismatch"
mismatches=$(device mismatches)
violations=$(device violations)
warnings=$(dmesg | grep -cE 'WARNING:|BUG:|Oops|possible recursive' || true)

step "what it did"
report
printf '\n%s as bpftool showed it while it was attached. The programs print\n' $second
printf 'nothing, so their streams (tracelog) are empty unless the kernel complained.\n'
cat $run/bpftool

if [ ${#failures[@]} -gt 0 ]; then
	stage="checking the results"
	printf '\ndemo: %d conditions do not hold:\n' ${#failures[@]}
	printf '  %s\n' "${failures[@]}"
	exit 1
fi
printf '\ndemo: everything holds (%d s in the VM)\n' "$SECONDS"
