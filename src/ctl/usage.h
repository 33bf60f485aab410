/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What vgpioctl says on stderr: one line, with its name before it. */
#pragma once

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
