/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One way out for everything that went wrong. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void (*failure_handler)(const char *text);

void failure_set_handler(void (*handler)(const char *text))
{
	failure_handler = handler;
}

void failure(const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (failure_handler)
		failure_handler(text);
	fprintf(stderr, "%s\n", text);
	exit(1);
}
