# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The kernel's selftests of GPIO, and a User-Mode Linux of the same source with KASAN, built once, in the cache.

# shellcheck disable=SC2034,SC2154 # shared with scripts/proof

# shellcheck source=scripts/guest/backports.sh
. "$top/scripts/guest/backports.sh"
# shellcheck source=scripts/guest/source.sh
. "$top/scripts/guest/source.sh"

# The first Debian whose backports have these selftests.
kselftest_codename=trixie

# Lines that the build prints, for its progress.
kselftest_objects=1170

# kselftest_source DIR: the newest kernel's in DIR/tree.
kselftest_source() {
	local dir=$1 package
	backports_configure "$dir/apt" "$kselftest_codename"
	package=$(apt-cache "${backports[@]}" search --names-only '^linux-source-[0-9.]+$' | sed 's/ .*//' | sort -V | tail -n 1)
	[[ -n $package ]] || die "no source of Linux: ${apt_trouble:-$kselftest_codename has none}"
	deb_download "$dir/debs" "$package" -- "${backports[@]}"
	# Most of what is not compiled is left out; the Kconfig files are all needed.
	source_unpack "$dir/debs" "$package" "$dir/tree" \
		--exclude='*/Documentation/*/*' --exclude='*/arch/[!ux]*/*.[chS]' --exclude='*/arch/*.dts' --exclude='*.dtsi' \
		--exclude='*/drivers/gpu/*.[ch]' --exclude='*/drivers/media/*.[ch]' --exclude='*/drivers/net/*/*/*.[ch]' \
		--exclude='*/sound/*.[ch]'
	rm -rf "$dir/apt" "$dir/debs"
}

# kselftest_programs DIR: the programs of the suites, as they are; gpio-cdev-uaf on VirtIO by ./selftests.c.
kselftest_programs() {
	local dir=$1 from=$1/tree/tools/testing/selftests/gpio program
	mkdir "$dir/suite"
	cp "$from"/gpio-{cdev-uaf,aggregator}.sh "$dir/suite/"
	for program in gpio-{chip-info,line-name,mockup-cdev}; do
		gcc -static -O2 -o "$dir/suite/$program" "$from/$program.c"
	done
	gcc -static -O2 -Wl,--wrap={open,write,mkdir,rmdir} -o "$dir/suite/gpio-cdev-uaf" \
		"$from/gpio-cdev-uaf.c" "$top/tests/proof/selftests.c"
}

kselftest_build() {
	local dir=$1 option module
	local -a make=(make -C "$dir/tree" ARCH=um "-j$(nproc)")
	need_space 2500 "$(cache_dir)"
	say "building a User-Mode Linux with KASAN, once: about 4 minutes on 2 cores"
	kselftest_source "$dir"
	{
		"${make[@]}" tinyconfig
		cat "$top/tests/proof/selftests.config" >>"$dir/tree/.config"
		"${make[@]}" olddefconfig
	} >"$dir/log" 2>&1 || die "the kernel cannot be configured: $(tail -n 1 "$dir/log")"
	for option in KASAN=y KASAN_VMALLOC=y LKDTM=m GPIO_AGGREGATOR=m; do
		grep -q "^CONFIG_$option" "$dir/tree/.config" || die "CONFIG_$option did not survive the kernel's configuration"
	done
	"${make[@]}" linux modules 2>&1 | progress_count "compiling the User-Mode Linux kernel" "$kselftest_objects" "$dir/log" ||
		die "the kernel does not build: $(reason "$(<"$dir/log")")"
	kselftest_programs "$dir"
	strip -o "$dir/linux" "$dir/tree/linux"
	for module in gpio/gpio-aggregator misc/lkdtm/lkdtm; do
		strip --strip-debug -o "$dir/suite/${module##*/}.ko" "$dir/tree/drivers/$module.ko"
	done
	make -s -C "$dir/tree" ARCH=um kernelrelease >"$dir/release"
	rm -rf "$dir/tree"
}

# kselftest_get: sets kselftest to where it is.
kselftest_get() {
	local entry
	entry=kselftest-$(cat "$top"/tests/proof/{kselftest.sh,selftests.c,selftests.config} | sha256sum | cut -c1-8)
	need_packages "${guest_packages[@]}"
	cache_fill "$entry" kselftest_build
	kselftest=$(cache_dir)/$entry
	suite_version=$(<"$kselftest/release")
}
