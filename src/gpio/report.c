/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the lines say: failures to the log, changes and interrupts to their host. */
#include "gpio/report.h"

#include <errno.h>

#include "chip/chip.h"

void report_failure(struct lines *lines, uint16_t line, const char *operation, int error)
{
	const char *name = lines->rules[line].name;
	struct chip_line_info info;
	bool held = error == -EBUSY && chip_line_info(lines->chip, line, &info) == 0 && info.consumer[0];
	char where[128];

	chip_line_where(lines->chip, line, where, sizeof(where));
	log_limited(&lines->log_limit, LOG_LEVEL_WARNING, lines->tag, "line %u%s%s%s (%s): %s: %s%s%s%s", line,
		    *name ? " \"" : "", name, *name ? "\"" : "", where, operation, chip_strerror(error),
		    held ? " (held by \"" : "", held ? info.consumer : "", held ? "\")" : "");
}

void report_change(struct lines *lines, uint16_t line)
{
	if (lines->host.changed)
		lines->host.changed(lines->host.changed_ctx, line);
}

void report_irq(struct lines *lines, uint16_t line, enum irq_action action)
{
	if (action == IRQ_FIRE || action == IRQ_INVALID)
		lines->host.irq(lines->host.irq_ctx, line, action);
}
