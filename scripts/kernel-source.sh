#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's source tree, build/linux: a git repository whose first commit is
# pristine Linux 7.3.x, tagged `base`, with the series on top.
#
# usage: kernel-source.sh id       fetch if need be, print what would be used
#        kernel-source.sh tree     make build/linux, or bring it up to date
#        kernel-source.sh unpack DIR PATH...  put these paths of the pristine source
#                                  into DIR, which is made
#        kernel-source.sh patches  write base..HEAD of build/linux to kernel-patches/
#        kernel-source.sh state    print: absent, series, ahead or dirty
#
# Source, first that works: KERNEL_TARBALL (a .tar.* or a linux-source .deb),
# what the cache holds (unless KERNEL_REFRESH=1), Debian's linux-source-7.3,
# kernel.org's KERNEL_VERSION verified with KERNEL_SHA256.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

series=7.3
tree=$build/linux
src=$cache/source
patches=$top/kernel-patches
debian_suite=trixie-backports

# ---- fetching ---------------------------------------------------------------
fetch_kernel_org() {
	local version=${KERNEL_VERSION:-} sum=${KERNEL_SHA256:-} file

	if [ -z "$version" ] || [ -z "$sum" ]; then die \
		"no Linux $series source: Debian's package could not be had (see above)" \
		"no network? give the source: make kernel KERNEL_TARBALL=/path/to/linux-$series.x.tar.xz" \
		"or have it fetched from kernel.org, verified with a checksum that you trust:" \
		"make kernel KERNEL_VERSION=$series.4 KERNEL_SHA256=<sha256 of linux-$series.4.tar.xz>" \
		"(the signed list of checksums is sha256sums.asc beside the file on kernel.org)"
	fi
	file=$src/linux-$version.tar.xz
	with_progress "Downloading Linux $version from kernel.org" "$build/log/kernel-org.log" \
		wget -O "$file.part" --timeout=30 --tries=3 \
		"https://cdn.kernel.org/pub/linux/kernel/v${version%%.*}.x/linux-$version.tar.xz"
	echo "$sum  $file.part" | sha256sum -c --quiet - >&2 || {
		rm -f "$file.part"
		die "linux-$version.tar.xz does not have the checksum KERNEL_SHA256" \
		    "the file was removed; check both"
	}
	mv "$file.part" "$file"
	echo "$file" >"$src/current"
}

# Sets `archive` (a file) and `id` (a line that names its content).
find_source() {
	mkdir -p "$src"
	if [ -n "${KERNEL_TARBALL:-}" ]; then
		[ -r "$KERNEL_TARBALL" ] || die "KERNEL_TARBALL=$KERNEL_TARBALL: no such file"
		archive=$(realpath "$KERNEL_TARBALL")
		id="tarball $(sha256sum <"$archive" | cut -c1-32)"
		return
	fi
	archive=$(cat "$src/current" 2>/dev/null || true)
	if [ ! -r "$archive" ] || [ -n "${KERNEL_REFRESH:-}" ]; then
		if archive=$("$top/scripts/debian-fetch.sh" $debian_suite "linux-source-$series" "$src"); then
			echo "$archive" >"$src/current"
		else
			fetch_kernel_org
			archive=$(cat "$src/current")
		fi
	fi
	case $archive in
	*.deb) id="debian $(dpkg-deb -f "$archive" Version)" ;;
	*) id="kernel.org $(sha256sum <"$archive" | cut -c1-32)" ;;
	esac
}

# ---- git --------------------------------------------------------------------
kgit() {
	# What the user's configuration may say must not change a patch.
	git -C "$tree" -c core.autocrlf=false -c commit.gpgSign=false \
		-c gc.auto=0 -c core.abbrev=12 -c diff.noprefix=false \
		-c diff.mnemonicPrefix=false -c diff.algorithm=myers \
		-c diff.context=3 -c diff.interHunkContext=0 -c diff.renames=true \
		-c diff.submodule=short \
		-c format.from=false -c format.useAutoBase=false \
		-c format.encodeEmailHeaders=true -c format.pretty=medium \
		-c core.quotePath=true "$@"
}

