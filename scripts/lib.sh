# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the scripts of the Makefile; source it, do not run it.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build
cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set; set it or XDG_CACHE_HOME}/.cache}/node_ext
# Exported variables would reach every make and compiler we start.
export -n top build cache

# die WHAT [WHAT NEXT...]: one line of cause, then lines of advice.
die() {
	printf 'error: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '       %s\n' "$@" >&2
	exit 1
}

say() {
	printf '%s\n' "$*" >&2
}

# need_space DIR MIB WHAT: refuse before work starts that cannot end.
need_space() {
	local free

	mkdir -p "$1"
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] ||
		die "$3 needs $2 MiB in $1, only $free MiB are free" \
		    "free some space, or set XDG_CACHE_HOME to a larger disk"
}

# with_progress WHAT LOG COMMAND...: run COMMAND with its output in LOG. A line
# every 20 seconds tells that it lives; its failure shows the end of LOG.
# PROGRESS, if set, is a command that prints how far it is.
with_progress() {
	local what=$1 log=$2 start=$SECONDS next=20 pid rc=0

	shift 2
	mkdir -p "$(dirname "$log")"
	say "$what"
	# A process group of its own: all of it ends with us.
	set -m
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	set +m
	# shellcheck disable=SC2064
	trap "kill -- -$pid 2>/dev/null; exit 130" INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.3
		if [ $((SECONDS - start)) -ge $next ]; then
			next=$((SECONDS - start + 20))
			say "  ... $((SECONDS - start)) s${PROGRESS:+, $($PROGRESS "$log")}"
		fi
	done
	wait "$pid" || rc=$?
	trap - INT TERM
	if [ $rc -ne 0 ]; then
		# With several jobs the cause may stand far above the end.
		if grep -qE 'error:|undefined reference' "$log"; then
			say "--- first errors in $log"
			grep -nE -B2 -A4 -m3 'error:|undefined reference' "$log" >&2
		fi
		say "--- last 30 lines of $log"
		tail -n 30 "$log" >&2
		say "---"
		die "$what: failed after $((SECONDS - start)) s (exit status $rc)" \
		    "the whole log is $log"
	fi
	say "  done in $((SECONDS - start)) s"
}

# kernel_env: the environment of a kernel's build, and the compiler in $cc.
kernel_env() {
	# The caller's make (its flags, its KERNEL=...) is not the kernel's.
	unset MAKEFLAGS MFLAGS MAKELEVEL KERNEL
	export CCACHE_DIR=$cache/ccache CCACHE_MAXSIZE=5G CCACHE_COMPRESS=1
	# kbuild writes dependency files: ccache takes them in place of a second
	# preprocessing of each file that it does not know.
	export CCACHE_DEPEND=1
	# Another checkout's objects are as good as ours.
	export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1
	export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
	export KBUILD_BUILD_USER=node_ext KBUILD_BUILD_HOST=node_ext KBUILD_BUILD_VERSION=1
	# shellcheck disable=SC2034
	cc="$(! command -v ccache >/dev/null || echo 'ccache ')gcc"
}
