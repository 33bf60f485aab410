# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# libgpiod 2's source as Debian 13 has it, and what is built of it for guests, once, in the cache.

# shellcheck disable=SC2034,SC2154 # shared with scripts/proof

# shellcheck source=scripts/guest/backports.sh
. "$top/scripts/guest/backports.sh"

libgpiod_codename=trixie
libgpiod_tools=(gpiodetect gpioinfo gpioget gpioset gpiomon gpionotify)

# libgpiod_source DIR: in DIR/source; its version in DIR/version.
libgpiod_source() {
	local dir=$1 apt=$1/apt file
	backports_configure "$apt" "$libgpiod_codename"
	for file in "$apt"/sources/*.sources; do
		[[ ! -f $file ]] || sed -i 's/^Types:.*/Types: deb deb-src/' "$file"
	done
	for file in "$apt"/sources/*.list; do
		[[ ! -f $file ]] || sed -i 'p; s/^deb /deb-src /' "$file"
	done
	apt_lists apt-get "${backports[@]}" update -qq
	say "fetching libgpiod's source"
	progress "fetching libgpiod's source"
	quietly env -C "$apt" apt-get "${backports[@]}" source --download-only --tar-only "libgpiod/$libgpiod_codename" ||
		die "libgpiod's source cannot be fetched: ${apt_trouble:-$(reason "$said")}"
	mkdir "$dir/source"
	tar -xf "$apt"/libgpiod_*.orig.tar.* -C "$dir/source" --strip-components=1
	apt-cache "${backports[@]}" show "gpiod/$libgpiod_codename" | sed -n '1,/^Version:/s/^Version: //p' >"$dir/version"
	rm -rf "$apt"
}

# libgpiod_cc ARGUMENT…
libgpiod_cc() {
	local version
	version=$(<"$libgpiod/version")
	gcc -std=gnu11 -O2 -D_GNU_SOURCE "-DGPIOD_VERSION_STR=\"${version%%-*}\"" -I"$libgpiod/source/include" "$@"
}

# Debian's own gpioset is built without --interactive, which cases of the suite are about.
libgpiod_build() {
	local tool
	libgpiod=$1
	need_packages gcc libc6-dev libedit-dev
	libgpiod_source "$libgpiod"
	deb_unpack "$libgpiod/root" shunit2
	progress "building libgpiod"
	mkdir "$libgpiod"/{bin,objects}
	(cd "$libgpiod/objects" && libgpiod_cc -c ../source/lib/*.c && ar rc ../libgpiod.a ./*.o)
	for tool in "${libgpiod_tools[@]}"; do
		libgpiod_cc -DGPIOSET_INTERACTIVE "$libgpiod"/source/tools/{"$tool",tools-common}.c "$libgpiod/libgpiod.a" -ledit \
			-o "$libgpiod/bin/$tool"
	done
	rm -rf "$libgpiod/objects"
}

# libgpiod_get: sets libgpiod to where it is.
libgpiod_get() {
	local entry
	entry=libgpiod-$(sha256sum <"$top/tests/proof/libgpiod.sh" | cut -c1-8)
	cache_fill "$entry" libgpiod_build
	libgpiod=$(cache_dir)/$entry
	suite_version=$(<"$libgpiod/version")
}

# libgpiod_install FILES PROGRAM…: into the guest's /suite, with what they are linked to.
libgpiod_install() {
	local files=$1 library
	shift
	mkdir -p "$files"/{suite,lib,lib64}
	cp -L "$@" "$files/suite/"
	ldd "$@" | sed -nE 's/.*(=> |^[[:space:]]+)(\/[^ ]+) \(0x.*/\2/p' | sort -u | while IFS= read -r library; do
		case $library in
		*/ld-linux*) cp -L "$library" "$files/lib64/" ;;
		*) cp -L "$library" "$files/lib/" ;;
		esac
	done
}
