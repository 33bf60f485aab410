# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Helpers of the shell scripts: messages, Debian packages, and a cache that is filled once.
#
# What costs minutes (a kernel, a QEMU) is kept below one cache directory outside the clone.
# An entry is made in ENTRY.part and renamed when complete, under a lock: an entry that exists
# is whole, however a run ended and however many run at once.

# The output of the tools is parsed: no translations.
export LC_ALL=C.UTF-8

# All that is ever installed; what only guests run is unpacked in the cache instead.
# shellcheck disable=SC2034 # for the scripts that read this one
build_packages=(gcc libc6-dev meson ninja-build pkgconf libjansson-dev libinih-dev libseccomp-dev libcmocka-dev)
# shellcheck disable=SC2034
guest_packages=(gcc libc6-dev make flex bison bc xz-utils zstd libelf-dev)

say() { printf '%s\n' "$*" >&2; }

die() {
	say "${0##*/}: $*"
	exit 1
}

cache_dir() {
	local dir=${XDG_CACHE_HOME:-$HOME/.cache}/vhost-device-gpio
	mkdir -p "$dir"
	printf '%s\n' "$dir"
}

# cache_fill NAME COMMAND [ARG…]: runs COMMAND ARG… DIR to fill the entry NAME, unless it is there.
# Call it as a plain command: in a condition, errexit would be off inside COMMAND.
cache_fill() {
	local entry lock
	entry=$(cache_dir)/$1
	shift
	[[ ! -d $entry ]] || return 0
	exec {lock}>"$entry.lock"
	if ! flock -n "$lock"; then
		say "another run is making ${entry##*/}; waiting for it"
		flock "$lock"
	fi
	if [[ ! -d $entry ]]; then
		(
			rm -rf "$entry.part"
			mkdir "$entry.part"
			trap 'rm -rf "$entry.part"' EXIT
			"$@" "$entry.part"
			mv -T "$entry.part" "$entry"
		)
	fi
	exec {lock}>&-
}

as_root() {
	if [[ $EUID -eq 0 ]]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "needs root and there is no sudo; run as root: $*"
	fi
}

apt_update() {
	say "updating the list of Debian packages"
	as_root apt-get update -qq >&2
}

package_installed() {
	[[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# need_packages PACKAGE…: installs those that are missing, after saying which.
need_packages() {
	local package
	local -a missing=() install
	for package; do
		package_installed "$package" || missing+=("$package")
	done
	[[ ${#missing[@]} -gt 0 ]] || return 0
	say "installing Debian packages: ${missing[*]}"
	install=(env DEBIAN_FRONTEND=noninteractive
		apt-get install -y -qq --no-install-recommends "${missing[@]}")
	as_root "${install[@]}" >/dev/null 2>&1 && return 0
	apt_update
	as_root "${install[@]}" >/dev/null
}

# package_known PACKAGE [APT-OPTION…]: has apt a candidate for it?
# Of that very name: to apt, one with a dot is a pattern too, and 6.1 matches 6.12.
package_known() {
	local package=$1
	shift
	apt-cache "$@" policy "$package" 2>/dev/null | awk -v "name=$package:" '
		/^[^ ]/ { mine = $0 == name }
		mine && $1 == "Candidate:" && $2 != "(none)" { known = 1 }
		END { exit !known }'
}

# package_known_fresh PACKAGE: the same, after an update of the lists if they do not know it.
package_known_fresh() {
	package_known "$1" && return 0
	apt_update
	package_known "$1"
}

# deb_download DIR PACKAGE… [-- APT-OPTION…]: fetches .debs without installing anything.
deb_download() {
	local dir=$1
	local -a packages=() options=(-o APT::Sandbox::User=root)
	shift
	while [[ $# -gt 0 && $1 != -- ]]; do
		packages+=("$1")
		shift
	done
	[[ $# -eq 0 ]] || options+=("${@:2}")
	mkdir -p "$dir"
	(cd "$dir" && apt-get "${options[@]}" download -qq "${packages[@]}" >&2) && return 0
	# Lists that are some days old name files that the mirror no longer has.
	if [[ ${#options[@]} -eq 2 ]]; then
		apt_update
		(cd "$dir" && apt-get "${options[@]}" download -qq "${packages[@]}" >&2)
	else
		return 1
	fi
}

# deb_closure PACKAGE [APT-OPTION…]: PACKAGE and what it needs beyond what is installed, as
# name=version words.
deb_closure() {
	local package=$1
	shift
	if package_installed "${package%%/*}"; then
		printf '%s\n' "${package%%/*}"
	fi
	apt-get "$@" install -s --no-install-recommends "$package" |
		sed -nE 's/^Inst ([^ ]+) (\[[^]]*\] )?\(([^ ]+) .*/\1=\3/p'
}

# deb_unpack DIR PACKAGE… [-- APT-OPTION…]: downloads and unpacks, installs nothing.
deb_unpack() {
	local dir=$1 deb
	deb_download "$dir/debs" "${@:2}"
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -rf "$dir/debs"
}

# progress WHAT TOTAL LOG: reads a build's output, keeps it in LOG and shows a counted line.
progress() {
	local what=$1 total=$2 log=$3 line count=0 step=200
	[[ ! -t 2 ]] || step=10
	: >"$log"
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$log"
		count=$((count + 1))
		if ((count % step == 0)); then
			progress_show "$what" "$count" "$total"
		fi
	done
	[[ ! -t 2 ]] || say ""
}

progress_show() {
	if [[ -t 2 ]]; then
		printf '\r%s: %d of about %d' "$1" "$2" "$3" >&2
	else
		say "$1: $2 of about $3"
	fi
}
