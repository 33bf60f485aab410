/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Socket activation: what the environment says, and which guest gets which socket. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"
#include "service/activation.h"

#define FIRST 3
#define FDS   6 /* that many listening sockets are there, from FIRST on */

static struct why why;
static struct activation activation;

static void variable_set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

/* What lay there before (of the test's harness) is put aside. */
static int aside[FDS];

static int setup(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	for (int i = 0; i < FDS; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		aside[i] = fcntl(FIRST + i, F_DUPFD_CLOEXEC, 100);
		if (bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 || listen(fd, 1) < 0)
			return -1;
		if (fd != FIRST + i) {
			dup2(fd, FIRST + i);
			close(fd);
		}
	}
	why.text[0] = '\0';
	return 0;
}

/* No variable is left, whatever came of them. */
static int teardown(void **state)
{
	activation_deinit(&activation);
	for (int i = 0; i < FDS; i++) {
		close(FIRST + i);
		if (aside[i] >= 0) {
			dup2(aside[i], FIRST + i);
			close(aside[i]);
		}
	}
	return getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES") || getenv("LISTEN_PIDFDID") ? -1
														    : 0;
}

/* As a service manager would start us; "self" is our pid. */
static int init(const char *pid, const char *fds, const char *names)
{
	char own[16];

	snprintf(own, sizeof(own), "%d", getpid());
	variable_set("LISTEN_PID", pid && strcmp(pid, "self") == 0 ? own : pid);
	variable_set("LISTEN_FDS", fds);
	variable_set("LISTEN_FDNAMES", names);
	variable_set("LISTEN_PIDFDID", "1");
	return activation_init(&activation, &why);
}

static void sockets_and_names(void **state)
{
	static const char *const names[] = { "ivi", "", "x.socket" };

	assert_int_equal(init("self", "3", "ivi::x.socket"), 0);
	assert_int_equal(activation.n_fds, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(activation.fds[i].fd, FIRST + i);
		assert_string_equal(activation.fds[i].name, names[i]);
		assert_int_equal(fcntl(FIRST + i, F_GETFD), FD_CLOEXEC);
	}
	assert_int_equal(fcntl(FIRST + 3, F_GETFD), 0);
}

static void without_names(void **state)
{
	assert_int_equal(init("self", "2", NULL), 0);
	assert_int_equal(activation.n_fds, 2);
	assert_string_equal(activation.fds[1].name, "");
}

