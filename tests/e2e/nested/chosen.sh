# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Chosen lines: two guests with lines of the same two chips, what they may not do, and what becomes of their lines.
#
# The guests are those of chosen-daemon: "inner" is ivi, "second" is ci. Lines outside are called soc/N and exp/N.

# shellcheck disable=SC2016 # the guests expand
# shellcheck disable=SC2034,SC2154 # shared with rig.sh

# s COMMAND: in the guest "second", as o and i.
s() {
	guest_run second "${limit:-$guest_s}" "$1"
}

# chosen_sims: two chips, known by label; /chips/LABEL are the directories of their lines' attributes.
chosen_sims() {
	o 'for m in $(cat /modules/order.sim); do insmod /modules/$m.ko || exit; done' || return 1
	o 'mount -t configfs config /sys/kernel/config && mkdir /chips && cd /sys/kernel/config/gpio-sim || exit 1;
		for chip in soc:12 exp:8; do
			label=${chip%:*}; mkdir -p $label/bank && echo $label >$label/bank/label && echo ${chip#*:} >$label/bank/num_lines || exit 1;
			[ $label = soc ] || { mkdir $label/bank/line3 && echo "Red LED" >$label/bank/line3/name; };
			echo 1 >$label/live;
			ln -s /sys/devices/platform/$(cat $label/dev_name)/$(cat $label/bank/chip_name) /chips/$label;
		done; [ -e /chips/soc/sim_gpio11/pull ] && [ -e /chips/exp/sim_gpio7/pull ]'
}

# chosen_start [WORD…]: the daemon, until it is ready.
chosen_start() {
	o "rm -f /tmp/daemon.status /tmp/ready; (chosen-daemon --ready-fd 9 --log-level info </dev/null 9>/tmp/ready >>/tmp/daemon.log 2>&1 &
		echo \$! >/tmp/daemon.pid; wait \$!; echo \$? >/tmp/daemon.status) & n=0; until [ -s /tmp/ready ];
		do sleep 0.1; n=\$((n + 1)); [ \$n -lt 300 ] || { cat /tmp/daemon.log; exit 1; }; done"
}

chosen_check() {
	local out
	out=$(o 'chosen-daemon --check') || {
		printf '%s\n' "$out"
		return 1
	}
	printf '%s\n' "$out"
	grep -qE '^ +1 +horn +/dev/gpiochip0 +3 ' <<<"$out" && grep -qE '^ +4 +led +/dev/gpiochip1 +3 +Red LED ' <<<"$out"
}

