# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Lines and interrupts seen from both sides of the passthrough: gpio-sim outside, the guest inside.

# shellcheck disable=SC2016 # the guests expand
# shellcheck disable=SC2154 # shared with rig.sh

last_line=$((nested_lines - 1))
wait_ms=$((wait_s * 1000))

nested_names() {
	local out n
	out=$(i gpioinfo) || return 1
	for ((n = 0; n < nested_lines; n++)); do
		grep -qE "line +$n:[[:space:]]+\"pin$n\"" <<<"$out" || {
			printf 'line %s is not pin%s:\n%s\n' "$n" "$n" "$out"
			return 1
		}
	done
}

# The same tools as on any machine, once: the checks after this one use line.c.
nested_tools() {
	i "$(gpiod_monitor both 2) >/tmp/monitor 2>&1 & echo \$! >/tmp/monitor.pid; $(gpiod_armed)" || return 1
	pull 2 up && guest=inner seen 1 && pull 2 down && guest=inner seen 2 || return 1
	seen=$(i 'sleep 0.2; kill $(cat /tmp/monitor.pid); cat /tmp/monitor') || return 1
	printf '%s\n' "$seen"
	expect rising 1 "$(saw rising)" && expect falling 1 "$(saw falling)" || return 1
	pull 3 up || return 1
	expect gpioget 1 "$(i "$(gpiod_get 3)")" && pull 3 down
}

# outer_line LINE: what the outer system says about it.
outer_line() {
	o gpioinfo | grep -E "line +$1:"
}

nested_consumer() {
	local out
	i 'in 4 4' || return 1
	out=$(outer_line 4)
	printf '%s\n' "$out"
	[[ $out == *vhost-device-gpio:guest0* ]] || return 1
	i 'free 4 4' || return 1
	out=$(outer_line 4)
	printf '%s\n' "$out"
	[[ $out == *pin4* && $out != *vhost-device-gpio* ]]
}

# outer_is LINE in|out|free [VALUE]: direction, holder and level on the outer side.
outer_is() {
	local out
	out=$(outer_line "$1") || return 1
	printf '%s\n' "$out"
	case $2 in
	in) [[ $out == *input* && $out == *guest0* ]] ;;
	out) [[ $out == *output* && $out == *guest0* ]] ;;
	free) [[ $out != *guest0* ]] ;;
	esac || return 1
	[[ -z ${3:-} ]] || expect "line $1" "$3" "$(value "$1")"
}

# Every way from one of free, in, out low and out high to another.
nested_directions() {
	local from to
	local -A order=([in]='in 6 6' [out0]='out 6 6 0' [out1]='out 6 6 1' [free]='free 6 6')
	for from in free in out0 out1; do
		for to in free in out0 out1; do
			printf 'from %s to %s\n' "$from" "$to"
			i "${order[$from]}" && i "${order[$to]}" || return 1
			case $to in
			out?) outer_is 6 out "${to#out}" ;;
			*) outer_is 6 "$to" ;;
			esac || return 1
		done
	done
	i 'free 6 6'
}

nested_outputs() {
	local level
	for level in 1 0 1; do
		i "out 0 $last_line $level" || return 1
		expect 'the levels of all lines' "$level" "$(o 'cat /sim/sim_gpio*/value | sort -u')" || return 1
	done
	for level in 0 1 0; do
		i "set 7 $level" || return 1
		expect 'line 7' "$level" "$(value 7)" || return 1
	done
	expect 'lines that are high' $last_line "$(o 'cat /sim/sim_gpio*/value | grep -c 1')" || return 1
	i "free 0 $last_line"
}

# guard LINE SECONDS: the outer side looks at a high line all the time; guarded is the judgement.
guard() {
	o "sim guard /dev/gpiochip0 $1 /sim/sim_gpio$1/value $(($2 * 1000)) >/tmp/guard 2>&1 & echo \$! >/tmp/guard.pid;
		n=0; until grep -q guarding /tmp/guard; do sleep 0.02; n=\$((n + 1)); [ \$n -lt 1500 ] || exit 1; done"
}

guarded() {
	local out
	out=$(o 'n=0; while [ -d /proc/$(cat /tmp/guard.pid) ]; do sleep 0.1; n=$((n + 1)); [ $n -lt 300 ] || exit 1; done; cat /tmp/guard') || return 1
	printf '%s\n' "$out"
	nested_note=${out##*$'\n'}
	[[ $out =~ samples\ [1-9][0-9]*\ low\ 0\ released\ 0 ]]
}

# The line is pulled up, and driven high from the first moment: the driver tells the value, then the direction.
nested_value_first() {
	local n
	pull 8 up && i 'in 8 8' && guard 8 1 || return 1
	for ((n = 0; n < 10; n++)); do
		i 'out 8 8 1' && i 'in 8 8' || return 1
	done
	guarded && pull 8 down && i 'free 8 8'
}

nested_inputs() {
	local level pull
	i 'in 9 11' || return 1
	for pull in up down up down; do
		level=0
		[[ $pull == down ]] || level=1
		pull 10 $pull || return 1
		expect 'the pulled line' $level "$(i 'get 10')" || return 1
		expect 'its neighbours' 00 "$(i 'get 9')$(i 'get 11')" || return 1
	done
	i 'free 9 11'
}

# nested_edges EDGE RISING FALLING: what the guest sees of three pulses, each edge once it has seen the one before.
nested_edges() {
	local edge n=0
	i "arm 12 12 $1" || return 1
	for edge in up down up down up down; do
		pull 12 $edge || return 1
		case $1.$edge in
		both.* | rising.up | falling.down) i "wait 12 $((++n)) $wait_ms" >/dev/null || return 1 ;;
		esac
	done
	nested_saw 12 $(($2 + $3)) "rising $2 falling $3 lost 0" || return 1
	i 'free 12 12'
}

