# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The checks of each front-end, in their order: one daemon, and a guest booted once for many checks.

# shellcheck disable=SC2034,SC2154 # shared with the parts that ./run reads beside this one

# boot NAME SOCKET WITH: starts a guest with guest_start_WITH and waits for it.
boot() {
	"guest_start_$3" "$1" "$2" && guest_wait "$1" "$boot_s"
}

# basics LINES: what every guest can do.
basics() {
	check 'gpiodetect shows the chip' check_detect "$1"
	check 'gpioinfo shows the lines and their names' check_info "$1"
	check 'gpioget reads what the host sets' check_get
	check 'gpioset drives what the host reads' check_set
	check 'the host monitors what gpioset drives' check_set_monitored
}

interrupts() {
	check 'gpiomon sees rising edges only' check_edges rising 2 0
	check 'gpiomon sees falling edges only' check_edges falling 0 2
	check 'gpiomon sees both edges' check_edges both 2 2
	check 'a burst of 20 edges arrives whole' check_burst
	check 'a scenario presses a button, and its program lights a lamp' check_scenario
	check '8 armed lines interrupt' check_all_lines 8
	check 'a line is read while another is armed' check_read_while_armed
}

frontend_uml() {
	local dir=$1
	guest_uml=$("$scripts/guest/uml")
	gpiod_init "$("$scripts/guest/initramfs" "$dir/uml.cpio")"
	fpstate_provide "$dir/uml.cpio"
	uart_provide "$dir/uml.cpio"
	check_needed 'the daemon starts' daemon_start "$dir" 2 s8:s32
	guest=first side=guest0
	check_needed 'a guest boots' boot first "$dir/gpio.sock0" uml
	check 'it obeys a command that comes in pieces' check_pieces
	check 'it negotiates interrupts and in-band notifications' check_negotiated \
		IRQ VERSION_1 PROTOCOL_FEATURES / REPLY_ACK BACKEND_REQ CONFIG INBAND_NOTIFICATIONS -- MQ
	basics 8
	interrupts
	waveforms
	check 'its processes and threads keep their vector registers' check_fpregs
	check 'the driver is unbound and bound again' check_rebind 8
	check 'the daemon is upgraded 20 times, to another layout and back, under load: the guest notices nothing' check_upgrade
	check 'it has packed rings: this front-end takes all that is offered' check_rings packed
	check 'the first guest has no kernel errors' check_dmesg

	guest=second side=guest1
	check_needed 'a second guest boots beside it' boot second "$dir/gpio.sock1" uml
	check 'it has its own chip' check_info 32
	check 'its interrupts survive the first guest, killed by SIGKILL' check_neighbour
	guest=first side=guest0
	check 'the daemon serves the next guest on that socket' check_next_guest
	guest=second side=guest1
	check 'the second guest still has both edges' check_edges both 2 2
	check 'the second guest has no kernel errors' check_dmesg
	check 'SIGTERM ends the daemon with guests attached: status 0, no sockets' daemon_stop
	kills "$dir/kills" uml
	guest_kill killed
	fpstates "$dir/hosts"
}

# kills DIR WITH: a guest whose worker is killed again and again.
kills() {
	mkdir "$1"
	check_needed 'the daemon starts, of the patient kind' daemon_start_patient "$1" 1 s8
	guest=killed side=guest0
	check_needed 'a guest boots' boot killed "$1/gpio.sock" "$2"
	check "its worker is killed $E2E_KILLS times under load, and the guest does not notice" check_kills
	check 'that guest has no kernel errors' check_dmesg
	check 'SIGTERM ends that daemon: status 0, no sockets' daemon_stop
}

# The first guest is killed while it drives a line and has another armed.
check_neighbour() {
	ctl set "$side.dummy31=0" && watch rising 31 || return 1
	guest=first
	busy || return 1
	guest_kill first
	guest=second
	ctl set "$side.dummy31=1" || return 1
	watched 1
	expect rising 1 "$(saw rising)"
}

check_next_guest() {
	boot first "$daemon_dir/gpio.sock0" uml && check_detect 8 && check_get && check_edges both 2 2
}

# qemu_provide DIR VERSION: false if this Debian has no such QEMU.
qemu_provide() {
	local words status=0
	words=$("$scripts/guest/qemu" "$2") || status=$?
	[[ $status -ne 3 ]] || return 3
	[[ $status -eq 0 ]] || die "no QEMU $2"
	read -ra guest_qemu <<<"$words"
	guest_kernel=$("$scripts/guest/kernel")
	gpiod_init "$("$scripts/guest/initramfs" "$1/qemu.cpio" "$guest_kernel")"
}

frontend_qemu10() {
	local dir=$1 status=0
	qemu_provide "$dir" 10 || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip 'everything' 'neither this Debian nor its backports have QEMU 9 or later'
		return 0
	fi
	qemu_pci "$dir"
	kills "$dir/kills" qemu
}

