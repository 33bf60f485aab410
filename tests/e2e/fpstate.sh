# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# User-Mode Linux on hosts of any kind: both kernels, with an FP state of any length (fpstate.c), and what the guest's
# processes find in their vector registers (fpregs.c); and where a signal comes too early (earlysig.c).

# shellcheck disable=SC2034,SC2154 # shared with the parts that ./run reads beside this one

# With AVX; with AVX-512 as AMD has it; with AVX-512 and PKRU; with AMX, its tiles not counted; with all of AMX.
fpstate_sizes=(832 2432 2696 2816 11008)

# fpstate_provide CPIO: the guest's program, in its initramfs, and the double.
fpstate_provide() {
	local tree=$work/fpstate.tree
	local -a compile=("${CC:-cc}" -std=gnu17 -O2 -Wall -Wextra -Werror)
	mkdir -p "$tree/bin"
	"${compile[@]}" -shared -fPIC -o "$work/fpstate.so" "$here/fpstate.c"
	"${compile[@]}" -shared -fPIC -o "$work/earlysig.so" "$here/earlysig.c"
	"${compile[@]}" -static -pthread -o "$work/fpregs" "$here/fpregs.c"
	cp "$work/fpregs" "$tree/bin/"
	pack "$tree" "$1"
}

# fpstate_on BYTES COMMAND…: on a host with such an FP state.
fpstate_on() {
	local -x FPSTATE=$1 LD_PRELOAD=$work/fpstate.so
	"${@:2}"
}

# guest_start_fpstate NAME SOCKET: a guest on a host of $fpstate bytes. Where a host has no AVX-512, no program uses it;
# libc, which finds it in this processor, must be told.
guest_start_fpstate() {
	local -a no_avx512=()
	((fpstate >= 2696)) || no_avx512=("GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW")
	fpstate_on "$fpstate" guest_start_uml "$1" "$2" "${no_avx512[@]}"
}

check_fpstate_boot() {
	guest_kill "$guest"
	boot "$guest" "$daemon_dir/gpio.sock" fpstate &&
		expect "the length in the guest's dmesg" "$fpstate" "$(g 'dmesg | sed -n "s/.*host FP state: \([0-9]*\) .*/\1/p"')" &&
		check_detect 8
}

# check_fpregs [BYTES]
check_fpregs() {
	g "fpregs $*"
}

check_fpstate_box() {
	UMLBOX_KERNEL=$1 fpstate_on "$2" "$here/umlbox" "$work/fpregs" "$2"
}

check_fpstate_refused() {
	local said status=0
	said=$(fpstate_on 16384 timeout "$wait_s" "$guest_uml" quiet 2>&1) || status=$?
	printf '%s\n' "$said"
	expect status 1 "$status" && expect lines 1 "$(wc -l <<<"$said")" && grep -q 'too large' <<<"$said"
}

# guest_start_earlysig NAME SOCKET: of what comes to its console such a guest hears nothing while it is busy.
guest_start_earlysig() {
	LD_PRELOAD=$work/earlysig.so guest_start_uml "$@"
}

check_earlysig() {
	guest_kill "$guest"
	boot "$guest" "$daemon_dir/gpio.sock" earlysig && expect 'the guest said' awake "$(g 'echo awake')" &&
		check_edges both 2 2
}

# fpstates DIR: the checks of both kernels. (DIR has not the name of a guest: UML makes a directory of that.)
fpstates() {
	local kernel fpstate status guest_uml
	mkdir "$1"
	check_needed 'a daemon starts for hosts with any FP state' daemon_start "$1" 1 s8
	guest=fpstate side=guest0
	for kernel in 6.12 6.1; do
		status=0
		guest_uml=$("$scripts/guest/uml" "$kernel") || status=$?
		if [[ $status -eq 77 ]]; then
			check_skip "any FP state with $kernel" "this Debian has no source of it"
			continue
		fi
		[[ $status -eq 0 ]] || die "no User-Mode Linux $kernel"
		for fpstate in "${fpstate_sizes[@]}"; do
			check "FP state of $fpstate bytes: $kernel boots and has its chip" check_fpstate_boot
			check "FP state of $fpstate bytes: processes and threads of $kernel keep their registers" check_fpregs "$fpstate"
		done
		check "FP state of 11008 bytes: umlbox with $kernel" check_fpstate_box "$kernel" 11008
		check "FP state of 16384 bytes: $kernel refuses it in one line" check_fpstate_refused
		check "signals of terminals before their data: $kernel hears what comes while it idles" check_earlysig
		guest_kill "$guest"
	done
	check 'SIGTERM ends that daemon: status 0, no sockets' daemon_stop
}
