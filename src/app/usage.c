/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the program says on stderr until it serves. */
#include "app/usage.h"

#include <stdio.h>

#include "base/text.h"
#include "options/cli.h"

void complain(const char *text)
{
	fprintf(stderr, "%s: ", PROGRAM_NAME);
	for (; *text; text++)
		fputc(text_as_line(*text), stderr);
	fputc('\n', stderr);
}

void complain_all(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		complain(findings->texts[i]);
}
