#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Boot a kernel of this project on the host's own files and run one command in
# it, or a shell. The exit status is the command's; see usage for the others.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'USAGE'
usage: scripts/vm.sh [options] [-- COMMAND...]
  COMMAND is one shell command line; without it you get a shell.
  -k, --kernel NAME|DIR  release (default), debug, or a directory that holds
                         a bzImage (an image directory or a kernel O= tree)
  -m, --memory SIZE      DRAM of node 0 (default 1G)
  -n, --nodes SIZES      memory of nodes 1, 2, ... that nobody claims at boot,
                         comma-separated (default 2G); nvdimm:SIZE is
                         persistent memory
  -c, --cpus N           CPUs, all on node 0 (default 2)
  -t, --timeout SECONDS  end the VM after this long (default 600, with COMMAND)
  -o, --out DIR          shared with the VM, read-write (default build/vm/out)
  -a, --append STRING    more kernel parameters
  -l, --load             load the emulated device on node 1 first
      --accel auto|kvm|tcg
      --icount           count instructions exactly (one CPU at a time, slow)
      --qemu STRING      more QEMU arguments, split at blanks
      --log FILE         keep the kernel's messages there (default: below build/vm)
      --console          show the kernel's messages on stderr, too
exit status: the command's; 124 the time is over; 125 the kernel crashed or the
VM did not start. In the VM these are set:
  NODE_EXT_TOP      this checkout           NODE_EXT_OUT   the --out directory
  NODE_EXT_KERNEL   directory of the image  NODE_EXT_DISK  an empty 2 GiB disk
  NODE_EXT_MODULES  modules (modprobe NAME works)
  NODE_EXT_NODES    NODE:START:BYTES of each unclaimed memory range
  NODE_EXT_ACCEL    kvm or tcg
USAGE
}

kernel=${KERNEL:-release} memory=${VM_MEMORY:-1G} nodes=${VM_NODES-2G}
cpus=${VM_CPUS:-2} timeout=${VM_TIMEOUT:-600} out=$build/vm/out append=${VM_APPEND:-}
accel=${VM_ACCEL:-auto} icount='' extra='' console='' log='' have_cmd='' load=''
while [ $# -gt 0 ]; do
	case $1 in
	-k|--kernel) kernel=$2; shift ;;
	-m|--memory) memory=$2; shift ;;
	-n|--nodes) nodes=$2; shift ;;
	-c|--cpus) cpus=$2; shift ;;
	-t|--timeout) timeout=$2; shift ;;
	-o|--out) out=$2; shift ;;
	-a|--append) append+=" $2"; shift ;;
	-l|--load) load=". $top/scripts/vm-load.sh" ;;
	--accel) accel=$2; shift ;;
	--icount) icount=1 ;;
	--qemu) extra=$2; shift ;;
	--log) log=$2; shift ;;
	--console) console=1 ;;
	-h|--help) usage; exit 0 ;;
	--) shift; have_cmd=1; break ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
[ -n "$have_cmd" ] || [ -t 0 ] ||
	die "no terminal for a shell" "run it from a terminal, or give a command: make vm CMD='...'"

# mib SIZE: 512M, 2G or a plain number of MiB, in MiB
mib() {
	case $1 in
	*[!0-9]*[!0-9]*|''|[!0-9]*) die "bad memory size '$1'" "use for example 512M or 2G" ;;
	*G) echo $((${1%G} * 1024)) ;;
	*M) echo "${1%M}" ;;
	*[!0-9]) die "bad memory size '$1'" "use for example 512M or 2G" ;;
	*) echo "$1" ;;
	esac
}

# ---- the kernel -------------------------------------------------------------
image='' modtree=''
for d in "$build/image/$kernel" "$build/kernel/$kernel" "$kernel"; do
	[ -d "$d" ] || continue
	for b in "$d/bzImage" "$d/arch/x86/boot/bzImage"; do
		[ -z "$image" ] && [ -r "$b" ] && image=$b && kernel=$(cd "$d" && pwd -P)
	done
done
[ -n "$image" ] || die "there is no kernel '$kernel'" \
	"build one: make kernel KERNEL=$kernel"
for m in "$kernel"/lib/modules/*/ "$kernel"/modtree/lib/modules/*/; do
	[ -r "$m/modules.dep" ] && modtree=${m%/}
done

