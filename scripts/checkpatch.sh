#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# checkpatch --strict over the series; fails if any patch has an error, a
# warning or a check.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

mapfile -t list < <(find "$top/kernel-patches" -maxdepth 1 \
	-name '[0-9][0-9][0-9][0-9]-*.patch' ! -name '0000-*' | LC_ALL=C sort)
[ ${#list[@]} -gt 0 ] || die "there are no patches in kernel-patches/"
bad=0
cd "$build/linux"
# checkpatch's own helpers want Debian's Python with Debian's modules.
PATH=/usr/bin:/bin:$PATH
for p in "${list[@]}"; do
	if out=$(scripts/checkpatch.pl --strict --no-summary --terse --show-types "$p" 2>&1); then
		echo "ok       $(basename "$p")"
	else
		echo "NOT OK   $(basename "$p")"
		printf '%s\n' "$out"
		bad=$((bad + 1))
	fi
done
echo "${#list[@]} patches, $bad with complaints"
[ $bad = 0 ]
