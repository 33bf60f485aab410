/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* In place of panel.c, in a build without ncurses. */
#include "panel/panel.h"

#include "base/error.h"

int panel_run(const char *path, char *const *words, int n_words)
{
	error_print("panel is not supported by this build (made without ncurses)");
	return EXIT_USAGE;
}
