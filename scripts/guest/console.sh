# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Starts guests and runs commands in them over their consoles (the other side of ./init).
#
# The caller sets guest_uml, guest_qemu (an array) and guest_kernel: what ./uml, ./qemu and ./kernel
# print. A guest is a name; its files are $guest_dir/NAME.*: NAME.log is all that its console said.
# Every wait has a limit, so a guest that hangs fails what was asked of it and no more.

# shellcheck disable=SC2154 # set by the caller

guest_dir=
guest_gpio=
declare -A guest_in=() guest_out=()

guest_init() {
	guest_dir=$1
}

# guest_start NAME COMMAND…: runs COMMAND on a pty of its own, in a session of its own.
guest_start() {
	local name=$1 base=$guest_dir/$1 in out
	shift
	rm -f "$base.in" "$base.out" "$base.pid" "$base.hung"
	mkfifo "$base.in" "$base.out"
	exec {in}<>"$base.in" {out}<>"$base.out"
	guest_in[$name]=$in
	guest_out[$name]=$out
	SHELL=/bin/bash script -qfaec "echo \$\$ >$base.pid; stty raw -echo; exec $(printf '%q ' "$@")" \
		"$base.log" <&"$in" >&"$out" 2>&1 &
	disown
}

# guest_start_uml NAME SOCKET [ARGUMENT…]
guest_start_uml() {
	guest_start "$1" "$guest_uml" mem=64M "initrd=$guest_dir/uml.cpio" \
		con0=fd:0,fd:1 con=null ssl=null quiet loglevel=4 panic=-1 \
		"uml_dir=$guest_dir/" "umid=$1" ${2:+"virtio_uml.device=$2:41"} "${@:3}"
}

