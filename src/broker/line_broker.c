/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Lines for workers: requested and stored by the supervisor. */
#include "broker/line_broker.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/scm.h"
#include "chip/chip_spec.h"
#include "worker/session_layout.h"

static const struct guest_chip *chip_of(const struct guest *guest, uint32_t line)
{
	return &guest->chips[guest->lines[line].chip];
}

/* Also an input with a value or an output with edges says that this is no worker of ours. */
static bool is_sound(const struct guest *guest, const struct supervisor_channel_request *request)
{
	if (request->line >= guest->n_lines || chip_spec_is_sim(&chip_of(guest, request->line)->spec) ||
	    request->reserved != 0)
		return false;
	if (request->type == SUPERVISOR_CHANNEL_LINE && request->direction == CHIP_DIRECTION_OUT)
		return request->value <= 1 && request->edges == CHIP_EDGE_NONE;
	if (request->type == SUPERVISOR_CHANNEL_LINE && request->direction == CHIP_DIRECTION_IN)
		return request->value == 0 && request->edges <= CHIP_EDGE_BOTH;
	return request->type == SUPERVISOR_CHANNEL_LINE_INFO && request->direction == 0 && request->value == 0 &&
	       request->edges == 0;
}

int line_broker_request(const struct guest *guest, struct fd_store *store, unsigned line,
			const struct chip_line_config *config, int *fd)
{
	const struct guest_chip *chip = chip_of(guest, line);
	char consumer[CHIP_NAME_MAX];
	int ret;

	guest_consumer(guest, consumer);
	ret = chip_request_line(&chip->spec, &chip->found, guest->lines[line].offset, consumer, config, fd);
	if (ret < 0)
		return ret;
	ret = fd_store_put(store, session_layout_line_key(line), *fd);
	if (ret < 0)
		fd_close(fd);
	return ret;
}

static int line_request(const struct guest *guest, struct fd_store *store,
			const struct supervisor_channel_request *request, int *fd)
{
	const struct chip_line_config config = { .direction = request->direction,
						 .value = request->value,
						 .edges = request->edges,
						 .settings = guest->lines[request->line].settings };

	return line_broker_request(guest, store, request->line, &config, fd);
}

static int line_look(const struct guest *guest, uint32_t line, struct supervisor_channel_reply *reply)
{
	const struct guest_chip *chip = chip_of(guest, line);
	struct chip_line_info info;
	int ret = chip_found_line_info(&chip->spec, &chip->found, guest->lines[line].offset, &info);

	if (ret < 0)
		return ret;
	memcpy(reply->name, info.name, sizeof(reply->name));
	memcpy(reply->consumer, info.consumer, sizeof(reply->consumer));
	reply->used = info.used;
	reply->direction = (uint8_t)info.direction;
	return 0;
}

/* A worker that is dying hears nothing, and its end comes by itself. One whose socket is full does not wait for replies. */
int line_broker_send(int channel, const struct supervisor_channel_reply *reply, int fd)
{
	ssize_t len = scm_send(channel, reply, sizeof(*reply), &fd, fd >= 0, MSG_DONTWAIT);

	if (len == -EPIPE || len == -ECONNRESET)
		return 0;
	return len == -EAGAIN ? -ENOBUFS : len < 0 ? (int)len : 0;
}

int line_broker_reply(const struct guest *guest, struct fd_store *store,
		      const struct supervisor_channel_request *request, int channel)
{
	struct supervisor_channel_reply reply = { .type = SUPERVISOR_CHANNEL_REPLY };
	int fd = -1;
	int ret;

	if (!is_sound(guest, request))
		return -EPROTO;
	reply.error = request->type == SUPERVISOR_CHANNEL_LINE ? line_request(guest, store, request, &fd)
							       : line_look(guest, request->line, &reply);
	ret = line_broker_send(channel, &reply, fd);
	/* Other workers may have used up what is under way of a user's fds (unix(7)): this one has not done it. */
	if (ret == -ETOOMANYREFS) {
		fd_store_remove(store, session_layout_line_key(request->line));
		reply.error = ret;
		ret = line_broker_send(channel, &reply, -1);
	}
	return ret;
}
