/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What vgpioctl says on stderr. */
#include "ctl/usage.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

void complain(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_make_line(text);
	fprintf(stderr, "vgpioctl: %s\n", text);
}
