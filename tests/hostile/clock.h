// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Time, by the PC's interval timer.
#pragma once

#include <stdbool.h>

void clock_start(void);

// Milliseconds since clock_start. To be asked at least every 50 ms, which every loop that waits does; a longer pause (the
// host's) is counted for less than it was.
unsigned clock_ms(void);

void clock_wait(unsigned ms);
