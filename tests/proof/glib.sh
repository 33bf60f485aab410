# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# libgpiod's own suite of the library (gpiod-test), in a guest, with ./gpiosim.c in the place of libgpiosim.

# shellcheck disable=SC2034,SC2154 # shared with scripts/proof

# shellcheck source=tests/proof/guest.sh
. "$top/tests/proof/guest.sh"
# shellcheck source=tests/proof/libgpiod.sh
. "$top/tests/proof/libgpiod.sh"

suite_title="libgpiod's gpiod-test"

glib_build() {
	local out=$1 tests=$libgpiod/source/tests
	local -a glib
	need_packages libglib2.0-dev pkgconf
	read -ra glib < <(pkg-config --cflags --libs gio-2.0)
	libgpiod_cc '-DG_LOG_DOMAIN="gpiod-test"' -I"$tests"/{harness,gpiosim,gpiosim-glib} \
		"$tests"/*.c "$tests"/{harness,gpiosim-glib}/*.c "$top/tests/proof/gpiosim.c" \
		"$libgpiod/libgpiod.a" "${glib[@]}" -o "$out"
}

suite_run() {
	local dir=$1 case words=
	for case in "${@:2}"; do
		words+=" -p $case"
	done
	libgpiod_get
	glib_build "$dir/gpiod-test"
	libgpiod_install "$dir/files" "$dir/gpiod-test"
	proof_boot "$dir" "$dir/files"
	proof_show proof 300 "/suite/gpiod-test --tap$words 2>&1" | tee "$dir/output"
	proof_end "$dir"
	grep -q '^1\.\.' "$dir/output" || die "the suite did not come to its end"
	sed -nE 's/^((not )?ok) [0-9]+ ([^ ]+).*/\1 \3/p' "$dir/output" >"$dir/cases"
}
