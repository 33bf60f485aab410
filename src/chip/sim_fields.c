/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The members of struct sim_line, by which a program of another layout takes it over: see base/fields.h. */
#include "chip/sim_fields.h"

#include "base/util.h"
#include "chip/sim_line.h"

#define L(member) FIELD_MUST(struct sim_line, member)

static const struct field fields[] = {
	L(role),
	L(value),
	L(edges),
	L(outside),
	L(pull),
	L(active_low),
	L(bias),
	L(drive),
	L(debounce_us),
	L(settled),
	FIELD_MAY(struct sim_line, wired),
	FIELD_MAY(struct sim_line, conflicts),
	L(changed_ns),
};

const struct field_part sim_line_part = {
	.name = "sim-line", .fields = fields, .n_fields = ARRAY_SIZE(fields), .stride = sizeof(struct sim_line)
};
