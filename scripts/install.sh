#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: install.sh install|uninstall
# Put what was built below $DESTDIR$PREFIX, or take it away again. Directories
# of ours are removed when they are empty, those of the system stay.
#   PREFIX   /usr/local; nodectl looks for the rest from where it is itself
#   DESTDIR  in front of it, for packages
#   ZSHDIR   zsh's functions (PREFIX/share/zsh/site-functions)
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

prefix=${PREFIX:-/usr/local}
unit=$prefix/lib/systemd/system/nodectl-apply@.service
zsh=${ZSHDIR:-$prefix/share/zsh/site-functions}
case $prefix,$zsh in
/*,/*) ;;
*) die "PREFIX and ZSHDIR begin with a /, not: $prefix, $zsh" ;;
esac
case ${DESTDIR:-/} in
/*) ;;
*) die "DESTDIR begins with a /, not: $DESTDIR" ;;
esac
ours=(lib/node_ext include/node_ext/bpf include/node_ext share/node_ext/template
      share/node_ext share/doc/nodectl)

# MODE SOURCE TARGET, for each file.
files() {
	local f

	echo "755 build/nodectl $prefix/sbin/nodectl"
	for f in bpf/*.bpf.c; do
		f=${f##*/}
		echo "644 build/bpf/${f%.c}.o $prefix/lib/node_ext/${f%.c}.o"
	done
	for f in include/*.h; do
		echo "644 $f $prefix/include/node_ext/${f##*/}"
	done
	for f in helpers helper_defs tracing core_read endian; do
		echo "644 build/include/bpf/bpf_$f.h $prefix/include/node_ext/bpf/bpf_$f.h"
	done
	for f in contrib/template/*; do
		echo "644 $f $prefix/share/node_ext/template/${f##*/}"
	done
	for f in README.md docs/*.md; do
		echo "644 $f $prefix/share/doc/nodectl/${f##*/}"
	done
	echo "644 contrib/nodectl-apply@.service $unit"
	echo "644 contrib/90-nodectl.rules $prefix/lib/udev/rules.d/90-nodectl.rules"
	echo "644 docs/nodectl.8 $prefix/share/man/man8/nodectl.8"
	echo "644 contrib/completion/nodectl.bash $prefix/share/bash-completion/completions/nodectl"
	echo "644 contrib/completion/nodectl.fish $prefix/share/fish/vendor_completions.d/nodectl.fish"
	echo "644 contrib/completion/_nodectl $zsh/_nodectl"
}

cd "$top"
case ${1-} in
install)
	while read -r mode source target; do
		install -D -m "$mode" "$source" "${DESTDIR-}$target"
	done < <(files)
	# systemd wants the whole path.
	sed -i "s#^ExecStart=[^ ]*#ExecStart=$prefix/sbin/nodectl#" "${DESTDIR-}$unit"
	;;
uninstall)
	while read -r _ _ target; do
		rm -f "${DESTDIR-}$target"
	done < <(files)
	for d in "${ours[@]}"; do
		rmdir "${DESTDIR-}$prefix/$d" 2>/dev/null || true
	done
	;;
*) die "usage: $0 install|uninstall" ;;
esac
