/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The body of a handover image. */
#include "handover/handover_body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE	sizeof(((struct handover_file *)0)->path)
#define DESCRIPTION_MAX (16u << 20)
/* Pieces are aligned to 8. Another size is another format: count HANDOVER_VERSION up. */
#define SIZE_IS(s, n) _Static_assert(sizeof(struct s) == (n) && (n) % 8 == 0, "the format of the image")

SIZE_IS(handover_frame, 72);
SIZE_IS(handover_fd, 8);
SIZE_IS(handover_daemon, 272);
SIZE_IS(handover_chip, 168);
SIZE_IS(handover_line, 56);
SIZE_IS(handover_stored_fd, 8);
SIZE_IS(handover_guest, 624);

/* Where the next piece begins. */
struct reader {
	const char *at;
	size_t n_left;
};

/* n structs of this size; NULL: there are not that many. */
static const void *piece_take(struct reader *reader, size_t size, size_t n)
{
	const void *piece = reader->at;

	if (size > 0 && n > reader->n_left / size)
		return NULL;
	size = (size * n + 7) & ~(size_t)7;
	if (size > reader->n_left)
		return NULL;
	reader->at += size;
	reader->n_left -= size;
	return piece;
}

/* A string that ends within its array, shorter than max, and of characters that one may print. */
static bool text_check(const char *text, size_t size, size_t max)
{
	size_t len = strnlen(text, size);

	if (len >= size || len >= max)
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	}
	return true;
}

static bool path_check(const char *path)
{
	return text_check(path, PATH_SIZE, SOCKET_PATH_SIZE);
}

static bool listener_check(const struct handover_listener *listener)
{
	return path_check(listener->socket.path) && path_check(listener->alias.path) && listener->fd >= -1 &&
	       (listener->fd >= 0 || (!listener->socket.path[0] && !listener->alias.path[0]));
}

static bool chip_check(const struct handover_chip *chip)
{
	return text_check(chip->path, sizeof(chip->path), CHIP_PATH_MAX) &&
	       strnlen(chip->label, sizeof(chip->label)) < sizeof(chip->label) && chip->simulated <= 1 &&
	       chip->by_label <= !chip->simulated && chip->n_lines >= 1 && chip->n_lines <= CHIP_LINES_MAX &&
	       chip->fd >= -1 && (chip->fd >= 0) == !chip->simulated;
}

static bool line_check(const struct handover_guest_parts *parts, const struct handover_line *line)
{
	return text_check(line->name, sizeof(line->name), CHIP_NAME_MAX) && line->chip < parts->guest->n_chips &&
	       line->offset < parts->chips[line->chip].n_lines && line->active_low <= 1 &&
	       line->bias <= CHIP_BIAS_PULL_DOWN && line->drive <= CHIP_DRIVE_OPEN_SOURCE && line->no_output <= 1 &&
	       line->no_input <= 1 && line->no_value <= 1 && line->no_irq <= 1 && line->init < LINE_IDLE_HOLD &&
	       line->on_disconnect <= LINE_IDLE_HOLD;
}

static bool process_check(const struct handover_guest *guest)
{
	if (guest->pid < 0 || guest->next_death >= CHILD_DEATHS_MAX || guest->one_off > 1 || guest->has_end > 1 ||
	    guest->done > 1 || guest->restarting > 1 || guest->inherited > 1 || guest->iommu > 1)
		return false;
	/* A worker that the channel was taken from is on its way out, and may still run. */
	return guest->pid > 0 ? !guest->done : guest->channel_fd < 0 && !guest->restarting;
}

static bool guest_check(const struct handover_guest *guest)
{
	return text_check(guest->name, sizeof(guest->name), GUEST_NAME_MAX) && guest->name[0] &&
	       path_check(guest->socket_path) && path_check(guest->socket_alias) && listener_check(&guest->listener) &&
	       guest->connected_fd >= -1 && guest->channel_fd >= -1 && guest->session_fd >= 0 &&
	       guest->session_size > 0 && guest->session_size <= INT64_MAX && process_check(guest) &&
	       guest->n_chips >= 1 && guest->n_chips <= GUEST_CHIPS_MAX && guest->n_lines >= 1 &&
	       guest->n_lines <= CHIP_LINES_MAX && guest->description_size >= 1 &&
	       guest->description_size <= DESCRIPTION_MAX;
}