# ---- the machine ------------------------------------------------------------
# q35 puts RAM below 2.75 GiB under the PCI hole, or 2 GiB of it if there is
# more; hotplug memory starts at the next GiB above everything else.
dram=$(mib "$memory")
below=$dram
[ "$dram" -lt 2816 ] || below=2048
next=$(((4096 + dram - below + 1023) / 1024 * 1024))
maxmem=$((dram + 1024)) nid=0 ranges='' numa=() machine=q35
sizes=()
[ -z "$nodes" ] || IFS=, read -ra sizes <<<"$nodes"
for s in "${sizes[@]}"; do
	dimm=pc-dimm
	if [[ $s == nvdimm:* ]]; then
		dimm=nvdimm machine=q35,nvdimm=on
	fi
	s=$(mib "${s#nvdimm:}")
	[ $((s % 128)) -eq 0 ] || die "a node of $s MiB is not a multiple of 128 MiB"
	nid=$((nid + 1))
	start=$(printf '0x%x' $((next * 1048576)))
	# A node is possible only if the firmware names it. The hotplug window
	# does it for the last node; an empty CPU socket does it for the others.
	numa+=(-numa "node,nodeid=$nid")
	[ $nid -eq ${#sizes[@]} ] || numa+=(-numa "cpu,node-id=$nid,socket-id=$((cpus + nid - 1))")
	numa+=(-object "memory-backend-ram,id=d$nid,size=${s}M"
	       -device "$dimm,id=dm$nid,memdev=d$nid,node=$nid,addr=$start")
	[ $dimm = nvdimm ] || ranges+="${ranges:+ }$nid:$start:$((s * 1048576))"
	next=$(((next + s + 1023) / 1024 * 1024))
	maxmem=$((maxmem + s + 1024))
done
smp=$cpus,sockets=$((cpus + (nid > 1 ? nid - 1 : 0))),cores=1,threads=1
smp+=,maxcpus=$((cpus + (nid > 1 ? nid - 1 : 0)))
cpu_numa=()
for ((i = 0; i < cpus; i++)); do
	cpu_numa+=(-numa "cpu,node-id=0,socket-id=$i")
done

# ---- KVM, if a guest really runs with it ------------------------------------
# The answer holds until the next boot of this machine. /dev/kvm may be there
# and hang: so let this kernel come up until it finds no root file system.
kvm_works() {
	local mark=$cache/kvm-probe boot answer=no

	[ -w /dev/kvm ] || return 1
	boot=$(cat /proc/sys/kernel/random/boot_id)
	if [ "$(head -n 1 "$mark" 2>/dev/null)" != "$boot" ]; then
		mkdir -p "$cache"
		say "KVM: trying (once per boot of this machine, 15 s at most)"
		if timeout -k 2 15 qemu-system-x86_64 -machine q35,accel=kvm -cpu host \
			-m 256 -display none -no-reboot -net none -serial stdio \
			-kernel "$image" -append 'console=ttyS0 panic=-1' \
			</dev/null 2>/dev/null | grep -aq 'Unable to mount root'; then
			answer=yes
		fi
		printf '%s\n%s\n' "$boot" $answer >"$mark.$$"
		mv "$mark.$$" "$mark"
		[ $answer = yes ] || say "KVM: not usable here, emulating (slower)"
	fi
	[ "$(sed -n 2p "$mark")" = yes ]
}

case $accel in
auto) if [ -z "$icount" ] && kvm_works; then accel=kvm; else accel=tcg; fi ;;
kvm|tcg) ;;
*) die "--accel is auto, kvm or tcg, not '$accel'" ;;
esac

# ---- this run ---------------------------------------------------------------
virtme=$build/virtme-ng
[ -d "$virtme/virtme/guest" ] ||
	die "virtme-ng is not unpacked" "run: make deps"
case $top$out$kernel in
/run/*|/var/run/*|/dev/*|/proc/*|/sys/*)
	die "the VM has its own ${top%"${top#/*/}"}: it does not see $top" \
	    "move the checkout" ;;
*[[:space:],\"]*) die "a path with blanks, commas or quotes cannot be given to the VM: $top" ;;
esac

# Keep the logs of the last 20 runs.
mkdir -p "$build/vm" "$out"
out=$(cd "$out" && pwd)
run=$(mktemp -d "$build/vm/run.XXXXXX")
chmod 755 "$run"
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	local old

	rm -f "$run/disk.img" "$run/1" "$run/2" "$run/9"
	# shellcheck disable=SC2012
	ls -dt "$build"/vm/run.* 2>/dev/null | tail -n +21 | while read -r old; do
		rm -rf "$old"
	done
}
trap cleanup EXIT
log=${log:-$run/console.log}
mkdir -p "$(dirname "$log")"
: >"$log"
printf '%s\n' "$load" >"$run/rc"
[ -z "$have_cmd" ] || printf '%s\n' "$load" "$*" >"$run/cmd"
cat >"$run/env" <<ENV
NODE_EXT_TOP=$top
NODE_EXT_KERNEL=$kernel
NODE_EXT_NODES=$ranges
NODE_EXT_DISK=/dev/vda
NODE_EXT_ACCEL=$accel
NODE_EXT_MODTREE=$modtree
ENV
truncate -s 2G "$run/disk.img"

