#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: run.sh
# What nodectl metrics writes, read by those it is for: promtool, and a Prometheus
# that scrapes a node_exporter that has the file, all of Debian. They are unpacked
# below build/, not installed. The device nodes are files of ours in the place of
# sysfs, in namespaces for mounts and network of our own.
# shellcheck disable=SC2317 # check() calls the tests
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

packages=(prometheus prometheus-node-exporter python3-prometheus-client python3-decorator)
tools=$build/monitoring
bad=0

pass() { echo "ok - monitoring: $1"; }
fail() { echo "not ok - monitoring: $1: $2"; bad=1; }
skip() { echo "skip - monitoring: $1"; exit 0; }

# check NAME COMMAND...: one test; what it prints is why it failed. In it, set -e
# has no effect.
check() {
	local name=$1 why

	shift
	if why=$("$@" 2>&1); then
		pass "$name"
	else
		fail "$name" "$(tail -n 3 <<<"${why:-$*}" | tr '\n' ' ')"
	fi
}

# ---- the tools --------------------------------------------------------------
get_tools() {
	local p deb suite

	[ ! -e "$tools/.done" ] || return 0
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	rm -rf "$tools"
	mkdir -p "$tools"
	for p in "${packages[@]}"; do
		deb=$(find "$cache/monitoring" -name "${p}_*.deb" 2>/dev/null | sort -V | tail -n 1)
		[ -n "$deb" ] || deb=$("$top/scripts/debian-fetch.sh" "$suite" "$p" "$cache/monitoring") || return 1
		dpkg-deb -x "$deb" "$tools" || return 1
	done
	touch "$tools/.done"
}

if [ -z "${MONITORING_INSIDE-}" ]; then
	log=$build/log/monitoring.log
	mkdir -p "${log%/*}"
	get_tools 2>"$log" || skip "no ${packages[*]}: $(grep -m 1 '^error: ' "$log" | cut -d: -f2- | sed 's/^ *//')"
	unshare=(unshare -mn)
	[ "$(id -u)" = 0 ] || unshare+=(-r)
	why=$("${unshare[@]}" ip link set lo up 2>&1) || skip "no namespaces here: $why"
	MONITORING_INSIDE=1 exec "${unshare[@]}" "$0"
fi