export_series() {
	kgit format-patch -q -N --zero-commit --no-signature --no-thread \
		-O/dev/null --no-attach --no-cover-letter --no-color --stat=72 \
		--subject-prefix=PATCH --no-notes -o "$1" base..HEAD
}

list_patches() {
	find "$patches" -maxdepth 1 -name '[0-9][0-9][0-9][0-9]-*.patch' \
		! -name '0000-*' | LC_ALL=C sort
}

# Do the tree's commits say what kernel-patches/ says?
same_series() {
	local tmp ours theirs

	tmp=$(mktemp -d)
	export_series "$tmp" || die "git format-patch failed in $tree"
	ours=$(find "$tmp" -name '*.patch' | LC_ALL=C sort | xargs -r cat | sha256sum)
	theirs=$(list_patches | xargs -r cat | sha256sum)
	rm -rf "$tmp"
	[ "$ours" = "$theirs" ]
}

state() {
	if [ ! -d "$tree/.git" ] || ! kgit rev-parse -q --verify base >/dev/null; then
		echo absent
	elif [ -n "$(kgit status --porcelain -uno)" ] ||
	     [ -d "$tree/.git/rebase-apply" ] || [ -d "$tree/.git/rebase-merge" ]; then
		echo dirty
	elif same_series; then
		echo series
	else
		echo ahead
	fi
}

apply_series() {
	local list

	mapfile -t list < <(list_patches)
	# Should this fail, what is there is ours, and the next run tries again.
	kgit rev-parse 'base^{commit}' >"$tree/.git/node_ext-applied"
	if [ ${#list[@]} -gt 0 ]; then
		# The same commits on every machine: fixed committer, author's date.
		if ! GIT_COMMITTER_NAME=node_ext GIT_COMMITTER_EMAIL=node_ext@localhost \
		     kgit am -q --committer-date-is-author-date --keep-non-patch \
		     --no-scissors --whitespace=nowarn --no-3way \
		     "${list[@]}" >"$build/log/git-am.log" 2>&1; then
			tail -n 30 "$build/log/git-am.log" >&2
			kgit am --abort || true
			die "the series does not apply to $(cat "$tree/.git/node_ext-source")" \
			    "log: $build/log/git-am.log" \
			    "see kernel-patches/README.md for the base version and how to rebase"
		fi
	fi
	kgit rev-parse HEAD >"$tree/.git/node_ext-applied"
	say "  applied ${#list[@]} patches"
}

# unpack DIR [PATTERN...]: all of it, or what matches
unpack() {
	local dir=$1 only=(--wildcards --no-wildcards-match-slash)

	shift
	[ $# -gt 0 ] || only=()
	case $archive in
	*.deb)
		dpkg-deb --fsys-tarfile "$archive" |
			tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
			tar -xJ --strip-components=1 -C "$dir" "${only[@]}" "$@"
		;;
	*) tar -xf "$archive" --strip-components=1 -C "$dir" "${only[@]}" "$@" ;;
	esac
}

check_version() { # VERSION
	case $1 in
	"$series"|"$series".*) ;;
	*) die "this is Linux $1; the series is for $series.x" \
	       "give a $series.x source with KERNEL_TARBALL, or remove $src/current" ;;
	esac
}

# The version of a tree that has no more than its Makefile.
version_of() {
	sed -n 's/^VERSION = *//p; s/^PATCHLEVEL = *//p; s/^SUBLEVEL = *//p' "$1/Makefile" |
		paste -s -d .
}

