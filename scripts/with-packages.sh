#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: with-packages.sh PACKAGE... -- COMMAND...
# Run a command where these Debian packages are, too. Those that are missing
# are downloaded with what they depend on and unpacked in the cache, and the
# command sees them in /usr, read-only, in a mount namespace of its own: nothing
# is installed, and the system is not touched.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

packages=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	packages+=("$1")
	shift
done
# shellcheck disable=SC2015 # die does not return
[ $# -gt 1 ] && [ ${#packages[@]} -gt 0 ] ||
	die "usage: $0 PACKAGE... -- COMMAND..."
shift

missing=()
for p in "${packages[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
		missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exec "$@"

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
dir=$cache/packages/$(printf '%s\n' "$suite" "${missing[@]}" | sha256sum | cut -c1-16)
mkdir -p "$cache/packages"
exec 8>"$dir.lock"
flock 8
if [ ! -e "$dir/.unpacked" ]; then
	rm -rf "$dir"
	mkdir -p "$dir/deb" "$dir/tree/usr"
	"$top/scripts/debian-fetch.sh" --missing "$suite" "$dir/deb" "${missing[@]}"
	for p in "$dir"/deb/*.deb; do
		dpkg-deb -x "$p" "$dir/tree"
	done
	# Packages of Debian 12 have files in /bin, which is /usr/bin.
	for d in bin sbin lib lib64; do
		[ ! -d "$dir/tree/$d" ] || cp -a "$dir/tree/$d" "$dir/tree/usr/"
	done
	rm -rf "$dir/deb"
	touch "$dir/.unpacked"
fi
flock -u 8

# Whoever is not root is root in a namespace, for the mount alone.
user=()
[ "$(id -u)" = 0 ] || user=(--map-root-user)
# shellcheck disable=SC2016 # the inner shell's
exec unshare --mount "${user[@]}" bash -c '
	mount -t overlay -o "lowerdir=$1/tree/usr:/usr" overlay /usr || {
		echo "error: cannot mount an overlay on /usr in a namespace" >&2
		echo "       run it as root, or install: $2" >&2
		exit 1
	}
	shift 2
	exec "$@"' with-packages "$dir" "${missing[*]}" "$@" 8>&-
