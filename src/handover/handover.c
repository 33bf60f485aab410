/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What an earlier program has handed over. */
#include "handover/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/fd.h"
#include "base/log.h"
#include "ipc/wire_channel.h"
#include "process/fd_bundle.h"
#include "process/fd_limit.h"
#include "service/inherited_fd.h"

#define TAG		  "upgrade"
#define IMAGE_SEALS	  (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define WORKERS_TIMEOUT_S 2

int handover_memfd(const struct record_writer *image)
{
	int fd = memfd_create("handover", MFD_ALLOW_SEALING);
	size_t done = 0;
	int error;

	while (fd >= 0 && done < image->size) {
		ssize_t n = write(fd, image->bytes + done, image->size - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && done == image->size && fcntl(fd, F_ADD_SEALS, IMAGE_SEALS) == 0)
		return fd;
	error = errno;
	fd_close(&fd);
	return -error;
}

/* One that was left, as bytes. */
struct image {
	int fd;
	void *bytes; /* owned */
	struct handover_lists lists;
};

/* Nobody else can write what is sealed, and only a memfd can be. */
static int image_read(struct image *image, size_t *size)
{
	struct stat st;
	int seals = fcntl(image->fd, F_GET_SEALS);

	if (seals < 0 || (seals & IMAGE_SEALS) != IMAGE_SEALS || fstat(image->fd, &st) < 0 ||
	    st.st_size > HANDOVER_IMAGE_MAX)
		return -EBADMSG;
	*size = (size_t)st.st_size;
	image->bytes = malloc(*size + 1);
	if (!image->bytes)
		return -ENOMEM;
	return pread(image->fd, image->bytes, *size, 0) == st.st_size ? 0 : -EBADMSG;
}

static int image_open(struct image *image, int fd, struct why *why)
{
	size_t size;
	int ret;

	*image = (struct image){ .fd = fd };
	ret = image_read(image, &size);
	if (ret == 0)
		ret = handover_open(&image->lists, image->bytes, size);
	return ret < 0 ? why_fail(-ret, why, "%s",
				  ret == -ENOMEM ? strerror(ENOMEM) : "what it left is no handover image")
		       : 0;
}

static bool listener_is_good(int fd)
{
	enum inherited_fd_kind kind;
	struct why why;

	return fd < 0 || (inherited_fd_take(fd, &kind, &why) == 0 && kind == INHERITED_FD_LISTENING);
}

static bool socket_is_good(int fd, int type)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return fd < 0 || (getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len) == 0 && value == type);
}

static bool session_is_good(int fd, uint64_t size)
{
	int seals = fcntl(fd, F_GET_SEALS), needed = F_SEAL_GROW | F_SEAL_SHRINK;
	struct stat st;

	return seals >= 0 && (seals & needed) == needed && fstat(fd, &st) == 0 && (uint64_t)st.st_size == size;
}

static bool chip_is_good(int fd)
{
	struct stat st;

	return fd < 0 || (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode));
}

/* What an image cannot say: whether its fds are what it takes them for. Those stored for a worker are for it to check. */
static bool guest_is_good(const struct handover_guest *guest)
{
	bool good = listener_is_good(guest->listener.fd) && socket_is_good(guest->connected_fd, SOCK_STREAM) &&
		    socket_is_good(guest->channel_fd, SOCK_SEQPACKET) &&
		    session_is_good(guest->session_fd, guest->session_size);

	for (unsigned i = 0; i < guest->guest.n_chips && good; i++)
		good = chip_is_good(guest->guest.chips[i].found.fd);
	return good;
}

static int fds_check(const struct handover *handover, struct why *why)
{
	if (!listener_is_good(handover->control.fd))
		return why_fail(EBADF, why, "the control socket is none");
	for (unsigned i = 0; i < handover->n_guests; i++) {
		if (!guest_is_good(&handover->guests[i]))
			return why_fail(EBADF, why, "guest %s: its file descriptors are not what it takes them for",
					handover->guests[i].guest.name);
	}
	for (unsigned i = 0; i < handover->board.n_memories; i++) {
		const struct wire_memory *memory = &handover->board.memories[i];

		if (!session_is_good(memory->fd, WIRE_MEMORY_SIZE(memory->n_lines)))
			return why_fail(EBADF, why, "the memory of %s's wires is none", memory->guest);
	}
	return 0;
}

static bool is_our_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static bool child_is_gone(pid_t pid)
{
	pid_t ret = waitpid(pid, NULL, WNOHANG);

	return ret == pid || (ret < 0 && errno == ECHILD);
}

#define MOMENT_NS (10l * 1000 * 1000)

