# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Reaches this Debian's backports through a private apt configuration .
#
# The sources are the machine's own, mirror and keyring included, with the backports suite added;
# lists and archives lie in a directory of their own, so the machine's apt is as before.

# backports_sources CODENAME DIR: writes the machine's Debian sources plus backports to DIR.
backports_sources() {
	local codename=$1 dir=$2 file
	local suite="($codename|stable|oldstable)"
	for file in /etc/apt/sources.list.d/*.sources; do
		[[ -f $file ]] || continue
		awk -v RS= -v ORS='\n\n' -v suite="[ \t]$suite([ \t]|\n|\$)" -v codename="$codename" '
			/(^|\n)Components:[^\n]*main/ && match($0, /(^|\n)Suites:[^\n]*/) {
				head = substr($0, 1, RSTART - 1)
				line = substr($0, RSTART, RLENGTH)
				tail = substr($0, RSTART + RLENGTH)
				if (line ~ suite)
					print head line " " codename "-backports" tail
			}' "$file" >>"$dir/debian.sources"
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[[ -f $file ]] || continue
		sed -nE "/^deb[[:space:]].*[[:space:]]main/{
			h
			s/[[:space:]]${suite}[[:space:]]/ $codename-backports /
			T
			x
			G
			p
		}" "$file" >>"$dir/debian.list"
	done
}

# backports_configure DIR: sets the array `backports` to apt's options, with fresh lists in DIR.
backports_configure() {
	local dir=$1 codename
	codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
	mkdir -p "$dir"/{sources,lists/partial,archives/partial}
	backports_sources "$codename" "$dir/sources"
	backports=(
		-o Dir::Etc::sourcelist=/dev/null
		-o "Dir::Etc::sourceparts=$dir/sources"
		-o "Dir::State::lists=$dir/lists"
		-o "Dir::Cache=$dir"
		-o "APT::Default-Release=$codename-backports"
		-o APT::Sandbox::User=root
	)
	say "reading the package lists of $codename-backports (privately: /etc/apt stays as it is)"
	# A source that has no backports makes this fail; what counts is whether QEMU is found.
	apt-get "${backports[@]}" update -qq >&2 || true
}
