# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The package's units under a real systemd, with a guest in QEMU, as an administrator and a user of the group have them.

# shellcheck disable=SC2034,SC2154,SC2317 # shared with ./run; functions that take others' places

readonly instance=vhost-device-gpio@ci.service
readonly whole=vhost-device-gpio.service
readonly here_in_box=/run/vhost-device-gpio

# The largest exposure that `systemd-analyze security` may find, times ten.
readonly exposure_max=20

# The guest's checks are those of tests/e2e; their vgpioctl is run by a user of the group in the box.
ctl() {
	box_as tester vgpioctl --control "$here_in_box/$control" "$@"
}

daemon_alive() {
	box systemctl is-active --quiet "$instance"
}

main_pid() {
	box systemctl show -P MainPID "$1"
}

said() {
	box journalctl --no-pager -o cat -u "$1" | grep -F "$2"
}

check_boot() {
	local failed
	box_start "$root" "$work/box.log" || { cat "$work/box.log" && return 1; }
	failed=$(box systemctl --failed --plain --no-legend)
	printf '%s\n' "$failed"
	# One who may use the control sockets, and one who runs virtual machines.
	box useradd tester && box useradd other && box groupadd -f kvm && box usermod -a -G kvm other
}

# Nobody is served unasked.
check_booted_install() {
	box dpkg -i /deb/this.deb || return 1
	box usermod -a -G vhost-device-gpio tester || return 1
	expect 'what runs' '' "$(box systemctl list-units --plain --no-legend 'vhost-device-gpio*')"
}

