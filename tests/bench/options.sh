# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# The options that the scripts of this directory have in common. Source it
# without arguments, so that it sees those of the script: --json, which comes
# first, is taken off and is in $json then.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

json=''
if [ "${1-}" = --json ]; then
	json=1
	shift
fi

# want_numbers VALUE...: end the script if one is not a number.
want_numbers() {
	local n

	for n; do
		case $n in
		''|*[!0-9]*) die "'$n' is no number" ;;
		esac
	done
}
