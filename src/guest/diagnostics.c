/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A list of texts. */
#include "guest/diagnostics.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void findings_add(struct findings *findings, const char *format, ...)
{
	char **texts = realloc(findings->texts, (findings->n + 1) * sizeof(*texts));
	va_list args;
	int len;

	if (!texts) {
		findings->out_of_memory = true;
		return;
	}
	findings->texts = texts;
	va_start(args, format);
	len = vasprintf(&texts[findings->n], format, args);
	va_end(args);
	if (len < 0)
		findings->out_of_memory = true;
	else
		findings->n++;
}

void findings_deinit(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		free(findings->texts[i]);
	free(findings->texts);
	*findings = (struct findings){ .n = 0 };
}
