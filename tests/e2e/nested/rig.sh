# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The nested rig: QEMU runs gpio-sim and the daemon, and in it User-Mode Linux is the daemon's guest.
#
# The guest "outer" is on QEMU's first serial port and obeys its shell. The guest "inner" has the
# second one as its console: first its shell obeys there, then the program line (line.c). So has a guest
# "second" the third one.

# shellcheck disable=SC2034,SC2154 # shared with the parts that ../run reads
# shellcheck disable=SC2016 # the guests expand
# shellcheck disable=SC2004 # guest_in and guest_out are associative

nested_lines=64

# o COMMAND and i COMMAND run it in the outer and in the inner guest.
o() {
	guest_run outer "${limit:-$guest_s}" "$1"
}

i() {
	guest_run inner "${limit:-$guest_s}" "$1"
}

# pack TREE CPIO: adds the files below TREE to the initramfs CPIO: the kernel reads one after the other.
pack() {
	(cd "$1" && find . | cpio_write) >>"$2"
	rm -rf "$1"
}

cpio_write() {
	"$(find "$(cache_dir)/tools" -name busybox -type f -print -quit)" cpio -o -H newc 2>/dev/null
}

# add_program TREE PROGRAM: with its libraries, where the loader looks first.
add_program() {
	local library
	mkdir -p "$1/bin" "$1/lib" "$1/lib64"
	cp "$2" "$1/bin/"
	ldd "$2" 2>/dev/null | sed -nE 's/.*(=> |^[[:space:]]+)(\/[^ ]+) \(0x.*/\2/p' |
		while IFS= read -r library; do
			case $library in
			*/ld-linux*) cp -L "$library" "$1/lib64/" ;;
			*) cp -L "$library" "$1/lib/" ;;
			esac
		done
}

# compile NAME OUT [SOURCE…]: with these of the front-end library.
compile() {
	"${CC:-cc}" -std=gnu17 -O2 -Wall -Wextra -static -o "$2" "$here/nested/$1.c" "${@:3}"
}

# nested_provide DIR: all that runs in the two guests; status 3 if there is no QEMU.
nested_provide() {
	local dir=$1 tree=$1/tree words status=0
	words=$("$scripts/guest/qemu" 10) || status=$?
	[[ $status -ne 3 ]] || return 3
	[[ $status -eq 0 ]] || die "no QEMU"
	read -ra guest_qemu <<<"$words"
	guest_kernel=$("$scripts/guest/kernel")
	guest_uml=$("$scripts/guest/uml")
	gpiod_init "$("$scripts/guest/initramfs" "$dir/uml.cpio")"
	"$scripts/guest/initramfs" "$dir/qemu.cpio" "$guest_kernel" >/dev/null
	mkdir -p "$tree/bin"
	compile line "$tree/bin/line"
	pack "$tree" "$dir/uml.cpio"
	mkdir -p "$tree/bin"
	compile sim "$tree/bin/sim" "$here"/../frontend/{line_fds,traced,failure}.c
	cp "$here/nested/chosen-daemon" "$tree/bin/"
	add_program "$tree" "$VHOST_DEVICE_GPIO"
	mv "$tree/bin/${VHOST_DEVICE_GPIO##*/}" "$tree/bin/daemon"
	add_program "$tree" "$guest_uml"
	mv "$dir/uml.cpio" "$tree/"
	pack "$tree" "$dir/qemu.cpio"
}

# nested_boot: QEMU with three serial ports; the later ones are the pairs of fifos inner.in and inner.out and so on.
nested_boot() {
	local name in out
	local -a ports=()
	for name in inner second; do
		mkfifo "$guest_dir/$name.in" "$guest_dir/$name.out"
		exec {in}<>"$guest_dir/$name.in" {out}<>"$guest_dir/$name.out"
		guest_in[$name]=$in
		guest_out[$name]=$out
		ports+=(-chardev "pipe,id=$name,path=$guest_dir/$name" -serial "chardev:$name")
	done
	guest_start outer "${guest_qemu[@]}" -nodefaults -no-user-config -display none \
		-accel "$(guest_accel)" -M q35 -cpu max -smp 1 -m 512M \
		-kernel "$guest_kernel/vmlinux" -initrd "$guest_dir/qemu.cpio" \
		-append 'console=ttyS0 quiet loglevel=4 panic=-1' -serial stdio "${ports[@]}"
	guest_wait outer "$boot_s"
}

# sim_start: a chip of gpio-sim with all its lines named; /sim is the directory of their attributes.
sim_start() {
	o 'for m in $(cat /modules/order.sim); do insmod /modules/$m.ko || exit; done' || return 1
	o "mount -t configfs config /sys/kernel/config && cd /sys/kernel/config/gpio-sim &&
		mkdir -p sim/bank && cd sim/bank && echo $nested_lines >num_lines &&
		for n in \$(seq 0 $((nested_lines - 1))); do mkdir line\$n; echo pin\$n >line\$n/name; done;
		echo 1 >../live && ln -s /sys/devices/platform/gpio-sim.*/gpiochip0 /sim &&
		[ -e /sim/sim_gpio$((nested_lines - 1))/pull ] && [ -e /dev/gpiochip0 ]"
}

daemon_in_outer() {
	o '(daemon -s /tmp/gpio.sock -l 0 --log-level info </dev/null >/tmp/daemon.log 2>&1 &
		echo $! >/tmp/daemon.pid; wait $!; echo $? >/tmp/daemon.status) & n=0; until [ -S /tmp/gpio.sock0 ];
		do sleep 0.1; n=$((n + 1)); [ $n -lt 300 ] || { cat /tmp/daemon.log; exit 1; }; done'
}

inner_boot() {
	uml_boot inner ttyS1 /tmp/gpio.sock0
}

# uml_boot NAME TTY SOCKET
uml_boot() {
	rm -f "$guest_dir/$1.hung"
	o "mkdir -p /tmp/uml /dev/pts; mount -t devpts pts /dev/pts 2>/dev/null; stty -F /dev/$2 raw -echo 115200; cd /tmp;
		TMPDIR=/tmp setsid linux mem=64M initrd=/uml.cpio con0=fd:0,fd:1 con=null ssl=null quiet loglevel=4 panic=-1 \
		uml_dir=/tmp/uml/ umid=$1 virtio_uml.device=$3:41 \
		</dev/$2 >/dev/$2 2>/tmp/$1.log & :" || return 1
	guest_wait "$1" "$boot_s"
}

# inner_line: from now on the inner guest obeys as line.c says; inner_shell ends that.
inner_line() {
	line_start inner
}

line_start() {
	guest_send "$1" 'exec line'
	while guest_read "$1" "$guest_s"; do
		[[ $guest_line != @@line ]] || return 0
	done
	return 1
}

inner_shell() {
	guest_send inner quit
	guest_read inner "$guest_s"
}

# pull LINE up|down, and what the outer side's line shows: value LINE.
pull() {
	o "echo pull-$2 >/sim/sim_gpio$1/pull"
}

# pulse LINE COUNT: up and down again, twice that many edges.
pulse() {
	o "n=0; while [ \$n -lt $2 ]; do for p in up down; do
		echo pull-\$p >/sim/sim_gpio$1/pull; sleep 0.05; done; n=\$((n + 1)); done"
}

value() {
	o "cat /sim/sim_gpio$1/value"
}
