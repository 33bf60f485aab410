// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// The first serial port: lines to and from ./host.py.
#pragma once

#include <stdint.h>

void say(const char *text);
void say_hex(uint64_t value);
void say_number(unsigned value);

// The host's next line, without its end; waits for it. What does not fit is cut.
void console_read(char *line, unsigned size);

// host_do: `do WORDS` asks the host for something; returns when it has answered. Words: see ./host.py.
void host_do(const char *words);
