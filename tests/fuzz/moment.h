/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Instants inside of what the device does, at which something happens that an input chose: before it reads or writes the
 * guest's memory, looks where a ring lies, or returns a chain. Linked with --wrap for what that is, see meson.build.
 */
#pragma once

enum moment {
	MOMENT_READ, /* counts what reads tables and data only */
	MOMENT_ANY,
	MOMENTS,
};

/* fn is called at the nth from now; 0: never. */
void moment_set(enum moment moment, unsigned n, void (*fn)(void));
