/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a client that monitors is told. */
#include "control/monitor.h"

#include "control/control_json.h"

void monitor_init(struct monitor *monitor, struct control_connection *connection, const struct worker_clients *guests)
{
	*monitor = (struct monitor){ .connection = connection, .missed.guests = guests };
}

static bool monitors_guest(const struct monitor *monitor, const struct worker_client *guest)
{
	return monitor->lines && line_selection_has_guest(monitor->lines, guest);
}

static void guests_watch(const struct monitor *monitor, void (*watch)(struct worker_client *guest))
{
	for (size_t i = 0; i < monitor->missed.guests->n; i++) {
		struct worker_client *guest = &monitor->missed.guests->guests[i];

		if (monitors_guest(monitor, guest))
			watch(guest);
	}
}

void monitor_deinit(struct monitor *monitor)
{
	guests_watch(monitor, worker_client_unwatch);
	monitor->lines = NULL;
	line_selection_deinit(&monitor->own);
	missed_deinit(&monitor->missed);
}

void monitor_begin(struct monitor *monitor, const struct line_selection *lines)
{
	monitor->lines = lines;
	guests_watch(monitor, worker_client_watch);
}

void monitor_settle(struct monitor *monitor, struct line_selection *lines)
{
	monitor->own = *lines;
	monitor->lines = &monitor->own;
	*lines = (struct line_selection){ .guests = NULL };
}

/* What it missed comes before what is new. */
static bool reads_too_slowly(const struct monitor *monitor)
{
	return monitor->missed.any || control_connection_waiting(monitor->connection) > CONTROL_STREAM_MAX;
}

void monitor_tell_line(struct monitor *monitor, const struct worker_client *guest,
		       const struct control_channel_reply *reply, enum control_edge edge)
{
	if (!monitor->lines || !line_selection_passed(monitor->lines, guest, reply->line))
		return;
	if (!reads_too_slowly(monitor))
		control_json_tell(monitor->connection, control_json_event("change", guest, reply, edge), 1, true);
	else if (!missed_add_line(&monitor->missed, guest, reply))
		control_connection_refuse_stream(monitor->connection);
}

void monitor_tell_guest(struct monitor *monitor, const struct worker_client *guest)
{
	if (!monitors_guest(monitor, guest))
		return;
	if (!reads_too_slowly(monitor))
		control_json_tell(monitor->connection, control_json_guest_event(guest, guest->told_ns), 1, true);
	else if (!missed_add(&monitor->missed, guest, 0))
		control_connection_refuse_stream(monitor->connection);
}

void monitor_tell_lost(struct monitor *monitor, const struct worker_client *guest, uint32_t n)
{
	if (!monitors_guest(monitor, guest))
		return;
	if (!reads_too_slowly(monitor))
		control_json_tell(monitor->connection, control_json_lost(guest, n), n, true);
	else if (!missed_add(&monitor->missed, guest, n))
		control_connection_refuse_stream(monitor->connection);
}

void monitor_catch_up(struct monitor *monitor)
{
	missed_tell(&monitor->missed, monitor->connection);
}
