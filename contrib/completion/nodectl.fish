# SPDX-License-Identifier: GPL-2.0
#
# fish completion for nodectl. Asks nodectl itself for verbs, options, nodes,
# policies and tunables, so it knows what is on this machine.

# Values of member $argv[1] in the JSON on stdin, one a line.
function __nodectl_field
	grep -o "\"$argv[1]\":\"[^\"]*\"" | cut -d'"' -f4
end

# The verb and its arguments so far, without options and their values.
function __nodectl_words
	set -l skip 0
	for word in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		switch $word
			case --path --config --for --expect --log --interval --count --duration --settle --settle-if --output --format
				set skip 1
			case '-*'
			case '*'
				echo $word
		end
	end
end

# --path and its value, each time it was given.
function __nodectl_dirs
	set -l take 0
	for word in (commandline -opc)
		if test $take = 1
			printf '%s\n' --path $word
		end
		test "$word" = --path; and set take 1; or set take 0
	end
end

function __nodectl_verbs
	nodectl --help 2>/dev/null |
		sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __nodectl_nodes
	nodectl --json nodes 2>/dev/null | __nodectl_field node
end

function __nodectl_policies
	nodectl (__nodectl_dirs) --json policies 2>/dev/null | __nodectl_field name
	__fish_complete_suffix .o
end

# Tunables of a policy object, or of the policy that runs on a node.
function __nodectl_tunables
	if test $argv[1] = set
		nodectl --json status $argv[2] 2>/dev/null |
			grep -o '"tunables":{[^}]*}' | sed 's/^[^{]*//' |
			grep -o '"[^"]*":' | cut -d'"' -f2 | sed 's/$/=/'
	else
		nodectl (__nodectl_dirs) --json inspect $argv[2] 2>/dev/null |
			sed 's/.*"tunables"://' | __nodectl_field name | sed 's/$/=/'
	end
end

function __nodectl_arguments
	set -l words (__nodectl_words)
	switch "$words[1]:"(count $words)
		case ':*' help:1
			__nodectl_verbs
		case inspect:1 load:2 swap:2
			__nodectl_policies
		case new:2
			__fish_complete_directories
		case load:1 swap:1 set:1 trace:1 'apply:*' 'unload:*' 'status:*' 'why:*' 'stats:*' 'watch:*'
			__nodectl_nodes
		case 'load:*' 'swap:*'
			__nodectl_tunables object $words[3]
		case 'set:*'
			__nodectl_tunables set $words[2]
	end
end

function __nodectl_takes
	nodectl (__nodectl_words)[1] --help 2>/dev/null | grep -q -- "^  *--$argv[1]\b"
end

complete -c nodectl -f
complete -c nodectl -a '(__nodectl_arguments)'
complete -c nodectl -s j -l json -d 'results and errors as JSON'
complete -c nodectl -s v -l verbose -d 'show what libbpf does'
complete -c nodectl -s h -l help -d 'help, also per verb'
complete -c nodectl -s V -l version -d 'version of nodectl and of libbpf'
complete -c nodectl -l path -xa '(__fish_complete_directories)' -d 'look for policies there first'
complete -c nodectl -n '__nodectl_takes log' -l log -rF -d 'write the log of the verifier there'
complete -c nodectl -n '__nodectl_takes expect' -l expect -xa '(nodectl --json nodes 2>/dev/null | __nodectl_field policy)' -d 'only if the node has this policy'
complete -c nodectl -n '__nodectl_takes settle' -l settle -x -d 'take the policy back if it misbehaves'
complete -c nodectl -n '__nodectl_takes settle-if' -l settle-if -x -d 'take the policy back if this holds'
complete -c nodectl -n '__nodectl_takes fresh' -l fresh -d 'hand no map over from the old policy'
complete -c nodectl -n '__nodectl_takes dry-run' -l dry-run -d 'show what would be done'
complete -c nodectl -n '__nodectl_takes config' -l config -xa '(__fish_complete_directories)' -d 'take the configuration from there'
complete -c nodectl -n '__nodectl_takes keep-tunables' -l keep-tunables -d 'begin with the tunables of the old policy'
complete -c nodectl -n '__nodectl_takes stay' -l stay -d 'stay, and attach the policy again when it was ejected'
complete -c nodectl -n '__nodectl_takes force' -l force -d 'also if the policy is for other nodes'
complete -c nodectl -n '__nodectl_takes to-configured' -l to-configured -d 'go back to what the configuration says'
complete -c nodectl -n '__nodectl_takes for' -l for -xa '(__nodectl_nodes)' -d 'only those that are for such a node'
complete -c nodectl -n '__nodectl_takes interval' -l interval -x -d 'repeat every so many seconds'
complete -c nodectl -n '__nodectl_takes count' -l count -x -d 'end after so many'
complete -c nodectl -n '__nodectl_takes histogram' -l histogram -d 'pages by stored size'
complete -c nodectl -n '__nodectl_takes duration' -l duration -x -d 'end after so many seconds'
complete -c nodectl -n '__nodectl_takes output' -l output -rF -d 'write to a file, all at once'
complete -c nodectl -n '__nodectl_takes format' -l format -xa 'openmetrics prometheus' -d 'which text format'
