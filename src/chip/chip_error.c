/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What an error of a chip means. */
#include "chip/chip_error.h"

#include <errno.h>
#include <string.h>

/* ENOTSUPP is the kernel's own, and no number of user space: its GPIO drivers let it out. */
#define KERNEL_ENOTSUPP 524

const char *chip_strerror(int error)
{
	switch (error) {
	case -ENODEV:
		return "the chip is gone";
	case -EOPNOTSUPP:
	case -KERNEL_ENOTSUPP:
		return "not supported by the chip";
	default:
		return strerror(-error);
	}
}
