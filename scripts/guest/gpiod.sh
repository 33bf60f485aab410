# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The guest's gpiod tools, 1.x (Debian 12) and 2.x (Debian 13) alike: commands for guest_run.

# shellcheck disable=SC2016 # the guest expands

# gpiod_init VERSION: what ./initramfs printed.
gpiod_init() {
	gpiod_major=${1%%.*}
	[[ $gpiod_major == [12] ]] || die "gpiod $1: known are 1.x and 2.x"
}

# gpiod_get LINE: prints 0 or 1.
gpiod_get() {
	case $gpiod_major in
	1) printf 'gpioget gpiochip0 %s' "$1" ;;
	2) printf 'gpioget --numeric --chip gpiochip0 %s' "$1" ;;
	esac
}

# gpiod_set LINE=VALUE: drives the line until gpiod_stop.
gpiod_set() {
	case $gpiod_major in
	1) printf 'gpioset --mode=signal gpiochip0 %s' "$1" ;;
	2) printf 'gpioset --chip gpiochip0 %s' "$1" ;;
	esac
}

# gpiod_put LINE=VALUE: drives the line for 20 ms.
gpiod_put() {
	case $gpiod_major in
	1) printf 'gpioset --mode=time --usec=20000 gpiochip0 %s' "$1" ;;
	2) printf 'gpioset --hold-period 20ms --toggle 0 --chip gpiochip0 %s' "$1" ;;
	esac
}

# gpiod_info CHIP: prints a line a line.
gpiod_info() {
	case $gpiod_major in
	1) printf 'gpioinfo %s' "$1" ;;
	2) printf 'gpioinfo --chip %s' "$1" ;;
	esac
}

# gpiod_monitor EDGE LINE…: prints a line an event; EDGE is rising, falling or both.
gpiod_monitor() {
	local edge=$1
	shift
	case $gpiod_major.$edge in
	1.both) printf 'gpiomon --line-buffered gpiochip0 %s' "$*" ;;
	1.*) printf 'gpiomon --line-buffered --%s-edge gpiochip0 %s' "$edge" "$*" ;;
	2.*) printf 'gpiomon --edges %s --chip gpiochip0 %s' "$edge" "$*" ;;
	esac
}

# gpiod_armed: waits until gpiomon, the last command in the background, has its interrupts: it sleeps uninterruptibly
# until the device has answered.
gpiod_armed() {
	printf '%s' 'n=0; until grep -q gpiomon /proc/interrupts && grep -q "State:.S" /proc/$!/status; do n=$((n + 1));' \
		' [ $n -lt 1500 ] || { cat /tmp/monitor; exit 1; }; sleep 0.02; done'
}
