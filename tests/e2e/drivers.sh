# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The guest's lines in the hands of its kernel's drivers, as a device tree has it.

# shellcheck disable=SC2016 # the guest expands
# shellcheck disable=SC2034,SC2154 # shared with the parts that ./run reads beside this one

frontend_drivers() {
	drivers_tree "$1"
}

drivers_tree() {
	local dir=$1 why
	if ! why=$("$scripts/host" --uml); then
		check_skip 'by a device tree of User-Mode Linux' "User-Mode Linux cannot run here: $why"
		return 0
	fi
	guest_uml=$("$scripts/guest/uml")
	gpiod_init "$("$scripts/guest/initramfs" "$dir/uml.cpio")"
	check_needed 'the daemon starts, for a guest with a device tree' daemon_start "$dir" 1 s8
	guest=tree side=guest0
	# The wire's pull-up: a line at 0 would be a slave that answers.
	ctl pull "$side.dummy2=pull-up"
	check_needed 'User-Mode Linux boots with a device tree' boot tree "$dir/gpio.sock" dt
	check 'gpio-keys: a line that the host sets is a key that the guest hears' check_keys
	check "leds-gpio: the guest's LED and its trigger are levels on the host" check_leds
	check "w1-gpio: the bus is there, and the host sees the reset pulse" check_onewire
	check "spi-gpio: the host sees the clock and the bits of a transfer" check_spi
	# The 1-wire driver takes a chip for one that cannot sleep.
	check 'that guest has no kernel errors' check_dmesg 'gpiod_[sg]et_value|Call Trace'
	check 'SIGTERM ends its daemon: status 0, no sockets' daemon_stop
	guest_kill tree
}

# check_keys: KEY_ENTER (28) goes down and up with line 0. An event has 24 bytes: the time, the type (1 is a key), the code,
# the value.
check_keys() {
	local value
	g 'event=$(grep -l buttons /sys/class/input/event*/device/name) && event=/dev/input/$(echo $event | cut -d/ -f5) || exit 1;
		cat <$event >/tmp/events & n=0; until [ "$(readlink /proc/$!/fd/0)" = $event ]; do
			sleep 0.02; n=$((n + 1)); [ $n -lt 1500 ] || exit 1; done' || return 1
	for value in 1 0; do
		ctl set "$side.dummy0=$value" && wait_until key_heard "28 $value" && continue
		printf 'no event for %s; those that came:\n%s\n' "$value" "$(keys)"
		return 1
	done
	expect 'the keys' $'28 1\n28 0' "$(keys)"
}

keys() {
	g 'od -v -An -t u2 -w24 /tmp/events | while read -r a b c d e f g h type code value rest; do
		[ "$type" != 1 ] || echo "$code $value"; done'
}

key_heard() {
	[[ $(keys | tail -n 1) == "$1" ]]
}

check_leds() {
	local value
	for value in 1 0; do
		g "echo $value >/sys/class/leds/led/brightness" && ctl_expect "$side.dummy1" "$value" || return 1
	done
	monitor_start "$side.dummy1" || return 1
	g 'cd /sys/class/leds/led && echo timer >trigger && echo 50 >delay_on && echo 50 >delay_off'
	wait_until monitor_blinks 3
	local status=$?
	g 'echo none >/sys/class/leds/led/trigger'
	monitor_stop
	return $status
}

# monitor_blinks COUNT
monitor_blinks() {
	[[ $(grep -ci rising "$daemon_dir/monitor.out") -gt $1 && $(grep -ci falling "$daemon_dir/monitor.out") -gt $1 ]]
}

check_onewire() {
	local status=0
	g 'cat /sys/bus/w1/devices/w1_bus_master1/w1_master_name' || return 1
	monitor_start "$side.dummy2" || return 1
	g 'echo 1 >/sys/bus/w1/devices/w1_bus_master1/w1_master_search'
	wait_until monitor_blinks 0 || status=1
	monitor_stop
	return "$status"
}

# check_spi: two bytes on the wires, the highest bit first, each there when the clock rises; and one read from a line that is 1.
check_spi() {
	local status=0
	monitor_start "$side.dummy3" "$side.dummy4" "$side.dummy6" || return 1
	g 'printf "\245\074" >/dev/spidev0.0' && wait_until spi_ended || status=1
	monitor_stop
	[[ $status -eq 0 ]] && expect 'the bits' 1010010100111100 "$(spi_bits)" || return 1
	ctl set "$side.dummy5=1" || return 1
	expect 'read' ff "$(g 'dd if=/dev/spidev0.0 bs=1 count=1 2>/dev/null | od -An -t x1 | tr -d " "')"
}

# The chip select, active low, is inactive again.
spi_ended() {
	monitor_saw "rising.*$side 6 "
}

spi_bits() {
	awk '$4 == 4 { bit = $2 == "rising" } $4 == 3 && $2 == "rising" { printf "%d", bit }' "$daemon_dir/monitor.out"
}
