# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# A box: a Debian below a directory of this machine, with a systemd of its own as its first process.

box_root=
box_pid=
box_cgroup=

# box_why: why there can be no box here; nothing if there can.
box_why() {
	if [[ $EUID -ne 0 ]]; then
		echo 'not root'
	elif [[ -z $(box_cgroups) ]]; then
		echo 'there is no control group hierarchy of version 2 that can be written to'
	elif ! unshare --mount --pid --ipc --uts --net --cgroup --fork true 2>/dev/null; then
		echo 'namespaces cannot be made here'
	fi
}

# box_cgroups: where the hierarchy of version 2 is mounted.
box_cgroups() {
	local dir
	for dir in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		if [[ $(stat -fc %T "$dir" 2>/dev/null) == cgroup2fs && -w $dir/cgroup.procs ]]; then
			echo "$dir"
			return
		fi
	done
}

# box_mount: in the box, before its first process. /run is no tmpfs: its sockets are to be seen from outside, too.
box_mount() {
	local node
	cd "$box_root" || return
	mount --make-rprivate /
	mount --bind . .
	cd "$box_root" || return
	mkdir -p run mnt
	mount --bind run run
	mount -t proc proc proc
	mount --bind proc/sys proc/sys
	mount -o remount,ro,bind proc/sys
	mount -t sysfs -o ro sysfs sys
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mount -t tmpfs tmpfs tmp
	mount -t tmpfs -o mode=755 tmpfs dev
	while read -r node minor; do
		mknod -m 666 "dev/$node" c 1 "$minor"
	done <<<$'null 3\nzero 5\nfull 7\nrandom 8\nurandom 9'
	mkdir dev/pts dev/shm
	mount -t tmpfs tmpfs dev/shm
	mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
	ln -s pts/ptmx dev/ptmx
	pivot_root . mnt
	umount -l mnt
}

# box_start ROOT LOG
box_start() {
	local outer words
	box_root=$1
	box_cgroup=$(box_cgroups)/vgpio-box-$$
	mkdir "$box_cgroup"
	find "$box_root/run" -mindepth 1 -delete
	words="set -e; box_root=$box_root; $(declare -f box_mount); box_mount
		exec env -i container=box PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init"
	# shellcheck disable=SC2016
	unshare --mount --pid --ipc --uts --net --fork --kill-child \
		bash -c 'echo 0 >"$1/cgroup.procs" && exec unshare --cgroup bash -c "$2"' _ "$box_cgroup" "$words" \
		>"$2" 2>&1 </dev/null &
	outer=$!
	box_outer=$outer
	wait_until box_find && wait_until box_up
}

# box_find: its first process, in $box_pid. It has a root of its own when all is mounted.
box_find() {
	local comm
	read -r box_pid _ <"/proc/$box_outer/task/$box_outer/children" || true # which has no end of line
	[[ -n $box_pid ]] && read -r comm <"/proc/$box_pid/comm" && [[ $comm == systemd ]]
} 2>/dev/null

box_up() {
	local state
	state=$(box systemctl is-system-running 2>/dev/null) || true
	[[ $state == running || $state == degraded ]]
}

# box COMMAND…: as root in the box.
box() {
	timeout 120 nsenter -t "$box_pid" --all env -C / -i TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# box_as USER COMMAND…
box_as() {
	box runuser -u "$1" -- "${@:2}"
}

box_stop() {
	[[ -n $box_pid$box_outer ]] || return 0
	kill -KILL "$box_outer" 2>/dev/null || true
	wait "$box_outer" 2>/dev/null || true
	box_pid=
	box_outer=
	wait_until box_cgroup_empty || true
}

box_cgroup_empty() {
	find "$box_cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
	[[ ! -d $box_cgroup ]]
}
box_outer=
