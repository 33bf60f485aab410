/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * read() and write() on an fd that a peer gave, which do not wait for ever.
 *
 * O_NONBLOCK belongs to the open file, which the peer has, too: it may take the flag away at any time, also between a
 * look whether the call would wait and the call; and for eventfds there is no call that never waits whatever the flag
 * says. So a timer runs over such a call, and its signal interrupts it. (To set the flag again and restart the call is
 * not enough: a peer with a processor to spare takes it away in between, any number of times.) Whatever else the process
 * is doing when the timer runs out has to take EINTR for what it is.
 *
 * The timer is armed by the first call, and not again before it has run out: of a million calls a second one in
 * TIMED_IO_MS costs something. One thread.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define TIMED_IO_MS 100 /* the longest wait is that, or a little more; twice that, if the peer takes the flag away */

/* Installs a handler for SIGALRM, once a process. Before that the calls wait like any. -errno. */
int timed_io_init(void);

/* Bytes or -errno. -EAGAIN also when the call did wait, in vain. */
ssize_t timed_read(int fd, void *data, size_t len);
ssize_t timed_write(int fd, const void *data, size_t len);
