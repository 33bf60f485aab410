/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Names and values of a scenario: --set of the command line goes before "let" of the file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PARAMETERS_MAX	    64
#define PARAMETER_NAME_MAX  32
#define PARAMETER_VALUE_MAX 256

struct parameter {
	char name[PARAMETER_NAME_MAX];
	char value[PARAMETER_VALUE_MAX];
	bool given; /* on the command line */
	bool used;
};

struct parameters {
	struct parameter list[PARAMETERS_MAX];
	size_t n;
};

/* How long the name is that the text begins with: letters, digits and '_', no digit first. 0: there is none. */
size_t parameter_name_len(const char *text);
/* 0; -EINVAL: no name, or one or a value that is too long; -ENOSPC: there are too many. One that was given stays. */
int parameters_set(struct parameters *parameters, const char *name, size_t name_len, const char *value, bool given);
/* Its value, and it is used from now on. NULL: there is none. */
const char *parameters_use(struct parameters *parameters, const char *name, size_t name_len);
/* Those of the file are forgotten, and none is used: for the next file. */
void parameters_reset(struct parameters *parameters);
