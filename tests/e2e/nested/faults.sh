# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# What goes wrong: a line that is busy, a worker that is killed, a guest that is killed, a chip that goes away.

# shellcheck disable=SC2016 # the guests expand
# shellcheck disable=SC2154 # shared with rig.sh

# failed COMMAND: the inner guest's request fails, and does so at once.
failed() {
	local status=0 out started=${EPOCHREALTIME/./}
	out=$(i "$1") || status=$?
	printf '%s: %s (status %s)\n' "$1" "$out" "$status"
	((${EPOCHREALTIME/./} - started < 20000000)) && [[ $status -eq 1 ]]
}

nested_busy_line() {
	local said
	o "$(gpiod_set 20=1) </dev/null >/tmp/hold 2>&1 & echo \$! >/tmp/hold.pid;
		n=0; until gpioinfo | grep -E 'line +20:' | grep -q gpioset; do sleep 0.1; n=\$((n + 1)); [ \$n -lt 300 ] || exit 1; done" || return 1
	failed 'in 20 20' || return 1
	said=$(o 'grep "line 20 " /tmp/daemon.log')
	printf '%s\n' "$said"
	expect 'lines about it in the log' 1 "$(grep -c . <<<"$said")" && [[ $said == *guest0*busy* ]] || return 1
	failed 'out 20 20 0' && failed 'arm 20 20 both' || return 1
	expect 'what the outer system drives' 1 "$(value 20)" || return 1
	i 'out 21 21 1' && expect 'another line' 1 "$(value 21)" && nested_edges both 3 3 || return 1
	o 'kill $(cat /tmp/hold.pid); n=0; while [ -d /proc/$(cat /tmp/hold.pid) ]; do sleep 0.05; n=$((n + 1)); [ $n -lt 600 ] || exit 1; done' || return 1
	i 'out 20 20 0' && expect 'the line, free again' 0 "$(value 20)" && i 'free 20 21'
}

# kill_worker [COMMAND]: and what the outer side does at the same moment.
kill_worker() {
	o "pid=\$(grep -lx vgpio:guest0 /proc/[0-9]*/comm | cut -d/ -f3); kill -9 \$pid; ${1:-:};
		n=0; while :; do new=\$(grep -lx vgpio:guest0 /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3);
		[ -z \"\$new\" ] || [ \"\$new\" = \$pid ] || break; sleep 0.02; n=\$((n + 1)); [ \$n -lt 1500 ] || exit 1; done"
}

nested_worker_killed() {
	i 'arm 22 22 both' && i 'out 23 23 1' && guard 23 3 || return 1
	kill_worker && pull 22 up && nested_saw 22 1 'rising 1 falling 0' || return 1
	# An edge that falls in between waits in the line's fd.
	kill_worker 'echo pull-down >/sim/sim_gpio22/pull' && nested_saw 22 2 'rising 1 falling 1' || return 1
	expect 'the output, inside' 1 "$(i 'get 23')" && guarded || return 1
	i 'set 23 0' && expect 'the output, set low' 0 "$(value 23)" || return 1
	pull 22 up && i "wait 22 3 $wait_ms" >/dev/null && pull 22 down && nested_saw 22 4 'rising 2 falling 2 lost 0' && i 'free 22 23'
}

# The shell of the guest for a moment. The driver tells each request that the daemon had to refuse.
nested_inner_dmesg() {
	local status=0
	inner_shell || return 1
	guest=inner check_dmesg "${1:-}" || status=$?
	inner_line && return $status
}

nested_outer_dmesg() {
	guest=outer check_dmesg
}

# gpio-sim itself is not clean when it goes with lines held (Linux 6.1 warns): the kernel must go on, no more.
nested_outer_lives() {
	local bad
	bad=$(o 'dmesg | grep -E "BUG:|Oops|general protection|soft lockup|blocked for more"') || true
	expect 'the kernel said' '' "$bad"
}

# The inner guest dies with lines held; the next one finds them free.
nested_next_guest() {
	i 'out 0 31 1' && i "arm 32 47 both" || return 1
	o 'kill -9 $(pidof linux); n=0; while gpioinfo | grep -q guest0; do sleep 0.1; n=$((n + 1)); [ $n -lt 300 ] || exit 1; done' || return 1
	inner_boot && inner_line && nested_edges both 3 3 && nested_outputs
}

# The worker dies amid the edges: what it missed is latched, or merges; the last one arrives.
nested_killed_in_burst() {
	local out level
	i 'arm 18 18 both' || return 1
	o 'sim toggle /sim/sim_gpio18/pull 6001 >/dev/null 2>&1 & echo $! >/tmp/toggle.pid' && kill_worker || return 1
	limit=300 o 'n=0; while [ -d /proc/$(cat /tmp/toggle.pid) ]; do sleep 0.1; n=$((n + 1)); [ $n -lt 1200 ] || exit 1; done' || return 1
	nested_still 18 r && out=$events && level=$(i 'get 18') || return 1
	nested_note="edges 6001; seen $out"
	printf '%s\n' "$nested_note"
	expect 'level inside' 1 "$level" && expect 'level outside' 1 "$(value 18)" && [[ $out == *'lost 0 last r' ]] || return 1
	pull 18 down && nested_still 18 f && printf '%s\n' "$events" && i 'free 18 18'
}

# worker_ticks: the time that the worker has used, in 1/100 s.
worker_ticks() {
	o 'set -- $(cat /proc/$(grep -lx vgpio:guest0 /proc/[0-9]*/comm | cut -d/ -f3)/stat); echo $((${14} + ${15}))'
}

nested_chip_removed() {
	local before after
	i 'arm 24 25 both' && i 'out 26 26 1' && i 'in 27 27' || return 1
	o 'echo 0 >/sys/kernel/config/gpio-sim/sim/live; ! [ -e /dev/gpiochip0 ]' || return 1
	failed 'get 27' && failed 'in 28 28' && failed 'out 29 29 1' && failed 'arm 30 30 both' || return 1
	# The driver has no way to tell that a value could not be set.
	i 'set 26 0' || return 1
	before=$(worker_ticks) && i 'quiet 1000' && after=$(worker_ticks) || return 1
	nested_note="the worker used $((after - before)) ticks of a second with no chip"
	printf '%s\n' "$nested_note"
	((after - before <= 20)) || return 1
	# A new worker finds the same.
	kill_worker && failed 'get 27' && failed 'in 28 28' || return 1
	i "free 0 $last_line"
}

nested_daemon_ends() {
	o 'p=$(cat /tmp/daemon.pid); kill $p; n=0; until [ -e /tmp/daemon.status ]; do sleep 0.05; n=$((n + 1));
		[ $n -lt 600 ] || exit 1; done; cat /tmp/daemon.status; [ $(cat /tmp/daemon.status) = 0 ] && ! ls /tmp/gpio.sock*'
}