# guest_start_dt NAME SOCKET [ARGUMENT…]: User-Mode Linux with the device tree $guest_tree (contrib/guests/uml.dts, unless
# set), by which its drivers have lines of the device.
guest_start_dt() {
	local trees=${BASH_SOURCE[0]%/*}/../../contrib/guests
	sed "s|\"gpio.sock\"|\"$2\"|" "${guest_tree:-$trees/uml.dts}" |
		"${guest_uml%/*}/dtc" -q -i "$trees" -O dtb -o "$guest_dir/$1.dtb" || return
	guest_start_uml "$1" '' "dtb=$guest_dir/$1.dtb" "${@:3}"
}

# guest_accel: kvm or tcg, whichever runs this kernel with this QEMU.
guest_accel() {
	"${BASH_SOURCE[0]%/*}/accel" "$guest_kernel/vmlinux" "$guest_dir/qemu.cpio" "${guest_qemu[@]}"
}

# qemu_start NAME SOCKET DEVICE-OPTIONS KERNEL-OPTIONS [ARGUMENT…]: with the QEMU in the array guest_qemu, and the
# properties in $guest_gpio. $qemu_machine and $qemu_device, if set, are another machine and its device.
qemu_start() {
	local -a qemu_command
	qemu_words "$2" "$3" "$4" "${@:5}"
	guest_start "$1" "${qemu_command[@]}" -serial stdio
}

# qemu_words SOCKET DEVICE-OPTIONS KERNEL-OPTIONS [ARGUMENT…]: sets the array qemu_command; it has no console yet. The
# arguments come before the device: an IOMMU is only there for what is made after it.
qemu_words() {
	# shellcheck disable=SC2054 # the commas are QEMU's
	qemu_command=("${guest_qemu[@]}" -nodefaults -no-user-config -display none
		-accel "$(guest_accel)" -M "${qemu_machine:-q35},memory-backend=mem" -cpu max -smp 1 -m 192M
		-object memory-backend-memfd,id=mem,size=192M,share=on
		-kernel "$guest_kernel/vmlinux" -initrd "$guest_dir/qemu.cpio"
		-append "console=ttyS0 quiet loglevel=4 panic=-1 $3" "${@:4}")
	[[ -z $1 ]] || qemu_command+=(-chardev "socket,id=gpio,path=$1"
		-device "${qemu_device:-vhost-user-gpio-pci},chardev=gpio${guest_gpio:+,$guest_gpio}$2")
}

# guest_start_qemu NAME SOCKET
guest_start_qemu() {
	qemu_start "$1" "$2" '' ''
}

# guest_start_acpi NAME SOCKET: with the table contrib/guests/q35.asl.
guest_start_acpi() {
	"${BASH_SOURCE[0]%/*}/aml" "${BASH_SOURCE[0]%/*}/../../contrib/guests/q35.asl" "$guest_dir/$1.aml" &&
		qemu_start "$1" "$2" ,addr=3 '' -acpitable "file=$guest_dir/$1.aml"
}

# guest_start_virt NAME SOCKET: aarch64, with $guest_virt (what ./virt prints) on the QEMU in the array guest_qemu_virt. Its
# device tree is QEMU's own and contrib/guests/virt.dts.
guest_start_virt() {
	local trees=${BASH_SOURCE[0]%/*}/../../contrib/guests dtc=${guest_uml%/*}/dtc base=$guest_dir/$1
	local -a machine=("${guest_qemu_virt[@]}" -nodefaults -no-user-config -display none -accel tcg -cpu cortex-a57 -smp 1
		-m 256M -object "memory-backend-memfd,id=mem,size=256M,share=on")
	"${machine[@]}" -M "virt,memory-backend=mem,dumpdtb=$base.dtb" 2>/dev/null &&
		"$dtc" -q -I dtb -O dts "$base.dtb" | cat - "$trees/virt.dts" | "$dtc" -q -i "$trees" -O dtb -o "$base.lines.dtb" || return
	guest_start "$1" "${machine[@]}" -M virt,memory-backend=mem -dtb "$base.lines.dtb" \
		-kernel "$guest_virt/vmlinuz" -initrd "$guest_virt/virt.cpio" -append 'console=ttyAMA0 quiet loglevel=4 panic=-1' \
		-chardev "socket,id=gpio,path=$2" -device vhost-user-gpio-pci,chardev=gpio,addr=3 -serial stdio
}

# guest_start_iommu NAME SOCKET: the device sees I/O virtual addresses, and no translation outlives its use.
guest_start_iommu() {
	qemu_start "$1" "$2" ,iommu_platform=on,ats=on 'intel_iommu=on iommu.strict=1' \
		-device intel-iommu,intremap=off,device-iotlb=on
}

# guest_start_beside NAME SOCKET: the machine has an IOMMU, and the device is not behind it.
guest_start_beside() {
	qemu_start "$1" "$2" '' 'intel_iommu=on' -device intel-iommu,intremap=off,device-iotlb=on
}

# guest_start_microvm NAME SOCKET: a machine without PCI; the device is on the virtio-mmio bus. It has no timer but the
# local APIC's, and nothing to measure the TSC by: without the word about it, Linux hangs at boot, unless KVM tells it. The
# guest's TSC is the host's.
guest_start_microvm() {
	local khz tsc=
	if [[ $(guest_accel) == tcg ]]; then
		khz=$(awk '/^cpu MHz/ { printf "%d", $4 * 1000; exit }' /proc/cpuinfo)
		tsc="tsc_early_khz=${khz:-2000000} tsc=nowatchdog"
	fi
	qemu_machine=microvm qemu_device=vhost-user-gpio-device qemu_start "$1" "$2" '' "$tsc" \
		-global virtio-mmio.force-legacy=false
}

guest_alive() {
	[[ -f $guest_dir/$1.pid ]] && kill -0 "$(<"$guest_dir/$1.pid")" 2>/dev/null
}

# guest_read NAME SECONDS: the console's next line in $guest_line; false when the time is over
# or the guest is gone.
guest_read() {
	local name=$1 deadline=$((SECONDS + $2)) part
	guest_line=
	while ! IFS= read -r -t 0.5 -u "${guest_out[$name]}" part; do
		guest_line+=$part
		if ((SECONDS > deadline)); then
			say "the guest $name did not answer in $2 s"
			return 1
		fi
		if [[ -f $guest_dir/$name.pid ]] && ! guest_alive "$name"; then
			say "the guest $name is gone"
			return 1
		fi
	done
	guest_line+=$part
	guest_line=${guest_line//$'\r'/}
}

# guest_wait NAME SECONDS: until the guest has booted and takes commands.
guest_wait() {
	local deadline=$((SECONDS + $2))
	while guest_read "$1" $((deadline - SECONDS)); do
		[[ $guest_line != @@ready ]] || return 0
		[[ -z $guest_line ]] || printf '%s\n' "$guest_line"
	done
	return 1
}

# guest_send NAME COMMAND: without waiting; the command's id in $guest_sent.
guest_send() {
	guest_sent=${EPOCHREALTIME//[.,]/}
	printf '%s %s\n' "$guest_sent" "${2//$'\n'/ }" >&"${guest_in[$1]}"
}

# guest_run NAME SECONDS COMMAND: prints its output; its status, or 124 without an answer in time.
# After that the guest is given up: nothing more is asked of it.
guest_run() {
	local name=$1 deadline=$((SECONDS + $2)) id output=
	if [[ -e $guest_dir/$name.hung ]]; then
		say "the guest $name hung before"
		return 124
	fi
	guest_send "$name" "$3"
	id=$guest_sent
	while guest_read "$name" $((deadline - SECONDS)); do
		case $guest_line in
		"@@end $id "*)
			printf '%s' "${output%$'\n'}"
			return "${guest_line##* }"
			;;
		@@*) ;;
		*) output+=$guest_line$'\n' ;;
		esac
	done
	printf '%s' "$output"
	: >"$guest_dir/$name.hung"
	return 124
}

# guest_kill NAME: SIGKILL to all of its processes; waits until they are gone.
guest_kill() {
	local pid tries
	[[ -f $guest_dir/$1.pid ]] || return 0
	pid=$(<"$guest_dir/$1.pid")
	kill -KILL -- "-$pid" 2>/dev/null || true
	for ((tries = 0; tries < 100; tries++)); do
		guest_alive "$1" || break
		sleep 0.02
	done
	rm -f "$guest_dir/$1.pid"
}

guest_kill_all() {
	local name
	for name in "${!guest_in[@]}"; do
		guest_kill "$name"
	done
}
