# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# hostile_build IMAGE: the guest's image, of the C compiler ${CC:-gcc} for x86.

hostile_build() {
	local here
	here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
	"${CC:-gcc}" -m32 -std=c17 -Os -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
		-mgeneral-regs-only -nostdlib -static -Wl,-T,"$here/guest.ld" -Wl,--build-id=none -Wl,--no-warn-rwx-segments "$here"/*.{c,S} -o "$1"
}
