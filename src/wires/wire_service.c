/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Who is told of which wires, and when. */
#include "wires/wire_service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"

#define TAG "wires"
/* Until a worker that does not read is told once more. */
#define RETRY_NS (100ull * 1000 * 1000)

/* The guests as they are now. -ENOMEM. To be freed. */
static int guests_list(const struct wire_service *service, struct wire_guests *guests)
{
	size_t n = service->count(service->ctx);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	const struct guest **list = calloc(n + 1, sizeof(*list));

	*guests = (struct wire_guests){ list, list ? n : 0 };
	for (size_t i = 0; i < guests->n; i++)
		list[i] = service->target(service->ctx, i).guest;
	return list ? 0 : -ENOMEM;
}

static void guests_free(struct wire_guests *guests)
{
	free((void *)guests->guests);
}

void wire_service_deinit(struct wire_service *service)
{
	if (!service->loop)
		return;
	loop_timer_del(&service->retry);
	wire_board_deinit(&service->board);
}

void wire_service_take(struct wire_service *service, struct wire_board *board)
{
	service->board = *board;
	*board = (struct wire_board){ .n_bells = 0 };
}

/* Whether there is, or ever was, anything to say to this worker. */
static bool is_concerned(const struct wire_service *service, const struct wire_target *target)
{
	return target->channel >= 0 && (service->board.nets.n > 0 || *target->told != WIRES_NEVER);
}

static void again(struct loop_timer *timer)
{
	struct wire_service *service = container_of(timer, struct wire_service, retry);
	size_t n = service->count(service->ctx);

	for (size_t i = 0; i < n; i++) {
		if (*service->target(service->ctx, i).told == WIRES_UNKNOWN)
			wire_service_tell(service, i);
	}
}

/* A worker that is gone has a successor, who is told; one that does not read is told later. All else somebody is to mend. */
static void told_not(struct wire_service *service, const struct guest *guest, int error)
{
	if (error == -EPIPE || error == -ECONNRESET)
		return;
	if (error != -EAGAIN)
		log_limited(&service->limit, LOG_LEVEL_ERROR, TAG, "%s cannot be told of its wires: %s", guest->name,
			    strerror(-error));
	loop_timer_set(service->loop, &service->retry, RETRY_NS, 0, again);
}

static void tell(struct wire_service *service, const struct wire_guests *guests, size_t guest)
{
	struct wire_target target = service->target(service->ctx, guest);
	int ret = 0;

	if (is_concerned(service, &target))
		ret = wire_board_tell(&service->board, guests, (uint32_t)guest, target.channel, target.told);
	if (ret < 0)
		told_not(service, target.guest, ret);
}

static bool is_empty(const struct wire_service *service)
{
	return service->board.nets.n == 0;
}

void wire_service_tell(struct wire_service *service, size_t guest)
{
	struct wire_guests guests = { .n = 0 };

	if (is_empty(service) || guests_list(service, &guests) == 0)
		tell(service, &guests, guest);
	guests_free(&guests);
}

void wire_service_settle(struct wire_service *service)
{
	struct wire_guests guests;
	struct why why = { .text = "out of memory" };
	int ret = guests_list(service, &guests);
	bool listed = ret == 0;

	if (listed)
		ret = wire_board_settle(&service->board, &guests, &why);
	if (ret < 0)
		log_error(TAG, "no lines are joined: %s", why.text);
	for (size_t i = 0; i < guests.n; i++)
		tell(service, &guests, i);
	/* What earlier wires had would be in the way of the next ones. */
	if (listed && ret < 0)
		wire_board_close(&service->board);
	guests_free(&guests);
}

static bool wire_same(const struct wire *a, const struct wire *b)
{
	bool same = a->invert == b->invert && a->delay_us == b->delay_us && a->configured == b->configured;

	for (unsigned i = 0; i < 2 && same; i++)
		same = a->ends[i].line == b->ends[i].line && strcmp(a->ends[i].guest, b->ends[i].guest) == 0;
	return same;
}

static bool list_same(const struct wire_list *a, const struct wire_list *b)
{
	bool same = a->n == b->n;

	for (unsigned i = 0; i < a->n && same; i++)
		same = wire_same(&a->wires[i], &b->wires[i]);
	return same;
}

