# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# A front-end that reconnects (QEMU 7.2): its connection is cut while the daemon, it and its guest live on. A relay
# stands between the two for that. This QEMU has no interrupts for its guest, so it is outputs that are looked at.

# shellcheck disable=SC2016 # the guest expands
# shellcheck disable=SC2154 # shared with the parts that ./run reads beside this one

relay_pid=

relay_build() {
	cc -std=gnu17 -Wall -Wextra -Werror -O1 -o "$work/relay" "$here/relay.c"
}

# relay_start: relay.sock is a way to the daemon's gpio.sock.
relay_start() {
	"$work/relay" "$daemon_dir/relay.sock" "$daemon_dir/gpio.sock" &
	relay_pid=$!
	disown
}

relay_kill() {
	[[ -n $relay_pid ]] || return 0
	kill -KILL "$relay_pid" 2>/dev/null || true
	relay_pid=
}

# logged WORDS COUNT: the daemon said so at least so often.
logged() {
	[[ $(grep -c "$1" "$daemon_dir/daemon.log") -ge $2 ]]
}

count_of() {
	grep -c "$1" "$daemon_dir/daemon.log" || true
}

# level_waits LINE 0|1: until the host sees this value.
level_waits() {
	wait_until ctl_is "$1" "$2" || ctl_expect "$1" "$2"
}

# cut: the connection is gone, and the daemon knows.
cut() {
	local before
	before=$(count_of 'front-end disconnected')
	relay_kill
	wait_until logged 'front-end disconnected' $((before + 1))
}

# come_back WORDS: the front-end has connected again, and the daemon says so of its session.
come_back() {
	local before
	before=$(count_of "$1")
	relay_start
	wait_until logged "$1" $((before + 1))
}

# boot_relayed NAME: a guest whose QEMU connects again after a second.
boot_relayed() {
	relay_build && relay_start && wait_until test -S "$daemon_dir/relay.sock" &&
		boot "$1" "$daemon_dir/relay.sock,reconnect=1" qemu
}

# meanwhile COMMAND: the guest begins with it now, and has done it when finished returns.
meanwhile() {
	guest_run "$guest" 90 "$1" >"$daemon_dir/meanwhile" 2>&1 &
	meanwhile_pid=$!
}

# finished: its status; QEMU's own messages may be among what it printed, but not after it.
finished() {
	wait "$meanwhile_pid"
}

# Not more often: of five returns at once the log tells, then it waits (base/log.h). The guest holds line 3 high; it asks for the level of line 6 while nobody is there, and gets it later.
check_cuts() {
	local i status=0
	ctl set "$side.dummy6=1" && hold 3=1 && level_waits "$side.dummy3" 1 && monitor_start "$side.dummy3" || return 1
	for ((i = 1; i <= 3; i++)); do
		if ! cut_while_held; then
			status=1
			break
		fi
	done
	monitor_stop >"$daemon_dir/seen"
	cat "$daemon_dir/seen"
	release && ctl set "$side.dummy6=0" && [[ $status -eq 0 ]] &&
		expect 'edges of the held line' 0 "$(grep -ciE 'rising|falling' "$daemon_dir/seen" || true)"
}

cut_while_held() {
	cut && level_waits "$side.dummy3" 1 || return 1
	meanwhile "$(gpiod_get 6)"
	come_back 'front-end reconnected, continuing its session' && finished || return 1
	expect 'the level that was asked for meanwhile' 1 "$(tail -n 1 "$daemon_dir/meanwhile")" || return 1
	level_waits "$side.dummy3" 1 && g "$(gpiod_put 4=1)" && g "$(gpiod_put 4=0)"
}

# Line 5 is let go in between, as its on-disconnect says; then it is as before.
check_cut_released() {
	hold 5=1 && level_waits "$side.dummy5" 1 && cut && level_waits "$side.dummy5" 0 &&
		come_back 'front-end reconnected, continuing its session' && level_waits "$side.dummy5" 1 && release
}

# The guest's driver begins anew while nobody is there: its first request waits.
check_cut_rebound() {
	hold 5=1 && release && cut || return 1
	g 'cd /sys/bus/virtio/drivers/gpio_virtio && echo virtio* >/tmp/device && cat /tmp/device >unbind' || return 1
	meanwhile 'cat /tmp/device >/sys/bus/virtio/drivers/gpio_virtio/bind'
	come_back 'not the previous front-end, dropping the saved session' && finished || return 1
	check_detect 8 && hold 5=1 && level_waits "$side.dummy5" 1 && release
}

# All processes of the daemon are killed. The next one knows of nothing: lines begin anew, the guest sets them again.
check_daemon_anew() {
	hold 5=1 && level_waits "$side.dummy5" 1 || return 1
	read -ra daemon_children <"/proc/$daemon_pid/task/$daemon_pid/children"
	daemon_kill
	wait_until children_gone || return 1
	mv "$daemon_dir/daemon.log" "$daemon_dir/first.log"
	daemon_start_guest "$daemon_dir" "$1" && wait_until logged ' started: split' 1 || return 1
	level_waits "$side.dummy5" 0 && release && check_detect 8 && check_get && hold 5=1 &&
		level_waits "$side.dummy5" 1 && release
}

# Its sockets are stale only then. What is dead and nobody waited for has no program any more.
children_gone() {
	local pid
	for pid in "${daemon_children[@]}"; do
		[[ ! -e /proc/$pid/exe ]] || return 1
	done
}

frontend_reconnect() {
	local dir=$1 status=0 words='sim=8,lines=@sim{0:1:2:3,on-disconnect=hold:4:5:6:7}'
	qemu_provide "$dir" 7.2 || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip 'everything' 'this Debian has no QEMU 7.2'
		return 0
	fi
	check_needed 'the daemon starts' daemon_start_guest "$dir" "$words"
	guest=guest side=guest0
	check_needed 'a guest boots, and its QEMU reconnects' boot_relayed guest
	check '[S-07 S-08 G-95 X-34] three cuts: a held output has no glitch, a request on its way is answered' check_cuts
	check '[S-08] an output that was let go is driven again' check_cut_released
	check '[S-08] a driver that began anew meanwhile has a new session' check_cut_rebound
	check 'the guest has no kernel errors' check_dmesg
	check 'a new daemon serves the guest, which sets its lines anew' check_daemon_anew "$words"
	check 'the guest still has no kernel errors' check_dmesg
	check 'SIGTERM ends the daemon: status 0, no sockets' daemon_stop_relayed
}

daemon_stop_relayed() {
	relay_kill
	rm -f "$daemon_dir/relay.sock"
	daemon_stop
}
