# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Takes a kernel and its modules out of Debian's packages without installing them.

# depends PACKAGE PATTERN [APT-OPTION…]: the dependencies of PACKAGE whose names match.
depends() {
	apt-cache "${@:3}" depends "$1" | sed -nE "s/^ *Depends: ($2)\$/\1/p"
}

# take_stock_modules ROOT DIR ORDER MODULE…: those that are modules in this kernel, listed in ORDER.
take_stock_modules() {
	local root=$1 dir=$2 order=$3 module file
	for module in "${@:4}"; do
		file=$(find "$root" -name "$module.ko*" -print -quit)
		case $file in
		*.ko) cp "$file" "$dir/" ;;
		*.ko.xz) xz -dc "$file" >"$dir/$module.ko" ;;
		*.ko.zst) zstd -qdc "$file" >"$dir/$module.ko" ;;
		*) continue ;;
		esac
		printf '%s\n' "$module" >>"$order"
	done
}

# unpack_image DEB ROOT MODULE…: the kernel and these modules; of a module's name, * stands for any part.
unpack_image() {
	local -a patterns=("${@:3}")
	patterns=("${patterns[@]/#/*/}")
	dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards './boot/vmlinuz-*' "${patterns[@]/%/.ko*}"
}
