# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The package where nothing runs: what it brings, and what it leaves.

# shellcheck disable=SC2016,SC2154 # dpkg expands; shared with ./run

readonly conf=/etc/vhost-device-gpio.conf

# debs_provide: the package as $root/deb/this.deb, one of a later version, next.deb, and between them one whose program does
# not work, bad.deb.
debs_provide() {
	mkdir "$root/deb"
	cp "$debs"/vhost-device-gpio_*.deb "$root/deb/this.deb"
	deb_changed next true
	deb_changed bad tee "$work/bad/usr/bin/vhost-device-gpio" <<<$'#!/bin/sh\necho "does not work" >&2\nexit 1'
}

# deb_changed VERSION COMMAND…: what COMMAND changes is in $work/VERSION.
deb_changed() {
	dpkg-deb -R "$root/deb/this.deb" "$work/$1"
	sed -i "/^Version:/s/$/+$1/" "$work/$1/DEBIAN/control"
	"${@:2}" >/dev/null
	dpkg-deb --root-owner-group -b "$work/$1" "$root/deb/$1.deb" >/dev/null
}

# inside COMMAND…: in the root; there is no first process.
inside() {
	unshare --mount --pid --fork --mount-proc="$root/proc" chroot "$root" \
		env -i LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# What a start of the system makes, dpkg's own notes, and users, who are compared by name.
readonly ours=(./deb ./proc ./sys ./dev ./tmp ./run ./var/tmp ./var/log ./var/lib/dpkg ./var/lib/systemd ./var/cache/ldconfig
	./etc/machine-id ./etc/.pwd.lock './etc/*-' ./etc/{passwd,shadow,group,gshadow})

# list FILE: all files of the root, with kind, mode, owner and what is in them.
list() {
	local path
	local -a left_out=(-false)
	for path in "${ours[@]}"; do
		left_out+=(-o -path "$path")
	done
	{
		(cd "$root" && find . -xdev \( "${left_out[@]}" \) -prune -o -printf '%p %y %m %U %G %l\n' &&
			find . -xdev \( "${left_out[@]}" \) -prune -o -type f -exec sha256sum {} +)
		find "$root"/run "$root"/var/{log,lib/systemd,lib/dpkg} -name '*vhost-device-gpio*' -printf '%p\n'
		cut -d: -f1 "$root"/etc/{passwd,shadow}
		# These two are others', too.
		cut -d: -f1 "$root"/etc/{group,gshadow} | grep -vxE 'gpio|kvm'
	} | sort >"$1"
}

nothing_left() {
	list "$work/after"
	diff "$work/before" "$work/after" && expect 'known to dpkg' '' "$(inside dpkg-query -W -f '${db:Status-Status}' \
		vhost-device-gpio 2>/dev/null)"
}

# What a user expects, one a line.
wanted=(
	/usr/bin/vhost-device-gpio /usr/bin/vgpioctl
	/usr/share/man/man1/vhost-device-gpio.1.gz /usr/share/man/man1/vgpioctl.1.gz
	/usr/share/man/man5/vhost-device-gpio.conf.5.gz
	/usr/share/qemu/vhost-user/50-vhost-device-gpio.json
	/usr/share/doc/vhost-device-gpio/copyright /usr/share/doc/vhost-device-gpio/README.md.gz
	/usr/lib/sysusers.d/vhost-device-gpio.conf /usr/lib/tmpfiles.d/vhost-device-gpio.conf
	/lib/systemd/system/vhost-device-gpio.service /lib/systemd/system/vhost-device-gpio@.service
	/lib/systemd/system/vhost-device-gpio@.socket /lib/udev/rules.d/60-vhost-device-gpio.rules
	"$conf"
)

check_install() {
	local file
	inside dpkg -i /deb/this.deb || return 1
	for file in "${wanted[@]}"; do
		inside test -f "$file" || { echo "no $file" && return 1; }
	done
	inside getent passwd vhost-device-gpio && inside getent group gpio && inside getent group kvm &&
		inside test -d /run/vhost-device-gpio && inside vhost-device-gpio --version && inside vgpioctl --version
}

# check_messages: what who starts it without a guest reads.
check_messages() {
	local said
	! said=$(inside vhost-device-gpio --config "$conf" 2>&1) || return 1
	expect 'without a guest' "vhost-device-gpio: $conf: there is no [guest NAME]" "$said" &&
		! said=$(inside vgpioctl info 2>&1) && printf '%s\n' "$said"
}

# The example is one, when its comments are taken away.
check_example() {
	sed -n '/^#\[guest ci/,/^$/s/^#//p' "$root$conf" >"$root/deb/ci.conf"
	inside vhost-device-gpio --config /deb/ci.conf --check
}

check_update() {
	echo '# mine' >>"$root$conf"
	inside dpkg -i /deb/next.deb && grep -x '# mine' "$root$conf"
}

check_remove() {
	inside dpkg -r vhost-device-gpio && grep -x '# mine' "$root$conf" && ! inside test -e /usr/bin/vhost-device-gpio
}

check_purge() {
	inside dpkg -P vhost-device-gpio && nothing_left
}

check_files() {
	list "$work/before"
	check_needed 'it is installed, with all its files, user and groups' check_install
	check 'who starts it without a guest is told so' check_messages
	check 'the example in its configuration is a good one' check_example
	check 'an upgrade keeps a configuration that was changed' check_update
	check 'removed, it leaves the configuration only' check_remove
	check 'purged, it leaves nothing' check_purge
}
