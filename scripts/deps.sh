#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: deps.sh [kit|fuzz|matrix]
# Install what is missing to build and run everything here, and say what. Does
# nothing, and needs no network and no root, when all is there. "kit" is less:
# what make kit needs, to write a policy and to test it on the host. "fuzz" and
# "matrix" add what only make fuzz and make matrix need.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# Package (alternatives separated by |, first choice first) and what for.
# The whole list is one apt-get install.
wanted='
gcc make perl python3 xz-utils  building
clang-19|clang-20|clang-21|clang-18|clang-17 llvm-19|llvm-20|llvm-21|llvm-18|llvm-17  BPF programs
zlib1g-dev libelf-dev libjson-c-dev libinih-dev libmd-dev libncurses-dev pkg-config libc6-dev  nodectl
libcmocka-dev  tests of policies
'
[ "${1-}" = kit ] || wanted+='git file procps  scripts
bc bison flex libssl-dev cpio kmod dwarves|pahole  the kernel
ccache  fast rebuilds of the kernel
qemu-system-x86 iproute2  the VM
libnuma-dev numactl stress-ng strace jq redis-server redis-tools ndctl  tests and demo
shellcheck  make lint
python3-ply python3-git  make checkpatch
wget ca-certificates  the kernel source, where Debian does not have it
'
[ "${1-}" != fuzz ] || wanted+='libclang-rt-19-dev|libclang-rt-20-dev|libclang-rt-21-dev|libclang-rt-18-dev|libclang-rt-17-dev|libclang-rt-14-dev  make fuzz
'
[ "${1-}" != matrix ] || wanted+='gcc-aarch64-linux-gnu sparse  make matrix
'

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

command -v dpkg-query >/dev/null || die "this is not a Debian system" \
	"make works on Debian 12 or later; on another one, install by its own means:" \
	"$(awk -F '  ' '{ printf "%s ", $1 }' <<<"$wanted")" \
	"then build the parts: make nodectl policies"

missing=() why=''
while IFS= read -r line; do
	[ -n "$line" ] || continue
	names=${line%%  *}
	need=()
	for alternatives in $names; do
		found=
		for p in ${alternatives//|/ }; do
			installed "$p" && found=1 && break
		done
		[ -n "$found" ] || need+=("$alternatives")
	done
	if [ ${#need[@]} -gt 0 ]; then
		missing+=("${need[@]}")
		why+="  ${line#*  }: ${need[*]}"$'\n'
	fi
done <<<"$wanted"

if [ ${#missing[@]} -gt 0 ]; then
	say "These Debian packages are missing:"
	printf '%s' "$why" >&2
	[ "$(id -u)" = 0 ] || die "installing packages needs root" \
		"run 'make deps' as root once; everything else works as any user"
	mkdir -p "$build/log"
	need_space / 3000 "installing the packages"
	with_progress "apt-get update" "$build/log/apt-update.log" apt-get -qq update
	packages=()
	for alternatives in "${missing[@]}"; do
		for p in ${alternatives//|/ }; do
			apt-cache show "$p" >/dev/null 2>&1 && break
			p=
		done
		[ -n "$p" ] || die "this system's archive has none of: ${alternatives//|/ }" \
			"make needs Debian 12 or later (this is $(. /etc/os-release; echo "$PRETTY_NAME"))"
		packages+=("$p")
	done
	# RUNLEVEL=1: installing redis must not start a server here.
	with_progress "apt-get install ${packages[*]}" "$build/log/apt-install.log" \
		env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get -q -y --no-install-recommends install "${packages[@]}"
fi

[ "${1-}" != kit ] || exit 0

# virtme-ng: Debian has it from trixie on, as scripts that run on 12, too. It
# is unpacked, not installed. Our own first process goes to the place where it
# looks for its compiled one.
if [ ! -e "$build/virtme-ng/.done" ]; then
	mkdir -p "$build" "$cache/virtme-ng"
	deb=$(find "$cache/virtme-ng" -maxdepth 1 -name 'virtme-ng_*.deb' | sort -V | tail -n 1)
	[ -n "$deb" ] || deb=$("$top/scripts/debian-fetch.sh" trixie virtme-ng "$cache/virtme-ng")
	rm -rf "$build/virtme-ng" "$build/virtme-ng.part"
	mkdir "$build/virtme-ng.part"
	dpkg-deb -x "$deb" "$build/virtme-ng.part/x"
	mv "$build/virtme-ng.part/x/usr/lib/python3/dist-packages/"* "$build/virtme-ng.part/"
	rm -rf "$build/virtme-ng.part/x"
	mkdir -p "$build/virtme-ng.part/virtme/guest/bin"
	ln -s ../../../../../scripts/vm-init \
		"$build/virtme-ng.part/virtme/guest/bin/virtme-ng-init"
	touch "$build/virtme-ng.part/.done"
	mv "$build/virtme-ng.part" "$build/virtme-ng"
fi
