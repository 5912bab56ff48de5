#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: debian-fetch.sh SUITE PACKAGE DIR
#        debian-fetch.sh --missing SUITE DIR PACKAGE...
# Download one package of another Debian suite, unpacked nowhere, into DIR and
# print its path. Or download several of this system's suite, with what they
# depend on and this system has not. The mirror and its keys are those that this system's apt is
# configured with; apt's own state and sources are not touched: ours is in the
# cache. apt verifies what it downloads against the archive's signature.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

missing=
if [ "${1-}" = --missing ]; then
	missing=1 suite=$2 dir=$3
	shift 3
	packages=("$@") package="$*"
else
	suite=$1 package=$2 dir=$3
fi
state=$cache/apt

# shellcheck disable=SC2015 # die does not return
[ "$(. /etc/os-release && echo "${ID:-}")" = debian ] && command -v apt-get >/dev/null ||
	die "cannot fetch $package: this is not Debian" \
	    "use Debian 12 or later; for the kernel's source alone, give it yourself:" \
	    "make kernel KERNEL_TARBALL=/path/to/linux-7.3.x.tar.xz"

# The main archive of this system: where its own release comes from. An entry
# for security or updates may live on another host that has no other suites.
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# shellcheck disable=SC2016 # the names are apt's
read -r uri entry < <(
	apt-get indextargets --format '$(REPO_URI) $(SOURCESENTRY) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 2>/dev/null |
	awk -v c="$codename" '
		$4 == "main" && ($3 == c || $3 ~ /^(old)*stable$|^(testing|unstable|sid)$/) {
			print $1, $2; exit
		}'
) || true
[ -n "${uri:-}" ] || die "apt's sources name no Debian archive" \
	"looked for the entry of '${codename:-this release}', component main, in: apt-get indextargets" \
	"add it to /etc/apt/sources.list, or give the kernel source yourself:" \
	"make kernel KERNEL_TARBALL=/path/to/linux-7.3.x.tar.xz"

# The keys: what that entry names (unless they stand in the entry itself) and
# Debian's own keyring, which knows the newer suites, too.
keys=$(grep -ihoE 'signed-by[:=] *[^] ]+' "${entry%:*}" 2>/dev/null |
       sed -E 's/^[^:=]*[:=] *//' | tr ',' '\n' | grep '^/' || true)
signed=
for k in $keys /usr/share/keyrings/debian-archive-keyring.gpg; do
	case ,$signed, in *",$k,"*) continue ;; esac
	[ ! -r "$k" ] || signed+=${signed:+,}$k
done

mkdir -p "$state/none" "$state/archives/partial" "$dir"
exec 9>"$state/.lock"
flock 9
touch "$state/status"
echo "deb [arch=amd64${signed:+ signed-by=$signed}] $uri $suite main" >"$state/$suite.list"

opts=(-qq -o "Dir::Etc::sourcelist=$state/$suite.list" -o "Dir::Etc::sourceparts=$state/none"
      -o "Dir::Etc::preferences=$state/none/x" -o "Dir::Etc::preferencesparts=$state/none"
      -o "Dir::State=$state" -o "Dir::State::status=$state/status"
      -o "Dir::State::lists=$state/lists/$suite" -o "Dir::Cache=$state"
      -o Acquire::Languages=none -o APT::Sandbox::User=root
      -o APT::Architecture=amd64 -o APT::Architectures=amd64
      -o APT::Update::Error-Mode=any -o Acquire::Retries=2 -o Acquire::http::Timeout=30)
mkdir -p "$state/lists/$suite/partial"

need_space "$cache" 1024 "fetching $package"
with_progress "Reading the package list of $suite" "$state/update.log" \
	apt-get "${opts[@]}" update
cd "$dir"
# Exactly one file is to arrive; start from none of that name.
tmp=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
if [ -n "$missing" ]; then
	# What is installed counts, but apt is to write to a copy.
	cp /var/lib/dpkg/status "$tmp/status"
	mkdir "$tmp/partial"
	with_progress "Downloading $package from $suite" "$state/download.log" \
		apt-get "${opts[@]}" -o "Dir::State::status=$tmp/status" \
		-o "Dir::Cache::archives=$tmp" --no-install-recommends -y \
		--download-only install "${packages[@]}"
	find "$tmp" -maxdepth 1 -name '*.deb' -exec mv -t "$dir" {} +
	exit
fi
with_progress "Downloading $package from $suite" "$state/download.log" \
	apt-get "${opts[@]}" download "$package/$suite"
deb=$(ls -- *.deb)
mv "$deb" "$dir/$deb"
echo "$dir/$deb"
