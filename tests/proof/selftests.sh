# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The kernel's selftests gpio-cdev-uaf (a chip goes while its files are open) and gpio-aggregator, in a guest with
# KASAN: gpio-virtio's chips in the place of gpio-sim's, which come and go with their driver. That of gpio-cdev-uaf also
# goes with its VirtIO device, and in another guest, by hot-unplug, with its PCI device.

# shellcheck disable=SC2034,SC2154 # shared with scripts/proof

# shellcheck source=tests/proof/guest.sh
. "$top/tests/proof/guest.sh"
# shellcheck source=tests/proof/kselftest.sh
. "$top/tests/proof/kselftest.sh"

suite_title="Linux' selftests gpio-cdev-uaf (a chip's driver, device and PCI device go) and gpio-aggregator"

# Of those that gpio-aggregator.sh asks for, in its order: two chips of two banks.
selftests_banks=(chip0bank0 chip0bank1 chip1bank0 chip1bank1)

# selftests_files FILES: the suites read ./selftests.inc behind their own functions; a VirtIO chip has its device's name.
selftests_files() {
	local files=$1 script
	mkdir -p "$files"
	cp -r "$kselftest/suite" "$files/"
	cp "$top/tests/proof/selftests.inc" "$files/suite/"
	for script in "$files"/suite/*.sh; do
		# shellcheck disable=SC2016 # the script's
		sed -i '
			/^# Load the/i . /suite/selftests.inc
			s|^CONFIGFS_SIM_DIR=.*|CONFIGFS_SIM_DIR=/tmp/sim|
			s/chip0_bank0/virtio0/g; s/chip0_bank1/virtio1/g; s/chip1_bank0/virtio2/g; s/chip1_bank1/virtio3/g
			s/cat "\?\$VAL_PATH"\?/sim_value "$CHIP" "$BANK" "$LINE"/
		' "$script"
		grep -q 'selftests.inc' "$script" || die "${script##*/} is another than is known here"
	done
}

selftests_daemon() {
	local bank
	daemon_dir=$1
	# The suite asks for chip0bank0_0 by its name, for no other.
	for bank in "${selftests_banks[@]}"; do
		printf '[guest %s]\nsocket = %s/%s.sock\nsim = 16\nnames = "%s_0"%s\n' "$bank" "$1" "$bank" "$bank" "$(printf ':%.0s' {1..15})"
	done >"$1/guests.conf"
	daemon_run --config "$1/guests.conf"
	wait_until daemon_ready "${selftests_banks[-1]}.sock" || die "the daemon does not start: $(tail -n 1 "$1/daemon.log")"
}

# selftests_boot NAME DIR: a guest with all devices.
selftests_boot() {
	local -a devices=("${selftests_banks[@]/#/virtio_uml.device=$2/}")
	guest_start_uml "$1" '' mem=256M kasan_multi_shot "${devices[@]/%/.sock:41}"
	guest_wait "$1" "$boot_s" || die "the guest does not boot"
}

selftests_workers() {
	cat "/proc/$daemon_pid/task/$daemon_pid/children"
}

# selftests_value DEVICE LINE: 0 or 1, the level on the host.
selftests_value() {
	[[ $1 =~ ^virtio[0-3]$ && $2 =~ ^[0-9]+$ ]] || die "the guest asks for line $2 of $1"
	if [[ $("$VGPIOCTL" --control "$daemon_dir/ctl.sock" get "${selftests_banks[${1#virtio}]}.$2") == *=active ]]; then
		echo 1
	else
		echo 0
	fi
}

# selftests_show SECONDS COMMAND: what it prints, as it comes; its questions are answered.
selftests_show() {
	local deadline=$((SECONDS + $1)) id device line
	guest_send proof "$2"
	id=$guest_sent
	while guest_read proof $((deadline - SECONDS)); do
		case $guest_line in
		"@@end $id "*) return 0 ;;
		'@@value '*)
			read -r _ device line <<<"$guest_line"
			selftests_value "$device" "$line" >&"${guest_in[proof]}"
			;;
		*) printf '%s\n' "$guest_line" ;;
		esac
	done
	die "the suite is not over after $1 s, or its guest is gone"
}

# selftests_cases SUITE OUTPUT: a heading is a case, unless the next one is below it.
selftests_cases() {
	awk -v suite="$1" '
		function tell() { if (name) print verdict, suite ":" name }
		/^[0-9.]+\.? [A-Z0-9a-z]/ {
			number = $1
			sub(/\.?$/, ".", number)
			if (index(number, last) != 1) tell()
			last = number
			name = $0
			verdict = "ok"
		}
		/^FAILED: / { verdict = "not ok" }
		END { tell() }
	' "$2"
}