check_exposure() {
	local unit score
	stat -c '%s bytes' "$root/deb/this.deb" >"$work/figures"
	dpkg-deb -f "$root/deb/this.deb" Installed-Size Depends >>"$work/figures"
	for unit in "$whole" "$instance"; do
		score=$(box systemd-analyze security --no-pager "$unit" | sed -nE 's/.*Overall exposure level for [^ ]*: ([0-9.]+) .*/\1/p')
		printf '%s: %s\n' "$unit" "$score" | tee -a "$work/figures"
		((10#${score/./} <= exposure_max)) || return 1
	done
}

check_units_verified() {
	local said
	said=$(box sh -c 'cd /lib/systemd/system && systemd-analyze verify --man=no ./vhost-device-gpio*' 2>&1) || true
	expect 'systemd-analyze verify' '' "$said"
}

check_socket() {
	box systemctl enable --now vhost-device-gpio@ci.socket &&
		expect 'socket' 'srw-rw---- root kvm' "$(box stat -c '%A %U %G' "$here_in_box/ci.sock")" &&
		expect 'service' inactive "$(box systemctl is-active "$instance")"
}

# The front-end of the tests: the service comes with it. Whoever is not of the group is refused.
check_frontend() {
	local names
	cp "$TEST_PROGRAMS/tests/examples/example_guest" "$root/deb/"
	names=$(box_as other /deb/example_guest "$here_in_box/ci.sock") || return 1
	expect 'lines' "$(printf 'dummy%d\n' {0..7})" "$names" &&
		! box_as tester test -w "$here_in_box/ci.sock" &&
		expect 'service' active "$(box systemctl is-active "$instance")"
}

check_sandbox() {
	said "$instance" 'sandbox: no new privileges, user namespace, network, ipc, root, limits, landlock, capabilities, system calls' &&
		! said "$instance" 'warning'
}

# What Debian's own machines would run.
check_autopkgtest() {
	cp "$here/../../debian/tests/units" "$root/deb/" && box /deb/units
}

check_group() {
	ctl info && ! box_as other vgpioctl --control "$here_in_box/$control" info
}

# tried PROGRAM…: the guest is at work meanwhile, and has an edge after each.
tried() {
	local i=0 change
	load_start || return 1
	for change; do
		i=$((i + 1))
		"$change" && load_edge "$i" && seen "$i" || return 1
	done
	load_stop $i 3
}

# The new program is in the place of the old one, in the same process.
upgrade_package() {
	local before
	before=$(main_pid "$instance")
	box dpkg -i /deb/next.deb || return 1
	wait_until said "$instance" 'took over 1 guest' && expect 'process' "$before" "$(main_pid "$instance")"
}

# A program that does not work is asked, and takes nobody's place.
upgrade_refused() {
	box dpkg -i /deb/bad.deb && wait_until said "$instance" 'going on as before'
}

restart_service() {
	local before
	before=$(main_pid "$instance")
	box systemctl restart "$instance" && [[ $(main_pid "$instance") != "$before" ]]
}

check_upgrade_package() {
	tried upgrade_refused upgrade_package
}

# More often than five times in ten seconds, where the manager's own limit is.
check_restart() {
	tried restart_service{,,,,,}
}

# The file's guests: one that is there, one more after a reload.
check_whole() {
	local first
	control=control.sock
	printf '[guest one]\nsocket=%s/one.sock\nsocket-mode=0660\nsocket-group=kvm\nsim=2\n' "$here_in_box" >"$root$conf"
	box systemctl enable --now "$whole" && first=$(main_pid "$whole") || return 1
	expect 'socket' 'srw-rw---- vhost-device-gpio kvm' "$(box stat -c '%A %U %G' "$here_in_box/one.sock")" &&
		box_as other /deb/example_guest "$here_in_box/one.sock" || return 1
	printf '[guest two]\nsocket=%s/two.sock\nsim=2\n' "$here_in_box" >>"$root$conf"
	box systemctl reload "$whole" && wait_until box test -S "$here_in_box/two.sock" && expect 'process' "$first" "$(main_pid "$whole")" &&
		wait_until box_as tester vgpioctl get two.dummy0 # at its default path
}

# A wrong file is no reason to try again and again; a chip that is not there is.
check_whole_wrong() {
	local file=$root$conf
	box systemctl stop "$whole"
	box mkdir -p /run/systemd/system/"$whole".d
	printf '[Service]\nRestartSec=200ms\n' >"$root/run/systemd/system/$whole.d/quick.conf"
	box systemctl daemon-reload
	echo '[guest two' >"$file"
	! box systemctl start "$whole" && expect 'with a wrong file' failed "$(box systemctl is-active "$whole")" || return 1
	printf '[guest one]\nsocket=%s/one.sock\nlines=@gpiochip9\n' "$here_in_box" >"$file"
	! box systemctl start "$whole" && expect 'without its chip' activating "$(box systemctl is-active "$whole")" || return 1
	# More often than the manager's own limit.
	wait_until whole_tried_again || return 1
	printf '[guest one]\nsocket=%s/one.sock\nsocket-mode=0660\nsocket-group=kvm\nsim=1\n' "$here_in_box" >"$file"
	wait_until box systemctl is-active --quiet "$whole"
}

whole_tried_again() {
	(($(box systemctl show -P NRestarts "$whole") > 6))
}

# Killed with all its processes, as when memory is short, it comes back, and its sockets with it.
check_whole_killed() {
	box systemctl kill --signal=SIGKILL "$whole" && wait_until box systemctl is-active --quiet "$whole" &&
		wait_until box_as other /deb/example_guest "$here_in_box/one.sock"
}

check_booted_remove() {
	box dpkg -r vhost-device-gpio || return 1
	expect 'what runs' '' "$(box systemctl list-units --plain --no-legend 'vhost-device-gpio*')" &&
		expect 'processes' '' "$(box grep -l '^vhost-device-gp' /proc/*/comm 2>/dev/null)"
}

check_booted_purge() {
	rm -r "$root/run/systemd/system/$whole.d" # the test's
	box dpkg -P vhost-device-gpio && nothing_left
}

check_services() {
	local status=0
	qemu_provide "$work" 10 || status=$?
	if [[ $status -ne 0 ]]; then
		check_skip 'its services' 'neither this Debian nor its backports have QEMU 9 or later'
		return 0
	fi
	guest_init "$work"
	guest=guest side=ci control=ci.control
	check_needed 'a systemd runs in a box' check_boot
	list "$work/before"
	check_needed 'installed beside it, nothing starts unasked' check_booted_install
	check 'systemctl enable --now vhost-device-gpio@ci.socket: the socket is there' check_socket
	check 'a front-end of a user of the group kvm is served, another one is refused' check_frontend
	check 'the sandbox is whole' check_sandbox
	check 'vgpioctl works for a user of the group, and for no other one' check_group
	check 'its autopkgtest of the units passes' check_autopkgtest
	check "systemd-analyze security: no more than $((exposure_max / 10)).$((exposure_max % 10)) for both services" check_exposure
	check 'systemd-analyze verify has nothing to say' check_units_verified
	check_needed 'a QEMU guest boots' boot guest "$root$here_in_box/ci.sock" qemu
	check 'it has its lines' check_detect 8
	check 'the package is upgraded under load, to a program that does not work and to one that does: the guest notices nothing' check_upgrade_package
	check 'systemctl restart, 6 times under load: the guest notices nothing' check_restart
	check 'the guest has no kernel errors' check_dmesg
	check 'all guests of the file, a reload, and vgpioctl at its default path' check_whole
	check 'a wrong file ends it, a chip that is late does not' check_whole_wrong
	check 'killed with all its processes, it serves again' check_whole_killed
	check 'removed, nothing of it runs' check_booted_remove
	guest_kill guest
	check 'purged, it leaves nothing' check_booted_purge
	box_stop
}
