# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Reaches backports, this Debian's or another's, through a private apt configuration.
#
# The sources are the machine's own, mirror and keyring included, with the suites that are wanted in the place of this
# Debian's; lists and archives lie in a directory of their own, so the machine's apt is as before.

debian_codename() {
	(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
}

# backports_sources DIR SUITE…: writes the machine's Debian sources to DIR, with these suites for this Debian's.
backports_sources() {
	local dir=$1 file suite own
	shift
	own="($(debian_codename)|stable|oldstable)"
	for file in /etc/apt/sources.list.d/*.sources; do
		[[ -f $file ]] || continue
		awk -v RS= -v ORS='\n\n' -v own="[ \t]$own([ \t]|\n|\$)" -v suites="$*" '
			/(^|\n)Components:[^\n]*main/ && match($0, /(^|\n)Suites:[^\n]*/) {
				head = substr($0, 1, RSTART - 1)
				line = substr($0, RSTART, RLENGTH)
				tail = substr($0, RSTART + RLENGTH)
				if (line ~ own) {
					sub(/Suites:.*/, "Suites: " suites, line)
					print head line tail
				}
			}' "$file" >>"$dir/debian.sources"
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[[ -f $file ]] || continue
		for suite; do
			sed -nE "/^deb[[:space:]].*[[:space:]]main/s/[[:space:]]${own}[[:space:]]/ $suite /p" "$file"
		done >>"$dir/debian.list"
	done
}

# backports_configure DIR CODENAME: sets the array `backports` to apt's options for the Debian of that name and its
# backports, with fresh lists in DIR. Of another Debian than the machine's, nothing counts as installed.
backports_configure() {
	local dir=$1 codename=$2
	mkdir -p "$dir"/{sources,lists/partial,archives/partial}
	backports_sources "$dir/sources" "$codename" "$codename-updates" "$codename-backports"
	backports=(
		-o Dir::Etc::sourcelist=/dev/null
		-o "Dir::Etc::sourceparts=$dir/sources"
		-o "Dir::State::lists=$dir/lists"
		-o "Dir::Cache=$dir"
		-o "APT::Default-Release=$codename-backports"
		-o APT::Sandbox::User=root
	)
	if [[ $codename == "$(debian_codename)" ]]; then
		# Those that the machine has already need not be fetched.
		cp -p /var/lib/apt/lists/*_* "$dir/lists/" 2>/dev/null || true
	else
		backports+=(-o Dir::State::status=/dev/null)
	fi
	say "reading the package lists of $codename-backports (privately: /etc/apt stays as it is)"
	progress "reading the package lists of $codename-backports"
	# A source that has no backports makes this fail; what counts is whether QEMU is found.
	apt_lists apt-get "${backports[@]}" update -qq
	progress ''
}