# ---- two device nodes -------------------------------------------------------
tmp=$(mktemp -d)
pids=()
cleanup() {
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT
chmod 755 "$tmp"

# Every counter that the series adds, each with a value of its own.
make_node() {
	local dir=$tmp/node/node$1/device name

	mkdir -p "$dir"
	{
		sed -nE 's/^\+NODE_STAT\([A-Z_]+, "([a-z0-9_]+)"\).*/\1/p' "$top"/kernel-patches/0*.patch
		printf '%s\n' policy_attaches policy_updates policy_detaches policy_ejects
		seq -f 'stored_%.0f' 0 256 4096
		echo not_known_yet
	} | awk -v n="$1" '{ print $1, n * 1000000 + NR }' >"$dir/stat"
	for name in logical_total logical_used physical_total physical_used; do
		echo $(($1 << 30)) >"$dir/$name"
	done
	echo 17 | tee "$dir/balloon_pages" "$dir/balloon_target" >"$dir/promote_rate"
	echo 4294967295 >"$dir/admit_rate"
	printf '%s\n' 'cram "emu" \0' >"$dir/driver"
	echo fence >"$dir/features"
	echo live >"$dir/state"
	echo high >"$dir/pressure"
	echo "policy_$1" >"$dir/policy_name"
	echo 41 >"$dir/policy_id"
	echo 1 >"$dir/policy_version"
}

make_node 1
make_node 2
echo 1-2 >"$tmp/node/has_device_memory"
mkdir -p "$tmp/mm/numa" "$tmp/files"
echo true >"$tmp/mm/numa/demotion_enabled"
mount --bind "$tmp/node" /sys/devices/system/node
mount --bind "$tmp/mm" /sys/kernel/mm
install -m 755 "$build/nodectl" "$tmp/nodectl"
file=$tmp/files/node_ext.prom
export PYTHONPATH=$tools/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1
series() { /usr/bin/python3 "$top/tests/monitoring/series.py" "$@"; }

# ---- the text ---------------------------------------------------------------
without_root() {
	local nobody=()

	# Where we are root by our own namespace only, we are nobody already.
	[ "$(awk '{ print $3; exit }' /proc/self/uid_map)" = 1 ] ||
		nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
	"${nobody[@]}" "$tmp/nodectl" metrics >"$tmp/openmetrics" &&
		[ "$(tail -n 1 "$tmp/openmetrics")" = '# EOF' ]
}

file_is_replaced() {
	echo old >"$file"
	"$tmp/nodectl" metrics --output "$file" && grep -q '^node_ext_' "$file" &&
		[ "$(ls -A "$tmp/files")" = node_ext.prom ]
}

promtool_accepts() { "$tools/usr/bin/promtool" check metrics <"$file"; }

# The parser is the one that OpenMetrics names as its reference.
formats_agree() {
	series openmetrics "$tmp/openmetrics" >"$tmp/a" &&
		series prometheus "$file" >"$tmp/b" &&
		[ -s "$tmp/a" ] && diff "$tmp/a" "$tmp/b"
}

# ---- Prometheus -------------------------------------------------------------
api=http://127.0.0.1:9090/api/v1

query() { wget -qO- "$api/query?query=$(jq -rn --arg q "$1" '$q | @uri')"; }

# until_answer WHAT QUERY: wait for a result that is not empty; far longer than
# it can take
until_answer() {
	local i

	for ((i = 0; i < 200; i++)); do
		query "$2" 2>/dev/null | jq -e '.data.result | length > 0' >/dev/null && return 0
		kill -0 "${pids[@]}" 2>/dev/null || break
		sleep 0.2
	done
	echo "$1: $(tail -qn 2 "$tmp"/*.log)"
	return 1
}

start() {
	cat >"$tmp/prometheus.yml" <<-YML
		scrape_configs:
		  - job_name: node
		    scrape_interval: 1s
		    static_configs:
		      - targets: ["127.0.0.1:9100"]
	YML
	ip link set lo up
	"$tools/usr/bin/prometheus-node-exporter" --collector.disable-defaults \
		--collector.textfile --collector.textfile.directory="$tmp/files" \
		--web.listen-address=127.0.0.1:9100 >"$tmp/exporter.log" 2>&1 &
	pids+=($!)
	"$tools/usr/bin/prometheus" --config.file="$tmp/prometheus.yml" \
		--storage.tsdb.path="$tmp/tsdb" \
		--web.listen-address=127.0.0.1:9090 >"$tmp/prometheus.log" 2>&1 &
	pids+=($!)
}

scraped() {
	# Two scrapes, so that there are rates.
	until_answer 'nothing was scraped' \
		'count_over_time(node_ext_node_info{node="2"}[1m]) >= 2'
}

values_arrive() {
	query '{__name__=~"node_ext_.*"}' | series api >"$tmp/c" && [ -s "$tmp/c" ] &&
		diff "$tmp/b" "$tmp/c"
}

types_arrive() {
	wget -qO- "$api/metadata" | jq -e '.data | .node_ext_offered_pages_total[0].type == "counter" and
		.node_ext_stored_page_size_bytes[0].type == "histogram" and
		.node_ext_physical_used_bytes[0].help == "What is used or reserved of that."'
}

# All queries in one go: each process takes its time.
dashboard_shows_something() {
	local empty

	jq -r '.panels[].targets[].expr' "$top/contrib/grafana-node_ext.json" |
		sed -e "s/[$]__rate_interval/1m/g" -e "s/[$][a-z]*\"/.*\"/g" >"$tmp/queries"
	jq -rR --arg api "$api" '"\($api)/query?query=\(@uri)"' "$tmp/queries" |
		wget -qO- -i - >"$tmp/answers"
	empty=$(jq -r 'if .data.result | length > 0 then "" else "no answer to" end' \
		"$tmp/answers" | paste -d ' ' - "$tmp/queries" | grep '^no') || true
	[ -z "$empty" ] || { echo "$empty"; return 1; }
	[ "$(wc -l <"$tmp/queries")" -gt 20 ] &&
		[ "$(jq -s length "$tmp/answers")" = "$(wc -l <"$tmp/queries")" ]
}

check 'needs no root, ends with # EOF' without_root
check 'the file is replaced, nothing is left beside it' file_is_replaced
check 'promtool accepts the file' promtool_accepts
check 'both formats have the same series' formats_agree
start
check 'Prometheus scrapes node_exporter' scraped
check 'all series arrive with their values' values_arrive
check 'types and help arrive' types_arrive
check 'the dashboard has an answer to each query' dashboard_shows_something
exit $bad
