# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The guest's lines in the hands of its kernel's drivers, as docs/guests.md has it: by a device tree, and by ACPI.

# shellcheck disable=SC2016 # the guest expands
# shellcheck disable=SC2034,SC2154 # shared with the parts that ./run reads beside this one

frontend_drivers() {
	local dir=$1
	mkdir "$dir"/{tree,virt,acpi}
	guest_init "$dir/tree"
	drivers_tree "$dir/tree"
	guest_init "$dir/virt"
	drivers_virt "$dir/virt"
	guest_init "$dir/acpi"
	drivers_acpi "$dir/acpi"
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
	onewire_pull
	check_needed 'User-Mode Linux boots with a device tree' boot tree "$dir/gpio.sock" dt
	drivers_of_tree 'by the tree of User-Mode Linux'
}

# The wire's pull-up: a line at 0 would be a slave that answers.
onewire_pull() {
	ctl pull "$side.dummy2=pull-up"
}

# drivers_of_tree WHERE: all that contrib/guests/drivers.dtsi gives lines to, in this guest, which then ends.
drivers_of_tree() {
	check "gpio-keys $1: a line that the host sets is a key that the guest hears" check_keys
	check "leds-gpio $1: the guest's LED and its trigger are levels on the host" check_leds
	check "w1-gpio $1: the bus is there, and the host sees the reset pulse" check_onewire
	check "spi-gpio $1: the host sees the clock and the bits of a transfer" check_spi
	# The 1-wire driver takes a chip for one that cannot sleep.
	check "no other kernel errors $1" check_dmesg 'gpiod_[sg]et_value|Call [Tt]race'
	check "SIGTERM ends the daemon: status 0, no sockets, $1" daemon_stop
	guest_kill "$guest"
}

# virt_provide: false if this Debian has no such QEMU.
virt_provide() {
	local words status=0
	words=$("$scripts/guest/qemu" 10 aarch64) || status=$?
	[[ $status -ne 3 ]] || return 3
	[[ $status -eq 0 ]] || die "no QEMU for aarch64"
	read -ra guest_qemu_virt <<<"$words"
	guest_virt=$("$scripts/guest/virt")
	guest_uml=$("$scripts/guest/uml")
}

drivers_virt() {
	local dir=$1 status=0
	virt_provide || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip "by the tree of QEMU's virt" 'neither this Debian nor its backports have QEMU 9 or later for aarch64'
		return 0
	fi
	check_needed "the daemon starts, for QEMU's virt" daemon_start "$dir" 1 s8
	guest=virt side=guest0
	onewire_pull
	check_needed "QEMU's virt, aarch64, boots with a device tree" boot virt "$dir/gpio.sock" virt
	check 'its drivers are loaded' drivers_load
	drivers_of_tree "by the tree of QEMU's virt"
}

drivers_load() {
	g 'for module in $(cat /modules/order.drivers); do insmod /modules/$module.ko || exit; done'
}

drivers_acpi() {
	local dir=$1 status=0
	qemu_provide "$dir" 10 || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip 'by ACPI' 'neither this Debian nor its backports have QEMU 9 or later'
		return 0
	fi
	check_needed 'the daemon starts, for a guest with ACPI' daemon_start "$dir" 1 s8
	guest=table side=guest0
	check_needed 'a guest with a table of its own boots' boot table "$dir/gpio.sock" acpi
	check 'virtio-acpi: its device is found in the table' check_companion
	check 'gpio-keys by ACPI: a line that the host sets is a key that the guest hears' check_keys
	check "leds-gpio by ACPI: the guest's LED and its trigger are levels on the host" check_leds
	check 'the guest with ACPI has no kernel errors' check_dmesg
	check 'SIGTERM ends that daemon: status 0, no sockets' daemon_stop
	guest_kill table
}

# The transport found the device before virtio-acpi was there: it has to find it once more. Without its device in the table,
# no driver would have its lines.
check_companion() {
	local path
	g 'insmod /modules/virtio-acpi.ko && cd /sys/bus/pci/drivers/virtio-pci && for slot in 0000:*; do
			echo $slot >unbind && echo $slot >bind || exit; done' && drivers_load || return 1
	path=$(g 'cat /sys/bus/virtio/devices/virtio*/firmware_node/path') && expect path '\_SB_.PCI0.S18_' "$path"
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
