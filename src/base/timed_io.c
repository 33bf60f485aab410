/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* read() and write() that do not wait for ever. */
#include "base/timed_io.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/barrier.h"
#include "base/clock.h"
#include "base/fd.h"

#define NONE (-1)

static bool is_installed;
static volatile sig_atomic_t is_armed;
static uint64_t armed_ns;
static volatile sig_atomic_t waiting_fd = NONE; /* of the call that is under way */

/* setitimer() and fcntl() are system calls and nothing else: they may be called in the handler. */
static void arm(void)
{
	const struct itimerval once = { .it_value.tv_usec = TIMED_IO_MS * 1000L };

	armed_ns = clock_coarse_ns();
	is_armed = setitimer(ITIMER_REAL, &once, NULL) == 0;
}

/*
 * The call that is interrupted is over (no SA_RESTART). One that had not begun yet is not, so the timer runs again; the
 * flag is set for the calls that follow: the peer may have taken it away by mistake.
 */
static void on_alarm(int signo)
{
	int saved = errno;

	is_armed = 0;
	if (waiting_fd != NONE) {
		fd_set_nonblock(waiting_fd);
		arm();
	}
	errno = saved;
}

int timed_io_init(void)
{
	struct sigaction action = { .sa_handler = on_alarm };

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGALRM, &action, NULL) < 0)
		return -errno;
	is_installed = true;
	return 0;
}

/* Its signal should have come long ago: a signalfd of the peer's, read from here, takes signals of this process. */
static bool is_overdue(void)
{
	return is_armed && clock_coarse_ns() - armed_ns > 2ull * TIMED_IO_MS * 1000000;
}

static void begin(int fd)
{
	waiting_fd = fd;
	compiler_barrier();
	if (is_installed && (!is_armed || is_overdue()))
		arm();
}

static ssize_t end(ssize_t n)
{
	int error = n < 0 ? errno : 0;

	compiler_barrier();
	waiting_fd = NONE;
	return error == EINTR ? -EAGAIN : error ? -error : n;
}

/*
 * A call that was interrupted is made once more. It need not have begun: an emulator (qemu-user) gives up a call that a signal
 * came before, where the kernel makes it, and what was to be written would be lost. The flag is set by now; where it does
 * not stay, the timer runs again.
 */
static bool is_interrupted(ssize_t n)
{
	return n < 0 && errno == EINTR;
}

ssize_t timed_read(int fd, void *data, size_t len)
{
	ssize_t n;

	begin(fd);
	n = read(fd, data, len);
	return end(is_interrupted(n) ? read(fd, data, len) : n);
}

ssize_t timed_write(int fd, const void *data, size_t len)
{
	ssize_t n;

	begin(fd);
	n = write(fd, data, len);
	return end(is_interrupted(n) ? write(fd, data, len) : n);
}
