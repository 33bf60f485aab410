/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a worker can have of a chip, on a fake kernel: its guest's lines, as the host wants them, and no other. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "broker/line_broker.h"
#include "chip/chip_spec.h"
#include "unit/chip/fake_kernel.h"
#include "unit/lowest_fd.h"
#include "worker/session_layout.h"

enum { REAL, SIMULATED, CHIPS };
enum { LINE_PLAIN, LINE_SIMULATED, LINE_SET, LINES };

struct fixture {
	struct guest guest;
	struct guest_chip chips[CHIPS];
	struct line_rules lines[LINES];
	struct fd_store store;
	int worker, supervisor;
	int lowest; /* the lowest free fd: tells of a leak at the end */
};

static int sendmsg_errno; /* of the next message with an fd */

ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	assert_true(flags & MSG_DONTWAIT);
	if (sendmsg_errno && msg->msg_control) {
		errno = sendmsg_errno;
		sendmsg_errno = 0;
		return -1;
	}
	return __real_sendmsg(fd, msg, flags);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct why why;
	int fds[2];

	fixture = (struct fixture){
		.guest = { .name = "ivi",
			   .chips = fixture.chips,
			   .n_chips = CHIPS,
			   .lines = fixture.lines,
			   .n_lines = LINES },
		.lines = { [LINE_PLAIN] = { .chip = REAL, .offset = 2 },
			   [LINE_SIMULATED] = { .chip = SIMULATED, .offset = 0 },
			   [LINE_SET] = { .chip = REAL,
					  .offset = 1,
					  .settings = { .active_low = true,
							.bias = CHIP_BIAS_PULL_UP,
							.drive = CHIP_DRIVE_OPEN_DRAIN,
							.debounce_us = 77 } } },
		.lowest = lowest_fd(),
	};
	kernel_boot();
	chip_spec_sim(4, &fixture.chips[SIMULATED].spec);
	if (chip_spec_path("/dev/null", &fixture.chips[REAL].spec) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	for (unsigned i = 0; i < CHIPS; i++) {
		if (chip_probe(&fixture.chips[i].spec, &fixture.chips[i].found, &why) < 0)
			return -1;
	}
	memset(kernel.journal, 0, sizeof(kernel.journal));
	fd_store_init(&fixture.store, LINES, LINES);
	fixture.worker = fds[0];
	fixture.supervisor = fds[1];
	sendmsg_errno = 0;
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	fd_store_deinit(&fixture->store);
	fd_close(&fixture->worker);
	fd_close(&fixture->supervisor);
	fd_close(&fixture->chips[REAL].found.fd);
	kernel_halt();
	return lowest_fd() == fixture->lowest ? 0 : -1;
}

static int ask(struct fixture *fixture, struct supervisor_channel_request question)
{
	return line_broker_reply(&fixture->guest, &fixture->store, &question, fixture->supervisor);
}

/* The answer that is there; *fd is the caller's, or -1. */
static struct supervisor_channel_reply heard(struct fixture *fixture, int *fd)
{
	struct supervisor_channel_reply answer;
	size_t n_fds;

	*fd = -1;
	assert_int_equal(scm_recv(fixture->worker, &answer, sizeof(answer), fd, 1, &n_fds, MSG_DONTWAIT),
			 sizeof(answer));
	assert_int_equal(answer.type, SUPERVISOR_CHANNEL_REPLY);
	assert_int_equal(n_fds, answer.error == 0 && *fd >= 0);
	return answer;
}

static int heard_error(struct fixture *fixture)
{
	int fd;
	struct supervisor_channel_reply answer = heard(fixture, &fd);

	assert_int_equal(fd, -1);
	return answer.error;
}