static void not_for_us(void **state)
{
	static const char *const rows[][3] = {
		{ NULL, NULL, NULL }, { NULL, "2", NULL },     { "self", NULL, NULL },
		{ "1", "2", NULL },   { "1", "garbage", ":" }, { "self", "0", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(init(rows[i][0], rows[i][1], rows[i][2]), 0);
		assert_int_equal(activation.n_fds, 0);
		assert_int_equal(fcntl(FIRST, F_GETFD), 0);
		assert_null(getenv("LISTEN_FDS"));
	}
}

static void bad_variables(void **state)
{
	static const struct {
		const char *pid, *fds, *names, *why;
	} rows[] = {
		{ "", "1", NULL, "LISTEN_PID=: not a process id" },
		{ "0", "1", NULL, "LISTEN_PID=0: not a process id" },
		{ "-5", "1", NULL, "LISTEN_PID=-5: not a process id" },
		{ "5x", "1", NULL, "LISTEN_PID=5x: not a process id" },
		{ "4294967297", "1", NULL, "LISTEN_PID=4294967297: not a process id" },
		{ "self", "", NULL, "LISTEN_FDS=: not a number from 0 to 512" },
		{ "self", "-1", NULL, "LISTEN_FDS=-1: not a number from 0 to 512" },
		{ "self", "1 ", NULL, "LISTEN_FDS=1 : not a number from 0 to 512" },
		{ "self", "513", NULL, "LISTEN_FDS=513: not a number from 0 to 512" },
		{ "self", "18446744073709551617", NULL, "LISTEN_FDS=18446744073709551617: not a number from 0 to 512" },
		{ "self", "2", "a", "LISTEN_FDNAMES has 1 names for 2 fds" },
		{ "self", "2", "a:b:c", "LISTEN_FDNAMES has 3 names for 2 fds" },
		{ "self", "2", "", "LISTEN_FDNAMES has 1 names for 2 fds" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(init(rows[i].pid, rows[i].fds, rows[i].names), -EINVAL);
		assert_string_equal(why.text, rows[i].why);
		assert_int_equal(activation.n_fds, 0);
		assert_null(getenv("LISTEN_FDS"));
	}
}

static void fd_that_is_not_there(void **state)
{
	close(FIRST + 1);
	assert_int_equal(init("self", "3", NULL), -EBADF);
	assert_string_equal(why.text, "LISTEN_FDS=3: fd 4 is not open");
}

#define GUEST(guest_name)                                                                                              \
	{                                                                                                              \
		.name = (guest_name), .fd = -1                                                                         \
	}
#define GUEST_FD(guest_name, number)                                                                                   \
	{                                                                                                              \
		.name = (guest_name), .fd = (number)                                                                   \
	}
#define GUEST_SOCKET(guest_name)                                                                                       \
	{                                                                                                              \
		.name = (guest_name), .fd = -1, .has_socket = true                                                     \
	}
#define GUESTS_OF_ROW 3

struct assign_row {
	const char *fds, *names;
	struct activation_guest guests[GUESTS_OF_ROW]; /* a name of NULL: no more */
	int got[GUESTS_OF_ROW];
	const char *why; /* NULL: it works */
};

static void assign_row_check(const struct assign_row *row)
{
	struct activation_guest guests[GUESTS_OF_ROW];
	size_t n = 0;
	int ret;

	memcpy(guests, row->guests, sizeof(guests));
	while (n < GUESTS_OF_ROW && guests[n].name)
		n++;
	assert_int_equal(init("self", row->fds, row->names), 0);
	ret = activation_assign(&activation, guests, n, &why);
	if (row->why) {
		assert_int_equal(ret, -EINVAL);
		assert_string_equal(why.text, row->why);
	} else {
		assert_int_equal(ret, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(guests[i].fd, row->got[i]);
	}
	activation_deinit(&activation);
}

static void who_gets_what(void **state)
{
	static const struct assign_row rows[] = {
		{ "0", NULL, { GUEST_SOCKET("a") }, { -1 }, NULL },
		{ "0", NULL, { GUEST_FD("a", 5) }, { 5 }, NULL },
		{ "2", NULL, { GUEST("a"), GUEST("b") }, { 3, 4 }, NULL },
		{ "2", "b:a", { GUEST("a"), GUEST("b") }, { 4, 3 }, NULL },
		/* a name is stronger than the order */
		{ "3", ":a:", { GUEST("a"), GUEST("b"), GUEST("c") }, { 4, 3, 5 }, NULL },
		{ "3", "x.socket:unknown:connection", { GUEST("a"), GUEST("b"), GUEST("c") }, { 3, 4, 5 }, NULL },
		{ "1", NULL, { GUEST_SOCKET("a"), GUEST("b"), GUEST_FD("c", 6) }, { -1, 3, 6 }, NULL },
		/* one of the activation's by its number */
		{ "2", NULL, { GUEST("a"), GUEST_FD("b", 3) }, { 4, 3 }, NULL },
		{ "1", "c", { GUEST_FD("a", 3) }, { 3 }, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assign_row_check(&rows[i]);
}

static void what_does_not_fit(void **state)
{
	static const struct assign_row rows[] = {
		{ "0", NULL, { GUEST("a") }, { 0 }, "guest a: has neither a socket nor an fd" },
		{ "1", NULL, { GUEST("a"), GUEST("b") }, { 0 }, "guest b: has neither a socket nor an fd" },
		{ "2", NULL, { GUEST("a") }, { 0 }, "fd 4: no guest is left that wants a socket" },
		{ "1", NULL, { GUEST_SOCKET("a") }, { 0 }, "fd 3: no guest is left that wants a socket" },
		{ "1", "ivy", { GUEST("ivi") }, { 0 }, "fd 3 (ivy): there is no guest of this name" },
		{ "1", "socket", { GUEST("ivi") }, { 0 }, "fd 3 (socket): there is no guest of this name" },
		{ "1", "a", { GUEST_SOCKET("a") }, { 0 }, "fd 3 (a): this guest has a socket" },
		{ "1", "a", { GUEST_FD("a", 5) }, { 0 }, "fd 3 (a): this guest has fd 5" },
		{ "2", "a:a", { GUEST("a"), GUEST("b") }, { 0 }, "fd 4 (a): this guest has fd 3" },
		{ "0", NULL, { GUEST_FD("a", 5), GUEST_FD("b", 5) }, { 0 }, "guest b: fd 5 is guest a's" },
		{ "0",
		  NULL,
		  { { .name = "a", .has_socket = true, .fd = 5 } },
		  { 0 },
		  "guest a: has both a socket and fd 5" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assign_row_check(&rows[i]);
}

static void sockets_of_the_wrong_kind(void **state)
{
	struct activation_guest guests[] = { GUEST("a"), GUEST("b") };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	dup2(fd, FIRST + 1);
	close(fd);
	assert_int_equal(init("self", "2", NULL), 0);
	assert_int_equal(activation_assign(&activation, guests, 2, &why), -EPROTOTYPE);
	assert_string_equal(why.text, "guest b: fd 4: a datagram socket, not a stream socket");
}

static void listening_or_connected(void **state)
{
	struct activation_guest guests[] = { GUEST("a"), GUEST("b") };
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	dup2(fds[0], FIRST + 1);
	assert_int_equal(init("self", "2", NULL), 0);
	assert_int_equal(activation_assign(&activation, guests, 2, &why), 0);
	assert_int_equal(guests[0].kind, INHERITED_FD_LISTENING);
	assert_int_equal(guests[1].kind, INHERITED_FD_CONNECTED);
	close(fds[0]);
	close(fds[1]);
}

static void socket_that_is_no_guests(void **state)
{
	struct activation_guest guests[] = { GUEST("a") };

	assert_int_equal(init("self", "3", "control:a:control"), 0);
	assert_int_equal(activation_take(&activation, "nobody"), -1);
	assert_int_equal(activation_take(&activation, "control"), 3);
	assert_int_equal(activation_take(&activation, "control"), 5);
	assert_int_equal(activation_take(&activation, "control"), -1);
	assert_int_equal(activation_assign(&activation, guests, 1, &why), 0);
	assert_int_equal(guests[0].fd, 4);
	assert_int_equal(activation_take(&activation, "a"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sockets_and_names, setup, teardown),
		cmocka_unit_test_setup_teardown(without_names, setup, teardown),
		cmocka_unit_test_setup_teardown(not_for_us, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_variables, setup, teardown),
		cmocka_unit_test_setup_teardown(fd_that_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(who_gets_what, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(sockets_of_the_wrong_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(listening_or_connected, setup, teardown),
		cmocka_unit_test_setup_teardown(socket_that_is_no_guests, setup, teardown),
	};

	return cmocka_run_group_tests_name("activation", tests, NULL, NULL);
}
