# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Completion of vgpioctl: verbs and options as --help has them, guests and lines as the running daemon has them.

# The program that is being completed, with the control socket that is on its command line.
_vgpioctl_run() {
	local -a control=()
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--control) [[ ${COMP_WORDS[i + 1]} == '=' ]] && i=$((i + 1)) && control=(--control "${COMP_WORDS[i + 1]}") ||
			control=(--control "${COMP_WORDS[i + 1]}") ;;
		--control=*) control=(--control "${COMP_WORDS[i]#*=}") ;;
		esac
	done
	"${COMP_WORDS[0]}" "${control[@]}" "$@" 2>/dev/null
}

# The words of a help that are options, or verbs.
_vgpioctl_options() {
	_vgpioctl_run "$@" --help | sed -nE 's/^  (-., )?(--[a-z-]+).*/\2/p'
}

_vgpioctl_verbs() {
	_vgpioctl_run --help | sed -nE 's/^  ([a-z]+) .*/\1/p'
}

# The verb that is there already; words behind an option that takes a value are none.
_vgpioctl_verb() {
	local i verbs
	verbs=" $(_vgpioctl_verbs | tr '\n' ' ')"
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i - 1]} != --control && ${COMP_WORDS[i - 1]} != '=' && $verbs == *" ${COMP_WORDS[i]} "* ]]; then
			printf '%s' "${COMP_WORDS[i]}"
			return
		fi
	done
}

# What may follow the verb: lines, and where several may be meant, guests.
_vgpioctl_lines() {
	local -a lines
	mapfile -t lines < <(_vgpioctl_run info --names)
	((${#lines[@]} > 0)) || return 0
	case $1 in
	set | pull) printf '%s=\n' "${lines[@]}" ;;
	info | get | monitor) printf '%s\n' "${lines[@]}" "${lines[@]%%.*}" ;;
	*) printf '%s\n' "${lines[@]}" ;;
	esac
}

# Offers those that begin so, a line each, as they have to be typed. Not by compgen -W, which runs what is in them.
_vgpioctl_offer() {
	local word typed
	while IFS= read -r word; do
		printf -v typed %q "$word"
		[[ -n $word && ($typed == "$2"* || $word == "$2"*) ]] && COMPREPLY+=("$typed")
	done <<<"$1"
	return 0
}

_vgpioctl() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb words=
	COMPREPLY=()
	verb=$(_vgpioctl_verb)
	[[ $current != '=' ]] || { previous='=' current=; }
	if [[ $previous == '=' && $verb == set ]]; then
		words=$'0\n1'
	elif [[ $previous == '=' && $verb == pull ]]; then
		words=$'pull-up\npull-down'
	elif [[ $previous == --control || $previous == --junit || $previous == --record || $previous == --output ||
		$previous == -o || $previous == '=' || ($verb == run && $current != -*) ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	elif [[ $current == -* ]]; then
		words=$(_vgpioctl_options ${verb:+"$verb"})
	elif [[ -z $verb ]]; then
		words=$(_vgpioctl_verbs)
	else
		words=$(_vgpioctl_lines "$verb")
		[[ $verb != set && $verb != pull ]] || compopt -o nospace 2>/dev/null || true
	fi
	_vgpioctl_offer "$words" "$current"
}

complete -F _vgpioctl vgpioctl
