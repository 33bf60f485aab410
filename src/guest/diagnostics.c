/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A list of texts. */
#include "guest/diagnostics.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void diagnostics_add(struct diagnostics *diagnostics, const char *format, ...)
{
	char **texts = realloc(diagnostics->texts, (diagnostics->n + 1) * sizeof(*texts));
	va_list args;
	int len;

	if (!texts) {
		diagnostics->out_of_memory = true;
		return;
	}
	diagnostics->texts = texts;
	va_start(args, format);
	len = vasprintf(&texts[diagnostics->n], format, args);
	va_end(args);
	if (len < 0)
		diagnostics->out_of_memory = true;
	else
		diagnostics->n++;
}

void diagnostics_deinit(struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->n; i++)
		free(diagnostics->texts[i]);
	free(diagnostics->texts);
	*diagnostics = (struct diagnostics){ .n = 0 };
}
