/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The body of a handover image: which member is which record.
 *
 * A row that is added is to have a 0 that means what was before. It is a must when a program that does not know it would
 * serve the guest as somebody has not meant it to be served: all that the user wrote down is. What is only told, or can be
 * found out anew, is none. A record's name is never used for anything else again.
 */
#include "handover/handover_tables.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "chip/chip_spec.h"
#include "ipc/wire_channel.h"

#define MUST		RECORD_MUST
#define DESCRIPTION_MAX (16u << 20)

#define NUMBER(NAME, STRUCT, MEMBER, MAX)      RECORD_ROW(NAME, RECORD_NUMBER, 0, STRUCT, MEMBER, MAX)
#define MUST_NUMBER(NAME, STRUCT, MEMBER, MAX) RECORD_ROW(NAME, RECORD_NUMBER | MUST, 0, STRUCT, MEMBER, MAX)
#define FD(NAME, FLAGS, STRUCT, MEMBER)	       RECORD_ROW(NAME, RECORD_FD | MUST, FLAGS, STRUCT, MEMBER, 0)
#define PID(NAME, STRUCT, MEMBER)	       RECORD_ROW(NAME, RECORD_PID | MUST, 0, STRUCT, MEMBER, 0)
#define LINE(NAME, FLAGS, STRUCT, MEMBER)      RECORD_ROW(NAME, RECORD_TEXT | MUST, RECORD_LINE | (FLAGS), STRUCT, MEMBER, 0)
#define TABLE(STRUCT, ROWS, FINISH)                                                                                    \
	{                                                                                                              \
		.rows = (ROWS), .n = ARRAY_SIZE(ROWS), .size = sizeof(struct STRUCT), .finish = (FINISH)               \
	}

static bool refuse(struct why *why, const char *word)
{
	why_fail(EBADMSG, why, "%s", word);
	return false;
}

/* What was made in the file system. */
static const struct record_row file_rows[] = {
	LINE("path", 0, own_file, path),
	MUST_NUMBER("device", own_file, dev, UINT64_MAX),
	MUST_NUMBER("inode", own_file, ino, UINT64_MAX),
};
static const struct record_table file_table = TABLE(own_file, file_rows, NULL);

static bool listener_finish(void *object, struct why *why)
{
	const struct listener *listener = object;

	return listener->fd >= 0 || (!listener->socket.path[0] && !listener->alias.path[0]) ||
	       refuse(why, "files without a socket");
}

static const struct record_row listener_rows[] = {
	FD("fd", 0, listener, fd),
	RECORD_GROUP_ROW("socket", MUST, listener, socket, &file_table),
	RECORD_GROUP_ROW("alias", MUST, listener, alias, &file_table),
};
static const struct record_table listener_table = TABLE(listener, listener_rows, listener_finish);

/* A chip without an fd is a simulated one. */
static bool chip_finish(void *object, struct why *why)
{
	struct guest_chip *chip = object;
	const struct chip_spec spec = chip->spec;
	unsigned n_lines = chip->found.n_lines;

	if (n_lines == 0)
		return refuse(why, "no lines");
	if (chip->found.fd >= 0)
		chip_spec_path(spec.path, &chip->spec); /* fits: it did */
	else
		chip_spec_sim(n_lines, &chip->spec);
	chip->spec.by_label = spec.by_label;
	chip->found.state_size = chip_state_size(&chip->spec, n_lines);
	return chip->found.fd >= 0 || !spec.by_label || refuse(why, "simulated, but with a label");
}

static const struct record_row chip_rows[] = {
	LINE("path", 0, guest_chip, spec.path),
	FD("fd", 0, guest_chip, found.fd),
	MUST_NUMBER("lines", guest_chip, found.n_lines, CHIP_LINES_MAX),
	NUMBER("by-label", guest_chip, spec.by_label, 1),
	RECORD_ROW("label", RECORD_TEXT, 0, guest_chip, found.label, 0),
	NUMBER("device", guest_chip, found.rdev, UINT64_MAX),
};
static const struct record_table chip_table = TABLE(guest_chip, chip_rows, chip_finish);