static void a_line_is_had_as_the_host_wants_it(void **state)
{
	struct fixture *fixture = *state;
	int fd;

	assert_int_equal(ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE,
									   .line = LINE_SET,
									   .direction = CHIP_DIRECTION_OUT,
									   .value = 1 }),
			 0);
	assert_int_equal(heard(fixture, &fd).error, 0);
	assert_int_equal(kernel.request.num_lines, 1);
	assert_int_equal(kernel.request.offsets[0], 1);
	assert_string_equal(kernel.request.consumer, "vhost-device-gpio:ivi");
	assert_int_equal(kernel.config.flags, GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW |
						      GPIO_V2_LINE_FLAG_BIAS_PULL_UP | GPIO_V2_LINE_FLAG_OPEN_DRAIN);
	assert_int_equal(kernel.config.attrs[0].attr.values, 1);
	/* Kept under the line's key; the worker's is the same one. */
	assert_int_equal(fixture->store.n, 1);
	assert_true(fd_store_find(&fixture->store, session_layout_line_key(LINE_SET)) >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fd_set_nonblock(fd), 0);
	assert_true(fcntl(fd_store_find(&fixture->store, session_layout_line_key(LINE_SET)), F_GETFL) & O_NONBLOCK);
	close(fd);

	assert_int_equal(ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE,
									   .line = LINE_PLAIN,
									   .direction = CHIP_DIRECTION_IN,
									   .edges = CHIP_EDGE_BOTH }),
			 0);
	assert_int_equal(heard(fixture, &fd).error, 0);
	close(fd);
	assert_int_equal(kernel.request.offsets[0], 2);
	assert_int_equal(kernel.config.flags,
			 GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING);
	assert_int_equal(kernel.config.num_attrs, 0);
	assert_int_equal(fixture->store.n, 2);
}

static void who_holds_a_line(void **state)
{
	struct fixture *fixture = *state;
	struct supervisor_channel_reply answer;
	int fd;

	assert_int_equal(ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE_INFO,
									   .line = LINE_SET }),
			 0);
	answer = heard(fixture, &fd);
	assert_int_equal(fd, -1);
	assert_int_equal(answer.error, 0);
	assert_string_equal(answer.name, "line 1");
	assert_string_equal(answer.consumer, "somebody");
	assert_int_equal(answer.used, 1);
	assert_int_equal(answer.direction, CHIP_DIRECTION_OUT);
	assert_int_equal(ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE_INFO,
									   .line = LINE_PLAIN }),
			 0);
	answer = heard(fixture, &fd);
	assert_int_equal(answer.used, 0);
	assert_int_equal(answer.direction, CHIP_DIRECTION_IN);
	assert_string_equal(kernel.journal, "II");
	assert_int_equal(fixture->store.n, 0);
}

static void nonsense_reaches_no_chip(void **state)
{
	static const struct supervisor_channel_request nonsense[] = {
		{ .type = SUPERVISOR_CHANNEL_LINE, .line = LINES },
		{ .type = SUPERVISOR_CHANNEL_LINE, .line = UINT32_MAX },
		{ .type = SUPERVISOR_CHANNEL_LINE, .line = LINE_SIMULATED },
		{ .type = SUPERVISOR_CHANNEL_LINE, .line = LINE_PLAIN, .direction = 2 },
		{ .type = SUPERVISOR_CHANNEL_LINE, .line = LINE_PLAIN, .direction = CHIP_DIRECTION_OUT, .value = 2 },
		{ .type = SUPERVISOR_CHANNEL_LINE,
		  .line = LINE_PLAIN,
		  .direction = CHIP_DIRECTION_OUT,
		  .edges = CHIP_EDGE_RISING },
		{ .type = SUPERVISOR_CHANNEL_LINE, .line = LINE_PLAIN, .direction = CHIP_DIRECTION_IN, .value = 1 },
		{ .type = SUPERVISOR_CHANNEL_LINE, .line = LINE_PLAIN, .direction = CHIP_DIRECTION_IN, .edges = 4 },
		{ .type = SUPERVISOR_CHANNEL_LINE, .line = LINE_PLAIN, .reserved = 1 },
		{ .type = SUPERVISOR_CHANNEL_LINE_INFO, .line = LINES },
		{ .type = SUPERVISOR_CHANNEL_LINE_INFO, .line = LINE_SIMULATED },
		{ .type = SUPERVISOR_CHANNEL_LINE_INFO, .line = LINE_PLAIN, .direction = 1 },
		{ .type = SUPERVISOR_CHANNEL_LINE_INFO, .line = LINE_PLAIN, .value = 1 },
		{ .type = SUPERVISOR_CHANNEL_LINE_INFO, .line = LINE_PLAIN, .edges = 1 },
		{ .type = SUPERVISOR_CHANNEL_LINE_INFO, .line = LINE_PLAIN, .reserved = 255 },
		{ .type = SUPERVISOR_CHANNEL_STORE, .line = LINE_PLAIN },
		{ .type = 0, .line = LINE_PLAIN },
	};
	struct fixture *fixture = *state;
	char byte;

	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		assert_int_equal(ask(fixture, nonsense[i]), -EPROTO);
	assert_string_equal(kernel.journal, "");
	assert_int_equal(fixture->store.n, 0);
	assert_int_equal(recv(fixture->worker, &byte, 1, MSG_DONTWAIT), -1);
}

