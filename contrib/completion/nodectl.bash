# bash completion for nodectl                              -*- shell-script -*-
# SPDX-License-Identifier: GPL-2.0
#
# Asks nodectl itself for nodes, policies and tunables, so it knows what is on
# this machine. It is installed as share/bash-completion/completions/nodectl.

# Value of member $1 in each object of the JSON on stdin. Names in these
# records have no characters that JSON would escape.
_nodectl_field() {
	grep -o "\"$1\":\"[^\"]*\"" | cut -d'"' -f4
}

# Add those of the words $1 that begin with $2. Names come from files of anybody:
# compgen -W would run commands in them, and so would the shell afterwards.
_nodectl_words() {
	local word
	local -a list

	read -r -d '' -a list <<<"$1"
	for word in "${list[@]}"; do
		if [[ $word == "$2"* && $word != *[!A-Za-z0-9_.=-]* ]]; then
			COMPREPLY+=("$word")
		fi
	done
}

# Add files, or directories, that begin with $2; the shell quotes them. $1 and
# what follows $2 are options of compgen.
_nodectl_files() {
	local how=$1 cur=$2
	local -a found

	shift 2
	mapfile -t found < <(compgen "$how" "$@" -- "$cur")
	COMPREPLY+=("${found[@]}")
	compopt -o filenames 2>/dev/null
}

_nodectl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local ctl=${COMP_WORDS[0]} verb='' words='' i n=0 key=''
	local -a args=() path=()
	local verbs='nodes policies inspect new check load swap apply unload status why stats watch metrics top set trace'
	local global='--json --verbose --path --help --version'

	COMPREPLY=()
	# Bash splits words at '=': put KEY = VALUE together again.
	if [ "$cur" = '=' ]; then
		return
	elif [ "$prev" = '=' ]; then
		key=${COMP_WORDS[COMP_CWORD-2]}
	fi

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--path)
			path+=(--path "${COMP_WORDS[i+1]}")
			((i++)) ;;
		--config | --for | --expect | --log | --output | --format | --interval | --count | --duration | --settle | --settle-if)
			((i++)) ;;
		-*) ;;
		*)
			if [ -z "$verb" ]; then
				verb=${COMP_WORDS[i]}
			else
				args+=("${COMP_WORDS[i]}")
			fi ;;
		esac
	done
	n=${#args[@]}

	case $prev in
	--path | --config)
		_nodectl_files -d "$cur"
		return ;;
	--log | --output)
		_nodectl_files -f "$cur"
		return ;;
	--expect)
		words=$("$ctl" --json nodes 2>/dev/null | _nodectl_field policy)
		_nodectl_words "$words" "$cur"
		return ;;
	--for)
		words=$("$ctl" --json nodes 2>/dev/null | _nodectl_field node)
		_nodectl_words "$words" "$cur"
		return ;;
	--format)
		_nodectl_words 'openmetrics prometheus' "$cur"
		return ;;
	--interval | --count | --duration | --settle | --settle-if)
		return ;;
	esac

	if [ -z "$verb" ]; then
		_nodectl_words "$verbs help $global" "$cur"
		return
	fi
	if [[ $cur == -* ]]; then
		case $verb in
		load) words='--dry-run --force --log' ;;
		policies) words='--for' ;;
		unload) words='--to-configured --config' ;;
		swap) words='--dry-run --force --keep-tunables --log --expect --settle --settle-if --fresh' ;;
		apply) words='--stay --dry-run --config --log' ;;
		stats) words='--interval --count --histogram' ;;
		metrics) words='--format --output' ;;
		top) words='--interval --count' ;;
		trace) words='--count --duration' ;;
		watch) words='--interval --count --duration' ;;
		esac
		_nodectl_words "$words $global" "$cur"
		return
	fi

	case $verb:$n in
	help:0)
		words=$verbs ;;
	inspect:0 | load:1 | swap:1)
		words=$("$ctl" "${path[@]}" --json policies 2>/dev/null | _nodectl_field name)
		_nodectl_words "$words" "$cur"
		_nodectl_files -f "$cur" -X '!*.o'
		return ;;
	new:1)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return ;;
	load:0 | swap:0 | set:0 | trace:0 | apply:* | unload:* | status:* | why:* | stats:* | watch:*)
		words=$("$ctl" --json nodes 2>/dev/null | _nodectl_field node) ;;
	load:* | swap:*)
		[ -n "$key" ] ||
			words=$("$ctl" "${path[@]}" --json inspect "${args[1]}" 2>/dev/null |
				sed 's/.*"tunables"://' | _nodectl_field name | sed 's/$/=/') ;;
	set:*)
		[ -n "$key" ] ||
			words=$("$ctl" --json status "${args[0]}" 2>/dev/null |
				grep -o '"tunables":{[^}]*}' | sed 's/^[^{]*//' |
				grep -o '"[^"]*":' | cut -d'"' -f2 | sed 's/$/=/') ;;
	esac
	_nodectl_words "$words" "$cur"
	if [ ${#COMPREPLY[@]} = 1 ] && [[ ${COMPREPLY[0]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

complete -F _nodectl nodectl
