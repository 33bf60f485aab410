# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# A front-end on Debian 13's librust-vhost-dev: what rust-vmm's monitors are made of drives the daemon itself. The cases
# (frontend/src/cases.rs) are ours; what speaks vhost-user is the crate, but for the two messages that it lacks.
# The program is built once, in some minutes, and kept in the cache.

# shellcheck disable=SC2034,SC2154 # shared with scripts/proof

# shellcheck source=scripts/guest/backports.sh
. "$top/scripts/guest/backports.sh"

suite_title="a front-end on rust-vmm's crate vhost"
frontend_daemon=

# frontend_cargo: the command that builds in that Debian, of the sources in its /frontend.
# The program is static: it runs in this Debian.
frontend_cargo() {
	printf '%s ' HOME=/frontend 'RUSTFLAGS="-C target-feature=+crt-static"' cargo build --quiet --offline --release \
		--target "$(uname -m)-unknown-linux-gnu" --target-dir /frontend/target \
		--config "'source.crates-io.replace-with=\"debian\"'" \
		--config "'source.debian.directory=\"/usr/share/cargo/registry\"'"
}

# frontend_make DIR: the program, and the crate's version. Of that Debian nothing is kept.
frontend_make() {
	local dir=$1 sources packages=cargo,gcc,libc6-dev,librust-vhost-dev,librust-virtio-queue-dev
	need_packages mmdebstrap
	need_space 2000 "${TMPDIR:-/tmp}"
	sources=$(mktemp -d)
	backports_sources "$sources" trixie
	say "fetching a Debian 13 with a compiler of Rust"
	progress "building a front-end in Debian 13"
	quietly as_root mmdebstrap --variant=apt --format=null --skip=check/signed-by --include="$packages" \
		--customize-hook="copy-in '$top/tests/proof/frontend' /" \
		--customize-hook="chroot \"\$1\" sh -c 'cd /frontend && $(frontend_cargo | sed "s/'/'\\\\''/g")'" \
		--customize-hook="chroot \"\$1\" dpkg-query -W -f '\${Version}' librust-vhost-dev >'$dir/version'" \
		--customize-hook="cat \"\$1\"/frontend/target/*/release/frontend >'$dir/frontend'" \
		trixie - "$sources"/debian.*
	rm -rf "$sources"
	chmod 755 "$dir/frontend"
	progress ''
}

suite_clean() {
	[[ -z $frontend_daemon ]] || kill "$frontend_daemon" 2>/dev/null || true
}

# frontend_start DIR: two guests, one to move to the other.
frontend_start() {
	local dir=$1 guest
	local -a guests=()
	for guest in one two; do
		guests+=(--guest "name=$guest,socket=$dir/$guest,sim=8")
	done
	mkfifo "$dir/ready"
	"$VHOST_DEVICE_GPIO" "${guests[@]}" --control "$dir/control" --ready-fd 3 3<>"$dir/ready" >"$dir/daemon.log" 2>&1 &
	frontend_daemon=$!
	read -rt 60 _ <>"$dir/ready" || die "the daemon does not start: $(reason "$(<"$dir/daemon.log")")"
}

suite_run() {
	local dir=$1 entry status=0
	entry=frontend-$(cat "$top"/tests/proof/frontend{.sh,/Cargo.toml,/src/*} | sha256sum | cut -c1-8)
	cache_fill "$entry" frontend_make
	entry=$(cache_dir)/$entry
	suite_version=$(<"$entry/version")
	suite_rig="two simulated chips, no guest"
	frontend_start "$dir"
	timeout 300 "$entry/frontend" "$dir" "$VGPIOCTL" "${@:2}" >"$dir/output" || status=$?
	cat "$dir/output"
	kill "$frontend_daemon" 2>/dev/null || true
	wait "$frontend_daemon" || die "the daemon ended with status $?"
	frontend_daemon=
	[[ $status -eq 0 ]] || die "the front-end ended with status $status"
	sed -nE 's/^(ok|not ok) [0-9]+ - /\1 /p' "$dir/output" >"$dir/cases"
}
