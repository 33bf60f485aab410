# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# What a guest does on a line, as a waveform that programs of others understand: uart.c sends, sigrok decodes, GTKWave reads.

# shellcheck disable=SC2154 # shared with the parts that ./run reads beside this one

# uart_provide CPIO: the guest's program, in its initramfs.
uart_provide() {
	local tree=$work/uart.tree
	mkdir -p "$tree/bin"
	"${CC:-cc}" -std=gnu17 -O2 -Wall -Wextra -Werror -static -o "$tree/bin/uart" "$here/uart.c"
	pack "$tree" "$1"
}

# recording_start FILE LINE…
recording_start() {
	"$VGPIOCTL" --control "$daemon_dir/ctl.sock" record -o "$@" &
	recording_pid=$!
	wait_until grep -qs dumpvars "$1"
}

recording_stop() {
	kill -INT "$recording_pid"
	wait "$recording_pid"
}

# uart_text FILE SIGNAL BAUD: what sigrok reads there, of 10,000 samples a second.
uart_text() {
	sigrok-cli -I vcd:downsample=100000 -i "$1" -P "uart:rx=$2:baudrate=$3:format=ascii" -A uart=rx-data |
		sed 's/^uart-[0-9]*: //' | tr -d '\n'
}

# check_uart BAUD TEXT: the rate may become lower.
check_uart() {
	local file=$daemon_dir/uart.vcd text baud status=0
	recording_start "$file" "$side.dummy3" "$side.dummy2" || return 1
	baud=$(g "uart /dev/gpiochip0 3 $1 '$2'") || status=1
	recording_stop && [[ $status -eq 0 ]] || return 1
	text=$(uart_text "$file" dummy3 "$baud") || return 1
	printf 'sigrok reads "%s" at %s baud\n' "$text" "$baud"
	[[ $text == *"$2"* ]]
}

check_gtkwave() {
	"$scripts/wave-check" "$daemon_dir/uart.vcd"
}

# Whose programs are missing is told.
waveforms() {
	local name='a UART that the guest bangs out is recorded, and sigrok decodes it'
	if command -v sigrok-cli >/dev/null; then
		check "$name" check_uart 320 gpio
	else
		check_skip "$name" 'there is no sigrok-cli'
	fi
	name='GTKWave reads that recording'
	if "$scripts/wave-check" --fetch; then
		check "$name" check_gtkwave
	else
		check_skip "$name" 'there is no vcd2fst'
	fi
}