# names_are GUEST NAME…: all lines that gpioinfo shows in the guest, in order.
names_are() {
	local out
	out=$(guest_run "$1" "$guest_s" gpioinfo) || return 1
	printf '%s\n' "$out"
	expect names "${*:2}" "$(sed -nE 's/^[[:space:]]+line +[0-9]+:[[:space:]]+"([^"]*)".*/\1/p' <<<"$out" | tr '\n' ' ' | sed 's/ $//')" &&
		expect lines $(($# - 1)) "$(grep -c '^[[:space:]]*line ' <<<"$out")"
}

# high: the lines outside that are high, as "soc/3 exp/1".
high() {
	o 'cd /chips; grep -l 1 */sim_gpio*/value | sed "s,/sim_gpio,/,; s,/value,,"' | sort | tr '\n' ' ' | sed 's/ $//'
}

high_are() {
	expect 'the lines that are high' "$1" "$(high)"
}

# pulled LINE up|down: of the outside. flags LINE: what the outer system says of it.
pulled() {
	o "echo pull-$2 >/chips/${1%/*}/sim_gpio${1#*/}/pull"
}

flags() {
	local chip=gpiochip0
	[[ $1 == soc/* ]] || chip=gpiochip1
	o "$(gpiod_info $chip)" | grep -E "line +${1#*/}:"
}

# is LINE used|free [input|output]
is() {
	local out
	out=$(flags "$1") || return 1
	printf '%s\n' "$out"
	case $2 in
	used) [[ $out == *vhost-device-gpio* && $out == *${3:-}* ]] ;;
	free) [[ $out != *vhost-device-gpio* ]] ;;
	esac
}

# chosen_refused LINE OUTSIDE: gpioset on it fails in the guest, while the outside looks at it all the time.
chosen_refused() {
	local status=0 out value=/chips/${2%/*}/sim_gpio${2#*/}/value
	pulled "$2" up || return 1
	o "sim guard /dev/gpiochip0 ${2#*/} $value 8000 >/tmp/guard 2>&1 & echo \$! >/tmp/guard.pid;
		n=0; until grep -q guarding /tmp/guard; do sleep 0.02; n=\$((n + 1)); [ \$n -lt 1500 ] || exit 1; done" || return 1
	out=$(i "timeout 60 $(gpiod_set "$1=0")") || status=$?
	printf 'gpioset: %s (status %s)\n' "$out" "$status"
	[[ $status -ne 0 && $status -ne 124 && $status -ne 143 ]] || return 1
	expect 'what the guest reads' 1 "$(i "$(gpiod_get "$1")")" || return 1
	out=$(o 'n=0; while [ -d /proc/$(cat /tmp/guard.pid) ]; do sleep 0.1; n=$((n + 1)); [ $n -lt 300 ] || exit 1; done; cat /tmp/guard') || return 1
	printf '%s\n' "$out"
	nested_note=${out##*$'\n'}
	[[ $out =~ samples\ [1-9][0-9]*\ low\ 0\ released\ [01]\ outputs\ 0 ]] && pulled "$2" down
}

# Each line that a guest may drive moves that line outside, and no other; and so for the other guest.
chosen_own_lines() {
	local n
	local -a ivi=(1:soc/3 3:soc/5 4:exp/3) ci=(0:exp/0 1:exp/1 2:exp/2 3:soc/6 4:soc/7)
	high_are '' || return 1
	for n in "${ivi[@]}"; do
		i "out ${n%:*} ${n%:*} 1" && high_are "${n#*:}" && i "set ${n%:*} 0" || return 1
	done
	for n in "${ci[@]}"; do
		s "out ${n%:*} ${n%:*} 1" && high_are "${n#*:}" && s "set ${n%:*} 0" || return 1
	done
	high_are '' && ! i 'in 5 5' && ! s 'in 5 5'
}

# What the guests drive, each line against what its on-disconnect will be.
chosen_drive() {
	pulled soc/3 up && pulled soc/6 up && i 'set 1 1' && i 'set 4 0' && s 'set 3 1' && s 'set 4 0' &&
		s 'set 0 1' && s 'set 1 1' && s 'set 2 1' && high_are 'exp/0 exp/1 exp/2 soc/3 soc/6'
}

# uml_kill NAME: all of its processes.
uml_kill() {
	o "kill -9 -\$(cat /tmp/uml/$1/pid) \$(cat /tmp/uml/$1/pid) 2>/dev/null; n=0; while [ -d /proc/\$(cat /tmp/uml/$1/pid) ]; do
		sleep 0.1; n=\$((n + 1)); [ \$n -lt 300 ] || exit 1; done; rm -rf /tmp/uml/$1"
}

# What ci's lines are after it: released, held, input, output-low, output-high. (gpio-sim shows of an output that became an
# input what it was, until its pull is renewed.)
ci_rests() {
	pulled exp/2 down && is exp/0 free && is exp/1 used output && is exp/2 used input && is soc/6 used output &&
		is soc/7 used output
}

chosen_guest_killed() {
	uml_kill second && wait_until ci_rests || return 1
	high_are 'exp/1 soc/3 soc/7' || return 1
	# The other guest's lines are where they were, and still its own.
	i 'set 1 0' && high_are 'exp/1 soc/7' && i 'set 1 1' && high_are 'exp/1 soc/3 soc/7'
}

# keep: whatever becomes of the daemon, the kernel leaves its lines as it leaves them.
keep() {
	o 'sim keep $(cat /tmp/daemon.pid) >/tmp/keep 2>&1 & echo $! >/tmp/keep.pid; n=0; until grep -q keeping /tmp/keep; do
		sleep 0.02; n=$((n + 1)); [ $n -lt 1500 ] || exit 1; done; cat /tmp/keep'
}

kept_no_more() {
	o 'kill $(cat /tmp/keep.pid); n=0; while [ -d /proc/$(cat /tmp/keep.pid) ]; do sleep 0.02; n=$((n + 1)); [ $n -lt 1500 ] || exit 1; done'
}

chosen_sigterm() {
	local kept
	kept=$(keep) || return 1
	printf '%s\n' "$kept"
	o 'kill $(cat /tmp/daemon.pid); n=0; until [ -e /tmp/daemon.status ]; do sleep 0.05; n=$((n + 1)); [ $n -lt 600 ] || exit 1; done;
		[ $(cat /tmp/daemon.status) = 0 ] && ! ls /tmp/*.sock 2>/dev/null' || return 1
	# horn is low against its pull, led high; ci's rest as before.
	is soc/3 used output && is exp/3 used output && high_are 'exp/1 exp/3 soc/7' || return 1
	kept_no_more && is soc/3 free && high_are 'soc/3 soc/6'
}

# Everything at one blow: the first process is stopped before, so that it starts no new one.
chosen_sigkill() {
	o 'p=$(cat /tmp/daemon.pid); kill -STOP $p; kill -9 $(grep -l "^PPid:[^0-9]*$p\$" /proc/[0-9]*/status | cut -d/ -f3) $p;
		n=0; while grep -q vgpio: /proc/[0-9]*/comm 2>/dev/null; do sleep 0.05; n=$((n + 1)); [ $n -lt 600 ] || exit 1; done; rm -f /tmp/*.sock'
}

# What the table of on-disconnect says, as far as it is known without a guest: what "hold" would hold it is not.
safe_now() {
	is soc/3 used output && is exp/3 used output && is exp/0 free && is exp/1 free && is exp/2 used input &&
		is soc/6 used output && is soc/7 used output && is soc/2 free && high_are 'exp/3 soc/7'
}

chosen_make_safe_hold() {
	# (Of the check before this one, when it failed.)
	o 'killall sim daemon 2>/dev/null; :' && chosen_start && uml_kill inner && uml_boot inner ttyS1 /tmp/ivi.sock && line_start inner || return 1
	i 'out 1 1 1' && i 'out 4 4 0' || return 1
	chosen_sigkill && high_are 'soc/3 soc/6' && is soc/3 free || return 1
	o 'chosen-daemon --make-safe=hold >/tmp/safe 2>&1 & echo $! >/tmp/safe.pid; n=0; until grep -q "holding the lines" /tmp/safe; do
		sleep 0.05; n=$((n + 1)); [ $n -lt 600 ] || exit 1; done; cat /tmp/safe' || return 1
	safe_now || return 1
	sleep 2
	safe_now || return 1
	o 'kill $(cat /tmp/safe.pid); n=0; while [ -d /proc/$(cat /tmp/safe.pid) ]; do sleep 0.05; n=$((n + 1)); [ $n -lt 600 ] || exit 1; done' && high_are 'soc/3 soc/6'
}

# The same once, looked at in the last moment before that process ends.
chosen_make_safe() {
	o '(sim exit /bin/chosen-daemon --make-safe >/tmp/safe 2>&1 & echo $! >/tmp/safe.pid; wait $!; echo $? >/tmp/safe.status) &
		n=0; until grep -q "at its exit" /tmp/safe; do sleep 0.05; n=$((n + 1)); [ $n -lt 600 ] || { cat /tmp/safe; exit 1; }; done' || return 1
	safe_now || return 1
	o 'kill $(cat /tmp/safe.pid); n=0; until [ -s /tmp/safe.status ]; do sleep 0.05; n=$((n + 1)); [ $n -lt 600 ] || exit 1; done;
		[ $(cat /tmp/safe.status) = 0 ]' && high_are 'soc/3 soc/6'
}

frontend_chosen() {
	local dir=$1 status=0
	nested_provide "$dir" || status=$?
	if [[ $status -eq 3 ]]; then
		check_skip 'everything' 'neither this Debian nor its backports have QEMU 9 or later'
		return 0
	fi
	check_needed "Linux $(<"$guest_kernel/release") boots in QEMU" nested_boot
	check_needed 'gpio-sim makes two chips there' chosen_sims
	check_needed '--check finds their lines by label, offset and name' chosen_check
	check_needed 'the daemon starts with two guests' chosen_start
	check_needed 'the first guest boots' uml_boot inner ttyS1 /tmp/ivi.sock
	check_needed 'the second guest boots' uml_boot second ttyS2 /tmp/ci.sock
	check '[G-05 G-19] gpioinfo in the first guest shows its lines and no other' names_are inner door horn ignition spare led
	check '[G-05 G-19] gpioinfo in the second guest shows its lines and no other' names_are second alpha beta gamma delta epsilon
	noted '[G-39] gpioset on a line that is an input fails, and the line never moves' chosen_refused 0 soc/2
	noted '[G-39] gpioset on a line that is read-only fails, and the line never moves' chosen_refused 2 soc/4
	check_needed 'both guests run the program line' chosen_lines
	check '[G-27] each guest drives its own lines and no other' chosen_own_lines
	check_needed 'both guests drive their lines' chosen_drive
	check '[G-93] a guest is killed: each of its lines takes its on-disconnect, the other guest goes on' chosen_guest_killed
	check '[G-93 B-09] SIGTERM: each line takes its on-disconnect before the daemon ends' chosen_sigterm
	check '[G-93] SIGKILL of all, then --make-safe=hold' chosen_make_safe_hold
	check '[G-93] and --make-safe' chosen_make_safe
	guest=outer check 'the outer kernel has no errors' check_dmesg
	nested_logs "$dir"
}

chosen_lines() {
	line_start inner && line_start second
}
