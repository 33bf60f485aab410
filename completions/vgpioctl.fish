# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# Completion of vgpioctl: verbs and options as --help has them, guests and lines as the running daemon has them.

function __vgpioctl_run
	set -l control
	set -l words (commandline -opc)
	for i in (seq 2 (count $words))
		if test $words[$i] = --control; and test $i -lt (count $words)
			set control --control $words[(math $i + 1)]
		else if string match -q -- '--control=*' $words[$i]
			set control --control (string replace -- --control= '' $words[$i])
		end
	end
	command $words[1] $control $argv 2>/dev/null
end

function __vgpioctl_verbs
	__vgpioctl_run --help | string replace -rf '^  ([a-z]+) .*' '$1'
end

function __vgpioctl_verb
	set -l verbs (__vgpioctl_verbs)
	set -l before
	for word in (commandline -opc)[2..]
		if test "$before" != --control; and contains -- $word $verbs
			echo $word
			return
		end
		set before $word
	end
	return 1
end

function __vgpioctl_words
	set -l verb (__vgpioctl_verb)
	if string match -q -- '-*' (commandline -ct)
		__vgpioctl_run $verb --help | string replace -rf '^  (-., )?(--[a-z-]+).*' '$2'
		return
	else if test -z "$verb"
		__vgpioctl_verbs
		return
	end
	set -l lines (__vgpioctl_run info --names)
	switch $verb
		case run
			__fish_complete_path (commandline -ct)
		case set
			string replace -r '$' '=0' -- $lines
			string replace -r '$' '=1' -- $lines
		case pull
			string replace -r '$' '=pull-up' -- $lines
			string replace -r '$' '=pull-down' -- $lines
		case info get monitor
			printf '%s\n' $lines (string replace -r '\..*' '' -- $lines | sort -u)
		case '*'
			printf '%s\n' $lines
	end
end

complete -c vgpioctl -f -a '(__vgpioctl_words)'
complete -c vgpioctl -l control -r -F
