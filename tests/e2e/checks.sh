# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# What is checked in a booted guest. $guest is its console's name, $side its name on the host.

# shellcheck disable=SC2016 # the guest expands
# shellcheck disable=SC2154 # shared with the parts that ./run reads beside this one

guest=
side=

# g COMMAND: runs it in the guest.
g() {
	guest_run "$guest" "$guest_s" "$1"
}

# gone FILE: the command that waits for the end of the process whose id is in FILE.
gone() {
	printf 'n=0; while [ -d /proc/$(cat %s) ]; do sleep 0.02; n=$((n + 1)); [ $n -lt 1500 ] || exit 1; done' "$1"
}

# hold LINE=VALUE / release: the guest drives a line meanwhile.
hold() {
	g "$(gpiod_set "$1") </dev/null >/tmp/hold 2>&1 & echo \$! >/tmp/hold.pid"
}

release() {
	g "kill \$(cat /tmp/hold.pid); $(gone /tmp/hold.pid); cat /tmp/hold"
}

# watch EDGE LINE…: the guest's gpiomon runs and has its interrupts when this returns.
watch() {
	g "$(gpiod_monitor "$@") >/tmp/monitor 2>&1 & echo \$! >/tmp/monitor.pid; $(gpiod_armed)"
}

# watched COUNT: ends the guest's gpiomon after COUNT events, and a moment for one too many;
# what it printed is in $seen.
watched() {
	seen=$(g "n=0; until [ \$(wc -l </tmp/monitor) -ge $1 ] || [ \$n -ge 1500 ]; do n=\$((n + 1)); sleep 0.02; done; sleep 0.1; kill \$(cat /tmp/monitor.pid); $(gone /tmp/monitor.pid); cat /tmp/monitor")
	printf '%s\n' "$seen"
}

# saw EDGE: how many events of that kind $seen holds.
saw() {
	grep -ci "$1" <<<"$seen" || true
}

# A command comes in two pieces, and between them an orphan of the guest's init ends: no word is lost.
check_pieces() {
	local out=
	g 'sleep 0.3 & :' || return 1
	printf 'pieces echo who' >&"${guest_in[$guest]}"
	sleep 0.6
	printf 'le\n' >&"${guest_in[$guest]}"
	while guest_read "$guest" "$guest_s"; do
		out+=$guest_line
		[[ $guest_line != '@@end '* ]] || break
	done
	expect 'the guest said' 'whole@@end pieces 0' "$out"
}

check_detect() {
	local out
	out=$(g gpiodetect) || return 1
	printf '%s\n' "$out"
	grep -q "^gpiochip0 .*($1 lines)" <<<"$out"
}

check_info() {
	local out i
	out=$(g gpioinfo) || return 1
	printf '%s\n' "$out"
	for ((i = 0; i < $1; i++)); do
		grep -qE "line +$i:[[:space:]]+\"dummy$i\"" <<<"$out" || return 1
	done
}

check_get() {
	local value got
	for value in 1 0 1; do
		ctl set "$side.dummy2=$value" || return 1
		got=$(g "$(gpiod_get 2)")
		expect "gpioget" "$value" "$got" || return 1
	done
	ctl set "$side.dummy2=0"
}

check_set() {
	local value
	for value in 1 0; do
		hold "3=$value" && ctl_expect "$side.dummy3" "$value" || return 1
		release || return 1
	done
}

check_set_monitored() {
	monitor_start "$side.dummy4" || return 1
	hold 4=1 && wait_until monitor_saw rising && release && hold 4=0 && release
	local status=$?
	monitor_stop
	return $status
}

# seen COUNT: waits until the guest's gpiomon has seen so many edges: only then it is ready for the next one.
seen() {
	g "n=0; until [ \$(wc -l </tmp/monitor) -ge $1 ]; do n=\$((n + 1)); [ \$n -lt 1500 ] || exit 1; sleep 0.02; done" &&
		return
	printf 'edge %d did not come\n' "$1"
	return 1
}

# check_edges EDGE RISING FALLING: two pulses on the host, and what the guest must see of them.
check_edges() {
	local value n=0
	ctl set "$side.dummy2=0" && watch "$1" 2 || return 1
	for value in 1 0 1 0; do
		ctl set "$side.dummy2=$value" || return 1
		case $1.$value in
		both.? | rising.1 | falling.0) seen $((++n)) || return 1 ;;
		esac
	done
	watched $(($2 + $3))
	expect rising "$2" "$(saw rising)" && expect falling "$3" "$(saw falling)"
}

