# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# A hostile guest through a real VMM: tests/hostile on QEMU, with PCI and with MMIO, with rings of both formats. Its outcomes are
# those of virtio-villain: PASS and REJECT are well, FAIL and WEDGED are not, and what was SKIPped is no case.
#
# HOSTILE_QEMUS says which QEMUs (scripts/guest/qemu): all of them, unless set.

# shellcheck disable=SC2034,SC2154 # shared with scripts/proof

# shellcheck source=tests/e2e/tap.sh
. "$top/tests/e2e/tap.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$top/tests/e2e/daemon.sh"
# shellcheck source=tests/hostile/build.sh
. "$top/tests/hostile/build.sh"

suite_title='a hostile guest, by the catalogue of virtio-villain'
hostile_pids=()

# hostile_machine DIR MACHINE VERSION QEMU-WORDS [CASE…]: the cases of both formats on that machine, with a daemon of its own.
hostile_machine() {
	local dir=$1/$3-$2 format
	local -a qemu
	read -ra qemu <<<"$4"
	mkdir "$dir"
	printf '[guest hostile]\nsocket = %s/gpio.sock\nsim = 8\n' "$dir" >"$dir/guests.conf"
	daemon_dir=$dir
	trap daemon_kill EXIT
	daemon_run --config "$dir/guests.conf"
	wait_until daemon_ready gpio.sock || die "the daemon does not start: $(tail -n 1 "$dir/daemon.log")"
	for format in split packed; do
		"$top/tests/hostile/host.py" "$dir" "$daemon_pid" "$VGPIOCTL" "$2" "$format" "$1/guest" "${qemu[@]}" -- "${@:5}" \
			>"$dir/$format" 2>"$dir/errors" || die "the host of the guest ended: $(tail -n 1 "$dir/errors")"
		# 7.2 offers no packed rings; a device that is not there, or offers them no more, would be skipped as well.
		[[ $# -gt 4 || $3.$format == 7.2.packed ]] || grep -qE '^(PASS|REJECT)' "$dir/$format" || die "no case was run with $format rings"
		cat "$dir/$format" >>"$dir/outcomes"
	done
	daemon_alive || die "the daemon ended: $(tail -n 1 "$dir/daemon.log")"
}

# hostile_show OUTCOMES VERSION: the lines of each case, and its verdict.
hostile_show() {
	awk -v qemu="$2" -v cases="$3" '
		/^#/ { print; next }
		{ print $0 " on QEMU " qemu }
		$1 ~ /^(PASS|REJECT|FAIL|WEDGED)$/ { print ($1 ~ /PASS|REJECT/ ? "ok " : "not ok ") $2, $3, $4, qemu >>cases }
	' "$1"
}

suite_run() {
	local dir=$1 version words machine status pid
	local -a versions=()
	need_packages python3
	hostile_build "$dir/guest"
	: >"$dir/cases"
	for version in ${HOSTILE_QEMUS:-7.2 10 11}; do
		status=0
		words=$("$top/scripts/guest/qemu" "$version") || status=$?
		if [[ $status -eq 3 ]]; then
			say "this Debian has no QEMU $version"
			continue
		fi
		[[ $status -eq 0 ]] || die "no QEMU $version"
		# shellcheck disable=SC2086 # words
		versions+=("$($words --version | sed -nE '1s/.* version ([0-9.]+).*/\1/p')")
		hostile_pids=()
		for machine in q35 microvm; do
			hostile_machine "$dir" "$machine" "$version" "$words" "${@:2}" &
			hostile_pids+=($!)
		done
		for pid in "${hostile_pids[@]}"; do
			wait "$pid" || status=$?
		done
		for machine in q35 microvm; do
			hostile_show "$dir/$version-$machine/outcomes" "$version" "$dir/cases"
		done | tee -a "$dir/shown"
		[[ $status -eq 0 ]] || die "not all was run"
	done
	[[ ${#versions[@]} -gt 0 ]] || die "no QEMU"
	awk '!/^#/ { n[$1]++ } END { printf "%d PASS, %d REJECT, %d SKIP, %d FAIL, %d WEDGED\n", n["PASS"], n["REJECT"], n["SKIP"], n["FAIL"], n["WEDGED"] }' \
		"$dir/shown"
	suite_version="of 2026-11"
	printf -v suite_rig '%s, ' "${versions[@]}"
	suite_rig="QEMU ${suite_rig%, }, pci and mmio, split and packed rings"
}

suite_clean() {
	[[ ${#hostile_pids[@]} -eq 0 ]] || kill "${hostile_pids[@]}" 2>/dev/null || true
	wait
}