static bool child_await(pid_t pid, unsigned *moments)
{
	const struct timespec moment = { .tv_nsec = MOMENT_NS };

	for (; !child_is_gone(pid); (*moments)--) {
		if (*moments == 0)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

/* Asks all of them at once, waits for them together, and then kills. One that is stuck in the kernel is not waited for. */
static void children_end(const struct le32 *pids, size_t n)
{
	unsigned moments = WORKERS_TIMEOUT_S * 100, last_moments = WORKERS_TIMEOUT_S * 100;

	for (size_t i = 0; i < n; i++) {
		if (is_our_child((pid_t)le32_get(pids[i])))
			kill((pid_t)le32_get(pids[i]), SIGTERM);
	}
	for (size_t i = 0; i < n; i++) {
		pid_t pid = (pid_t)le32_get(pids[i]);

		if (child_await(pid, &moments))
			continue;
		kill(pid, SIGKILL);
		child_await(pid, &last_moments);
	}
}

/* Whoever comes to look finds the image where the line says: it stays open as long as this process lives. */
static void refusal_log(const struct image *image, const struct why *why)
{
	char where[80] = "";

	if (image->bytes && fcntl(image->fd, F_SETFD, FD_CLOEXEC) == 0)
		snprintf(where, sizeof(where), "; see --print-handover=/proc/%d/fd/%d", (int)getpid(), image->fd);
	log_error(TAG, "cannot take over from the program before: %s; its guests' sessions end%s", why->text, where);
}

/* Workers hold their lines themselves, so the fds may go first: nobody waits for a supervisor that does not listen. */
static void left_end(const struct handover_lists *lists)
{
	for (size_t i = 0; i < lists->n_fds; i++) {
		if (!le32_get(lists->fds[i].inherited))
			close((int)le32_get(lists->fds[i].fd));
	}
	children_end(lists->pids, lists->n_pids);
}

/* After exec the fds have their numbers, and are to be inherited no further. */
static int fds_keep(const struct handover_lists *lists, struct why *why)
{
	for (size_t i = 0; i < lists->n_fds; i++) {
		if (fcntl((int)le32_get(lists->fds[i].fd), F_SETFD, FD_CLOEXEC) < 0)
			return why_fail(EBADF, why, "fd %u is not open", le32_get(lists->fds[i].fd));
	}
	return 0;
}

static int image_take(struct handover *handover, int fd)
{
	struct image image;
	struct why why;
	int ret = image_open(&image, fd, &why);

	if (ret == 0)
		ret = handover_decode(&image.lists, NULL, handover, &why);
	if (ret == 0)
		ret = fds_keep(&image.lists, &why);
	if (ret == 0)
		ret = fds_check(handover, &why);
	if (ret == 0) {
		fd_close(&image.fd);
	} else {
		refusal_log(&image, &why);
		left_end(&image.lists);
		handover_deinit(handover);
	}
	free(image.bytes);
	return ret < 0 ? -EPROTO : 1;
}

int handover_take(struct handover *handover)
{
	const char *word = getenv(HANDOVER_VARIABLE);
	uint64_t number;
	int ret;

	*handover = (struct handover){ .n_guests = 0 };
	if (!word)
		return 0;
	ret = decimal_parse(word, INT_MAX, &number);
	if (ret < 0 || number <= STDERR_FILENO)
		log_error(TAG, HANDOVER_VARIABLE "=%s: not the number of a file descriptor", word);
	unsetenv(HANDOVER_VARIABLE);
	return ret < 0 || number <= STDERR_FILENO ? -EPROTO : image_take(handover, (int)number);
}

int handover_look(int image_fd, struct handover *handover, struct why *why)
{
	struct image image;
	int ret = image_open(&image, image_fd, why);

	*handover = (struct handover){ .n_guests = 0 };
	if (ret == 0)
		ret = handover_decode(&image.lists, NULL, handover, why);
	free(image.bytes);
	return ret;
}

int handover_store(const struct record_writer *image)
{
	struct handover_lists lists;
	int *fds;
	int ret = handover_open(&lists, image->bytes, image->size);

	if (ret < 0)
		return ret;
	fds = calloc(lists.n_fds + 1, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	fds[0] = handover_memfd(image);
	for (size_t i = 0; i < lists.n_fds; i++)
		fds[i + 1] = (int)le32_get(lists.fds[i].fd);
	ret = fds[0] < 0 ? fds[0] : fd_bundle_make(fds, lists.n_fds + 1);
	fd_close(&fds[0]);
	free(fds);
	return ret;
}

static int bundle_take(int bundle, int *fds, size_t n, struct why *why)
{
	int ret = fd_limit_raise(FD_LIMIT_BASE + n, why);

	if (ret < 0)
		return ret;
	ret = fd_bundle_take(bundle, fds, n);
	return ret < 0 ? why_fail(-ret, why, "its file descriptors: %s", strerror(-ret)) : 0;
}

/* With its fds, under their new numbers. */
static int stored_decode(struct handover *handover, const struct handover_lists *lists, int bundle, struct why *why)
{
	int *fds = calloc(lists->n_fds + 1, sizeof(*fds));
	int ret = fds ? bundle_take(bundle, fds, lists->n_fds, why) : why_fail(ENOMEM, why, "%s", strerror(ENOMEM));

	if (ret == 0) {
		ret = handover_decode(lists, fds, handover, why);
		if (ret == 0)
			ret = fds_check(handover, why);
		for (size_t i = 0; i < lists->n_fds && ret < 0; i++)
			fd_close(&fds[i]);
	}
	free(fds);
	return ret;
}

int handover_take_stored(struct handover *handover, int bundle)
{
	struct image image;
	struct why why;
	int fd = -1;
	int ret = fd_bundle_take(bundle, &fd, 1);

	*handover = (struct handover){ .n_guests = 0 };
	if (ret == -ENODATA)
		return 0;
	if (ret < 0)
		why_fail(-ret, &why, "%s", strerror(-ret));
	image = (struct image){ .fd = -1 };
	if (ret == 0)
		ret = image_open(&image, fd, &why);
	/* They had ended when it was stored: the numbers are others' now. */
	if (ret == 0 && image.lists.n_pids > 0)
		ret = why_fail(EBADMSG, &why, "it has processes");
	if (ret == 0)
		ret = stored_decode(handover, &image.lists, bundle, &why);
	if (ret == 0) {
		fd_close(&fd);
	} else {
		refusal_log(&image, &why);
		fd_bundle_drain(bundle);
		handover_deinit(handover);
	}
	free(image.bytes);
	return ret < 0 ? -EPROTO : 1;
}