unpack_part() { # DIR PATH...
	local dir=$1

	shift
	[ $# -gt 0 ] || die "usage: $0 unpack DIR PATH..."
	find_source
	mkdir -p "$dir" "$build/log"
	with_progress "Unpacking a part of Linux ($id)" "$build/log/unpack.log" \
		unpack "$dir" '*/Makefile' "${@/#/*/}"
	check_version "$(version_of "$dir")"
}

commit_base() {
	cd "$1"
	git init -q -b main .
	git config gc.auto 0
	git config user.name >/dev/null || {
		git config user.name node_ext
		git config user.email node_ext@localhost
	}
	# -f: some tracked files match the kernel's own ignore rules
	git -c core.autocrlf=false add -f -A .
	GIT_AUTHOR_NAME=node_ext GIT_AUTHOR_EMAIL=node_ext@localhost \
	GIT_COMMITTER_NAME=node_ext GIT_COMMITTER_EMAIL=node_ext@localhost \
	GIT_AUTHOR_DATE='2000-01-01T00:00:00Z' GIT_COMMITTER_DATE='2000-01-01T00:00:00Z' \
		git -c commit.gpgSign=false commit -q -m "Linux $2"
	git tag base
}

make_tree() {
	local part=$tree.part version

	# A tree needs 1.8 GB and its objects 0.4; a build in O= another 3.
	need_space "$build" 3000 "the kernel's source tree"
	rm -rf "$part"
	mkdir -p "$part" "$build/log"
	with_progress "Unpacking Linux ($id)" "$build/log/unpack.log" unpack "$part"
	version=$(make -s -C "$part" kernelversion)
	check_version "$version"
	with_progress "Committing the pristine tree" "$build/log/commit.log" \
		commit_base "$part" "$version"
	echo "Linux $version ($id)" >"$part/.git/node_ext-source"
	mv "$part" "$tree"
	say "Applying the series to Linux $version"
	apply_series
}

update_tree() {
	local now

	mkdir -p "$build/log"
	now=$(state)
	if [ "$now" != absent ] && [ -n "${KERNEL_TARBALL:-}${KERNEL_REFRESH:-}" ]; then
		find_source
		grep -qsF "($id)" "$tree/.git/node_ext-source" ||
			say "note: build/linux is $(cat "$tree/.git/node_ext-source" 2>/dev/null) and stays;" \
			    "to use the source you asked for, run first: make distclean"
	fi
	case $now in
	absent)
		[ ! -e "$tree" ] || die "$tree is not a tree that this script made" \
			"move it away, then run this again"
		find_source
		make_tree
		;;
	series) ;;
	dirty) say "note: build/linux has changes that are not committed; it is used as it is" ;;
	ahead)
		# Only what we applied ourselves may be replaced.
		if [ "$(kgit rev-parse HEAD)" = "$(cat "$tree/.git/node_ext-applied" 2>/dev/null)" ]; then
			say "The series changed: applying it again to build/linux"
			kgit reset -q --hard base
			apply_series
		else
			say "note: build/linux has commits that kernel-patches/ has not; it is used as it is" \
			    "(make patches writes them there)"
		fi
		;;
	esac
}

write_patches() {
	local old changed=0

	[ "$(state)" != absent ] || die "there is no build/linux" "make it: make kernel-tree"
	[ -z "$(kgit status --porcelain -uno)" ] ||
		die "build/linux has changes that are not committed" "commit them there first"
	new=$(mktemp -d)
	trap 'rm -rf "$new"' EXIT
	export_series "$new"
	while read -r old; do
		[ -e "$new/$(basename "$old")" ] || { rm "$old"; say "  removed $(basename "$old")"; }
	done < <(list_patches)
	for p in "$new"/*.patch; do
		[ -e "$p" ] || continue
		cmp -s "$p" "$patches/$(basename "$p")" && continue
		cp "$p" "$patches/"
		changed=$((changed + 1))
		say "  wrote $(basename "$p")"
	done
	kgit rev-parse HEAD >"$tree/.git/node_ext-applied"
	say "kernel-patches/: $(list_patches | wc -l) patches, $changed changed"
}

# One at a time in this checkout: `make -j` may want the tree twice.
mkdir -p "$build"
exec 7>"$build/.source.lock"
flock 7

case ${1-} in
id) find_source; echo "$id" ;;
tree) update_tree ;;
unpack) shift; unpack_part "$@" ;;
patches) write_patches ;;
state) state ;;
*) die "usage: $0 id|tree|unpack|patches|state" ;;
esac
