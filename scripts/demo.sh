#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# make demo: the main job, end to end, in the VM. This is the host's part: it
# builds the helper program, collects the text and boots the VM, in which
# tests/demo/guest.sh does the rest. Exit status: 0 if everything that the
# demo promises was observed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

text_mib=${DEMO_TEXT_MIB:-60}
packed_mib=${DEMO_PACKED_MIB:-5}
seconds=${DEMO_TIMEOUT:-900}
patience=${DEMO_PATIENCE:-1}
dir=$build/demo
linux=$build/linux

files=("$build/nodectl" "$build/bpftool" "$build/bpf/compressible.bpf.o"
       "$build/bpf/memcg_budget.bpf.o" "$build/tests/vm/policies/hostile.bpf.o")
for f in "${files[@]}"; do
	[ -e "$f" ] || die "$f is not built" "run: make demo"
done
[ -d "$linux/Documentation" ] ||
	die "there is no kernel source in $linux" "run: make kernel-tree"
for p in redis-server redis-cli; do
	command -v $p >/dev/null || die "$p is not installed" "run: make deps"
done
mkdir -p "$dir"
need_space "$dir" $((text_mib + packed_mib + 200)) "the demo"

${CC:-cc} -std=gnu11 -O2 -Wall -Wextra -Werror -o "$dir/demo" "$top"/tests/demo/*.c

# The data set, from the kernel tree that every checkout has: text, and after
# every few MiB of it one MiB that is compressed already. Always the same files
# in the same order.
text_files() {
	find "$linux/Documentation" -type f \
		\( -name '*.rst' -o -name '*.txt' -o -name '*.yaml' \) -print0 |
		LC_ALL=C sort -z
	find "$linux/LICENSES" "$linux/kernel" "$linux/mm" "$linux/fs" -type f \
		! -name '.*' -print0 | LC_ALL=C sort -z
}
packed_files() {
	find "$linux/net" "$linux/sound" -type f -name '*.c' -print0 |
		LC_ALL=C sort -z
}
# collect FILE MIB: keep the first MIB MiB of what comes in.
collect() {
	head -c "$2M" >"$1"
	[ "$(stat -c %s "$1")" -eq $(($2 << 20)) ] ||
		die "there are not $2 MiB for the data set in $linux" \
		    "set DEMO_TEXT_MIB and DEMO_PACKED_MIB to less"
}
# What head leaves unread ends cat with an error: collect knows if all is there.
{ text_files | xargs -0 cat 2>/dev/null || true; } |
	collect "$dir/text" "$text_mib"
{ packed_files | xargs -0 cat 2>/dev/null | gzip -n 2>/dev/null || true; } |
	collect "$dir/packed" "$packed_mib"
stride=$((text_mib / packed_mib))
for ((i = 0; i < packed_mib; i++)); do
	dd if="$dir/text" bs=1M skip=$((i * stride)) count=$stride
	dd if="$dir/packed" bs=1M skip="$i" count=1
done 2>/dev/null >"$dir/dataset"
rm -f "$dir/text" "$dir/packed"
text_mib=$((packed_mib * stride))

# The device: three times the data in address space, and so much physical memory
# that what the demo puts there takes more than half of it, and less than the
# three quarters at which the kernel begins to hold back.
nodes_mib=$((((text_mib + packed_mib) * 3 + 127) / 128 * 128))
phys_mib=${DEMO_PHYS_MIB:-$(((text_mib + packed_mib) * 5 / 8))}

mkdir -p "$dir/out" "$dir/bin"
rm -rf "${dir:?}/out/"*
# The VM runs copies: another make may go on meanwhile.
cp "${files[@]}" "$dir/bin/"
say "demo: booting the VM (at most $seconds s)"
start=$SECONDS rc=0
"$top/scripts/vm.sh" --memory 512M --nodes "${nodes_mib}M" --timeout "$seconds" \
	--out "$dir/out" -- \
	"DEMO_TEXT_MIB=$text_mib DEMO_PACKED_MIB=$packed_mib DEMO_PHYS_MIB=$phys_mib \
	DEMO_PATIENCE=$patience exec bash tests/demo/guest.sh" ||
	rc=$?
case $rc in
0) say "demo: passed in $((SECONDS - start)) s" ;;
1) say "demo: FAILED after $((SECONDS - start)) s; what did not hold is listed above"
   say "      logs: $dir/out" ;;
*) say "demo: the VM ended with status $rc after $((SECONDS - start)) s"
   say "      logs: $dir/out and $build/vm" ;;
esac
exit $rc