check_burst() {
	local i
	ctl set "$side.dummy5=0" && watch both 5 || return 1
	for ((i = 1; i <= 20; i++)); do
		ctl toggle "$side.dummy5" && seen $i || return 1
	done
	watched 20
	expect rising 10 "$(saw rising)" && expect falling 10 "$(saw falling)"
}

# The guest's program lights a lamp when a button is pressed.
check_scenario() {
	local status=0
	watch rising 2 || return 1
	g "(until [ \$(wc -l </tmp/monitor) -ge 1 ]; do sleep 0.02; done; exec $(gpiod_set 3=1)) </dev/null >/tmp/hold 2>&1 &
		echo \$! >/tmp/hold.pid" || return 1
	ctl run - <<-END || status=1
		on ready
		expect $side.dummy2 input within 10s
		order: $side.dummy2 rising before $side.dummy3 rising
		press $side.dummy2 hold 200ms bounce 5ms
		expect $side.dummy3 rising within 20s
		expect $side.dummy3=1 for 20ms
	END
	release && watched 1 && return $status
}

# check_all_lines COUNT: one edge on each of the first lines, all armed at once.
check_all_lines() {
	local i
	local -a lines
	mapfile -t lines < <(seq 0 $(($1 - 1)))
	for i in "${lines[@]}"; do
		ctl set "$side.dummy$i=0" || return 1
	done
	watch rising "${lines[@]}" || return 1
	for i in "${lines[@]}"; do
		ctl set "$side.dummy$i=1" || return 1
	done
	watched "$1"
	expect rising "$1" "$(saw rising)"
}

check_read_while_armed() {
	ctl set "$side.dummy2=0" && watch both 2 || return 1
	ctl set "$side.dummy6=1" || return 1
	local got
	got=$(g "$(gpiod_get 6)")
	watched 0
	expect gpioget 1 "$got"
}

check_rebind() {
	g 'cd /sys/bus/virtio/drivers/gpio_virtio && device=$(echo virtio*) && echo $device >unbind &&
		! [ -e /dev/gpiochip0 ] && echo $device >bind && [ -e /dev/gpiochip0 ]' || return 1
	check_detect "$1" && check_get && check_edges both 2 2
}

# A line whose level stays makes the interrupt come again and again, and stop with it.
check_level() {
	local first
	ctl set "$side.dummy5=0" || return 1
	g 'base=$(cat /sys/class/gpio/gpiochip*/base) &&
		insmod /modules/irqlevel.ko gpio=$((base + 5)) trigger=4' || return 1
	first=$(level_count)
	ctl set "$side.dummy5=1"
	wait_until level_comes_again
	ctl set "$side.dummy5=0"
	wait_until level_is_quiet || return 1
	printf 'interrupts: %s while low, %s in all\n' "$first" "$(level_count)"
	expect 'while low' 0 "$first" && level_comes_again && g 'rmmod irqlevel'
}

level_comes_again() {
	[[ $(level_count) -ge 2 ]]
}

level_is_quiet() {
	local count
	count=$(level_count)
	sleep 0.2
	[[ $count == "$(level_count)" ]]
}

level_count() {
	g 'cat /sys/module/irqlevel/parameters/count'
}

# A front-end without VIRTIO_GPIO_F_IRQ: gpiomon says so at once.
check_no_irq() {
	local status=0
	g "timeout $wait_s $(gpiod_monitor rising 2)" || status=$?
	[[ $status -ne 0 && $status -ne 124 && $status -ne 143 ]]
}

# check_dmesg [EXPECTED]: nothing bad but what matches EXPECTED. (The emulated timer of a machine that is busy is late at
# boot: "MP-BIOS bug".)
check_dmesg() {
	local all bad
	all=$(g 'dmesg -r') || return 1
	bad=$(grep -E '^<[0-3]>|WARNING:|BUG:|Oops|Call Trace|virtio.*(fail|error)' <<<"$all" |
		grep -vE "not an immutable chip|MP-BIOS bug|module verification failed|taints kernel${1:+|$1}") || true
	expect 'the kernel said' '' "$bad"
}