static void what_the_chip_refuses_is_told(void **state)
{
	static const int errors[] = { EBUSY, ENODEV, EINVAL, 524 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		kernel.fail_number = GPIO_V2_GET_LINE_IOCTL;
		kernel.fail_errno = errors[i];
		assert_int_equal(ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE }),
				 0);
		assert_int_equal(heard_error(fixture), -errors[i]);
		kernel.fail_number = GPIO_V2_GET_LINEINFO_IOCTL;
		assert_int_equal(
			ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE_INFO }), 0);
		assert_int_equal(heard_error(fixture), -errors[i]);
	}
	assert_int_equal(fixture->store.n, 0);
}

/* Whatever else the worker has had store. */
static void a_full_session_takes_no_room_from_lines(void **state)
{
	struct fixture *fixture = *state;
	int fd;

	for (uint32_t key = 0; key < LINES; key++)
		assert_int_equal(fd_store_put(&fixture->store, key, open("/dev/null", O_RDONLY | O_CLOEXEC)), 0);
	assert_int_equal(ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE,
									   .line = LINE_PLAIN }),
			 0);
	assert_int_equal(heard(fixture, &fd).error, 0);
	close(fd);
	assert_int_equal(fixture->store.n, LINES + 1);
}

/* Others have used up what may be under way: this worker is not to be ended, and does not have the line. */
static void an_fd_that_can_not_be_sent(void **state)
{
	struct fixture *fixture = *state;

	sendmsg_errno = ETOOMANYREFS;
	assert_int_equal(ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE }), 0);
	assert_int_equal(heard_error(fixture), -ETOOMANYREFS);
	assert_int_equal(fixture->store.n, 0);
}

static void who_does_not_listen_breaks_the_protocol(void **state)
{
	struct fixture *fixture = *state;
	int ret = 0;

	for (unsigned i = 0; i < 100000 && ret == 0; i++) {
		fd_store_remove(&fixture->store, session_layout_line_key(0));
		ret = ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE });
	}
	assert_int_equal(ret, -ENOBUFS);
}

static void who_is_dead_does_not(void **state)
{
	struct fixture *fixture = *state;

	fd_close(&fixture->worker);
	assert_int_equal(ask(fixture, (struct supervisor_channel_request){ .type = SUPERVISOR_CHANNEL_LINE }), 0);
	/* For the successor. */
	assert_int_equal(fixture->store.n, 1);
}

#define BROKER_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BROKER_TEST(a_line_is_had_as_the_host_wants_it),
		BROKER_TEST(who_holds_a_line),
		BROKER_TEST(nonsense_reaches_no_chip),
		BROKER_TEST(what_the_chip_refuses_is_told),
		BROKER_TEST(a_full_session_takes_no_room_from_lines),
		BROKER_TEST(an_fd_that_can_not_be_sent),
		BROKER_TEST(who_does_not_listen_breaks_the_protocol),
		BROKER_TEST(who_is_dead_does_not),
	};

	return cmocka_run_group_tests_name("line_broker", tests, NULL, NULL);
}
