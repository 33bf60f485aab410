# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Takes files out of Debian's kernel source packages without installing them.

# source_extract PACKAGE DIR [TAR-ARGUMENT…]: unpacks (part of) the tree into DIR; the package's
# .deb is streamed through and removed.
source_extract() {
	local package=$1 dir=$2
	shift 2
	say "downloading $package (about 150 MB)"
	deb_download "$dir.deb" "$package"
	say "unpacking $package"
	mkdir -p "$dir"
	dpkg-deb --fsys-tarfile "$dir.deb/"*.deb |
		tar -xO "./usr/src/$package.tar.xz" |
		xz -dc -T0 |
		tar -x -C "$dir" --strip-components=1 --wildcards "$@"
	rm -rf "$dir.deb"
}
