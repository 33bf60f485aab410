# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# A guest for suites whose simulator of chips is the host's: ./rig.py plugs in what they ask for.

# shellcheck disable=SC2034,SC2154 # shared with scripts/proof

# shellcheck source=scripts/guest/console.sh
. "$top/scripts/guest/console.sh"
# shellcheck source=tests/e2e/tap.sh
. "$top/tests/e2e/tap.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$top/tests/e2e/daemon.sh"

rig_pid=

# proof_boot DIR FILES: a daemon, a guest with FILES in its initramfs, and the rig between them.
proof_boot() {
	local dir=$1 files=$2
	guest_init "$dir"
	guest_kernel=$("$top/scripts/guest/kernel")
	read -ra guest_qemu < <("$top/scripts/guest/qemu" 10)
	# The suites have chips beside each other, whose interrupts the driver as it is cannot bear: see scripts/guest/kernel.
	mkdir -p "$files/modules"
	sed 's/^gpio-virtio$/gpio-virtio-own/' "$guest_kernel/modules/order" >"$files/modules/order"
	"$top/scripts/guest/initramfs" "$dir/qemu.cpio" "$guest_kernel" "$files" >/dev/null
	suite_rig="QEMU $("${guest_qemu[@]}" --version | sed -nE '1s/.* version ([0-9.]+).*/\1/p'), Linux $(<"$guest_kernel/release"), an irq_chip a device"
	daemon_dir=$dir
	printf '[guest idle]\nsocket = %s/idle.sock\nsim = 1\n' "$dir" >"$dir/guests.conf"
	daemon_run --config "$dir/guests.conf"
	wait_until daemon_ready idle.sock || die "the daemon does not start: $(tail -n 1 "$dir/daemon.log")"
	# A bus into which devices can be plugged at once.
	qemu_machine=pc qemu_start proof '' '' '' -qmp "unix:$dir/qmp.sock,server=on,wait=off" \
		-chardev "socket,id=rig,path=$dir/rig.sock,server=on,wait=off" -device isa-serial,chardev=rig,index=1
	guest_wait proof "$boot_s" || die "the guest does not boot"
	"$top/tests/proof/rig.py" "$dir" "$daemon_pid" "$VGPIOCTL" >"$dir/rig.log" 2>&1 &
	rig_pid=$!
	wait_until grep -q ready "$dir/rig.log" || die "the rig does not come up: $(tail -n 1 "$dir/rig.log")"
}

# proof_show NAME SECONDS COMMAND: what it prints, as it comes.
proof_show() {
	local deadline=$((SECONDS + $2)) id
	guest_send "$1" "$3"
	id=$guest_sent
	while guest_read "$1" $((deadline - SECONDS)); do
		[[ $guest_line != "@@end $id "* ]] || return 0
		[[ $guest_line == @@* ]] || printf '%s\n' "$guest_line"
	done
	die "the suite is not over after $2 s, or its guest is gone"
}

# proof_end: neither side has anything to complain of.
proof_end() {
	local dir=$1 complaints
	# 6.1 says REMOVING GPIOCHIP of every chip that goes with a line in use.
	complaints=$(guest_run proof "$guest_s" 'dmesg | grep -E "BUG|WARNING|Oops|Call Trace" | head -n 5; true') ||
		die "the guest does not answer any more"
	[[ -z $complaints ]] || die "the guest's kernel: $complaints"
	kill -0 "$rig_pid" 2>/dev/null || die "the rig ended: $(tail -n 1 "$dir/rig.log")"
	daemon_alive || die "the daemon ended: $(tail -n 1 "$dir/daemon.log")"
}

suite_clean() {
	guest_kill_all
	[[ -z $rig_pid ]] || wait "$rig_pid" 2>/dev/null || true
	daemon_kill
}
