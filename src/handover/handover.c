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
#include "process/fd_bundle.h"
#include "process/fd_limit.h"
#include "service/inherited_fd.h"

#define TAG		  "upgrade"
#define IMAGE_SEALS	  (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define WORKERS_TIMEOUT_S 2

int handover_memfd(const struct handover_writer *image)
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

/* The whole of it. Nobody else can write what is sealed, and only a memfd can be. */
static int image_read(int fd, void **bytes, size_t *size)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	ssize_t n;

	if (seals < 0 || (seals & IMAGE_SEALS) != IMAGE_SEALS || fstat(fd, &st) < 0 || st.st_size > HANDOVER_IMAGE_MAX)
		return -EBADMSG;
	*size = (size_t)st.st_size;
	*bytes = malloc(*size + 1);
	if (!*bytes)
		return -ENOMEM;
	n = pread(fd, *bytes, *size, 0);
	return n == st.st_size ? 0 : -EBADMSG;
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

static bool chip_is_good(const struct handover_chip *chip)
{
	struct stat st;

	return chip->simulated || (fstat(chip->fd, &st) == 0 && S_ISCHR(st.st_mode));
}

/* What an image cannot say: whether its fds are what it takes them for. Those stored for a worker are for it to check. */
static int guest_check(const struct handover_guest_parts *parts)
{
	const struct handover_guest *guest = parts->guest;

	if (!listener_is_good(guest->listener.fd) || !socket_is_good(guest->connected_fd, SOCK_STREAM) ||
	    !socket_is_good(guest->channel_fd, SOCK_SEQPACKET) ||
	    !session_is_good(guest->session_fd, guest->session_size))
		return -EBADF;
	for (uint32_t i = 0; i < guest->n_chips; i++) {
		if (!chip_is_good(&parts->chips[i]))
			return -EBADF;
	}
	return 0;
}

static int fds_check(const struct handover *handover)
{
	int ret = 0;

	for (size_t i = 0; i < handover->n_fds; i++) {
		if (fcntl(handover->fds[i].fd, F_SETFD, FD_CLOEXEC) < 0)
			return -EBADF;
	}
	if (!listener_is_good(handover->daemon->control.fd))
		return -EBADF;
	for (uint32_t i = 0; i < handover->daemon->n_guests && ret == 0; i++)
		ret = guest_check(&handover->guests[i]);
	return ret;
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
static void children_end(const int32_t *pids, size_t n)
{
	unsigned moments = WORKERS_TIMEOUT_S * 100, last_moments = WORKERS_TIMEOUT_S * 100;

	for (size_t i = 0; i < n; i++) {
		if (is_our_child(pids[i]))
			kill(pids[i], SIGTERM);
	}
	for (size_t i = 0; i < n; i++) {
		if (child_await(pids[i], &moments))
			continue;
		kill(pids[i], SIGKILL);
		child_await(pids[i], &last_moments);
	}
}

static void refusal_log(int error)
{
	log_error(TAG, "cannot take over from the program before: %s; its guests' sessions end",
		  error == -EPROTONOSUPPORT ? "its handover is of another version"
		  : error == -EBADMSG	    ? "its handover is invalid"
					    : strerror(-error));
}

/* Workers hold their lines themselves, so the fds may go first: nobody waits for a supervisor that does not listen. */
static void refuse(const struct handover *handover, int error)
{
	refusal_log(error);
	for (size_t i = 0; i < handover->n_fds; i++) {
		if (!handover->fds[i].inherited)
			close(handover->fds[i].fd);
	}
	children_end(handover->pids, handover->n_pids);
}

static int image_decode(struct handover_taken *taken, int image_fd)
{
	size_t size = 0;
	int ret = image_read(image_fd, &taken->bytes, &size);

	if (ret == 0)
		ret = handover_open(&taken->handover, taken->bytes, size);
	return ret == 0 ? handover_decode(&taken->handover, taken->bytes) : ret;
}

static int image_take(struct handover_taken *taken, int image_fd)
{
	struct handover *handover = &taken->handover;
	int ret = image_decode(taken, image_fd);

	if (ret == 0)
		ret = fds_check(handover);
	if (ret == 0)
		return 1;
	refuse(handover, ret);
	handover_taken_deinit(taken);
	return -EPROTO;
}

int handover_take(struct handover_taken *taken)
{
	const char *word = getenv(HANDOVER_VARIABLE);
	uint64_t number;
	int fd, ret;

	*taken = (struct handover_taken){ .bytes = NULL };
	if (!word)
		return 0;
	ret = decimal_parse(word, INT_MAX, &number);
	if (ret < 0 || number <= STDERR_FILENO)
		log_error(TAG, HANDOVER_VARIABLE "=%s: not the number of a file descriptor", word);
	unsetenv(HANDOVER_VARIABLE);
	if (ret < 0 || number <= STDERR_FILENO)
		return -EPROTO;
	fd = (int)number;
	ret = image_take(taken, fd);
	fd_close(&fd);
	return ret;
}

int handover_store(const struct handover_writer *image)
{
	struct handover handover;
	int *fds;
	int ret = handover_open(&handover, image->bytes, image->size);

	if (ret < 0)
		return ret;
	fds = calloc(handover.n_fds + 1, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	fds[0] = handover_memfd(image);
	for (size_t i = 0; i < handover.n_fds; i++)
		fds[i + 1] = handover.fds[i].fd;
	ret = fds[0] < 0 ? fds[0] : fd_bundle_make(fds, handover.n_fds + 1);
	fd_close(&fds[0]);
	free(fds);
	return ret;
}

/* Its fds, under their new numbers. */
static int stored_fds_take(struct handover_taken *taken, int bundle)
{
	struct handover *handover = &taken->handover;
	size_t n = handover->n_fds;
	int *fds = calloc(n + 1, sizeof(*fds));
	struct why why;
	int ret = fds ? fd_limit_raise(FD_LIMIT_BASE + n, &why) : -ENOMEM;

	if (ret == 0)
		ret = fd_bundle_take(bundle, fds, n);

	if (ret == 0) {
		handover_renumber(handover, fds);
		ret = fds_check(handover);
		for (size_t i = 0; i < n && ret < 0; i++)
			fd_close(&fds[i]);
	}
	free(fds);
	return ret;
}

int handover_take_stored(struct handover_taken *taken, int bundle)
{
	int image_fd = -1;
	int ret = fd_bundle_take(bundle, &image_fd, 1);

	*taken = (struct handover_taken){ .bytes = NULL };
	if (ret == -ENODATA)
		return 0;
	if (ret == 0)
		ret = image_decode(taken, image_fd);
	/* They had ended when it was stored: the numbers are others' now. */
	if (ret == 0 && taken->handover.n_pids > 0)
		ret = -EBADMSG;
	if (ret == 0)
		ret = stored_fds_take(taken, bundle);
	fd_close(&image_fd);
	if (ret == 0)
		return 1;
	refusal_log(ret);
	fd_bundle_drain(bundle);
	handover_taken_deinit(taken);
	return -EPROTO;
}

void handover_taken_deinit(struct handover_taken *taken)
{
	handover_deinit(&taken->handover);
	free(taken->bytes);
	taken->bytes = NULL;
}
