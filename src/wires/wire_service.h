/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Wires of guests that are served: they follow guests and workers that come and go, the configuration, and requests. */
#pragma once

#include "base/log.h"
#include "ipc/control_channel.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "wires/wire_board.h"

/* A guest, and whom to tell. */
struct wire_target {
	const struct guest *guest;
	int channel;	/* to its worker; -1: there is none that could be told */
	uint64_t *told; /* of it, see wire_board.h */
};

struct wire_service {
	struct loop *loop;
	/* The guests that there are, by numbers from 0 on. */
	size_t (*count)(void *ctx);
	struct wire_target (*target)(void *ctx, size_t guest);
	void *ctx;
	struct wire_board board; /* owned */
	struct loop_timer retry;
	struct log_limit limit;
};

void wire_service_deinit(struct wire_service *service);
/* Takes over what an earlier program had, or the list of the configuration. */
void wire_service_take(struct wire_service *service, struct wire_board *board);
/* Guests came or went, or the list is another one. What cannot be is logged. */
void wire_service_settle(struct wire_service *service);
/* A worker came: the guest's, by number; what its session says of wires need not be so any more. */
void wire_service_tell(struct wire_service *service, size_t guest);
/*
 * The configuration has these wires now, and the guests are those that it says: those that it had before go, those that
 * somebody asked for stay where they can. list is taken over. Returns whether anything changed.
 */
bool wire_service_configure(struct wire_service *service, struct wire_list *list);
/* Somebody asks for a wire, or to take one out. */
void wire_service_request(struct wire_service *service, const struct control_channel_wire *request,
			  struct control_channel_wired *reply);
/* The list, by the numbers of the guests: n of them, to be freed. NULL: no memory. */
struct control_channel_wire *wire_service_list(const struct wire_service *service, size_t *n);
