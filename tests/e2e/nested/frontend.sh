# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The checks of the nested rig, in their order.

# shellcheck disable=SC2016,SC2154 # the guests expand; shared with the parts that ../run reads

nested_note=

# noted NAME COMMAND…: a check that may have numbers to tell, and leaves nothing behind when it fails.
noted() {
	local failed=$tap_failed
	nested_note=
	check "$@"
	[[ -z $nested_note ]] || printf '# %s\n' "$nested_note"
	[[ $tap_failed -eq $failed ]] || nested_tidy >/dev/null 2>&1 || true
}

nested_tidy() {
	i "free 0 $last_line"
	o 'killall sim gpioset; for pull in /sim/sim_gpio*/pull; do echo pull-down >$pull; done'
}

frontend_nested() {
	local dir=$1 status=0
	nested_provide "$dir" || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip 'everything' 'neither this Debian nor its backports have QEMU 9 or later'
		return 0
	fi
	check_needed "Linux $(<"$guest_kernel/release") boots in QEMU" nested_boot
	check_needed 'gpio-sim makes a chip there' sim_start
	check_needed 'the daemon starts on that /dev/gpiochip0' daemon_in_outer
	check_needed "its guest, User-Mode Linux $(<"${guest_uml%/*}/release"), boots" inner_boot
	check '[G-05 G-19] the names of the chip arrive in the guest' nested_names
	check 'the gpiod tools of the guest see levels and edges' nested_tools
	check_needed 'the guest runs the program line' inner_line
	nested_lines_checks
	nested_fault_checks
	nested_logs "$dir"
}

# For whoever looks for a failure.
nested_logs() {
	o 'cat /tmp/daemon.log' >"$1/daemon.log" 2>&1 || true
	o 'dmesg' >"$1/outer-dmesg.log" 2>&1 || true
}

nested_lines_checks() {
	noted 'the holder of a line is vhost-device-gpio:guest0, as long as the guest has it' nested_consumer
	noted '[G-23 G-32] all combinations of directions' nested_directions
	noted '[G-35] a line is asked for again at once' nested_again
	noted '[G-27] what the guest drives is the value outside, on all lines' nested_outputs
	noted '[G-25 X-11] an output that starts high is never low' nested_value_first
	noted '[G-30] what is pulled outside is read inside' nested_inputs
	noted '[G-53] rising edges only' nested_edges rising 3 0
	noted '[G-53] falling edges only' nested_edges falling 0 3
	noted '[G-53 G-60] both edges' nested_edges both 3 3
	check_skip 'level interrupts' 'the inner kernel has no consumer of them; qemu10 has'
	noted '[G-78] one edge on each line, all armed at once' nested_all_armed
	noted '[G-56 G-57] a burst of edges: some merge, the last one arrives' nested_burst
	noted '[G-56] an edge right behind another is latched' nested_latch
	noted '[G-41] other lines work during a burst' nested_burst_neighbours
}

nested_fault_checks() {
	noted '[G-39] a line that is busy outside: its request fails, the others go on' nested_busy_line
	noted '[S-04 S-05 S-07] the worker is killed: outputs hold, no edge is lost' nested_worker_killed
	noted 'the guest has no kernel errors but that one' nested_inner_dmesg 'GPIO request failed: (5|20)$'
	noted '[S-05] the worker is killed amid a burst of edges: the last one arrives' nested_killed_in_burst
	noted '[G-94] the guest is killed: the next one finds its lines free' nested_next_guest
	noted 'the outer kernel has no errors' nested_outer_dmesg
	noted '[G-39] the chip goes away: requests fail, nothing hangs or spins' nested_chip_removed
	noted 'the next guest has no kernel errors but for the chip' nested_inner_dmesg 'GPIO request failed: '
	noted '[B-09] SIGTERM ends the daemon without its chip: status 0, no sockets' nested_daemon_ends
	noted 'the outer kernel lives' nested_outer_lives
}