static const struct record_row line_rows[] = {
	LINE("name", 0, line_rules, name),
	MUST_NUMBER("chip", line_rules, chip, UINT16_MAX),
	MUST_NUMBER("offset", line_rules, offset, UINT32_MAX),
	MUST_NUMBER("active-low", line_rules, settings.active_low, 1),
	MUST_NUMBER("bias", line_rules, settings.bias, CHIP_BIAS_PULL_DOWN),
	MUST_NUMBER("drive", line_rules, settings.drive, CHIP_DRIVE_OPEN_SOURCE),
	MUST_NUMBER("debounce-us", line_rules, settings.debounce_us, UINT32_MAX),
	MUST_NUMBER("no-output", line_rules, no_output, 1),
	MUST_NUMBER("no-input", line_rules, no_input, 1),
	MUST_NUMBER("no-value", line_rules, no_value, 1),
	MUST_NUMBER("no-irq", line_rules, no_irq, 1),
	MUST_NUMBER("init", line_rules, init, LINE_IDLE_OUTPUT_HIGH),
	MUST_NUMBER("on-disconnect", line_rules, on_disconnect, LINE_IDLE_HOLD),
};
static const struct record_table line_table = TABLE(line_rules, line_rows, NULL);

static const struct record_row stored_rows[] = {
	MUST_NUMBER("key", fd_store_entry, key, UINT32_MAX),
	FD("fd", RECORD_NEEDED, fd_store_entry, fd),
};
static const struct record_table stored_table = TABLE(fd_store_entry, stored_rows, NULL);

static const struct record_row death_rows[] = {
	NUMBER("at-ns", handover_death, at_ns, UINT64_MAX),
};
static const struct record_table death_table = TABLE(handover_death, death_rows, NULL);

static bool lines_check(const struct guest *guest, struct why *why)
{
	for (unsigned i = 0; i < guest->n_lines; i++) {
		const struct line_rules *line = &guest->lines[i];

		if (line->chip >= guest->n_chips || line->offset >= guest->chips[line->chip].found.n_lines) {
			why_fail(EBADMSG, why, "line %u: of no chip", i);
			return false;
		}
	}
	return guest->n_lines > 0 || refuse(why, "no lines");
}

static bool process_check(const struct handover_guest *guest)
{
	/* A worker that the channel was taken from is on its way out, and may still run. */
	return guest->pid > 0 ? !guest->done : guest->channel_fd < 0 && !guest->restarting;
}

static bool guest_finish(void *object, struct why *why)
{
	struct handover_guest *guest = object;

	guest->guest.socket.fd = -1;
	if (guest->inherited)
		guest->guest.socket.fd = guest->listener.fd >= 0 ? guest->listener.fd : guest->connected_fd;
	for (unsigned i = 1; i < guest->n_stored; i++) {
		if (guest->stored[i - 1].key >= guest->stored[i].key)
			return refuse(why, "stored: keys in disorder");
	}
	if (!guest->guest.name[0])
		return refuse(why, "name: empty");
	if (guest->session_size == 0)
		return refuse(why, "session-size: 0");
	if (guest->session_form.n_parts > 0 && guest->session_form.size != guest->session_size)
		return refuse(why, "session-form: of another size");
	if (!process_check(guest))
		return refuse(why, "a process that cannot be in such a state");
	return lines_check(&guest->guest, why);
}

