/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The fixture of tests that resolve words: chips of a fake kernel stand in a directory of the test's own, which is "DIR" in
 * every text, in place of /dev. DIR/gpiochip0 and DIR/again are one chip, DIR/gpiochip1 another, DIR/file is none.
 */
#pragma once

#include "rows.h"

#include "guest/resolve.h"
#include "unit/chip/fake_kernel.h"

/* Minor numbers of the two chips, for kernel.labels. */
#define CHIP_0 3
#define CHIP_1 5

struct resolve_fixture {
	char directory[32];
	struct guest_configs configs;
	struct resolved resolved;
	struct resolve_params params;
	bool every_chip_is_another; /* however alike */
};

extern struct resolve_fixture fixture;

int resolve_fixture_up(void **state);
int resolve_fixture_down(void **state);
#define RESOLVE_TEST(fn) cmocka_unit_test_setup_teardown(fn, resolve_fixture_up, resolve_fixture_down)

/* Resolves guests, a word of --guest each; the result is fixture.resolved. */
int resolve_words(const char *const *words, size_t n);
#define RESOLVE(...)                                                                                                   \
	resolve_words((const char *const[]){ __VA_ARGS__ },                                                            \
		      sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* All texts, each with a newline. In a buffer that the next call reuses. */
const char *findings_text(const struct diagnostics *diagnostics);
/* The guest's lines: "s4.0=dummy0 DIR/gpiochip0.3= ". */
const char *lines_text(const struct guest *guest);
/* Puts DIR in the place of the directory. */
const char *directory_hidden(const char *text);