# nested_saw LINE COUNT WORDS: once there are COUNT edges, or one too many a moment later.
nested_saw() {
	local out
	i "wait $1 $2 $wait_ms" >/dev/null && i 'quiet 50' || return 1
	out=$(i "events $1 $1") || return 1
	printf '%s\n' "$out"
	[[ $out == "$1: $3 "* ]]
}

# nested_still LINE r|f: waits until the last edge was that one and no more come; what there was is in $events.
nested_still() {
	local before='' n
	for ((n = 0; n < 60; n++)); do
		events=$(i "events $1 $1") || return 1
		[[ $events != "$before" || $events != *"last $2" ]] || return 0
		before=$events
		i 'quiet 300' || return 1
	done
	printf '%s\n' "$events"
	return 1
}

# As many lines as the inner kernel has interrupts for; User-Mode Linux has 128 for all it does.
nested_all_armed() {
	local armed=0 out
	while ((armed < nested_lines)) && i "arm $armed $armed rising"; do
		armed=$((armed + 1))
	done
	nested_note="$armed of $nested_lines lines armed"
	printf '%s\n' "$nested_note"
	((armed >= 32)) || return 1
	o "n=0; while [ \$n -lt $armed ]; do echo pull-up >/sim/sim_gpio\$n/pull; n=\$((n + 1)); done" || return 1
	i "wait $((armed - 1)) 1 $wait_ms" >/dev/null && i 'quiet 100' || return 1
	out=$(i "events 0 $((armed - 1))") || return 1
	printf '%s\n' "$out"
	expect 'lines that saw their edge' "$armed" "$(grep -c 'rising 1 falling 0 lost 0' <<<"$out")" || return 1
	i "free 0 $last_line" &&
		o "n=0; while [ \$n -lt $armed ]; do echo pull-down >/sim/sim_gpio\$n/pull; n=\$((n + 1)); done"
}

nested_edges_made=10000

# A line that is latched once while the guest is busy: it may see fewer edges than there were, the last one always.
nested_burst() {
	local made out rising falling
	i 'arm 13 13 both' || return 1
	made=$(limit=300 o "sim toggle /sim/sim_gpio13/pull $nested_edges_made") || return 1
	nested_still 13 f && out=$events || return 1
	nested_note="$made; seen $out"
	printf '%s\n' "$nested_note"
	[[ $out =~ rising\ ([0-9]+)\ falling\ ([0-9]+)\ lost\ 0\ last\ f ]] || return 1
	rising=${BASH_REMATCH[1]} falling=${BASH_REMATCH[2]}
	((rising > 0 && falling > 0 && rising + falling <= nested_edges_made)) || return 1
	expect 'level inside' 0 "$(i 'get 13')" && expect 'level outside' 0 "$(value 13)" || return 1
	# It still has its interrupt.
	pull 13 up && i "wait 13 $((rising + falling + 1)) $wait_ms" | grep -q 'last r' && pull 13 down && i 'free 13 13'
}

# Of two pulses at once, the second rises while the guest is busy with the first: that one is latched.
nested_latch() {
	local n
	for ((n = 0; n < 10; n++)); do
		i 'arm 19 19 rising' && o 'sim toggle /sim/sim_gpio19/pull 4' &&
			nested_saw 19 2 'rising 2 falling 0 lost 0' && i 'free 19 19' && i 'quiet 50' || return 1
	done
}

# A line that was given back may be asked for at once.
nested_again() {
	local n
	for ((n = 0; n < 10; n++)); do
		i 'again 5 20' || {
			printf 'in round %s\n' "$n"
			o 'grep "line 5 " /tmp/daemon.log'
			return 1
		}
	done
}

# While one line is toggled without a pause, others are driven, read and interrupt.
nested_burst_neighbours() {
	local n level out
	i 'arm 14 15 both' && i 'out 16 16 0' && i 'in 17 17' || return 1
	# With gaps: while edges come as fast as they can, the inner kernel's interrupt threads leave its tasks no time.
	o '(while :; do sim toggle /sim/sim_gpio14/pull 2000; sleep 0.1; done) >/dev/null 2>&1 & echo $! >/tmp/toggle.pid' || return 1
	for ((n = 0; n < 4; n++)); do
		level=$((1 - n % 2))
		i "set 16 $level" && expect 'driven' $level "$(value 16)" || return 1
		pull 17 "$( ((level)) && echo up || echo down)" && expect 'read' $level "$(i 'get 17')" || return 1
	done
	# Two pulses, the last edge a fall. Edges that come before the inner guest has armed the line again are one, and which
	# they were it finds out by asking for the level, maybe late.
	pulse 15 2 && i "wait 15 2 $wait_ms" >/dev/null && nested_still 15 f && out=$events || return 1
	printf '%s\n' "$out"
	[[ $out =~ rising\ ([0-9]+)\ falling\ ([0-9]+)\ lost\ 0\ last\ f ]] || return 1
	n=$((BASH_REMATCH[1] + BASH_REMATCH[2]))
	((n >= 2 && n <= 4)) || return 1
	o 'kill $(cat /tmp/toggle.pid); killall sim; n=0; while pidof sim >/dev/null; do sleep 0.05; n=$((n + 1)); [ $n -lt 600 ] || exit 1; done' || return 1
	nested_still 14 "$([[ $(value 14) == 1 ]] && echo r || echo f)" || return 1
	printf '%s\n' "$events"
	expect 'levels on both sides' "$(value 14)" "$(i 'get 14')" || return 1
	pull 14 down && i 'free 14 17'
}
