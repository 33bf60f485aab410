/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The text is made from the fields alone: no code of the configuration takes part in it. */
#include "guest_config_text.h"

#include <stdarg.h>
#include <stdio.h>

static char text[GUEST_CONFIG_TEXT_MAX];
static size_t used;

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (used < sizeof(text))
		used += (size_t)vsnprintf(text + used, sizeof(text) - used, format, args);
	va_end(args);
}

static void add_line(const struct config_line *line)
{
	const struct line_rules *rules = &line->rules;

	if (line->by_name)
		add("\"%s\"", line->line_name);
	else if (line->first == line->last)
		add("%u", line->first);
	else
		add("%u-%u", line->first, line->last);
	if (line->renamed)
		add("=%s", line->name);
	add("%s%s%s%s%s", rules->no_output ? " !out" : "", rules->no_input ? " !in" : "",
	    rules->no_value ? " !value" : "", rules->no_irq ? " !irq" : "", rules->settings.active_low ? " low" : "");
	if (rules->settings.bias)
		add(" bias%u", rules->settings.bias);
	if (rules->settings.drive)
		add(" drive%u", rules->settings.drive);
	if (rules->settings.debounce_us)
		add(" %uus", rules->settings.debounce_us);
	if (rules->init)
		add(" init%u", rules->init);
	if (!line->safe_default)
		add(" away%u", rules->on_disconnect);
}

static void add_chip(const struct config_chip *chip)
{
	add("%c", "NPLS"[chip->kind]);
	if (chip->kind == CONFIG_CHIP_NUMBER)
		add("%u", chip->number);
	add("[%s]", chip->word);
	if (chip->whole)
		return;
	add("{");
	for (size_t i = 0; i < chip->n_lines; i++) {
		add("%s", i ? ":" : "");
		add_line(&chip->lines[i]);
	}
	add("}");
}

const char *guest_config_text(const struct guest_config *guest)
{
	used = 0;
	text[0] = '\0';
	if (guest->name[0])
		add("%s ", guest->name);
	if (guest->socket.path[0])
		add("%s ", guest->socket.path);
	if (guest->socket.alias[0])
		add("(%s) ", guest->socket.alias);
	if (guest->socket.fd >= 0)
		add("fd%d ", guest->socket.fd);
	if (guest->socket.has_mode)
		add("%o ", (unsigned)guest->socket.mode);
	if (guest->socket.has_group)
		add("gid%u ", (unsigned)guest->socket.group);
	if (guest->settings.iommu)
		add("iommu ");
	if (guest->settings.busy_poll_us)
		add("poll%u ", guest->settings.busy_poll_us);
	if (guest->sim)
		add("sim%u", guest->sim);
	for (unsigned i = 0; guest->sim_names && i < guest->sim; i++)
		add("%s%s", i ? "," : "(", guest->sim_names[i]);
	add("%s", guest->sim_names ? ") " : guest->sim ? " " : "");
	for (size_t i = 0; i < guest->n_chips; i++)
		add_chip(&guest->chips[i]);
	return text;
}
