#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Make build/image/$KERNEL (release or debug): the kernel and what is built
# from the same tree. It holds
#   bzImage vmlinux System.map config info lib/modules/VERSION/
#   vmlinux.h bpftool libbpf/libbpf.a libbpf/include/bpf/*.h
#
# If build/linux is absent or holds exactly the series, the image is one of the
# cache, named by what went into it, and is built only if it is not there. If a
# developer works in build/linux, the build is incremental in build/kernel/$KERNEL
# and its image stays in this checkout.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

flavour=${KERNEL:-release}
tree=$build/linux
objects=$build/kernel/$flavour
image=$build/image/$flavour
config=$top/kernel-patches/config
log=$build/log/kernel-$flavour.log
jobs=${JOBS:-$(nproc)}
# Raise it when this script builds or stores something in another way.
format=2
keep=6

case $flavour in
release) fragments=("$config/vm.config") ;;
debug) fragments=("$config/vm.config" "$config/debug.config") ;;
*) die "KERNEL=$flavour: there are 'release' and 'debug'" ;;
esac

kernel_env

for t in gcc make flex bison bc pahole perl; do
	command -v $t >/dev/null || die "$t is missing" "run: make deps"
done
for v in 19 20 21 18 17; do
	command -v clang-$v >/dev/null && command -v llvm-strip-$v >/dev/null && break
done
clang=clang-$v
command -v "$clang" >/dev/null || die "clang 17 or newer is missing" "run: make deps"

kmake() {
	make -C "$tree" O="$objects" CC="$cc" LOCALVERSION= "$@"
}

patch_sum() {
	find "$top/kernel-patches" -maxdepth 1 -name '[0-9][0-9][0-9][0-9]-*.patch' ! -name '0000-*' |
		LC_ALL=C sort | xargs -r cat | sha256sum
}

key_of() { # SOURCE-ID
	{
		echo "$format $flavour $1"
		patch_sum
		cat "${fragments[@]}"
		gcc --version | head -n 1
		ld --version | head -n 1
		"$clang" --version | head -n 1
		pahole --version
	} | sha256sum | cut -c1-24
}

# What a tree that somebody works in holds, down to files that git does not know.
work_of() {
	{
		git -C "$tree" rev-parse HEAD
		git -C "$tree" diff --binary HEAD
		(cd "$tree" && git ls-files -oz --exclude-standard | xargs -0 -r sha256sum)
	} | sha256sum | cut -c1-24
}

# ---- configuration ----------------------------------------------------------
configure() {
	local new=$objects/.config.node_ext

	mkdir -p "$objects"
	kmake -s KCONFIG_CONFIG="$new" tinyconfig
	cat "${fragments[@]}" >>"$new"
	# Overriding tinyconfig is the point: no word about it.
	kmake -s KCONFIG_CONFIG="$new" olddefconfig 2>&1 | grep -v 'override: ' || true
	cmp -s "$new" "$objects/.config" || cp "$new" "$objects/.config"
	rm -f "$new" "$new.old"
}

# Every requested line must be in the result, unless the tree has no such
# symbol: then the series (or a part of it) is not applied.
check_config() {
	local line sym want missing=0

	declare -A last
	while read -r line; do
		case $line in
		CONFIG_*) sym=${line%%=*} ;;
		'# CONFIG_'*' is not set') sym=${line#\# }; sym=${sym%% *} ;;
		*) continue ;;
		esac
		last[$sym]=$line
	done < <(cat "${fragments[@]}")
	for sym in "${!last[@]}"; do
		want=${last[$sym]}
		grep -qxF -e "$want" "$objects/.config" && continue
		case $want in
		'#'*) grep -q "^$sym=" "$objects/.config" || continue ;;
		*)
			if ! grep -rqE "^[[:space:]]*(menu)?config ${sym#CONFIG_}\$" \
			     --include='Kconfig*' "$tree"; then
				say "note: $sym is unknown to this tree (series not applied?)"
				continue
			fi
			;;
		esac
		say "error: configuration: '$want' did not survive, the result is" \
		    "'$(grep -E "^(# )?${sym}[= ]" "$objects/.config" || echo nothing)'"
		missing=1
	done
	[ $missing = 0 ] || die "the kernel's configuration is not what kernel-patches/config asks for" \
		"look for the dependency: $objects/.config"
}

# ---- building ---------------------------------------------------------------
kernel_progress() { # LOG
	local n

	n=$(grep -cE '^  (CC|AS|LD|AR)' "$1" || true)
	echo "$n of about $(cat "$cache/objects-$flavour" 2>/dev/null || echo 2400) objects, $(
		tail -n 1 "$1" | cut -c1-60 | sed 's/^ *//')"
}

build_kernel() {
	local n

	configure
	check_config
	PROGRESS=kernel_progress with_progress \
		"Building the $flavour kernel (log: $log)" "$log" \
		make -C "$tree" O="$objects" CC="$cc" LOCALVERSION= -j"$jobs" bzImage modules
	n=$(grep -cE '^  (CC|AS|LD|AR)' "$log" || true)
	[ "$n" -lt 1500 ] || echo "$n" >"$cache/objects-$flavour"
}

