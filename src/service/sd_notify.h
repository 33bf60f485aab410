/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Notifications to the service manager: the protocol of sd_notify(3), one datagram of VARIABLE=value lines a message.
 *
 * $NOTIFY_SOCKET says where to; without it, and when it is of no use, everything here does nothing. The environment is
 * read once, by sd_notify_init(), and cleared of it: no other process may speak for this one. The socket is connected
 * then, too, so that nothing is looked up later. Whoever forks closes notify.fd in the child.
 */
#pragma once

#include <stdint.h>

#include "base/log.h"
#include "loop/loop.h"
#include "loop/timer.h"

/* A message is cut there. */
#define SD_NOTIFY_MESSAGE_SIZE 512
/* However short an interval the manager asks for, the watchdog is not fed more often. */
#define SD_NOTIFY_WATCHDOG_MIN_NS (10ull * 1000 * 1000)

struct sd_notify {
	int fd;		      /* owned; -1: nobody listens */
	uint64_t watchdog_ns; /* the manager wants a sign of life within this time; 0: it wants none */
	struct loop_timer watchdog;
	struct log_limit log_limit;
};

/* One that notifies nobody. */
#define SD_NOTIFY_NONE ((struct sd_notify){ .fd = -1 })

/* Takes $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID. What is wrong with them is one warning, no failure. */
void sd_notify_init(struct sd_notify *notify);
/* Idempotent. */
void sd_notify_deinit(struct sd_notify *notify);

/* Any message: "VARIABLE=value", more of them after newlines. Waits a second at most for a manager that is behind. */
void sd_notify_send(struct sd_notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line of free text, in a user's words; other than printable ASCII becomes '?'. */
void sd_notify_status(struct sd_notify *notify, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* After the start, and again after each reload. */
void sd_notify_ready(struct sd_notify *notify);
/* Followed by sd_notify_ready() when it is done; Type=notify-reload relies on both. */
void sd_notify_reloading(struct sd_notify *notify);
void sd_notify_stopping(struct sd_notify *notify);

/*
 * Gives an fd to the manager's store (FileDescriptorStoreMax=), under this name: the next start gets it among those of
 * socket activation. The fd stays the caller's. The second returns when the manager has taken all that was sent before.
 * -errno; that the store is full, or that there is none, nobody learns.
 */
int sd_notify_store(struct sd_notify *notify, const char *name, int fd);
int sd_notify_barrier(struct sd_notify *notify);
/* Has every fd of that name thrown out of the store. */
void sd_notify_unstore(struct sd_notify *notify, const char *name);

/* From now on this loop shows that it turns, when the manager wants that. 0 or -errno. */
int sd_notify_watchdog_start(struct sd_notify *notify, struct loop *loop);
