/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Text in the words of a peer or a user, made fit to be shown. */
#include "base/text.h"

void text_make_line(char *text)
{
	for (; *text; text++)
		*text = text_as_line(*text);
}

void text_make_ascii(char *text)
{
	for (; *text; text++)
		*text = text_as_ascii(*text);
}
