# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Helpers of the shell scripts: messages, progress, Debian packages, and a cache that is filled once.
#
# What costs minutes (a kernel, a QEMU) is kept below one cache directory outside the clone.
# An entry is made in ENTRY.part and renamed when complete, under a lock: an entry that exists
# is whole, however a run ended and however many run at once.

# The output of the tools is parsed: no translations.
export LC_ALL=C.UTF-8

# All that is ever installed; what only guests run is unpacked in the cache instead.
# shellcheck disable=SC2034 # for the scripts that read this one
program_packages=(gcc libc6-dev meson ninja-build pkgconf libjansson-dev libinih-dev libseccomp-dev libncurses-dev)
# shellcheck disable=SC2034
build_packages=("${program_packages[@]}" libcmocka-dev)
# shellcheck disable=SC2034
module_packages=(gcc libc6-dev make xz-utils zstd libelf-dev)
# shellcheck disable=SC2034
guest_packages=("${module_packages[@]}" flex bison bc)

# What is told goes to the fd in SAY_FD, if that is set; why a script ends, and what its tools say, to stderr.
say() { printf '%s%s\n' "${VGPIO_CLEAR:-}" "$*" >&"${SAY_FD:-2}"; }

die() {
	local clear=
	progress_stop
	[[ ! -t 2 ]] || clear=${VGPIO_CLEAR:-}
	printf '%s%s: %s\n' "$clear" "${0##*/}" "$*" >&2
	exit 1
}

# The comment at the head of the script that is run: what it is for, and its usage.
head_print() {
	local file=$0
	# Those in scripts/ may have changed the directory.
	[[ -f $file ]] || file=${BASH_SOURCE[0]%/*}/${0##*/}
	awk 'NR > 2 { if (!/^#/ || /^# shellcheck/) exit; sub(/^# ?/, ""); print }' "$file"
}

# help_asked WORD…: that, and the end, if the first word asks for it.
help_asked() {
	case ${1:-} in
	-h | --help)
		head_print
		exit 0
		;;
	esac
}

# Progress: what is being done and for how long; on a terminal one line that is rewritten, else a line every 10 s.
#
# progress_start begins it, for this script and those that it runs; progress_stop ends it, if this script began it. In
# between, each script tells with `progress TEXT` what it is at, and with `progress ''` that this is over. The texts of all
# are shown. Without progress_start nothing is. What a script says meanwhile has a line of its own. If the script that
# began it has a function progress_detail, what that prints is shown beside its own text.

progress_pid=
progress_every_s=10

progress_start() {
	[[ -z ${VGPIO_PROGRESS:-} ]] || return 0
	VGPIO_PROGRESS=$(mktemp -d "${TMPDIR:-/tmp}/vgpio-progress.XXXXXX" 2>/dev/null) || return 0
	[[ ! -t 2 ]] || VGPIO_CLEAR=$'\r\e[K'
	export VGPIO_PROGRESS VGPIO_CLEAR
	progress_show </dev/null >/dev/null &
	progress_pid=$!
}

progress_stop() {
	[[ -n $progress_pid && $BASHPID -eq $$ ]] || return 0
	# Not by a signal that this script may have a trap for: in its first moments, a child of bash still has it, too.
	{ kill -KILL "$progress_pid" && wait "$progress_pid"; } 2>/dev/null || true
	rm -rf "$VGPIO_PROGRESS"
	printf '%s' "${VGPIO_CLEAR:-}" >&2
	progress_pid=
	unset VGPIO_PROGRESS VGPIO_CLEAR
}

# progress_during COMMAND…: shown, whether this script shows it already or not.
progress_during() {
	local outer=${VGPIO_PROGRESS:-}
	progress_start
	"$@"
	[[ -n $outer ]] || progress_stop
}

progress() {
	progress_began=$EPOCHSECONDS
	progress_write "$1"
}

# progress_write TEXT: as progress, and the time goes on.
progress_write() {
	local file=${VGPIO_PROGRESS:-}/$$
	[[ -n ${VGPIO_PROGRESS:-} ]] || return 0
	if [[ -z $1 ]]; then
		rm -f "$file"
	else
		{ printf '%s %s\n' "$progress_began" "$1" >"$file.new" && mv "$file.new" "$file"; } 2>/dev/null || true
	fi
}

# progress_count WHAT TOTAL LOG: reads a build's output, keeps it in LOG and counts its lines.
progress_count() {
	local line count=0
	: >"$3"
	progress "$1"
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$3"
		count=$((count + 1))
		((count % 10 != 0)) || progress_write "$1, $count of about $2"
	done
	progress ''
}

