/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The options of vgpioctl's command line. */
#pragma once

#include "ctl/call.h"

enum options_end {
	OPTIONS_TAKEN, /* the words that are left begin at optind */
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_WRONG, /* said */
};

enum options_end options_take(struct call *call, int argc, char **argv);
/* Whether the verb of this name takes those that were given: bits of enum call_option. False: said. */
bool options_fit(const struct call *call, const char *verb, unsigned options);
/* Those that are given by bits, with what each does. */
void options_print(unsigned options);
