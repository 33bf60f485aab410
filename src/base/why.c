/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The reason of a failure in words. */
#include "base/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static void write(struct why *why, const char *where, const char *format, va_list args)
{
	struct why words; /* an argument may be the text that is there */
	int len = where ? snprintf(words.text, sizeof(words.text), "%s: ", where) : 0;

	if (len >= 0 && (size_t)len < sizeof(words.text))
		vsnprintf(words.text + len, sizeof(words.text) - (size_t)len, format, args);
	*why = words;
}

int why_fail(int error, struct why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write(why, NULL, format, args);
	va_end(args);
	return -error;
}

int why_at(struct why *why, const char *where, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write(why, where, format, args);
	va_end(args);
	return -EINVAL;
}
