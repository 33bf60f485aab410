/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What becomes of a guest's lines when its session ends with no worker that could see to it. */
#include "broker/idle_lines.h"

#include <errno.h>

#include "base/fd_kind.h"
#include "broker/line_broker.h"
#include "chip/chip_spec.h"
#include "worker/session_layout.h"

/* *fd: the line's request, or -1. An earlier program took what its workers said was one: a file may answer when it likes. */
static uint8_t idle_of(const struct guest *guest, struct fd_store *store, unsigned line, int *fd)
{
	const struct line_rules *rules = &guest->lines[line];
	const struct guest_chip *chip = &guest->chips[rules->chip];
	struct chip_line_info info;

	*fd = fd_store_find(store, session_layout_line_key(line));
	if (*fd >= 0 && fd_kind(*fd) == FD_KIND_OTHER)
		*fd = -1;
	if (rules->on_disconnect != LINE_IDLE_HOLD)
		return rules->on_disconnect;
	if (*fd < 0 || chip_found_line_info(&chip->spec, &chip->found, rules->offset, &info) < 0)
		return LINE_IDLE_RELEASED;
	return line_rules_idle_of_held(rules, info.direction);
}

/* By the request that is there, or, when that is none any more, a new one. */
static int line_configure(const struct guest *guest, struct fd_store *store, unsigned line, uint8_t idle, int fd)
{
	const struct line_rules *rules = &guest->lines[line];
	const struct chip_line_config config = line_rules_idle_config(rules, idle);

	if (fd >= 0 && chip_reconfigure_line(&guest->chips[rules->chip].spec, fd, &config) == 0)
		return 0;
	fd_store_remove(store, session_layout_line_key(line));
	return line_broker_request(guest, store, line, &config, &fd);
}

static void line_enter(const struct guest *guest, struct fd_store *store, unsigned line, struct log_limit *limit)
{
	const struct line_rules *rules = &guest->lines[line];
	const struct chip_spec *spec = &guest->chips[rules->chip].spec;
	int fd, ret;
	uint8_t idle = idle_of(guest, store, line, &fd);

	if (idle == LINE_IDLE_HOLD)
		return;
	ret = idle == LINE_IDLE_RELEASED ? 0 : line_configure(guest, store, line, idle, fd);
	/* A chip that is gone has no line to be worth a word. */
	if (ret < 0 && ret != -ENODEV)
		log_limited(limit, LOG_LEVEL_WARNING, guest->name, "line %u (%s line %u): %s: %s", line, spec->path,
			    rules->offset, line_rules_idle_words[idle], chip_strerror(ret));
	if (ret < 0 || idle == LINE_IDLE_RELEASED)
		fd_store_remove(store, session_layout_line_key(line));
}

void idle_lines_enter(const struct guest *guest, struct fd_store *store, struct log_limit *limit)
{
	for (unsigned line = 0; line < guest->n_lines; line++) {
		if (!chip_spec_is_sim(&guest->chips[guest->lines[line].chip].spec))
			line_enter(guest, store, line, limit);
	}
}
