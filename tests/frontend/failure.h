/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * How the front-end gives up: a peer that does not answer in time or answers nonsense ends the test through the
 * handler that the test program set, so that the library needs no test framework.
 */
#pragma once

/* handler does not return. Without one failure() prints the text and exits with status 1. */
void failure_set_handler(void (*handler)(const char *text));

void failure(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
