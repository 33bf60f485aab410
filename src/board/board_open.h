/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From words to a board: lines are looked up, then watched. */
#pragma once

#include "board/board.h"

/*
 * The lines of these words, each its own number; all lines when n is 0. False: board->why, and which is the number of the
 * word, or SIZE_MAX. The link outlives the board, which is to be closed in any case.
 */
bool board_open(struct board *board, struct link *link, const char *const *words, size_t n, size_t *which);
/* Idempotent, also of one that is all zeroes. */
void board_close(struct board *board);
