# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The daemon under test and the control tool.

# shellcheck disable=SC2154 # wait_s is tap.sh's

daemon_pid=
daemon_program=

# daemon_start DIR COUNT DEVICES: sockets DIR/gpio.sock0…, control socket DIR/ctl.sock.
daemon_start() {
	daemon_dir=$1
	daemon_run -s "$1/gpio.sock" -c "$2" -l "$3"
	wait_until daemon_ready "gpio.sock$(($2 - 1))"
}

# daemon_start_patient DIR COUNT DEVICES: the same, of the program for tests that takes no number of deaths for a crash
# loop: its file is a struct fault_plan whose last member, patient, is not 0.
daemon_start_patient() {
	printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\1\1' >"$1/faults"
	VHOST_DEVICE_GPIO=$VHOST_DEVICE_GPIO-faulty VGPIO_FAULTS=$1/faults daemon_start "$@"
}

# daemon_start_guest DIR KEYS: one guest with these keys, socket DIR/gpio.sock.
daemon_start_guest() {
	daemon_dir=$1
	daemon_run --guest "socket=$1/gpio.sock,$2"
	wait_until daemon_ready gpio.sock
}

# Under a name of its own, behind which an upgrade finds another program.
daemon_run() {
	daemon_program=$VHOST_DEVICE_GPIO
	daemon_install "$daemon_program"
	"$daemon_dir/vhost-device-gpio" "$@" --control "$daemon_dir/ctl.sock" --log-level debug \
		>"$daemon_dir/daemon.log" 2>&1 </dev/null &
	daemon_pid=$!
}

daemon_ready() {
	[[ -S $daemon_dir/$1 && -S $daemon_dir/ctl.sock ]]
}

daemon_alive() {
	[[ -n $daemon_pid ]] && kill -0 "$daemon_pid" 2>/dev/null
}

daemon_install() {
	cp "$1" "$daemon_dir/vhost-device-gpio.new" && mv "$daemon_dir/vhost-device-gpio.new" "$daemon_dir/vhost-device-gpio"
}

# daemon_upgrade N: SIGUSR2, for the Nth time: to a program whose sessions have another layout, and back, in turn.
daemon_upgrade() {
	if (($1 % 2)); then
		daemon_install "$VHOST_DEVICE_GPIO_OTHER"
	else
		daemon_install "$daemon_program"
	fi
	kill -USR2 "$daemon_pid"
	wait_until daemon_upgraded "$1"
}

daemon_upgraded() {
	[[ $(grep -c 'took over' "$daemon_dir/daemon.log") -ge $1 ]]
}

# worker_find: the process id of the first guest's worker in $worker.
worker_find() {
	local pid name pids
	read -ra pids <"/proc/$daemon_pid/task/$daemon_pid/children"
	for pid in "${pids[@]}"; do
		if ! read -r name <"/proc/$pid/comm" || [[ $name != vgpio:guest0 ]]; then
			continue
		fi
		worker=$pid
		return
	done 2>/dev/null
	return 1
}

# worker_kill: SIGKILL; true when another one has come.
worker_kill() {
	local killed
	wait_until worker_find && kill -KILL "$worker" || return 1
	killed=$worker
	wait_until worker_other "$killed"
}

worker_other() {
	worker_find && [[ $worker != "$1" ]]
}

daemon_gone() {
	! daemon_alive
}

# daemon_stop: SIGTERM; true if it exits 0, leaves no socket, and had to kill nobody, as it does after two seconds.
daemon_stop() {
	local status=0 left
	daemon_alive || {
		printf 'the daemon is gone already\n'
		return 1
	}
	kill -TERM "$daemon_pid"
	wait_until daemon_gone || printf 'still there after SIGTERM\n'
	kill -KILL "$daemon_pid" 2>/dev/null
	wait "$daemon_pid" || status=$?
	daemon_pid=
	left=$(find "$daemon_dir" -name '*.sock*')
	expect 'exit status' 0 "$status" && expect 'sockets left' '' "$left" &&
		! grep 'did not exit within' "$daemon_dir/daemon.log"
}

daemon_kill() {
	[[ -n $daemon_pid ]] || return 0
	kill -KILL "$daemon_pid" 2>/dev/null || true
	wait "$daemon_pid" 2>/dev/null || true
	daemon_pid=
}

ctl() {
	timeout "$wait_s" "$VGPIOCTL" --control "$daemon_dir/ctl.sock" "$@"
}

# ctl_is LINE 0|1: does the host see this value?
ctl_is() {
	local got
	got=$(ctl get "$1") || return 1
	case $got in
	*=active | *=1 | 1) [[ $2 == 1 ]] ;;
	*=inactive | *=0 | 0) [[ $2 == 0 ]] ;;
	*) return 1 ;;
	esac
}

# ctl_expect LINE 0|1: the same, soon, with words if not.
ctl_expect() {
	wait_until ctl_is "$1" "$2" && return 0
	printf 'expected %s to be %s on the host, but: %s\n' "$1" "$2" "$(ctl get "$1" 2>&1)"
	return 1
}

# check_negotiated WORD… [-- WORD…]: what the daemon last logged as negotiated has these words, and none behind --.
check_negotiated() {
	local line word wanted=0
	line=$(grep -o 'negotiated: .*' "$daemon_dir/daemon.log" | tail -n 1)
	printf '%s\n' "$line"
	[[ -n $line ]] || return 1
	for word in "$@"; do
		if [[ $word == -- ]]; then
			wanted=1
			continue
		fi
		[[ " $line " == *" $word "* ]]
		expect "$word" "$wanted" $? || return 1
	done
}

monitor_pid=

# monitor_start LINE…: what the host is told goes to monitor_seen.
monitor_start() {
	# What the last one was told is no sign of this one.
	rm -f "$daemon_dir/monitor.out"
	"$VGPIOCTL" --control "$daemon_dir/ctl.sock" monitor "$@" >"$daemon_dir/monitor.out" 2>&1 &
	monitor_pid=$!
	# The present states come first, one after the other: once all are there, the monitor listens to all.
	wait_until monitor_listens $#
}

monitor_listens() {
	[[ -f $daemon_dir/monitor.out && $(wc -l <"$daemon_dir/monitor.out") -ge $1 ]]
}

monitor_saw() {
	grep -qi "$1" "$daemon_dir/monitor.out"
}

monitor_stop() {
	[[ -n $monitor_pid ]] || return 0
	kill "$monitor_pid" 2>/dev/null || true
	wait "$monitor_pid" 2>/dev/null || true
	monitor_pid=
	cat "$daemon_dir/monitor.out"
}
