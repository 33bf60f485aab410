/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The reason of a failure in words. */
#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>

int why_fail(int error, char *why, size_t why_size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, why_size, format, args);
	va_end(args);
	return -error;
}
