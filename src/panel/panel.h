/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A panel of lines on the terminal: shown as they change, and driven by keys. */
#pragma once

/* These lines, or without words all. The exit status: 0, EXIT_FAILED, EXIT_USAGE. Said on stderr. */
int panel_run(const char *path, char *const *words, int n_words);
