/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What an error of a chip means. */
#pragma once

/* In words. error is -errno, also one that only the kernel knows by name. */
const char *chip_strerror(int error);
