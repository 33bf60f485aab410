# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The daemon as a unit of a real systemd: `systemctl restart` through the fd store, with a guest under load.

# shellcheck disable=SC2034,SC2154 # shared with the parts that ./run reads beside this one

manager_pid=
manager_dir=
manager_cgroups=()

# manager_enter: this shell gets a cgroup of its own, so that the manager has no other processes to care for, and, unless
# systemd runs this machine, what a user's manager takes for the sign that it does.
manager_enter() {
	local root
	for root in "${manager_cgroups[@]}"; do
		mkdir "$root" && echo "$BASHPID" >"$root/cgroup.procs" || return 1
	done
	if [[ ! -d /run/systemd/system ]]; then
		mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && mkdir /run/systemd/system
	fi
}

# manager_start DIR: a user's manager with the units in DIR/units. False if there can be none here.
manager_start() {
	local root
	local -a alone=()
	manager_dir=$1
	mkdir -p "$1/run" "$1/units"
	manager_cgroups=()
	for root in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
		[[ ! -w $root/cgroup.procs ]] || manager_cgroups+=("$root/vgpio-$$")
	done
	[[ -d /run/systemd/system ]] || alone=(unshare --mount)
	"${alone[@]}" bash -c "$(declare -p manager_cgroups); $(declare -f manager_enter)
		manager_enter && exec env -i PATH=\"\$PATH\" HOME=$1 XDG_RUNTIME_DIR=$1/run XDG_CONFIG_HOME=$1/config \
			SYSTEMD_UNIT_PATH=$1/units: /lib/systemd/systemd --user --unit=basic.target" \
		>"$1/manager.log" 2>&1 </dev/null &
	manager_pid=$!
	wait_until manager_answers
}

manager_answers() {
	kill -0 "$manager_pid" 2>/dev/null || return 0
	manage is-active --quiet basic.target 2>/dev/null
}

manager_stop() {
	[[ -n $manager_pid ]] || return 0
	kill "$manager_pid" 2>/dev/null || true
	wait "$manager_pid" 2>/dev/null || true
	manager_pid=
	if [[ ${#manager_cgroups[@]} -gt 0 ]]; then
		find "${manager_cgroups[@]}" -depth -type d -exec rmdir {} + 2>/dev/null || true
	fi
}

# manage VERB…: systemctl, of that manager.
manage() {
	env XDG_RUNTIME_DIR="$manager_dir/run" timeout 60 systemctl --user "$@"
}

# unit_write DIR: the unit of one guest with 8 simulated lines, as vhost-device-gpio(1) tells it; but restarts may follow
# each other quickly.
unit_write() {
	cat >"$1/units/vgpio.service" <<-END
		[Unit]
		StartLimitIntervalSec=0

		[Service]
		Type=notify
		ExecStart="$VHOST_DEVICE_GPIO" --guest socket=$1/gpio.sock,sim=8 --control $1/ctl.sock --log-level debug
		StandardOutput=append:$1/daemon.log
		StandardError=append:$1/daemon.log
		WatchdogSec=20
		FileDescriptorStoreMax=1
		RestartKillSignal=SIGUSR1
		KillMode=mixed
	END
}

# unit_look: the daemon is the unit's main process.
unit_look() {
	daemon_pid=$(manage show -P MainPID vgpio.service)
	[[ $daemon_pid != 0 ]]
}

check_unit_start() {
	manage start vgpio.service && expect state active "$(manage is-active vgpio.service)" && unit_look
}

# Five restarts while the guest is at work, an edge after each.
check_unit_restart() {
	local i before
	load_start || return 1
	for ((i = 1; i <= 5; i++)); do
		before=$daemon_pid
		manage restart vgpio.service && unit_look || return 1
		if [[ $daemon_pid == "$before" ]]; then
			printf 'restart %d: still process %d\n' "$i" "$before"
			return 1
		fi
		load_edge "$i" && seen "$i" || return 1
	done
	load_stop 5 5
}

# A stop is no restart: nothing is left to anybody, and the front-end sees the end.
check_unit_stop() {
	manage stop vgpio.service || return 1
	expect state inactive "$(manage is-active vgpio.service)" &&
		expect result success "$(manage show -P Result vgpio.service)" &&
		expect 'sockets left' '' "$(find "$daemon_dir" -maxdepth 1 -name '*.sock*')" &&
		expect 'fds in the store' 0 "$(manage show -P NFileDescriptorStore vgpio.service)"
}

frontend_systemd() {
	local dir=$1
	if [[ ! -x /lib/systemd/systemd ]]; then
		check_skip 'everything' 'no systemd here'
		return 0
	fi
	daemon_dir=$dir
	if ! manager_start "$dir" || ! kill -0 "$manager_pid" 2>/dev/null; then
		check_skip 'everything' "no manager can be run here: $(tail -n 1 "$dir/manager.log" 2>/dev/null | tr -d '#\r\n')"
		return 0
	fi
	unit_write "$dir"
	manage daemon-reload
	guest_uml=$("$scripts/guest/uml")
	gpiod_init "$("$scripts/guest/initramfs" "$dir/uml.cpio")"
	guest=restarted side=guest0
	check_needed 'systemctl start: the unit is ready' check_unit_start
	check_needed 'a guest boots' boot restarted "$dir/gpio.sock" uml
	check 'systemctl restart, 5 times under load, and the guest does not notice' check_unit_restart
	check 'the guest has no kernel errors' check_dmesg
	check 'systemctl stop: the end, and no socket is left' check_unit_stop
	manager_stop
	daemon_pid=
}
