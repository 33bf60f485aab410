/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Sockets, SCM_RIGHTS and the framing of vhost-user. */
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "failure.h"
#include "wait.h"

#define FDS_MAX 253 /* of one message: Linux takes no more */

static int socket_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		failure("socket: %s", strerror(errno));
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= (int)sizeof(address.sun_path))
		failure("%s: path too long", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

void connection_open(struct connection *connection, const char *path)
{
	uint64_t end_ms = clock_ms() + WAIT_MS;

	*connection = (struct connection){ .fd = socket_connect(path) };
	while (connection->fd < 0) {
		if (clock_ms() >= end_ms)
			failure("%s: nobody listens: %s", path, strerror(errno));
		sleep_ms(2);
		connection->fd = socket_connect(path);
	}
}

void connection_adopt(struct connection *connection, int fd)
{
	*connection = (struct connection){ .fd = fd };
}

void connection_close(struct connection *connection)
{
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
}

static ssize_t send_some(int fd, const void *data, size_t len, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n_fds > FDS_MAX)
		failure("%zu fds in one message", n_fds);
	if (n_fds) {
		struct cmsghdr *cmsg;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

bool connection_send_bytes(struct connection *connection, const void *data, size_t len, const int *fds, size_t n_fds)
{
	const char *at = data;

	while (len) {
		ssize_t n = send_some(connection->fd, at, len, fds, n_fds);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return false;
		if (n < 0)
			failure("sendmsg: %s", strerror(errno));
		at += n;
		len -= (size_t)n;
		n_fds = 0;
	}
	return true;
}

bool connection_send(struct connection *connection, uint32_t id, uint32_t flags, const void *payload, uint32_t size,
		     const int *fds, size_t n_fds)
{
	struct message message = { .header = { .id = id, .flags = VU_VERSION | flags, .size = size } };

	if (size > sizeof(message.payload))
		failure("payload of %u bytes", size);
	if (size)
		memcpy(message.payload, payload, size);
	return connection_send_bytes(connection, &message, sizeof(message.header) + size, fds, n_fds);
}

/* Up to len bytes; fewer only at end of file. */
static size_t receive_bytes(int fd, void *data, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n;

		if (!wait_readable(fd, WAIT_MS))
			failure("no answer: %zu of %zu bytes came", got, len);
		n = recv(fd, (char *)data + got, len - got, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			break;
		if (n > 0)
			got += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN)
			failure("recv: %s", strerror(errno));
	}
	return got;
}

/* The header, with which an fd may come (-1: none did). */
static size_t receive_header(int socket, struct vu_header *header, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = header, .iov_len = sizeof(*header) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *cmsg;
	ssize_t n;

	*fd = -1;
	if (!wait_readable(socket, WAIT_MS))
		failure("no answer");
	n = recvmsg(socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return 0;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return (size_t)n + receive_bytes(socket, (char *)header + n, sizeof(*header) - (size_t)n);
}

bool connection_receive_fd(struct connection *connection, struct message *message, int *fd)
{
	size_t got = receive_header(connection->fd, &message->header, fd);

	if (got == 0)
		return false;
	if (got < sizeof(message->header))
		failure("end of file inside a header");
	if (message->header.size > sizeof(message->payload))
		failure("reply with a payload of %u bytes", message->header.size);
	if (receive_bytes(connection->fd, message->payload, message->header.size) < message->header.size)
		failure("end of file inside a payload");
	return true;
}

bool connection_receive(struct connection *connection, struct message *message)
{
	bool received;
	int fd;

	received = connection_receive_fd(connection, message, &fd);
	if (fd >= 0)
		failure("message %u came with a file descriptor", message->header.id);
	return received;
}

bool connection_receive_reply(struct connection *connection, uint32_t id, void *payload, uint32_t size)
{
	struct message message;

	if (!connection_receive(connection, &message))
		return false;
	if (message.header.id != id || message.header.flags != (VU_VERSION | VU_REPLY) || message.header.size != size)
		failure("reply {%u, 0x%x, %u} instead of {%u, 0x5, %u}", message.header.id, message.header.flags,
			message.header.size, id, size);
	memcpy(payload, message.payload, size);
	return true;
}

enum outcome connection_receive_ack(struct connection *connection, uint32_t id)
{
	uint64_t value;

	if (!connection_receive_reply(connection, id, &value, sizeof(value)))
		return OUTCOME_CLOSED;
	return value ? OUTCOME_REFUSED : OUTCOME_OK;
}

bool connection_ends(struct connection *connection, int timeout_ms)
{
	char byte;
	ssize_t n;

	if (!wait_readable(connection->fd, timeout_ms))
		return false;
	n = recv(connection->fd, &byte, 1, MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno == ECONNRESET);
}

bool connection_silent(struct connection *connection, int timeout_ms)
{
	return !wait_readable(connection->fd, timeout_ms);
}