frontend_qemu11() {
	local dir=$1 status=0
	qemu_provide "$dir" 11 || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip 'everything' "no QEMU 11 or later in this Debian, its backports or Debian 13's, as far as they can be reached"
		return 0
	fi
	qemu_pci "$dir"
	mkdir "$dir"/{generic,mmio}
	qemu_generic "$dir/generic"
	qemu_mmio "$dir/mmio"
}

# qemu_pci DIR: what a QEMU with interrupts is to do with a guest on PCI.
qemu_pci() {
	local dir=$1
	check_needed 'the daemon starts' daemon_start "$dir" 1 s8
	check 'this QEMU does not start with reconnect=' check_no_start reconnect=1
	check 'nor with reconnect-ms=' check_no_start reconnect-ms=1000
	guest=guest side=guest0
	check_needed 'a guest boots' boot guest "$dir/gpio.sock" qemu
	check 'it negotiates interrupts' check_negotiated \
		IRQ INDIRECT_DESC EVENT_IDX VERSION_1 / MQ REPLY_ACK CONFIG STATUS
	basics 8
	interrupts
	check 'a level interrupt comes while the level stays' check_level
	check 'the driver is unbound and bound again' check_rebind 8
	check 'the daemon is upgraded 20 times, to another layout and back, under load: the guest notices nothing' check_upgrade
	check 'the guest has no kernel errors' check_dmesg
	check 'the guest reboots and works' check_reboot check_edges both 2 2
	# This QEMU gives the guest packed rings as soon as the back-end offers them, whatever is asked for.
	check 'the guest has packed rings' check_rings packed
	guest_gpio=packed=on
	check 'the daemon serves the next QEMU after SIGKILL' check_next_qemu check_edges both 2 2
	guest_gpio=
	check 'the rebooted guest has no kernel errors' check_dmesg
	check 'it has packed rings' check_rings packed
	check 'SIGTERM ends the daemon: status 0, no sockets' daemon_stop
	guest_kill guest
}

# qemu_generic DIR: the device of QEMU that knows nothing of GPIO; it is told the device's number and sizes.
qemu_generic() {
	local dir=$1 qemu_device=vhost-user-test-device-pci,virtio-id=41,num_vqs=2,vq_size=256,config_size=8
	check_needed 'the daemon starts, for a generic device' daemon_start "$dir" 1 s8
	guest=generic side=guest0
	check_needed 'a guest with a generic device boots' boot generic "$dir/gpio.sock" qemu
	check 'it negotiates interrupts too' check_negotiated IRQ VERSION_1 / MQ REPLY_ACK CONFIG
	basics 8
	interrupts
	check 'its rings are as large as it was told' check_rings 'packed, 256 entries'
	check 'that guest has no kernel errors' check_dmesg
	check 'SIGTERM ends that daemon: status 0, no sockets' daemon_stop
	guest_kill generic
}

# boot_again NAME SOCKET WITH: boot, and twice more if the guest hung before it said anything: this machine has little to
# take the time from.
boot_again() {
	local try boot_s=60
	for try in 1 2 3; do
		boot "$1" "$2" "$3" && return
		printf 'boot %d: no guest after %d s\n' "$try" "$boot_s"
		guest_kill "$1"
	done
	return 1
}

frontend_microvm() {
	local dir=$1 status=0
	qemu_provide "$dir" 10 || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip 'everything' 'neither this Debian nor its backports have QEMU 9 or later'
		return 0
	fi
	qemu_mmio "$dir"
}

# Whether this kernel boots on a machine without PCI, whatever devices it has. Debian's 6.12 does not, without KVM: it hangs
# when it sets up ACPI, with QEMU 10 and 11 alike.
microvm_boots=
microvm_probe() {
	if [[ -z $microvm_boots ]]; then
		microvm_boots=no
		! boot_again bare '' microvm || microvm_boots=yes
		guest_kill bare
	fi >/dev/null 2>&1
	[[ $microvm_boots == yes ]]
}

# qemu_mmio DIR: without PCI: virtio-mmio, as in small VMMs and on boards.
qemu_mmio() {
	local dir=$1
	if ! microvm_probe; then
		check_skip 'a machine without PCI' "Linux $(<"$guest_kernel/release") does not boot on QEMU's microvm here, with no device either"
		return 0
	fi
	check_needed 'the daemon starts, for a machine without PCI' daemon_start "$dir" 1 s8
	guest=mmio side=guest0
	check_needed 'a guest without PCI boots' boot_again mmio "$dir/gpio.sock" microvm
	check 'its device is on the virtio-mmio bus' check_mmio
	basics 8
	interrupts
	check 'a level interrupt comes while the level stays' check_level
	check 'the driver is unbound and bound again' check_rebind 8
	check 'the guest without PCI has no kernel errors' check_dmesg 'PCI: Fatal: No config space'
	check 'SIGTERM ends the daemon of that guest: status 0, no sockets' daemon_stop
	guest_kill mmio
}

check_mmio() {
	local bus
	bus=$(g 'readlink -f /sys/bus/virtio/devices/virtio0') || return 1
	printf '%s\n' "$bus"
	[[ $bus == */LNRO0005:* ]]
}

