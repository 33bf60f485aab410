# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# The worked example examples/ci-button: one command, green, and red when the guest's program is broken.

# shellcheck disable=SC2154 # shared with the parts that ./run reads beside this one

frontend_button() {
	local dir=$1
	# Provided before: the seconds are those of a run.
	"$scripts/guest/uml" >"$dir/uml"
	"$scripts/guest/initramfs" "$dir/uml.cpio" >"$dir/tools"
	check 'examples/ci-button is green, in less than 30 s' button_green "$dir"
	check 'examples/ci-button is red when the program is broken, and shows why' button_red "$dir"
}

# button_run DIR STATUS [OPTION…]: its output is in DIR/said.
button_run() {
	local status=0 started=$SECONDS
	"$here/../../examples/ci-button/run" --out "$1/out" "${@:3}" >"$1/said" 2>&1 || status=$?
	cat "$1/said"
	expect 'the status' "$2" "$status" && ((SECONDS - started < 30))
}

button_green() {
	button_run "$1" 0 && expect 'the last line' 'ok 1 - button.scn' "$(tail -n 1 "$1/said")" &&
		grep -q 'tests="1" failures="0"' "$1/out/junit.xml" && [[ ! -e $1/out/button.vcd ]]
}

button_red() {
	button_run "$1" 1 --broken && grep -q '^# expected: expect ci.lamp=0 for 800ms' "$1/said" &&
		grep -q 'failures="1"' "$1/out/junit.xml" && grep -q 'var wire 1 [^ ]* lamp' "$1/out/button.vcd" &&
		[[ -s $1/out/guest.log ]]
}
