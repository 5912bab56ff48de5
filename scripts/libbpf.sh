#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Make build/libbpf: libbpf.a and its headers, as the kernel's tree has them.
# Where a kernel was built they are in its image; else they are built from the
# kernel's source, of which a few directories will do.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

dest=$build/libbpf
image=$build/image/${KERNEL:-release}/libbpf
part=$build/libbpf.part

# Two makes in this checkout may want it.
mkdir -p "$build/log"
exec 7>"$build/.libbpf.lock"
flock 7

# What is the same is not touched: everything would be built again.
if [ -r "$image/libbpf.a" ]; then
	cmp -s "$image/libbpf.a" "$dest/libbpf.a" || {
		rm -rf "$dest"
		cp -r "$image" "$dest"
	}
	exit
fi
[ ! -r "$dest/libbpf.a" ] || exit 0

rm -rf "$part"
mkdir -p "$part/objects"
source=$build/linux
if [ ! -d "$source/tools/lib/bpf" ]; then
	source=$part/source
	"$top/scripts/kernel-source.sh" unpack "$source" tools/lib/bpf tools/include \
		tools/scripts tools/build tools/arch/x86/include scripts/bpf_doc.py
fi
kernel_env
with_progress "Building libbpf" "$build/log/libbpf.log" \
	make -C "$source/tools/lib/bpf" -j"${JOBS:-$(nproc)}" CC="$cc" \
	OUTPUT="$part/objects/" DESTDIR="$part/installed" prefix= EXTRA_CFLAGS=-fPIC \
	"$part/objects/libbpf.a" install_headers
mv "$part/objects/libbpf.a" "$part/installed/include" "$part/"
# The system's copies of these may be older than this libbpf.
mkdir -p "$part/include/linux"
cp "$source"/tools/include/uapi/linux/{bpf,bpf_common,btf}.h "$part/include/linux/"
rm -rf "$part/objects" "$part/installed" "$part/source" "$dest"
mv "$part" "$dest"