# shellcheck disable=SC2054 # the commas are QEMU's
args=(--kimg "$image" --mods none --force-9p --disable-microvm
      --memory "${dram}M,slots=8,maxmem=$maxmem" --cpus "$smp"
      -a rootflags=version=9p2000.L,trans=virtio,access=any,cache=loose,msize=524288
      -a "node_ext_run=$run" -a "node_ext_out=$out"
      -a panic=-1 -a oops=panic -a tsc=reliable -a no_timer_check
      -a rcupdate.rcu_cpu_stall_timeout=120 -a cgroup_no_v1=all)
for a in $append; do
	args+=(-a "$a")
done
[ "$accel" = kvm ] || args+=(--disable-kvm)
if [ -n "$have_cmd" ]; then
	args+=(--script-sh : --show-boot-console -a loglevel=7)
fi
args+=(--qemu-opts -machine "$machine" -no-reboot
       -object "memory-backend-ram,id=m0,size=${dram}M"
       -numa "node,nodeid=0,memdev=m0" "${numa[@]}" "${cpu_numa[@]}"
       -fsdev "local,id=ne_out,path=$out,security_model=none,multidevs=remap"
       -device "virtio-9p-pci,fsdev=ne_out,mount_tag=node_ext_out"
       -drive "file=$run/disk.img,format=raw,if=virtio,cache=unsafe")
# shellcheck disable=SC2054
[ -z "$have_cmd" ] ||
	args+=(-chardev file,id=ne_err,path=/proc/self/fd/9
	       -device virtio-serial-pci -device virtserialport,name=node_ext.stderr,chardev=ne_err)
[ "$accel" = kvm ] || args+=(-cpu max)
[ -z "$icount" ] || args+=(-icount shift=0)
# shellcheck disable=SC2206
[ -z "$extra" ] || args+=($extra)

virtme_run() {
	PYTHONPATH=$virtme PYTHONDONTWRITEBYTECODE=1 exec "$@" /usr/bin/python3 -c \
		'import sys; from virtme.commands.run import main; sys.argv[0] = "virtme-run"; sys.exit(main())' \
		"${args[@]}"
}

if [ -z "$have_cmd" ]; then
	(virtme_run) || true
	exit 0
fi

# QEMU opens its outputs by name and would truncate a plain file: hand it
# pipes. virtme-ng has the kernel's console on fd 2, so the command's errors
# take fd 9. `timeout` makes the whole group end with it.
mkfifo "$run/1" "$run/2" "$run/9"
cat <"$run/1" &
pipes=($!)
cat <"$run/9" >&2 &
pipes+=($!)
if [ -n "$console" ]; then
	tee "$log" <"$run/2" >&2 &
else
	cat <"$run/2" >"$log" &
fi
pipes+=($!)
rc=0
(virtme_run timeout -k 5 "$timeout") </dev/null >"$run/1" 2>"$run/2" 9>"$run/9" &
vm_pid=$!
# shellcheck disable=SC2064
trap "kill -TERM $vm_pid 2>/dev/null; wait $vm_pid 2>/dev/null; exit 130" INT TERM HUP
wait $vm_pid || rc=$?
trap - INT TERM HUP
wait "${pipes[@]}" || true

# Only a command that ended leaves this file.
if status=$(cat "$out/.exit.${run##*.}" 2>/dev/null); then
	rm -f "$out/.exit.${run##*.}"
	exit "$status"
fi
if [ $rc -eq 124 ] || [ $rc -eq 137 ]; then
	say "error: the VM was ended after $timeout s, the command had not finished"
	say "       kernel log: $log"
	exit 124
fi
if grep -aqE 'Kernel panic|BUG:|Oops' "$log"; then
	say "error: the VM's kernel crashed; the end of its log ($log):"
	tail -n 40 "$log" >&2
else
	say "error: the VM ended before the command did (status $rc)"
	say "       kernel log: $log"
	tail -n 5 "$log" >&2
fi
exit 125