# progress_show: until progress_stop, or until this script is gone, whose directory goes then, too.
progress_show() {
	local line shown='' width=80 never next=$((SECONDS + progress_every_s))
	trap - EXIT
	exec {never}<> <(:)
	while kill -0 $$ 2>/dev/null; do
		line=$(progress_line)
		if [[ -t 2 ]]; then
			read -r _ width < <(stty size <&2 2>/dev/null) || true
			[[ $line == "$shown" ]] || printf '\r\e[K%s' "${line:0:$((width > 0 ? width - 1 : 79))}" >&2
			shown=$line
		elif [[ -n $line ]] && ((SECONDS >= next)); then
			printf '%s\n' "$line" >&2
			next=$((SECONDS + progress_every_s))
		fi
		read -rt 0.3 -u "$never" || true
	done
	rm -rf "$VGPIO_PROGRESS"
}

# progress_line: of those that are still there.
progress_line() {
	local file began text detail sum=''
	for file in "$VGPIO_PROGRESS"/*[0-9]; do
		kill -0 "${file##*/}" || continue
		read -r began text <"$file" || continue
		detail=
		if [[ ${file##*/} == "$$" ]] && declare -F progress_detail; then
			detail=$(progress_detail)
		fi >/dev/null
		sum+="${sum:+; }$text, $detail$((EPOCHSECONDS - began)) s"
	done 2>/dev/null
	printf '%s' "$sum"
}

# reason TEXT: the one line of what a tool said that tells why it failed.
reason() {
	local pattern line
	for pattern in 'no space left|enough free space|disk quota' '^E: .*(resolv|connect|fetch|lock|space)' '^W: Failed to fetch' \
		'^E: ' 'error|fatal|cannot|failed' .; do
		if line=$(grep -iE -m 1 "$pattern" <<<"$1"); then
			printf '%s' "${line#[EW]: }"
			return
		fi
	done
	printf 'it does not say why'
}

# quietly COMMAND…: what it said is in $said, if it failed.
quietly() {
	local status=0
	said=$("$@" 2>&1 </dev/null) || status=$?
	return "$status"
}

cache_dir() {
	local dir=${XDG_CACHE_HOME:-$HOME/.cache}/vhost-device-gpio
	if ! mkdir -p "$dir" 2>/dev/null || [[ ! -w $dir ]]; then
		die "nothing can be kept in $dir (XDG_CACHE_HOME names another place)"
	fi
	printf '%s\n' "$dir"
}

# need_space MB DIR
need_space() {
	local free
	free=$(df -Pm "$2" | awk 'NR == 2 { print $4 }')
	((free >= $1)) || die "no space left: $1 MB are needed in $2, $free MB are free"
}

# cache_fill NAME COMMAND [ARG…]: runs COMMAND ARG… DIR to fill the entry NAME, unless it is there; or tells in one line
# why it cannot be made. Call it as a plain command: in a condition, errexit would be off inside COMMAND.
cache_fill() {
	local entry lock
	entry=$(cache_dir)/$1
	shift
	[[ ! -d $entry ]] || return 0
	exec {lock}>"$entry.lock"
	if ! flock -n "$lock"; then
		progress "another run is making ${entry##*/}"
		flock "$lock"
		progress ''
	fi
	[[ -d $entry ]] || progress_during cache_make "$entry" "$@"
	exec {lock}>&-
}

# cache_make ENTRY COMMAND [ARG…]
cache_make() {
	local entry=$1 out errors status
	shift
	cache_part=$entry.part # the trap has no local variables
	exec {out}>&"${SAY_FD:-2}"
	set +e
	errors=$(
		set -e
		export SAY_FD=$out
		trap cache_drop EXIT
		rm -rf "$cache_part" "$entry.log"
		mkdir "$cache_part"
		"$@" "$entry.part" 2>&1
		mv -T "$entry.part" "$entry"
	)
	status=$?
	set -e
	exec {out}>&-
	progress ''
	[[ $status -ne 0 ]] || return 0
	[[ ! -s $entry.log ]] || say "the log of the build is $entry.log"
	# It may have told by itself.
	case ${errors##*$'\n'} in
	"${0##*/}: "*) die "${errors##*"${0##*/}: "}" ;;
	*) die "${entry##*/} cannot be made in ${entry%/*}: $(reason "$errors")" ;;
	esac
}

# What is not whole goes; but the log of a build, if that is what failed, is worth reading.
cache_drop() {
	[[ ! -s $cache_part/log ]] || mv "$cache_part/log" "${cache_part%.part}.log" || true
	rm -rf "$cache_part"
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

# apt_alone COMMAND…: while nobody else of ours installs, or reads what is installed.
apt_alone() {
	local lock status=0 dir
	dir=$(cache_dir) || exit
	exec {lock}>"$dir/apt.lock"
	flock "$lock"
	"$@" || status=$?
	exec {lock}>&-
	return "$status"
}

# Why the last apt_lists did not read all lists, if it did not: sources may be broken that nobody needs.
apt_trouble=

apt_update() {
	progress "reading the lists of Debian packages"
	apt_lists as_root apt-get update -qq -o DPkg::Lock::Timeout=120
	progress ''
}

apt_lists() {
	quietly "$@" || true
	apt_trouble=
	! grep -q '^[EW]:' <<<"$said" || apt_trouble=$(reason "$said")
}

# apt_size APT-GET-ARGUMENT…: how many packages it would fetch, and how many MB.
apt_size() {
	apt-get -qq --print-uris "$@" 2>/dev/null |
		awk 'NF >= 3 { n++; bytes += $3 } END { printf "%d package%s, %.0f MB", n, n == 1 ? "" : "s", bytes / 1e6 }'
}

package_installed() {
	[[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# need_packages PACKAGE…: installs those that are missing, after saying which.
need_packages() {
	progress_during apt_alone install_missing_of "$@"
}

install_missing_of() {
	local package
	local -a missing=() install
	for package; do
		[[ " ${missing[*]} " == *" $package "* ]] || package_installed "$package" || missing+=("$package")
	done
	[[ ${#missing[@]} -gt 0 ]] || return 0
	as_root true
	install=(apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}")
	# Lists that are absent, or some days old.
	quietly "${install[@]}" --print-uris || apt_update
	say "installing ${missing[*]}: $(apt_size "${install[@]:1}")"
	progress "installing packages"
	if ! quietly as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}"; then
		[[ -n $apt_trouble ]] || apt_update
		progress "installing packages"
		quietly as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}" ||
			die "the packages cannot be installed: ${apt_trouble:-$(reason "$said")}"
	fi
	progress ''
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

# package_known_fresh PACKAGE: the same, after an update of the lists if they do not know it; without network this tells why
# and ends.
package_known_fresh() {
	package_known "$1" && return 0
	[[ -n $apt_trouble ]] || apt_alone apt_update
	package_known "$1" && return 0
	[[ -z $apt_trouble ]] || die "no lists of Debian packages: $apt_trouble"
	return 1
}

# deb_download DIR PACKAGE… [-- APT-OPTION…]: fetches .debs without installing anything, after saying how much that is;
# deb_name, if set, is what they are called.
deb_download() {
	local dir=$1 name
	local -a packages=() options=(-qq -o APT::Sandbox::User=root)
	shift
	while [[ $# -gt 0 && $1 != -- ]]; do
		packages+=("$1")
		shift
	done
	[[ $# -eq 0 ]] || options+=("${@:2}")
	[[ ${#packages[@]} -gt 0 ]] || die "apt cannot tell what is to be fetched; see apt-get check"
	name=${deb_name:-${packages[0]%%=*}}
	mkdir -p "$dir"
	say "fetching $name: $(apt_size "${options[@]}" download "${packages[@]}")"
	progress "fetching $name"
	if ! quietly env -C "$dir" apt-get "${options[@]}" download "${packages[@]}"; then
		# Lists that are some days old name files that the mirror no longer has.
		[[ ${#options[@]} -gt 3 ]] || apt_alone apt_update
		quietly env -C "$dir" apt-get "${options[@]}" download "${packages[@]}" ||
			die "$name cannot be fetched: $(reason "$said")"
	fi
	progress ''
}

# deb_closure PACKAGE [APT-OPTION…]: PACKAGE and what it needs beyond what is installed, as
# name=version words.
deb_closure() {
	apt_alone closure_of "$@"
}

closure_of() {
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
	progress "unpacking ${deb_name:-${2%%=*}}"
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -rf "$dir/debs"
	progress ''
}

# apt_own DIR ARCHITECTURE "deb|deb-src SUITE": an apt that knows nothing of this machine's packages, APT_CONFIG=DIR/apt.conf.
apt_own() {
	mkdir -p "$1/lists/partial" "$1/archives/partial"
	: >"$1/status"
	printf '%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
		"${3% *}" "$(debian_mirror)" "${3#* }" >"$1/sources.list"
	cat >"$1/apt.conf" <<-CONF
		APT::Architecture "$2";
		APT::Architectures { "$2"; };
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Dir::Etc::sourcelist "$1/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::State::lists "$1/lists";
		Dir::State::status "$1/status";
		Dir::Cache "$1";
	CONF
	progress "reading the lists of Debian packages for $2"
	APT_CONFIG=$1/apt.conf quietly apt-get update || die "no lists of Debian packages for $2: $(reason "$said")"
	progress ''
}

# Where this machine has its own packages from.
debian_mirror() {
	local uri
	# shellcheck disable=SC2016 # apt's
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -E '/debian/?$' | head -n 1)
	printf '%s\n' "${uri:-http://deb.debian.org/debian}"
}
