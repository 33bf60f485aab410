# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Takes files out of Debian's kernel source packages without installing them.

# source_extract PACKAGE DIR [TAR-ARGUMENT…]: unpacks (part of) the tree into DIR; the package's
# .deb is streamed through and removed.
source_extract() {
	local package=$1 dir=$2
	deb_download "$dir.deb" "$package"
	source_unpack "$dir.deb" "$@"
	rm -rf "$dir.deb"
}

# source_unpack DEB-DIR PACKAGE DIR [TAR-ARGUMENT…]: the same, from the package's .deb there.
source_unpack() {
	local debs=$1 package=$2 dir=$3
	shift 3
	progress "unpacking $package"
	mkdir -p "$dir"
	dpkg-deb --fsys-tarfile "$debs/${package}_"*.deb |
		tar -xO "./usr/src/$package.tar.xz" |
		xz -dc -T0 |
		tar -x -C "$dir" --strip-components=1 --wildcards "$@"
	progress ''
}
