/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What every session test starts from: the program under test as a process of its own, a front-end, the outside of the
 * chip. The chip is simulated by the program or, with OUTSIDE=gpio-sim in the environment, a real one of as many lines
 * with the same names (tests/cdev/run). The teardown ends the program and fails the test when a worker died, the program
 * did not end well, or a sanitizer had something to say.
 */
#pragma once

#include "rows.h"

#include "daemon.h"
#include "gpio.h"
#include "outside.h"
#include "proc.h"
#include "wait.h"

struct session {
	struct daemon daemon;
	struct outside outside;
	struct vmm vmm;
	struct gpio_sim chips[DAEMON_GUESTS_MAX]; /* when they are real */
	bool workers_may_die;
	bool sanitizer_may_speak; /* the test makes the worker die of a signal that one reports */
};

/* A daemon with one guest of 8 simulated lines, nobody connected. */
int session_setup(void **state);
/* And a front-end that has started both rings with all features; or without EVENT_IDX. */
int session_setup_started(void **state);
int session_setup_plain(void **state);
/* Other chips, other ring sizes (0: the usual), nobody connected. */
int session_setup_with(void **state, const char *device_list, unsigned ring_size);
/* 8 lines, and these keys of --guest. */
int session_setup_guest(void **state, const char *keys);
/* A real chip, which is removed in the end; or one that is made for it, and a front-end that has started. */
int session_setup_real(void **state, const struct gpio_sim *chip, unsigned ring_size);
int session_setup_made(void **state, unsigned n_lines, const char *label, const struct gpio_sim_line *lines);
/* Pass on the outcome of a set-up. When it is good, workers may die; or the front-end starts. */
int session_mortal(void **state, int outcome);
int session_started(void **state, int outcome);
int session_teardown(void **state);

/*
 * Runs the tests of this program. TEST_FILTER in the environment selects by a pattern; TEST_INBAND makes their
 * front-ends use in-band notifications.
 */
int session_run(const char *name, const struct CMUnitTest *tests, size_t n_tests);

/* The socket of guest 0. */
const char *session_socket(const struct session *session);
/* Waits until no process of the daemon has anything left to do: what did not happen by then does not. */
void session_settle(const struct session *session);
/* The same, and until no timer of theirs runs any more, such as that over the last call to a front-end's fd. */
void session_rest(const struct session *session);
/* The process that serves guest 0. */
pid_t session_worker(const struct session *session);
/* The front-end connects, negotiates and sends its memory: all but rings. */
void session_prepare(struct session *session, uint64_t features);
/* The worker is killed, in whatever it is doing; returns when its successor is there. */
void session_take_over(struct session *session);
/* Another front-end in place of this one: all features, both rings started. */
void session_reconnect(struct session *session);
void session_reconnect_with(struct session *session, uint64_t features);
/* Waits until the worker has no guest memory mapped: it has noticed that the front-end left. */
void session_wait_left(const struct session *session);

/* Ends a test that is about what only the program's own simulated chips have; fewer rounds where edges take their time. */
#define simulated_only(why)                                                                                            \
	do {                                                                                                           \
		if (outside_wants_real()) {                                                                            \
			skip_because("not on a real chip: %s", why);                                                   \
		}                                                                                                      \
	} while (0)
/* Ends a test that is about kick, call and error fds. */
#define fds_only(session)                                                                                              \
	do {                                                                                                           \
		if ((session)->vmm.wants_inband) {                                                                     \
			skip_because("not with in-band notifications");                                                \
		}                                                                                                      \
	} while (0)
/* How many buffers fit a ring of that size: one or two descriptors each. */
unsigned session_buffers(const struct session *session, unsigned ring_size);
unsigned session_rounds(unsigned simulated, unsigned real);

/* Drives a line of guest 0 from outside; its level as seen from there. */
void line_drive(struct session *session, unsigned line, int level);
int line_level(struct session *session, unsigned line);
/* How many edges a monitor has told since it was asked last, all that there were until now. */
unsigned session_edges(const struct session *session, struct outside *monitor);
/* Both edges: rising, then falling. */
void line_pulse(struct session *session, unsigned line);

#define assert_ok(outcome)	assert_int_equal(outcome, OUTCOME_OK)
#define assert_refused(outcome) assert_int_equal(outcome, OUTCOME_REFUSED)
#define assert_closed(outcome)	assert_int_equal(outcome, OUTCOME_CLOSED)

/* The process has that many fds, soon: what a message brought is closed after its acknowledgement. */
#define assert_fds(pid, n) assert_true(session_wait_fds(pid, n))
bool session_wait_fds(pid_t pid, unsigned n);

/* The device answers requests. */
#define assert_serving(session) assert_true(gpio_get_direction(&(session)->vmm, 7) >= 0)

/* The next used event buffer is this one. */
#define assert_event(session, want_head, want_status)                                                                  \
	do {                                                                                                           \
		struct gpio_event event_ = gpio_event_wait(&(session)->vmm);                                           \
		assert_int_equal(event_.head, want_head);                                                              \
		assert_int_equal(event_.status, want_status);                                                          \
		assert_int_equal(event_.used_len, 1);                                                                  \
	} while (0)

#define assert_no_event(session)                                                                                       \
	do {                                                                                                           \
		session_settle(session);                                                                               \
		assert_false(ring_has_used(&(session)->vmm.rings[VMM_EVENTQ]));                                        \
	} while (0)
