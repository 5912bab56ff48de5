# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Nobody but demotion gets memory of the node. The device has less physical
# space than any page may need, so demotion gets none either, and the node's
# free count must stand still to the page.

DEVICE=phys=256

body() {
	run isolation
}

# The kernel's own tests, among them the probe with __GFP_THISNODE.
finish() {
	local dir suite line

	lru=kunit
	if ! ls /sys/kernel/debug/kunit/node_device*/results >/dev/null 2>&1; then
		fail node_device "no results of a KUnit suite node_device"
		return
	fi
	for dir in /sys/kernel/debug/kunit/node_device*; do
		suite=${dir##*/}
		while read -r line; do
			line=$(sed -E 's/^ *(not ok|ok) [0-9]+ (- )?/\1 /' <<<"$line")
			case $line in
			*'# SKIP'*) skip "$suite.$(sed -E 's/^ok ([^ ]+).*/\1/' <<<"$line")" "${line#*# SKIP }" ;;
			'not ok '*) fail "$suite.${line#not ok }" "see the kernel's log" ;;
			*) pass "$suite.${line#ok }" ;;
			esac
		done < <(grep -E '^    (not ok|ok) [0-9]+' "$dir/results")
	done
}
