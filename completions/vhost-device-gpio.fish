# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# Completion of vhost-device-gpio: options as --help has them.

function __vhost_device_gpio_options
	set -l words (commandline -opc)
	command $words[1] --help 2>/dev/null | string replace -rf '^  (-., |    )?(--[a-z-]+).*' '$2'
end

complete -c vhost-device-gpio -f -a '(__vhost_device_gpio_options)'
complete -c vhost-device-gpio -l sandbox -x -a 'on off auto'
complete -c vhost-device-gpio -l log-level -x -a 'error warning info debug'
complete -c vhost-device-gpio -l make-safe -f -a hold
complete -c vhost-device-gpio -l user -x -a '(__fish_complete_users)'
complete -c vhost-device-gpio -l socket-group -x -a '(__fish_complete_groups)'
complete -c vhost-device-gpio -l control-group -x -a '(__fish_complete_groups)'
complete -c vhost-device-gpio -s l -l device-list -x -a 's8 (path basename /dev/gpiochip* 2>/dev/null)'
complete -c vhost-device-gpio -l guest -x -a 'name= socket= fd= socket-mode= socket-group= iommu= busy-poll= sim= names= lines='
complete -c vhost-device-gpio -s s -l socket-path -r -F
complete -c vhost-device-gpio -l config -r -F
complete -c vhost-device-gpio -l control -r -F
complete -c vhost-device-gpio -l print-handover -r -F
