#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: cc.sh
# Print the first clang that links libFuzzer with ASan and UBSan. Prints nothing
# when there is none; the exit status is 1 then.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat >"$tmp/empty.c" <<'C'
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return data && size > 1 && 0;
}
C
for cc in clang-19 clang-20 clang-21 clang-18 clang-17 clang; do
	command -v $cc >/dev/null || continue
	$cc -fsanitize=fuzzer,address,undefined -o "$tmp/empty" "$tmp/empty.c" \
		>/dev/null 2>&1 || continue
	echo $cc
	exit 0
done
exit 1
