#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: deb.sh    (inside the VM, with a device node: scripts/vm.sh --load)
# Install the package, use it, purge it. Nothing that was built is in the way:
# the files of the package are taken by their paths.
# shellcheck disable=SC2317 # called by works
set -uo pipefail

top=${NODE_EXT_TOP:?runs inside the VM only: scripts/vm.sh}
nid=${NODE_EXT_NODES%%:*}
ctl=/usr/sbin/nodectl
out=/run/deb.out
bad=0
unset NODECTL_PATH
cd /

# works NAME COMMAND...: one test that is one command
works() {
	local name=$1

	shift
	if "$@" >$out 2>&1; then
		echo "ok - deb.$name"
	else
		echo "not ok - deb.$name: $* failed: $(tail -n 2 $out | tr '\n' ' ')"
		bad=1
	fi
}

# What udev and systemd will find.
unit() {
	grep -qx 'ExecStart=/usr/sbin/nodectl apply --stay %i' "/usr/lib/systemd/system/nodectl-apply@.service" &&
		test -s /usr/lib/udev/rules.d/90-nodectl.rules
}
applied() {
	mkdir -p /etc/node_ext && printf '[node %s]\npolicy = watermark\n' "$nid" >/etc/node_ext/test.conf
	$ctl apply && policy watermark && $ctl unload "$nid" && rm /etc/node_ext/test.conf
}
policy() { [ "$(cat "/sys/devices/system/node/node$nid/device/policy_name")" = "$1" ]; }
own_paths() { $ctl policies | grep -q '^watermark ' && $ctl inspect watermark | grep -q ' /usr/lib/node_ext/watermark.bpf.o'; }
own_policy() {
	$ctl new mine /run/mine && make -C /run/mine && $ctl load "$nid" /run/mine/mine.bpf.o &&
		policy mine && $ctl unload "$nid"
}
# What the package had; directories only if they are its own.
nothing_left() {
	local f

	while read -r f; do
		if [ -d "$f" ]; then
			case $f in *node*) echo "$f is left"; return 1 ;; esac
		elif [ -e "$f" ]; then
			echo "$f is left"
			return 1
		fi
	done </run/deb.files
	! dpkg -s nodectl
}

[ ! -e $ctl ] || { echo "not ok - deb.clean: $ctl is there before"; exit 1; }
works install dpkg -i "$top"/build/deb/nodectl_*.deb
works version $ctl --version
works check $ctl check
works finds_its_policies own_paths
works load $ctl load "$nid" watermark
works attached policy watermark
works unload $ctl unload "$nid"
works own_policy own_policy
works unit unit
works apply applied
works man_page man -w nodectl
dpkg -L nodectl >/run/deb.files
works files_listed test -s /run/deb.files
works purge dpkg -P nodectl
works nothing_left nothing_left
exit $bad
