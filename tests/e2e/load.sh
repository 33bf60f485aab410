# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# A guest under load, and what the daemon survives meanwhile: workers that are killed, upgrades.

# shellcheck disable=SC2016 # the guest expands
# shellcheck disable=SC2154 # shared with the parts that ./run reads beside this one

# How often check_kills kills.
: "${E2E_KILLS:=100}"

# The guest's loop: toggles line 4, reads line 6, which is 1, and notes what does not work. A round is a line in
# /tmp/load.done.
load_loop() {
	printf '%s' 'while [ ! -e /tmp/load.stop ]; do' \
		" $(gpiod_put 4=1) || echo high failed >&2; $(gpiod_put 4=0) || echo low failed >&2;" \
		" value=\$($(gpiod_get 6)) || echo get failed >&2;" \
		' [ "$value" = 1 ] || echo "read: $value" >&2; echo >>/tmp/load.done; done'
}

# load_start: that loop runs, the guest holds line 3 at 1, and its gpiomon waits for both edges of line 2.
load_start() {
	ctl set "$side.dummy2=0" "$side.dummy6=1" && hold 3=1 && ctl_expect "$side.dummy3" 1 && watch both 2 || return 1
	g "rm -f /tmp/load.*; : >/tmp/load.done; { $(load_loop); } >/dev/null 2>/tmp/load.errors </dev/null &
		echo \$! >/tmp/load.pid"
}

# load_edge N: the host makes the Nth edge on line 2.
load_edge() {
	wait_until ctl set "$side.dummy2=$(($1 % 2))"
}

# load_stop EDGES ROUNDS: ends it all. The loop did at least so many rounds without one failure, and each edge came once,
# in turn. The rounds are in $load_rounds.
load_stop() {
	local errors
	ctl_expect "$side.dummy3" 1 || return 1
	g "n=0; until [ \$(wc -l </tmp/load.done) -ge $2 ] || [ \$n -ge 1500 ]; do n=\$((n + 1)); sleep 0.02; done"
	watched "$1" >/dev/null
	release && g "touch /tmp/load.stop; $(gone /tmp/load.pid)" || return 1
	load_rounds=$(g 'wc -l </tmp/load.done') && errors=$(g 'cat /tmp/load.errors') || return 1
	printf 'rounds of the loop: %s\n' "$load_rounds"
	expect 'what failed in the guest' '' "$errors" && expect 'edges' "$1" "$(saw .)" &&
		expect 'edges out of turn' 0 "$(load_out_of_turn <<<"$seen")" && ((load_rounds >= $2)) && daemon_alive
}

# Of the edges that gpiomon printed: the first is a rising one, and they take turns.
load_out_of_turn() {
	awk 'tolower($0) !~ (NR % 2 ? "rising" : "falling") { n++ } END { print n + 0 }'
}

# The daemon is upgraded twenty times, with an edge after each.
check_upgrade() {
	local i
	load_start || return 1
	for ((i = 1; i <= 20; i++)); do
		daemon_upgrade "$i" && load_edge "$i" && seen "$i" || return 1
		sleep 0.2 # in which the guest is at work
	done
	load_stop 20 10 || return 1
	# Each of them was the other program, and the sessions went along.
	expect 'moved sessions that ended' 0 "$(grep -c 'cannot take over the session' "$daemon_dir/daemon.log")"
}

# The worker is killed $E2E_KILLS times. With each goes an edge: in the same moment, before, or after it; once the guest
# has seen it, it is the next one's turn. The host sees each toggle of the guest's loop, and none on the line it holds.
check_kills() {
	local i edge=0
	monitor_start "$side.dummy3" "$side.dummy4" && load_start || return 1
	for ((i = 1; i <= E2E_KILLS; i++)); do
		if ! kill_and_edge $((i % 3)) $((++edge)) || ! seen $edge; then
			break
		fi
		sleep "0.0$((RANDOM % 10))"
	done
	printf 'killed: %d, edges: %d\n' $((i - 1)) $edge
	((i > E2E_KILLS)) && load_stop $edge $((E2E_KILLS / 10)) && wait_until load_monitored
	local status=$?
	monitor_stop >/dev/null
	printf 'the host saw, of line 3 (rising/falling) and of 4: %s\n' "$(load_counts)"
	return $status
}

# What the host was told: line 3 was high all the time. Of the pulses on line 4, it may miss one that began in a worker
# that died before it told, and was over before the next one looked; rarely, as they are of 20 ms.
load_monitored() {
	local held rising falling
	read -r held rising falling < <(load_counts)
	[[ $held == 1/1 && $rising == "$falling" ]] && ((rising <= load_rounds && rising >= load_rounds - E2E_KILLS / 20))
}

# Edges of line 3, rising ones of line 4, falling ones.
load_counts() {
	awk '/rising|falling/ { n[$NF, $2]++ }
		END { printf "%d/%d %d %d\n", n["\"dummy3\"", "rising"], n["\"dummy3\"", "falling"],
			n["\"dummy4\"", "rising"], n["\"dummy4\"", "falling"] }' "$daemon_dir/monitor.out"
}

# kill_and_edge WHEN N: the worker is killed, and the host makes the Nth edge.
kill_and_edge() {
	local edge
	case $1 in
	0)
		load_edge "$2" && worker_kill
		;;
	1)
		worker_kill && load_edge "$2"
		;;
	2)
		load_edge "$2" &
		edge=$!
		sleep "0.00$((RANDOM % 10))"
		worker_kill && wait $edge
		;;
	esac
}