static bool parts_check(const struct handover_guest_parts *parts)
{
	const struct handover_guest *guest = parts->guest;

	for (uint32_t i = 0; i < guest->n_chips; i++) {
		if (!chip_check(&parts->chips[i]))
			return false;
	}
	for (uint32_t i = 0; i < guest->n_lines; i++) {
		if (!line_check(parts, &parts->lines[i]))
			return false;
	}
	for (uint32_t i = 0; i < guest->n_stored_fds; i++) {
		if (parts->stored_fds[i].fd < 0 || (i > 0 && parts->stored_fds[i - 1].key >= parts->stored_fds[i].key))
			return false;
	}
	return strnlen(parts->description, guest->description_size) == guest->description_size - 1;
}

static bool guest_parse(struct reader *reader, struct handover_guest_parts *parts)
{
	const struct handover_guest *guest = parts->guest = piece_take(reader, sizeof(*guest), 1);

	if (!guest || !guest_check(guest))
		return false;
	parts->chips = piece_take(reader, sizeof(*parts->chips), guest->n_chips);
	parts->lines = piece_take(reader, sizeof(*parts->lines), guest->n_lines);
	parts->stored_fds = piece_take(reader, sizeof(*parts->stored_fds), guest->n_stored_fds);
	parts->description = piece_take(reader, 1, guest->description_size);
	return parts->chips && parts->lines && parts->stored_fds && parts->description && parts_check(parts);
}

static bool name_is_new(const struct handover *handover, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(handover->guests[i].guest->name, handover->guests[n].guest->name) == 0)
			return false;
	}
	return true;
}

int handover_body_parse(struct handover *handover, const void *body, size_t size)
{
	struct reader reader = { body, size };
	const struct handover_daemon *daemon = piece_take(&reader, sizeof(*daemon), 1);

	if (!daemon || daemon->n_guests > GUESTS_MAX || daemon->control_pid < 0 || !listener_check(&daemon->control))
		return -EBADMSG;
	handover->guests = calloc(daemon->n_guests + 1, sizeof(*handover->guests));
	if (!handover->guests)
		return -ENOMEM;
	handover->daemon = daemon;
	for (uint32_t i = 0; i < daemon->n_guests; i++) {
		if (!guest_parse(&reader, &handover->guests[i]) || !name_is_new(handover, i))
			return -EBADMSG;
	}
	return reader.n_left == 0 ? 0 : -EBADMSG;
}

static int guest_visit(const struct handover_guest_parts *parts, int (*visit)(void *ctx, const int32_t *fd), void *ctx)
{
	const struct handover_guest *guest = parts->guest;
	const int32_t *fixed[] = { &guest->listener.fd, &guest->connected_fd, &guest->session_fd, &guest->channel_fd };
	int ret = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && ret >= 0; i++)
		ret = visit(ctx, fixed[i]);
	for (uint32_t i = 0; i < guest->n_chips && ret >= 0; i++)
		ret = visit(ctx, &parts->chips[i].fd);
	for (uint32_t i = 0; i < guest->n_stored_fds && ret >= 0; i++)
		ret = visit(ctx, &parts->stored_fds[i].fd);
	return ret;
}

int handover_body_visit(const struct handover *handover, int (*visit)(void *ctx, const int32_t *fd), void *ctx)
{
	int ret = visit(ctx, &handover->daemon->control.fd);

	for (uint32_t i = 0; i < handover->daemon->n_guests && ret >= 0; i++)
		ret = guest_visit(&handover->guests[i], visit, ctx);
	return ret;
}

int handover_body_visit_pids(const struct handover *handover, int (*visit)(void *ctx, const int32_t *pid), void *ctx)
{
	int ret = visit(ctx, &handover->daemon->control_pid);

	for (uint32_t i = 0; i < handover->daemon->n_guests && ret >= 0; i++)
		ret = visit(ctx, &handover->guests[i].guest->pid);
	return ret;
}
