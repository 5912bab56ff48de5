#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# checkpatch --strict over the series; fails if any patch has an error, a
# warning or a check. Two checks do not count in headers of trace events, which
# are laid out differently all over the kernel, and camel case not where it is
# the kernel's own.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

mapfile -t list < <(find "$top/kernel-patches" -maxdepth 1 \
	-name '[0-9][0-9][0-9][0-9]-*.patch' ! -name '0000-*' | LC_ALL=C sort)
[ ${#list[@]} -gt 0 ] || die "there are no patches in kernel-patches/"
bad=0
usual='^include/trace/events/.*CHECK:(PARENTHESIS_ALIGNMENT|OPEN_ENDED_LINE):'
# MAINTAINERS has the directories.
usual+='|^(mm/node_device/|drivers/misc/cram_emu).*WARNING:FILE_PATH_CHANGES:'
# A loop over nodes, as the kernel's own are.
usual+='|^mm/node_device.h.*(MULTISTATEMENT_MACRO_USE_DO_WHILE|MACRO_ARG_REUSE):'
# checkpatch takes the head of a new file for a part of its first statement.
usual+='|^mm/node_device/core.c.*WARNING:EXPORT_SYMBOL:'
usual+='|CHECK:CAMELCASE: .*<__(Set|Clear)Page[A-Z][a-z]+>$'
cd "$build/linux"
# checkpatch's own helpers want Debian's Python with Debian's modules.
PATH=/usr/bin:/bin:$PATH
for p in "${list[@]}"; do
	rc=0
	out=$(scripts/checkpatch.pl --strict --no-summary --terse --show-types \
		--showfile "$p" 2>&1) || rc=$?
	rest=$(grep -vE "$usual" <<<"$out" || true)
	# Nothing left to say, or it failed without saying anything.
	if [ -z "$rest" ] && { [ $rc = 0 ] || [ -n "$out" ]; }; then
		echo "ok       $(basename "$p")"
	else
		echo "NOT OK   $(basename "$p")"
		printf '%s\n' "${rest:-checkpatch.pl ended with status $rc}"
		bad=$((bad + 1))
	fi
done
echo "${#list[@]} patches, $bad with complaints"
[ $bad = 0 ]
