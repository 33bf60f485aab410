/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The guest's first instructions: QEMU's -kernel jumps to what the note names, in 32-bit protected mode (Xen's PVH). */

	.section .note, "a", @note
	.balign 4
	.long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long entry

	.text
	.globl entry
entry:
	cld
	mov $stack_end, %esp
	call guest_main
1:	hlt
	jmp 1b

	.bss
	.balign 16
	.skip 65536
stack_end:

	.section .note.GNU-stack, "", @progbits