# qemu_provide_iommu DIR: QEMU 10.0.2 and 11.1 have rings of 64 entries, 10.0.13 of 1024 (what lies between was not looked
# at). Such a ring does not come up behind an IOMMU: the daemon takes none that does not lie in one piece.
qemu_provide_iommu() {
	local version
	qemu_provide "$1" 10 || return
	version=$("${guest_qemu[@]}" --version | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p')
	if dpkg --compare-versions "$version" gt 10.0.2 && dpkg --compare-versions "$version" lt 11; then
		qemu_provide "$1" 11
	fi
}

# A device behind a virtual IOMMU that translates strictly: each buffer is asked for.
frontend_iommu() {
	local dir=$1 status=0
	qemu_provide_iommu "$dir" || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip 'everything' 'neither this Debian nor its backports have QEMU 9 or later'
		return 0
	fi
	check_needed 'the daemon starts' daemon_start_guest "$dir" sim=8,iommu=on
	guest=guest side=guest0
	check_needed 'a guest boots' boot guest "$dir/gpio.sock" iommu
	basics 8
	check 'gpiomon sees rising edges only' check_edges rising 2 0
	check 'gpiomon sees both edges' check_edges both 2 2
	check '8 armed lines interrupt' check_all_lines 8
	check 'a line is read while another is armed' check_read_while_armed
	check 'the device is behind the IOMMU' check_translated
	check 'the driver is unbound and bound again' check_rebind 8
	check 'the guest has no kernel errors' check_dmesg
	check 'the guest reboots and works' check_reboot check_edges both 2 2
	check 'the rebooted guest has no kernel errors' check_dmesg
	check 'SIGTERM ends the daemon: status 0, no sockets' daemon_stop

	mkdir "$dir/beside"
	check_needed 'the daemon starts for a device that is not behind it' daemon_start "$dir/beside" 1 s8
	check_needed 'a guest boots with the IOMMU and the device beside it' boot beside "$dir/beside/gpio.sock" beside
	guest=beside
	check 'that guest has its lines' check_detect 8
	check 'and gpioset drives what the host reads' check_set
}

check_translated() {
	local asked
	g 'dmesg | grep "Adding to iommu group"'
	asked=$(grep -c 'requested translation of' "$daemon_dir/daemon.log")
	printf 'translations asked for: %s\n' "$asked"
	((asked > 100))
}

frontend_qemu72() {
	local dir=$1 status=0
	qemu_provide "$dir" 7.2 || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip 'everything' 'this Debian has no QEMU 7.2'
		return 0
	fi
	check_needed 'the daemon starts' daemon_start "$dir" 1 s8
	guest=guest side=guest0
	check_needed 'a guest boots' boot guest "$dir/gpio.sock" qemu
	check 'it negotiates no interrupts' check_negotiated \
		INDIRECT_DESC EVENT_IDX VERSION_1 / MQ REPLY_ACK CONFIG STATUS -- IRQ
	basics 8
	check 'gpiomon fails cleanly: this QEMU has no GPIO interrupts' check_no_irq
	check 'the guest has no kernel errors' check_dmesg
	check 'the guest reboots and works' check_reboot check_set
	check 'the guest has split rings: this QEMU knows no packed ones here' check_rings split
	check 'the daemon serves the next QEMU after SIGKILL' check_next_qemu check_set
	check 'SIGTERM ends the daemon: status 0, no sockets' daemon_stop
}

# check_no_start OPTION: with this option of the chardev QEMU ends at once: the device does not take it, or QEMU does not
# know it. The manuals warn of both.
check_no_start() {
	local out status=0
	out=$(timeout "$wait_s" "${guest_qemu[@]}" -nodefaults -no-user-config -display none -accel tcg -S \
		-M q35,memory-backend=mem -m 64M -object memory-backend-memfd,id=mem,size=64M,share=on \
		-chardev "socket,id=gpio,path=$daemon_dir/gpio.sock,$1" -device vhost-user-gpio-pci,chardev=gpio 2>&1) ||
		status=$?
	printf '%s\n' "$out"
	expect 'exit status' 1 "$status" &&
		[[ $out == *'vhost_backend_init failed'* || $out == *"Invalid parameter '${1%=*}'"* ]]
}

# check_rings FORMAT[, ENTRIES]: of the guest that came last.
check_rings() {
	local last
	last=$(grep ' started: ' "$daemon_dir/daemon.log" | tail -n 1)
	printf '%s\n' "$last"
	[[ $last == *" started: $1,"* ]]
}

# busy: the guest has a line held and, unless its front-end has no interrupts, one armed.
busy() {
	hold 3=1 && { [[ $tap_prefix == qemu72 ]] || watch both 2; }
}

check_reboot() {
	busy || return 1
	guest_send guest 'reboot -f'
	guest_wait guest "$boot_s" && check_detect 8 && check_get && "$@"
}

check_next_qemu() {
	busy || return 1
	guest_kill guest
	boot guest "$daemon_dir/gpio.sock" qemu && check_detect 8 && check_get && "$@"
}
