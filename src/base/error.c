/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a program says on stderr. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

static const char *name = "";

void error_init(const char *program)
{
	name = program;
}

void error_print(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_make_line(text);
	fprintf(stderr, "%s: %s\n", name, text);
}
