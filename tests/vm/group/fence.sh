# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# The write fence, writer by writer.

body() {
	run fence_store
	run fence_access
	run fence_uffd
	run fence_uprobe
	run fence_mm
	run fence_free
}
