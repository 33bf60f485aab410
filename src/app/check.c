/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --check: a table of what each guest would get. */
#include "app/check.h"

#include <string.h>

#include "base/text.h"
#include "config/attributes.h"

/* Names and labels are the chips' own: any bytes, which are not to reach a terminal. Padded to width. */
static void text_print(const char *text, int width, FILE *stream)
{
	int n = 0;

	for (; *text; text++, n++)
		fputc(text_as_line(*text), stream);
	for (; n < width; n++)
		fputc(' ', stream);
}

/* What was laid down for the line, in the words that the user would write it in. */
static void rules_write(const struct line_rules *rules, char *text, size_t size)
{
	const struct config_line line = { .rules = *rules, .safe_default = rules->on_disconnect == LINE_IDLE_RELEASED };
	char word[ATTRIBUTE_TEXT_MAX];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned index = 0; used < size && attributes_write(&line, &index, word);)
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "", word);
}

static void line_print(const struct guest *guest, unsigned line, FILE *stream)
{
	const struct line_rules *rules = &guest->lines[line];
	const struct guest_chip *chip = &guest->chips[rules->chip];
	struct chip_line_info info = { .used = false };
	char settings[ATTRIBUTES_TEXT_MAX];

	chip_found_line_info(&chip->spec, &chip->found, rules->offset, &info);
	fprintf(stream, "  %5u  %-20s %-18s %5u  ", line, rules->name[0] ? rules->name : "-", chip->spec.path,
		rules->offset);
	rules_write(rules, settings, sizeof(settings));
	text_print(info.name[0] ? info.name : "-", settings[0] ? 21 : 0, stream);
	fprintf(stream, "%s\n", settings);
}

static void guest_print(const struct guest *guest, FILE *stream)
{
	const struct guest_socket *socket = &guest->socket;

	fprintf(stream, "guest %s: %u line%s", guest->name, guest->n_lines, guest->n_lines == 1 ? "" : "s");
	if (socket->path[0])
		fprintf(stream, " on %s", socket->path);
	else if (socket->fd >= 0)
		fprintf(stream, " on fd %d", socket->fd);
	fputc('\n', stream);
	if (guest->n_lines > 0)
		fprintf(stream, "  %5s  %-20s %-18s %5s  %-20s %s\n", "LINE", "NAME", "CHIP", "LINE", "ITS NAME",
			"SETTINGS");
	for (unsigned i = 0; i < guest->n_lines; i++)
		line_print(guest, i, stream);
}

static void finding_print(const char *kind, const char *text, FILE *stream)
{
	fprintf(stream, "%s: ", kind);
	text_print(text, 0, stream);
	fputc('\n', stream);
}

static const char *line_name(const struct guests *guests, const struct wire_end *end)
{
	for (size_t i = 0; i < guests->n; i++) {
		if (strcmp(guests->guests[i].name, end->guest) == 0 && guests->guests[i].lines[end->line].name[0])
			return guests->guests[i].lines[end->line].name;
	}
	return "-";
}

static void wire_print(const struct guests *guests, const struct wire *wire, FILE *stream)
{
	fprintf(stream, "wire %s.%u %s %s.%u %s", wire->ends[0].guest, wire->ends[0].line,
		line_name(guests, &wire->ends[0]), wire->ends[1].guest, wire->ends[1].line,
		line_name(guests, &wire->ends[1]));
	if (wire->invert)
		fputs(" invert", stream);
	if (wire->delay_us > 0)
		fprintf(stream, " delay=%uus", wire->delay_us);
	fputc('\n', stream);
}

void check_print(const struct resolved *resolved, const struct wire_list *wires, FILE *stream)
{
	for (size_t i = 0; i < resolved->guests.n; i++)
		guest_print(&resolved->guests.guests[i], stream);
	for (unsigned i = 0; i < wires->n; i++)
		wire_print(&resolved->guests, &wires->wires[i], stream);
	for (size_t i = 0; i < resolved->notes.n; i++)
		finding_print("note", resolved->notes.texts[i], stream);
	for (size_t i = 0; i < resolved->conflicts.n; i++)
		finding_print("conflict", resolved->conflicts.texts[i], stream);
}
