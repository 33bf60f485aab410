# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Checks and their TAP lines.

# shellcheck disable=SC2154 # tap_prefix and tap_dir are the caller's

tap_count=0
tap_failed=0
tap_skipped=0
# Why nothing more is tried, once that is so.
tap_stopped=

# check NAME COMMAND [ARG…]: one TAP line; what COMMAND printed follows if it failed.
check() {
	local name="$tap_prefix: $1" output=$tap_dir/check.out started=$EPOCHREALTIME
	shift
	tap_count=$((tap_count + 1))
	if [[ -n $tap_stopped ]]; then
		tap_failed=$((tap_failed + 1))
		printf 'not ok %d - %s\n#   not tried: %s\n' "$tap_count" "$name" "$tap_stopped"
	elif "$@" >"$output" 2>&1; then
		printf 'ok %d - %s\n' "$tap_count" "$name"
	else
		tap_failed=$((tap_failed + 1))
		printf 'not ok %d - %s\n' "$tap_count" "$name"
		sed 's/^/#   /' "$output"
	fi
	[[ -z ${E2E_TIMES:-} ]] || printf '# %d ms\n' $(((${EPOCHREALTIME/./} - ${started/./}) / 1000))
}

# last_words FILE: the one line that tells most of what a failed check printed: that of a panic, or the last.
last_words() {
	tr -d '\r' <"$1" | grep -aiE -m 1 'kernel panic|not syncing' || grep -a '[^[:space:]]' "$1" | tail -n 1 || true
}

# check_needed NAME COMMAND [ARG…]: a check without which the later ones make no sense: each of them has failed, for this
# reason (scripts/tally says it once).
check_needed() {
	local failed=$tap_failed words
	check "$@"
	[[ -z $tap_stopped && $tap_failed -gt $failed ]] || return 0
	words=$(last_words "$tap_dir/check.out")
	tap_stopped="not true that $1${words:+ ($words)}"
	printf '#   reason: %s\n#   logs: %s\n' "$tap_stopped" "$tap_dir/$tap_prefix"
}

# check_skip NAME REASON
check_skip() {
	tap_count=$((tap_count + 1))
	tap_skipped=$((tap_skipped + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$tap_prefix: $1" "$2"
}

# tap_end: the plan and a summary; false if anything failed.
tap_end() {
	printf '1..%d\n' "$tap_count"
	printf 'e2e: %d passed, %d failed, %d skipped\n' \
		$((tap_count - tap_failed - tap_skipped)) "$tap_failed" "$tap_skipped"
	[[ $tap_failed -eq 0 ]]
}

# expect WHAT WANTED GOT: the comparison of a check, which says what differs.
expect() {
	[[ $2 == "$3" ]] && return 0
	printf '%s: expected "%s", got "%s"\n' "$1" "$2" "$3"
	return 1
}

# For what must happen, on the slowest machine, in seconds: what is waited for, a command in a guest that waits, a boot.
# shellcheck disable=SC2034 # shared with the parts that ./run reads beside this one
wait_s=30 guest_s=90 boot_s=180

# wait_until COMMAND [ARG…]
wait_until() {
	local deadline=$((SECONDS + wait_s))
	until "$@"; do
		((SECONDS <= deadline)) || return 1
		sleep 0.02
	done
}
