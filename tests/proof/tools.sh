# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# libgpiod's gpio-tools-test.bash on the tools of the same source, in a guest.

# shellcheck disable=SC2034,SC2154 # shared with scripts/proof

# shellcheck source=tests/proof/guest.sh
. "$top/tests/proof/guest.sh"
# shellcheck source=tests/proof/libgpiod.sh
. "$top/tests/proof/libgpiod.sh"

suite_title="libgpiod's gpio-tools-test.bash"

tools_files() {
	local files=$1
	libgpiod_install "$files" "${libgpiod_tools[@]/#/$libgpiod/bin/}" "$(type -P bash)" "$(type -P timeout)"
	cp "$libgpiod/root/usr/share/shunit2/shunit2" "$libgpiod/source/tools/gpio-tools-test.bash" "$files/suite/"
	cp "$libgpiod/source/tests/scripts/gpiod-bash-test-helper.inc" "$files/suite/upstream.inc"
	cp "$top/tests/proof/tools.inc" "$files/suite/gpiod-bash-test-helper.inc"
}

suite_run() {
	local dir=$1
	[[ $# -eq 1 ]] || set -- "$dir" -- "${@:2}"
	libgpiod_get
	tools_files "$dir/files"
	proof_boot "$dir" "$dir/files"
	proof_show proof 1500 "cd /suite && SHUNIT_COLOR=none PATH=/suite:\$PATH bash gpio-tools-test.bash ${*:2} 2>&1" |
		tee "$dir/output"
	proof_end "$dir"
	grep -q '^Ran [0-9]* test' "$dir/output" || die "the suite did not come to its end"
	# A case's name is followed by what went wrong in it.
	awk '
		/^test_/ { if (name) print verdict, name; name = $1; verdict = "ok" }
		/^ASSERT:|^shunit2:ERROR|returned non-zero/ { verdict = "not ok" }
		/^Ran / { if (name) print verdict, name; name = "" }
	' "$dir/output" >"$dir/cases"
}
