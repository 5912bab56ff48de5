#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: scripts/matrix.sh [ROW...]
# Build the kernel of build/linux in configurations that the VM does not have,
# from scripts/matrix.config, and check the files of the series by other means.
# Prints one table; the exit status is 0 if all of it is good. Without arguments
# all rows are built, which takes long the first time.
#
# A row is bad if it does not link, if its configuration is not what it stands
# for, or if there is a warning (W=1) about a line of the series. Objects and logs
# are in build/matrix/ROW.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

tree=$(readlink -f "$build/linux")
matrix=$build/matrix
jobs=${JOBS:-$(nproc)}
kernel_env

all_rows=(all numa-off hotplug-off bpf-off memcg-off memcg-v1 swap-off
	  zone-device-off lru-gen-off arm64-4k arm64-64k sparse kernel-doc)
rows=("${all_rows[@]}")

# What a row adds to the small configuration.
row_config() { # ROW
	case $1 in
	numa-off) echo '# CONFIG_NUMA is not set' ;;
	hotplug-off) echo '# CONFIG_MEMORY_HOTPLUG is not set' ;;
	bpf-off) echo '# CONFIG_BPF_SYSCALL is not set' ;;
	memcg-off) echo '# CONFIG_MEMCG is not set' ;;
	memcg-v1 | sparse) echo 'CONFIG_MEMCG_V1=y' ;;
	swap-off) echo '# CONFIG_SWAP is not set' ;;
	zone-device-off) echo '# CONFIG_ZONE_DEVICE is not set' ;;
	lru-gen-off) echo '# CONFIG_LRU_GEN is not set' ;;
	arm64-4k) echo CONFIG_ARM64_4K_PAGES=y ;;
	arm64-64k) echo CONFIG_ARM64_64K_PAGES=y ;;
	*) echo CONFIG_64BIT=y ;;
	esac
	# For CONFIG_MEMORY_FAILURE.
	case $1 in
	arm64-*) echo CONFIG_ACPI=y; echo CONFIG_ACPI_APEI=y; echo CONFIG_ACPI_APEI_GHES=y ;;
	*) echo CONFIG_X86_MCE=y ;;
	esac
}

# Whether device nodes are built: "no", "yes", or "yes" without policies in BPF.
row_device() { # ROW
	case $1 in
	numa-off | hotplug-off | swap-off) echo no ;;
	bpf-off) echo no-bpf ;;
	*) echo yes ;;
	esac
}

kmake() { # ROW ARGUMENTS...
	local row=$1
	local args=("CC=$cc")

	shift
	case $row in
	arm64-*) args=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
		       "CC=${cc/gcc/aarch64-linux-gnu-gcc}") ;;
	esac
	make -C "$tree" O="$matrix/$row" "${args[@]}" LOCALVERSION= "$@"
}

# ---- the series ---------------------------------------------------------------

# Each line that the series has added, as FILE:LINE, and its files.
lines_of_series() {
	git -C "$tree" diff -U0 --no-color --no-ext-diff base -- \
		'*.c' '*.h' | awk '
		/^\+\+\+ / { file = substr($2, 3) }
		/^@@ / {
			n = split(substr($3, 2), at, ",")
			n = n > 1 ? at[2] : 1
			for (i = 0; i < n; i++)
				print file ":" at[1] + i
		}' >"$matrix/lines"
	cut -d: -f1 "$matrix/lines" | sort -u >"$matrix/files"
	[ -s "$matrix/files" ] || die "build/linux holds no series" "run: make kernel-tree"
}

# Warnings in LOG about lines of the series, as FILE:LINE:COLUMN: warning: TEXT,
# kernel-doc's too. Nobody declares a kfunc, which only BPF programs call.
warnings_of_series() { # LOG
	sed -nE "s#^($tree/|(\.\./)+(linux/)?|\./)##
		s#^Warning: ($tree/)?([^ :]+:[0-9]+) #\2:0: warning: #
		/^[^ :]+:[0-9]+:[0-9]+: (fatal )?(warning|error): /p" "$1" |
		grep -v "symbol 'bpf_.*' was not declared" | sort -u |
		awk -F : 'NR == FNR { added[$0]; next }
			($1 ":" $2) in added' "$matrix/lines" -
}

# The sparse of Debian 12 and 13 does not know this kernel's C, and that of sid
# needs its own libc. Nothing is installed.
find_sparse() { # sets sparse
	local d=$build/matrix-sparse p deb

	sparse=$(command -v sparse || true)
	[ -z "$sparse" ] || [ "$("$tree/scripts/checker-valid.sh" "$sparse")" != 1 ] || return 0
	sparse=$d/run
	[ ! -e "$sparse" ] || return 0
	rm -rf "$d.part"
	mkdir -p "$d.part"
	for p in sparse libc6; do
		deb=$("$top/scripts/debian-fetch.sh" sid $p "$d.part") || return 1
		dpkg-deb -x "$deb" "$d.part" || return 1
		rm -f "$deb"
	done
	# shellcheck disable=SC2016
	printf '%s\n' '#!/bin/sh' 'd=$(dirname "$0")' 'l=$d/usr/lib/$(uname -m)-linux-gnu' \
		'exec "$(echo "$l"/ld-linux-*.so.*)" --library-path "$l" "$d/usr/bin/sparse" "$@"' \
		>"$d.part/run"
	chmod +x "$d.part/run"
	rm -rf "$d"
	mv "$d.part" "$d"
}