static const struct record_row guest_rows[] = {
	LINE("name", RECORD_NEEDED, handover_guest, guest.name),
	LINE("socket-path", 0, handover_guest, guest.socket.path),
	LINE("socket-alias", 0, handover_guest, guest.socket.alias),
	MUST_NUMBER("socket-has-mode", handover_guest, guest.socket.has_mode, 1),
	MUST_NUMBER("socket-mode", handover_guest, guest.socket.mode, 0777),
	MUST_NUMBER("socket-has-group", handover_guest, guest.socket.has_group, 1),
	MUST_NUMBER("socket-group", handover_guest, guest.socket.group, UINT32_MAX),
	MUST_NUMBER("socket-inherited", handover_guest, inherited, 1),
	MUST_NUMBER("iommu", handover_guest, guest.settings.iommu, 1),
	MUST_NUMBER("busy-poll-us", handover_guest, guest.settings.busy_poll_us, BUSY_POLL_MAX_US),
	RECORD_LIST_ROW("chip", MUST, handover_guest, guest.chips, guest.n_chips, GUEST_CHIPS_MAX, &chip_table),
	RECORD_LIST_ROW("line", MUST, handover_guest, guest.lines, guest.n_lines, CHIP_LINES_MAX, &line_table),
	RECORD_GROUP_ROW("listener", MUST, handover_guest, listener, &listener_table),
	FD("connected-fd", 0, handover_guest, connected_fd),
	FD("session-fd", RECORD_NEEDED, handover_guest, session_fd),
	MUST_NUMBER("session-size", handover_guest, session_size, PTRDIFF_MAX),
	RECORD_GROUP_ROW("session-form", MUST, handover_guest, session_form, &memory_form_table),
	RECORD_LIST_ROW("stored", MUST, handover_guest, stored, n_stored, UINT32_MAX, &stored_table),
	FD("channel-fd", 0, handover_guest, channel_fd),
	PID("pid", handover_guest, pid),
	MUST_NUMBER("one-off", handover_guest, one_off, 1),
	MUST_NUMBER("has-end", handover_guest, has_end, 1),
	MUST_NUMBER("done", handover_guest, done, 1),
	MUST_NUMBER("restarting", handover_guest, restarting, 1),
	NUMBER("drops", handover_guest, drops, UINT32_MAX),
	RECORD_LIST_ROW("death", 0, handover_guest, deaths, n_deaths, CHILD_DEATHS_MAX, &death_table),
	RECORD_ROW("description", RECORD_TEXT, RECORD_OWNED | RECORD_NEEDED, handover_guest, description,
		   DESCRIPTION_MAX),
	RECORD_REST_ROW(handover_guest, rest),
};
static const struct record_table guest_table = TABLE(handover_guest, guest_rows, guest_finish);

static const struct record_row wire_rows[] = {
	LINE("from", RECORD_NEEDED, wire, ends[0].guest),
	MUST_NUMBER("from-line", wire, ends[0].line, CHIP_LINES_MAX - 1),
	LINE("to", RECORD_NEEDED, wire, ends[1].guest),
	MUST_NUMBER("to-line", wire, ends[1].line, CHIP_LINES_MAX - 1),
	MUST_NUMBER("invert", wire, invert, 1),
	MUST_NUMBER("delay-us", wire, delay_us, WIRE_DELAY_MAX_US),
	MUST_NUMBER("configured", wire, configured, 1),
};

static bool wire_finish(void *object, struct why *why)
{
	const struct wire *wire = object;

	return (wire->ends[0].guest[0] && wire->ends[1].guest[0]) || refuse(why, "of no guest");
}

static const struct record_table wire_table = TABLE(wire, wire_rows, wire_finish);

static const struct record_row memory_rows[] = {
	LINE("guest", RECORD_NEEDED, wire_memory, guest),
	MUST_NUMBER("lines", wire_memory, n_lines, CHIP_LINES_MAX),
	FD("fd", RECORD_NEEDED, wire_memory, fd),
};

static bool memory_finish(void *object, struct why *why)
{
	const struct wire_memory *memory = object;

	return memory->n_lines > 0 || refuse(why, "no lines");
}

static const struct record_table memory_table = TABLE(wire_memory, memory_rows, memory_finish);

static const struct record_row bell_rows[] = {
	LINE("from", RECORD_NEEDED, wire_bell, from),
	LINE("to", RECORD_NEEDED, wire_bell, to),
	FD("fd", RECORD_NEEDED, wire_bell, fd),
};
static const struct record_table bell_table = TABLE(wire_bell, bell_rows, NULL);

static bool handover_finish(void *object, struct why *why)
{
	const struct handover *handover = object;

	for (unsigned i = 0; i < handover->n_guests; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (strcmp(handover->guests[i].guest.name, handover->guests[j].guest.name) == 0)
				return refuse(why, "two guests of one name");
		}
	}
	return true;
}

static const struct record_row handover_rows[] = {
	RECORD_ROW("program", RECORD_TEXT, RECORD_LINE, handover, program, 0),
	RECORD_GROUP_ROW("control", MUST, handover, control, &listener_table),
	PID("control-pid", handover, control_pid),
	RECORD_LIST_ROW("guest", MUST, handover, guests, n_guests, GUESTS_MAX, &guest_table),
	RECORD_LIST_ROW("wire", MUST, handover, board.list.wires, board.list.n, WIRES_MAX, &wire_table),
	RECORD_LIST_ROW("wire-memory", MUST, handover, board.memories, board.n_memories, GUESTS_MAX, &memory_table),
	RECORD_LIST_ROW("wire-bell", MUST, handover, board.bells, board.n_bells, WIRE_BELLS_MAX, &bell_table),
};
const struct record_table handover_table = TABLE(handover, handover_rows, handover_finish);