/* Its wires into next, as far as they can be. */
static void wires_move(struct wire_list *next, const struct wire_list *from, bool configured,
		       const struct wire_guests *guests)
{
	struct why why;

	for (unsigned i = 0; i < from->n; i++) {
		const struct wire_end *ends = from->wires[i].ends;

		if (from->wires[i].configured == configured && wire_list_add(next, guests, &from->wires[i], &why) < 0)
			log_warning(TAG, "%s.%u and %s.%u are not joined: %s", ends[0].guest, ends[0].line,
				    ends[1].guest, ends[1].line, why.text);
	}
}

bool wire_service_configure(struct wire_service *service, struct wire_list *list)
{
	struct wire_list next = { .n = 0 };
	struct wire_guests guests;
	bool changed = false;

	if (guests_list(service, &guests) == 0) {
		wires_move(&next, list, true, &guests);
		wires_move(&next, &service->board.list, false, &guests);
		changed = !list_same(&next, &service->board.list);
		wire_list_deinit(&service->board.list);
		service->board.list = next;
	}
	guests_free(&guests);
	wire_list_deinit(list);
	wire_service_settle(service);
	return changed;
}

/* Requests */

static int request_read(const struct wire_guests *guests, const struct control_channel_wire *request, struct wire *wire,
			struct why *why)
{
	*wire = (struct wire){ .invert = request->invert, .delay_us = request->delay_us };
	for (unsigned i = 0; i < 2; i++) {
		if (request->guests[i] >= guests->n)
			return why_fail(ENOENT, why, "no such guest");
		memcpy(wire->ends[i].guest, guests->guests[request->guests[i]]->name, sizeof(wire->ends[i].guest));
		wire->ends[i].line = request->lines[i];
	}
	if (request->invert > 1 || request->delay_us > WIRE_DELAY_MAX_US)
		return why_fail(EINVAL, why, "no such wire");
	return 0;
}

/* What is refused, or cannot be made, leaves all as it is. */
static int request_do(struct wire_service *service, const struct wire_guests *guests,
		      const struct control_channel_wire *request, struct why *why)
{
	struct wire_board *board = &service->board;
	struct wire wire;
	int ret = request_read(guests, request, &wire, why);

	if (ret == 0 && request->unwire)
		ret = wire_list_remove(&board->list, guests, wire.ends, why);
	else if (ret == 0)
		ret = wire_list_add(&board->list, guests, &wire, why);
	if (ret < 0)
		return ret;
	ret = wire_board_settle(board, guests, why);
	if (ret < 0 && !request->unwire) {
		struct why same;

		board->list.n--;
		wire_board_settle(board, guests, &same);
		return ret;
	}
	return 0;
}

void wire_service_request(struct wire_service *service, const struct control_channel_wire *request,
			  struct control_channel_wired *reply)
{
	struct wire_guests guests;
	struct why why = { .text = "out of memory" };
	int ret = guests_list(service, &guests);

	*reply = (struct control_channel_wired){ .id = request->id };
	if (ret == 0)
		ret = request_do(service, &guests, request, &why);
	reply->error = ret;
	if (ret < 0)
		snprintf(reply->why, sizeof(reply->why), "%.*s", (int)sizeof(reply->why) - 1, why.text);
	for (size_t i = 0; i < guests.n && ret == 0; i++)
		tell(service, &guests, i);
	guests_free(&guests);
}

struct control_channel_wire *wire_service_list(const struct wire_service *service, size_t *n)
{
	struct control_channel_wire *wires = calloc(service->board.list.n + 1, sizeof(*wires));
	struct wire_guests guests;

	*n = 0;
	if (!wires || service->board.list.n == 0 || guests_list(service, &guests) < 0)
		return wires;
	for (unsigned i = 0; i < service->board.list.n; i++) {
		const struct wire *wire = &service->board.list.wires[i];
		int a = wire_guest_find(&guests, wire->ends[0].guest),
		    b = wire_guest_find(&guests, wire->ends[1].guest);

		if (a < 0 || b < 0)
			continue;
		wires[(*n)++] = (struct control_channel_wire){ .guests = { (uint32_t)a, (uint32_t)b },
							       .lines = { wire->ends[0].line, wire->ends[1].line },
							       .delay_us = wire->delay_us,
							       .invert = wire->invert };
	}
	guests_free(&guests);
	return wires;
}