# ---- rows ---------------------------------------------------------------------

configure() { # ROW
	local o=$matrix/$1 new=$matrix/$1/.config.new

	mkdir -p "$o"
	kmake "$1" -s KCONFIG_CONFIG="$new" tinyconfig
	cat "$top/scripts/matrix.config" >>"$new"
	row_config "$1" >>"$new"
	kmake "$1" -s KCONFIG_CONFIG="$new" olddefconfig
	cmp -s "$new" "$o/.config" || cp "$new" "$o/.config"
	rm -f "$new" "$new.old"
}

is_on() { grep -qx "CONFIG_$2=y" "$matrix/$1/.config"; }

# What the row stands for must be in the result, and nothing else missing.
check_config() { # ROW
	local line sym want

	while read -r line; do
		case $line in
		CONFIG_*=*)
			grep -qxF -e "$line" "$matrix/$1/.config" && continue
			echo "configuration: $line did not survive"
			return 1
			;;
		*)
			sym=${line#\# CONFIG_}
			! is_on "$1" "${sym% is not set}" && continue
			echo "configuration: ${sym% is not set} is on"
			return 1
			;;
		esac
	done < <(row_config "$1"; [ "$1" != all ] || grep ^CONFIG_ "$top/scripts/matrix.config")
	want=$(row_device "$1")
	case $want in
	no) ! is_on "$1" NODE_DEVICE && return ;;
	no-bpf) is_on "$1" NODE_DEVICE && ! is_on "$1" NODE_DEVICE_BPF && return ;;
	yes) is_on "$1" NODE_DEVICE_BPF && is_on "$1" CRAM_EMU && return ;;
	esac
	echo "configuration: NODE_DEVICE, NODE_DEVICE_BPF or CRAM_EMU is not as it should be ($want)"
	return 1
}

# What make said, without what it says for each file.
failure() { # LOG
	grep -m1 -E 'error:|undefined reference|Error ' "$1" || tail -n 1 "$1"
}

# Always from nothing: an object that is there already would not warn again, and
# with ccache it costs little.
build_row() { # ROW, to link or to check; sets result
	local row=$1 log=$matrix/$1.log

	rm -rf "${matrix:?}/$row"
	result=
	configure "$row" >"$log" 2>&1 || { result="no configuration: $(failure "$log")"; return; }
	result=$(check_config "$row") || return 0
	if [ "$row" = sparse ]; then
		local objects sparse

		find_sparse || { result='no sparse that knows this kernel'; return; }
		mapfile -t objects < <(sed -n 's/\.c$/.o/p' "$matrix/files")
		kmake "$row" -k -j"$jobs" C=2 CHECK="$sparse" "${objects[@]}" >>"$log" 2>&1 ||
			result="does not build: $(failure "$log")"
		grep -q '^  CHECK ' "$log" || result=${result:-sparse did not run}
	else
		kmake "$row" -j"$jobs" W=1 vmlinux >>"$log" 2>&1 ||
			result="does not link: $(failure "$log")"
	fi
}

doc_row() {
	(cd "$tree" && xargs -a "$matrix/files" scripts/kernel-doc -none -Wall) \
		>"$matrix/kernel-doc.log" 2>&1 || result="kernel-doc failed"
}

run_row() { # ROW; returns 1 if it is bad
	local row=$1 start=$SECONDS result='' warnings nr

	say "Row $row (log: build/matrix/$row.log)"
	case $row in
	kernel-doc) doc_row ;;
	*) build_row "$row" ;;
	esac
	warnings=$(warnings_of_series "$matrix/$row.log")
	nr=$(grep -c . <<<"$warnings" || true)
	[ "$nr" = 0 ] || result=${result:-$nr warnings: $(head -n 1 <<<"$warnings")}
	printf '%-16s %-14s %5d s  %s\n' "$row" "$(row_device "$row")" \
		$((SECONDS - start)) "${result:-ok}" >>"$matrix/table"
	# The log and the configuration stay.
	find "$matrix/$row" -mindepth 1 -maxdepth 1 ! -name .config -exec rm -rf {} + 2>/dev/null || true
	[ -z "$result" ]
}

# ---- what to do ---------------------------------------------------------------
[ $# -eq 0 ] || rows=("$@")
for row in "${rows[@]}"; do
	case " ${all_rows[*]} " in
	*" $row "*) ;;
	*) die "there is no row '$row'" "there are: ${all_rows[*]}" ;;
	esac
done
[ -d "$tree/.git" ] || die "there is no kernel source" "run: make kernel-tree"
need_space "$matrix" 3000 "the matrix"
mkdir -p "$matrix"
lines_of_series
printf '%-16s %-14s %7s  %s\n' ROW 'DEVICE NODES' TIME RESULT >"$matrix/table"
bad=0
for row in "${rows[@]}"; do
	run_row "$row" || bad=1
done
cat "$matrix/table"
exit $bad
