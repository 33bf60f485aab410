/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * relay LISTEN TARGET: stands between a front-end and the daemon and passes on what each says, with its fds. Killed, it
 * cuts the connection under both of them, which live on. One connection at a time.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS_MAX	    16
#define HEADER_SIZE 12

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(addr.sun_path, path);
	return addr;
}

/* Sends all of it, the fds with the first byte. */
static int send_all(int to, char *data, size_t len, struct msghdr *with)
{
	while (len > 0) {
		struct iovec iov = { data, len };
		struct msghdr msg = { .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = with->msg_controllen ? with->msg_control : NULL,
				      .msg_controllen = with->msg_controllen };
		ssize_t n = sendmsg(to, &msg, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
		with->msg_controllen = 0;
	}
	return 0;
}

static void close_fds(struct msghdr *msg, size_t len)
{
	msg->msg_controllen = len;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			close(fd);
		}
	}
}

/* One message (vhost-user.rst, "Message format"): its fds come with its first byte, and go so. -1: one side is gone. */
static int pass(int from, int to)
{
	char data[65536], control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct iovec iov = { data, HEADER_SIZE };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	uint32_t size;
	size_t len;
	int r = -1;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC | MSG_WAITALL) != HEADER_SIZE)
		return -1;
	len = msg.msg_controllen;
	memcpy(&size, data + 8, sizeof(size));
	if (size <= sizeof(data) - HEADER_SIZE &&
	    (size == 0 || recv(from, data + HEADER_SIZE, size, MSG_WAITALL) == (ssize_t)size))
		r = send_all(to, data, HEADER_SIZE + size, &msg);
	close_fds(&msg, len);
	return r;
}

static void serve(int front_end, const char *target)
{
	struct sockaddr_un addr = address(target);
	struct pollfd fds[2] = { { front_end, POLLIN, 0 },
				 { socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), POLLIN, 0 } };

	if (connect(fds[1].fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
		for (int r = 0; r == 0;) {
			if (poll(fds, 2, -1) < 0)
				die("poll");
			for (int i = 0; i < 2 && r == 0; i++) {
				if (fds[i].revents)
					r = pass(fds[i].fd, fds[!i].fd);
			}
		}
	}
	close(fds[1].fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr;
	int listener;

	if (argc != 3) {
		fprintf(stderr, "usage: relay LISTEN TARGET\n");
		return 2;
	}
	addr = address(argv[1]);
	unlink(argv[1]);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(listener, 4) < 0)
		die(argv[1]);
	for (;;) {
		int front_end = accept(listener, NULL, NULL);

		if (front_end < 0)
			die("accept");
		serve(front_end, argv[2]);
		close(front_end);
	}
}