build_tools() { # VMLINUX
	local o=$objects-tools

	mkdir -p "$o/bpftool" "$o/libbpf"
	with_progress "Building libbpf" "$build/log/libbpf.log" \
		make -C "$tree/tools/lib/bpf" -j"$jobs" CC="$cc" OUTPUT="$o/libbpf/" \
		DESTDIR="$o/libbpf/installed" prefix= EXTRA_CFLAGS=-fPIC \
		"$o/libbpf/libbpf.a" install_headers
	# Disassembly of JITed code would pull in all of LLVM, signing libcrypto:
	# too much to load for each call in an emulated machine.
	with_progress "Building bpftool" "$build/log/bpftool.log" \
		make -C "$tree/tools/bpf/bpftool" -j"$jobs" CC="$cc" HOSTCC="$cc" \
		CLANG="$clang" LLVM_STRIP="llvm-strip-$v" SKIP_LLVM=1 SKIP_CRYPTO=1 \
		VMLINUX_BTF="$1" OUTPUT="$o/bpftool/"
}

# Copy what an image holds from the build directories into DIR.
collect() { # DIR SOURCE CONTENT
	local d=$1 o=$objects-tools

	mkdir -p "$d/libbpf"
	cp "$objects/arch/x86/boot/bzImage" "$objects/System.map" "$d/"
	cp "$objects/.config" "$d/config"
	# BTF and symbols, without DWARF
	objcopy --strip-debug "$objects/vmlinux" "$d/vmlinux"
	kmake -s INSTALL_MOD_PATH="$d" INSTALL_MOD_STRIP=1 modules_install >>"$log" 2>&1
	rm -f "$d"/lib/modules/*/build "$d"/lib/modules/*/source
	cp "$o/bpftool/bpftool" "$d/"
	cp "$o/libbpf/libbpf.a" "$d/libbpf/"
	cp -r "$o/libbpf/installed/include" "$d/libbpf/"
	# The system's copies of these may be older than this libbpf.
	mkdir -p "$d/libbpf/include/linux"
	cp "$tree"/tools/include/uapi/linux/{bpf,bpf_common,btf}.h "$d/libbpf/include/linux/"
	"$d/bpftool" btf dump file "$d/vmlinux" format c >"$d/vmlinux.h"
	{
		echo "kernel: $(kmake -s kernelrelease) ($flavour)"
		echo "source: $2"
		echo "compiler: $(gcc --version | head -n 1)"
		echo "content: $3"
	} >"$d/info"
}

make_image() { # TARGET-DIR SOURCE CONTENT
	local part=$1.part.$$

	need_space "$build" 4000 "building the kernel"
	need_space "$cache" 1500 "the cache of built kernels"
	build_kernel
	build_tools "$objects/vmlinux"
	rm -rf "$part"
	collect "$part" "$2" "$3"
	rm -rf "$1"
	mv "$part" "$1"
}

# Keep the newest few; whoever still uses a younger one keeps it, too.
trim_cache() {
	local old

	find "$cache/kernel" -maxdepth 1 \( -name '*.part.*' -o -name '.*.lock' \) \
		-mmin +1440 -exec rm -rf {} +
	# shellcheck disable=SC2012
	ls -dt "$cache"/kernel/*/ 2>/dev/null | tail -n +$((keep + 1)) | while read -r old; do
		[ -z "$(find "$old" -maxdepth 0 -mmin +1440)" ] || rm -rf "$old"
	done
}

# ---- what to do -------------------------------------------------------------
mkdir -p "$build/image" "$build/log" "$cache/kernel" "$CCACHE_DIR"
exec 8>"$build/.kernel-$flavour.lock"
flock -n 8 || {
	say "Another build of the $flavour kernel runs in this checkout: waiting for it"
	flock 8
}

state=$("$top/scripts/kernel-source.sh" state)
if [ "$state" = absent ]; then
	id=$("$top/scripts/kernel-source.sh" id)
else
	"$top/scripts/kernel-source.sh" tree
	state=$("$top/scripts/kernel-source.sh" state)
	id=$(sed -n 's/.*(\(.*\))/\1/p' "$tree/.git/node_ext-source" 2>/dev/null || true)
	[ -n "$id" ] || id="tree $(git -C "$tree" rev-parse 'base^{tree}')"
fi

case $state in
absent|series)
	key=$(key_of "$id")
	dest=$cache/kernel/$key
	# Another checkout may be building the same one.
	exec 6>"$cache/kernel/.$key.lock"
	flock 6
	if [ ! -e "$dest/vmlinux.h" ]; then
		say "No built $flavour kernel for this source, series, configuration and compiler" \
		    "in the cache: building it (12 to 20 minutes on 2 cores)"
		"$top/scripts/kernel-source.sh" tree
		make_image "$dest" "$(sed -n 1p "$tree/.git/node_ext-source" 2>/dev/null || echo "$id")" "$key"
		trim_cache
	fi
	touch "$dest"
	[ "$(readlink "$image" 2>/dev/null)" = "$dest" ] || {
		rm -rf "$image"
		ln -s "$dest" "$image"
	}
	;;
*)
	# Taken before the build: what is edited meanwhile is built next time.
	key=$(key_of "$(work_of)")
	[ ! -L "$image" ] || rm "$image"
	grep -qx "content: $key" "$image/info" 2>/dev/null ||
		make_image "$image" "build/linux as it is ($state), $(
			git -C "$tree" describe --always --dirty)" "$key"
	;;
esac
say "Kernel: $(sed -n 's/^kernel: //p' "$image/info"), $(sed -n 's/^source: //p' "$image/info")"
