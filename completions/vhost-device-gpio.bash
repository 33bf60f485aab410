# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Completion of vhost-device-gpio: options as --help has them.

_vhost_device_gpio() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words=
	COMPREPLY=()
	[[ $current != '=' ]] || current=
	[[ $previous != '=' ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}
	case $previous in
	--sandbox) words='on off auto' ;;
	--log-level) words='error warning info debug' ;;
	--make-safe) words=hold ;;
	--user) words=$(compgen -u) ;;
	--socket-group | --control-group) words=$(compgen -g) ;;
	--device-list | -l) words="s8 $(compgen -G '/dev/gpiochip*' | sed 's,^/dev/,,')" ;;
	--guest) words='name= socket= fd= socket-mode= socket-group= iommu= busy-poll= sim= names= lines=' ;;
	--socket-path | -s | --config | --control | --print-handover)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	*) words=$("${COMP_WORDS[0]}" --help 2>/dev/null | sed -nE 's/^  (-., |    )?(--[a-z-]+).*/\2/p') ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _vhost_device_gpio vhost-device-gpio
