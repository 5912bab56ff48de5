#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Make build/deb/nodectl_VERSION_amd64.deb of what was built, with debhelper, and
# have lintian look at it. Where one of them is not installed, Debian's package
# is unpacked in the cache and used from there.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

out=$build/deb
command -v dpkg-buildpackage >/dev/null ||
	die "there is no dpkg-buildpackage" "install it: apt-get install dpkg-dev"
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$top/contrib/debian/changelog")
[ "nodectl $version" = "$("$build/nodectl" --version | cut -d' ' -f1,2)" ] ||
	die "nodectl is not version $version, which the package says" \
	    "change contrib/debian/changelog or loader/nodectl.h"

rm -rf "$out"
mkdir -p "$out/nodectl" "$build/log"
cp -r "$top/contrib/debian" "$out/nodectl/debian"
cd "$out/nodectl"
# make's own variables are for another make. No package of debug symbols.
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX ZSHDIR
export NODE_EXT_TOP=$top DEB_BUILD_OPTIONS=noautodbgsym
# -d: dpkg does not know of packages that are only unpacked.
with_progress "Building the package" "$build/log/deb.log" \
	"$top/scripts/with-packages.sh" debhelper lintian -- dpkg-buildpackage -d -b -us -uc
cd "$out"
say "lintian:"
"$top/scripts/with-packages.sh" debhelper lintian -- \
	lintian --fail-on error --allow-root --tag-display-limit 0 ./*.changes >&2 ||
	die "lintian found errors in the package (see above)"
rm -rf "$out/nodectl"
say "Package: $(echo "$out"/*.deb)"
