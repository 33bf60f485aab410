/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vhost-user messages: the table and the framing. */
#include "vhost/message/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/barrier.h"
#include "base/fault.h"
#include "base/peer_fd.h"
#include "base/scm.h"
#include "base/util.h"
#include "vhost/message/message_table.h"

/* The words of the table. */
#define NONE		   0, 0
#define EXACT(type)	   sizeof(struct vhost_user_##type), sizeof(struct vhost_user_##type)
#define FROM(type, member) offsetof(struct vhost_user_##type, member), sizeof(struct vhost_user_##type)
#define WITH(type, n)	   sizeof(struct vhost_user_##type), sizeof(struct vhost_user_##type) + (n)
#define NEEDS(feature)	   (1ull << VHOST_USER_PROTOCOL_F_##feature)
#define ALWAYS		   0

#define SPEC(id, handler, payload, fds_min, fds_max, reply, needs)                                                     \
	{ VHOST_USER_##id, #id, payload, fds_min, fds_max, MESSAGE_REPLY_##reply, needs },

static const struct message_spec specs[] = { MESSAGES(SPEC) };

#define LARGEST(min, max) max
#define FITS(id, handler, payload, fds_min, fds_max, reply, needs)                                                     \
	_Static_assert(LARGEST(payload) <= SESSION_RX_PAYLOAD_MAX, "the payload of " #id " fits");

MESSAGES(FITS)

const struct message_spec *message_spec_find(uint32_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		if (specs[i].id == id)
			return &specs[i];
	}
	return NULL;
}

void message_fds_close(struct message_fds *fds)
{
	for (size_t i = 0; i < fds->n; i++)
		peer_fd_close(&fds->fd[i]);
	fds->n = 0;
}

/* Nobody needs them any more: whoever closes them in the fd store is to find nothing in them. */
static void fds_shut(struct message_fds *fds)
{
	for (size_t i = 0; i < fds->n; i++)
		scm_shut(fds->fd[i]);
}

/* The header is complete: may a message like this be? */
static const char *header_check(const struct vhost_user_header *header, size_t n_fds)
{
	const struct message_spec *spec = message_spec_find(header->request);

	if ((header->flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION)
		return "not a vhost-user message of version 1";
	if (header->flags & VHOST_USER_REPLY)
		return "unexpected reply";
	if (!spec)
		return "unknown request";
	if (header->size < spec->min || header->size > spec->max)
		return "wrong payload size";
	if (n_fds < spec->fds_min || n_fds > spec->fds_max)
		return "wrong number of file descriptors";
	return NULL;
}

/* What was taken is counted. A process that dies in between leaves this to be done again, to the same end. */
static void settle(struct session_rx *rx)
{
	if (!rx->settling) {
		rx->have_next = rx->have + scm_noted(&rx->taken);
		if (rx->have == 0)
			rx->n_own = scm_noted_fds(&rx->taken) ? rx->n_fds : 0;
		compiler_barrier();
		rx->settling = 1;
		compiler_barrier();
	}
	rx->have = rx->have_next;
	compiler_barrier();
	rx->taken.call.msg_len = 0;
	compiler_barrier();
	rx->settling = 0;
}

static void fds_drop(struct session_rx *rx, const struct vhost_fd_store *fd_store)
{
	for (unsigned i = 0; i < rx->n_fds; i++)
		fd_store->drop(fd_store->ctx, vhost_fd_key(VHOST_FD_MESSAGE, i));
	rx->n_fds = 0;
}

/*
 * Looks at the start of a message, for its fds: they come with the first byte only. Returns the bytes that belong to
 * them, as scm_recv(). A look at a message without fds sees those of the next one that has some (Linux looks at one
 * packet too many): only when the bytes are taken it is known whose they are.
 */
static ssize_t fds_peek(int socket, struct session_rx *rx, size_t len, struct message_fds *fds,
			const struct vhost_fd_store *fd_store)
{
	uint8_t start[sizeof(rx->header)];
	size_t n_fds;
	ssize_t n;

	message_fds_close(fds);
	n = scm_recv(socket, start, len, fds->fd, MESSAGE_FDS_MAX, &n_fds, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return n;
	fds->n = n_fds;
	for (size_t i = 0; i < n_fds; i++) {
		if (scm_is_other_end(fds->fd[i], socket))
			return -ELOOP;
	}
	/* One that cannot be stored ends with this process, and the session with it. */
	for (size_t i = 0; i < n_fds; i++)
		fd_store->put(fd_store->ctx, vhost_fd_key(VHOST_FD_MESSAGE, i), fds->fd[i]);
	compiler_barrier();
	rx->n_fds = n_fds;
	if (n_fds > 0)
		fault_point(FAULT_MESSAGE_FDS_STORED);
	return n;
}

static int receive_error(ssize_t error, const char **why)
{
	if (error == -EAGAIN)
		return 0;
	*why = error == -EMFILE	 ? "unexpected file descriptors"
	       : error == -ELOOP ? "file descriptor of the connection itself"
				 : strerror((int)-error);
	return (int)error;
}

/* Takes up to len bytes, to where they belong. As message_receive(). */
static int receive_part(int socket, struct session_rx *rx, void *to, size_t len, struct message_fds *fds,
			const struct vhost_fd_store *fd_store, const char **why)
{
	bool first = rx->have == 0;
	ssize_t n = (ssize_t)len;

	if (first) {
		n = fds_peek(socket, rx, len, fds, fd_store);
		if (n < 0)
			return receive_error(n, why);
	}
	/* No more than was looked at: what came meanwhile may bring fds of its own. */
	n = scm_recv_noted(socket, &rx->taken, to, n, MSG_DONTWAIT);
	fault_point(FAULT_MESSAGE_TAKEN);
	if (n > 0 && scm_noted_fds(&rx->taken) && !first)
		n = -EMFILE;
	if (n < 0)
		return receive_error(n, why);
	if (n == 0) {
		*why = rx->have > 0 ? "closed in the middle of a message" : NULL;
		return -ECONNRESET;
	}
	settle(rx);
	if (rx->n_own == 0)
		message_fds_close(fds);
	return 1;
}

int message_receive(int socket, struct session_rx *rx, struct message_fds *fds, const struct vhost_fd_store *fd_store,
		    const char **why)
{
	const size_t header_len = sizeof(rx->header);
	int r = 1;

	if (rx->have < header_len) {
		r = receive_part(socket, rx, (char *)&rx->header + rx->have, header_len - rx->have, fds, fd_store, why);
		if (r <= 0 || rx->have < header_len)
			return r < 0 ? r : 0;
		*why = header_check(&rx->header, rx->n_own);
		if (*why)
			return -EPROTO;
		if (rx->header.size > 0)
			fault_point(FAULT_MESSAGE_HEADER);
	}
	if (rx->have < header_len + rx->header.size) {
		size_t have = rx->have - header_len;

		r = receive_part(socket, rx, rx->payload + have, rx->header.size - have, fds, fd_store, why);
		if (r <= 0)
			return r;
	}
	return message_is_complete(rx);
}

bool message_is_complete(const struct session_rx *rx)
{
	return rx->have >= sizeof(rx->header) && rx->have - sizeof(rx->header) == rx->header.size;
}

/* Its execution had begun. A process that dies in between leaves the attempt as it is, for the next one to judge. */
static void attempt_restore(struct session_rx *rx, bool blameless)
{
	if (rx->attempts == 0)
		return;
	rx->replayed = 1;
	compiler_barrier();
	rx->attempts -= blameless;
}

int message_restore(struct session_rx *rx, struct message_fds *fds, const struct vhost_fd_store *fd_store,
		    bool blameless)
{
	settle(rx);
	if (rx->have == 0) {
		/* The last one was over, or the next one not yet begun: then its fds are in the socket still. */
		message_done(rx, fds, fd_store);
		return 0;
	}
	if (rx->have >= sizeof(rx->header) &&
	    (header_check(&rx->header, rx->n_own) || rx->have - sizeof(rx->header) > rx->header.size))
		return -EPROTO;
	for (; fds->n < rx->n_own; fds->n++) {
		fds->fd[fds->n] = fd_store->take(fd_store->ctx, vhost_fd_key(VHOST_FD_MESSAGE, fds->n));
		if (fds->fd[fds->n] < 0)
			return -EBADF;
	}
	attempt_restore(rx, blameless);
	return 0;
}

/* have is first: from then on the rest is of no meaning. */
void message_done(struct session_rx *rx, struct message_fds *fds, const struct vhost_fd_store *fd_store)
{
	fds_shut(fds);
	rx->have = 0;
	compiler_barrier();
	fault_point(FAULT_MESSAGE_OVER);
	rx->executed = 0;
	rx->attempts = rx->replayed = 0;
	fds_drop(rx, fd_store);
	message_fds_close(fds);
}

void message_executed(struct session_rx *rx, struct session_tx *tx, const void *payload, uint32_t size, bool has_fd)
{
	const struct vhost_user_header header = {
		.request = rx->header.request,
		.flags = VHOST_USER_VERSION | VHOST_USER_REPLY,
		.size = size,
	};

	tx->len = payload ? sizeof(header) + size : 0;
	tx->has_fd = has_fd;
	memcpy(tx->bytes, &header, sizeof(header));
	if (payload)
		memcpy(tx->bytes + sizeof(header), payload, size);
	tx->sent.call.msg_len = 0;
	compiler_barrier();
	rx->executed = 1;
	compiler_barrier();
}

int message_reply(int socket, struct session_tx *tx, int fd)
{
	ssize_t n;

	if (tx->len == 0 || scm_noted(&tx->sent) > 0)
		return 0;
	n = scm_send_noted(socket, &tx->sent, tx->bytes, tx->len, &fd, fd >= 0, MSG_DONTWAIT);
	fault_point(FAULT_REPLY_SENT);
	if (n < 0)
		return (int)n;
	return (size_t)n == tx->len ? 0 : -EAGAIN;
}

bool message_reply_needs_fd(const struct session_tx *tx)
{
	return tx->has_fd && scm_noted(&tx->sent) == 0;
}
