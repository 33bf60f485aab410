/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Names and values of a scenario. */
#include "bench/parameters.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

size_t parameter_name_len(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *text >= '0' && *text <= '9' ? 0 : strspn(text, letters);
}

static struct parameter *parameter_find(struct parameters *parameters, const char *name, size_t len)
{
	for (size_t i = 0; i < parameters->n; i++) {
		struct parameter *parameter = &parameters->list[i];

		if (strlen(parameter->name) == len && memcmp(parameter->name, name, len) == 0)
			return parameter;
	}
	return NULL;
}

int parameters_set(struct parameters *parameters, const char *name, size_t name_len, const char *value, bool given)
{
	struct parameter *parameter = parameter_find(parameters, name, name_len);

	if (name_len == 0 || name_len >= PARAMETER_NAME_MAX || strlen(value) >= PARAMETER_VALUE_MAX)
		return -EINVAL;
	if (!parameter && parameters->n == PARAMETERS_MAX)
		return -ENOSPC;
	if (!parameter) {
		parameter = &parameters->list[parameters->n++];
		*parameter = (struct parameter){ .given = given };
		memcpy(parameter->name, name, name_len);
	} else if (parameter->given && !given) {
		parameter->used = true;
		return 0;
	}
	snprintf(parameter->value, sizeof(parameter->value), "%s", value);
	return 0;
}

const char *parameters_use(struct parameters *parameters, const char *name, size_t name_len)
{
	struct parameter *parameter = parameter_find(parameters, name, name_len);

	if (!parameter)
		return NULL;
	parameter->used = true;
	return parameter->value;
}

void parameters_reset(struct parameters *parameters)
{
	size_t n = 0;

	for (size_t i = 0; i < parameters->n; i++) {
		if (!parameters->list[i].given)
			continue;
		parameters->list[n] = parameters->list[i];
		parameters->list[n++].used = false;
	}
	parameters->n = n;
}