# selftests_quiet TAINT: the guest's kernel has nothing to complain of. Bugs, warnings and KASAN's reports taint it more,
# also those that its log has no longer.
selftests_quiet() {
	local said
	said=$(guest_run proof "$guest_s" 'dmesg | grep -A 20 -E "BUG:|WARNING:|Oops" | head -n 60; cat /proc/sys/kernel/tainted') || true
	[[ $said == "$1" ]] || die "the guest's kernel: ${said:-no answer}"
}

# selftests_watched: to its end, for KASAN reports what the kernel's own lkdtm does wrong, with a slab's memory and with
# that of modules.
selftests_watched() {
	local wrong
	guest_run proof "$guest_s" 'insmod /suite/lkdtm.ko && mount -t debugfs none /sys/kernel/debug' >/dev/null ||
		die "the guest has no lkdtm"
	for wrong in READ_AFTER_FREE VMALLOC_LINEAR_OVERFLOW; do
		guest_run proof "$guest_s" "echo $wrong >/sys/kernel/debug/provoke-crash/DIRECT;
			dmesg | grep -q 'BUG: KASAN: .* in lkdtm_$wrong'" >/dev/null || die "KASAN does not see $wrong"
	done
}

# selftests_healthy DIR WORKERS: the daemon lost no worker, and serves the next guest.
selftests_healthy() {
	local dir=$1 workers=$2 bank
	guest_kill proof
	selftests_boot next "$dir"
	# shellcheck disable=SC2016 # the guest's
	guest_run next "$guest_s" 'for n in 0 1 2 3; do
		/suite/gpio-mockup-cdev -s 1 /dev/$(basename /sys/bus/virtio/devices/virtio$n/gpiochip*) 9 & done; sleep 1' >/dev/null || true
	for ((bank = 0; bank < 4; bank++)); do
		[[ $(selftests_value virtio$bank 9) == 1 ]] || die "the guest after this one is not served"
	done
	daemon_alive || die "the daemon ended: $(tail -n 1 "$dir/daemon.log")"
	[[ $(selftests_workers) == "$workers" ]] || die "a worker ended: $workers were there, now $(selftests_workers)"
}

# selftests_run DIR NAME SUITE [WORDS]: its cases, as NAME's; WORDS are set in its environment.
selftests_run() {
	local output=$1/$2
	selftests_show 600 "${4:-} sh /suite/$3.sh 2>&1" | tee "$output"
	grep -q "^GPIO $3 test PASS" "$output" || die "$3.sh did not come to its end"
	selftests_cases "$2" "$output" >>"$1/cases"
}

# selftests_uml DIR: with KASAN. gpio-cdev-uaf makes its chip by itself.
selftests_uml() {
	local dir=$1 workers
	guest_init "$dir"
	guest_uml=$kselftest/linux
	"$top/scripts/guest/initramfs" "$dir/uml.cpio" '' "$dir/files" >/dev/null
	selftests_daemon "$dir"
	selftests_boot proof "$dir"
	workers=$(selftests_workers)
	guest_run proof "$guest_s" 'mount -t configfs none /sys/kernel/config && mkdir /tmp/sim;
		echo virtio0 >/sys/bus/virtio/drivers/gpio_virtio/unbind'
	selftests_run "$dir" gpio-cdev-uaf gpio-cdev-uaf PLUG=driver
	selftests_quiet 0
	guest_run proof "$guest_s" 'echo virtio-uml.0 >/sys/bus/platform/drivers/virtio-uml/unbind'
	selftests_run "$dir" gpio-cdev-uaf-device gpio-cdev-uaf PLUG=uml
	selftests_quiet 0
	guest_run proof "$guest_s" 'echo virtio-uml.0 >/sys/bus/platform/drivers/virtio-uml/bind'
	selftests_run "$dir" gpio-aggregator gpio-aggregator
	selftests_quiet 0
	selftests_watched
	selftests_healthy "$dir" "$workers"
	guest_kill_all
	daemon_kill
}

# selftests_qemu DIR: by hot-unplug. Debian's kernel has no KASAN; a module that is not Debian's taints it.
selftests_qemu() {
	local dir=$1 tainted
	mkdir "$dir/qemu"
	proof_boot "$dir/qemu" "$dir/files"
	guest_run proof "$guest_s" 'stty raw -echo 115200 </dev/ttyS1'
	tainted=$(guest_run proof "$guest_s" 'cat /proc/sys/kernel/tainted')
	selftests_run "$dir" gpio-cdev-uaf-hotplug gpio-cdev-uaf PLUG=pci
	selftests_quiet "$tainted"
	daemon_alive || die "the daemon ended: $(tail -n 1 "$dir/qemu/daemon.log")"
	! grep -E 'killed by signal|ended with status' "$dir/qemu/daemon.log" || die "a worker ended"
}

suite_run() {
	local dir=$1
	[[ $# -eq 1 ]] || die "these suites have no single cases"
	kselftest_get
	selftests_files "$dir/files"
	: >"$dir/cases"
	selftests_uml "$dir"
	selftests_qemu "$dir"
	suite_rig="User-Mode Linux with KASAN; $suite_rig"
}
