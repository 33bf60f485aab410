/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What an earlier program has left, with real fds: each must be what the image takes it for. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "handover/handover.h"

#define SESSION_SIZE 4096

/* The fds of an image with one guest; the tests change one of them. */
struct fixture {
	int listener, connected, connected_peer, session, chip, stored_fds, control;
	int32_t pid;
	uint64_t session_size;
	struct record_writer image;
	struct handover left;
};

static int listener_make(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	/* The kernel chooses a name. */
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int session_make(int seals)
{
	int fd = memfd_create("session", MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, SESSION_SIZE), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int setup(void **state)
{
	static struct fixture fixture;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fixture = (struct fixture){ .listener = listener_make(),
				    .connected = pair[0],
				    .connected_peer = pair[1],
				    .session = session_make(F_SEAL_GROW | F_SEAL_SHRINK),
				    .chip = open("/dev/null", O_RDWR),
				    .stored_fds = open("/dev/null", O_RDWR),
				    .control = listener_make(),
				    .session_size = SESSION_SIZE };
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	const int fds[] = { fixture->listener, fixture->connected,  fixture->connected_peer, fixture->session,
			    fixture->chip,     fixture->stored_fds, fixture->control };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
	handover_deinit(&fixture->left);
	record_writer_deinit(&fixture->image);
	return 0;
}

static void image_make(struct fixture *fixture)
{
	char text[] = "";
	struct guest_chip chip = { .spec.path = "/dev/x", .found = { .fd = fixture->chip, .n_lines = 1 } };
	struct line_rules line = { .offset = 0 };
	struct fd_store_entry stored = { 1, fixture->stored_fds };
	struct handover_guest guest = {
		.guest = { .name = "g", .chips = &chip, .n_chips = 1, .lines = &line, .n_lines = 1 },
		.listener.fd = fixture->listener,
		.session_size = fixture->session_size,
		.connected_fd = fixture->connected,
		.session_fd = fixture->session,
		.channel_fd = -1,
		.pid = fixture->pid,
		.stored = &stored,
		.n_stored = 1,
		.description = text,
	};
	const struct handover handover = { .control.fd = fixture->control, .guests = &guest, .n_guests = 1 };

	assert_int_equal(handover_encode(&handover, &fixture->image), 0);
}

static bool same_file(int a, int b)
{
	struct stat sta, stb;

	assert_int_equal(fstat(a, &sta), 0);
	assert_int_equal(fstat(b, &stb), 0);
	return sta.st_ino == stb.st_ino && sta.st_dev == stb.st_dev;
}

/* By way of the store. */
static int take_stored(struct fixture *fixture)
{
	int bundle, ret;

	image_make(fixture);
	bundle = handover_store(&fixture->image);
	assert_true(bundle >= 0);
	ret = handover_take_stored(&fixture->left, bundle);
	close(bundle);
	return ret;
}

static void stored(void **state)
{
	struct fixture *fixture = *state;
	const struct handover_guest *guest;
	unsigned before = open_fds();

	assert_int_equal(take_stored(fixture), 1);
	assert_int_equal(open_fds(), before + 6);
	guest = &fixture->left.guests[0];
	assert_true(same_file(guest->listener.fd, fixture->listener));
	assert_int_not_equal(guest->listener.fd, fixture->listener);
	assert_true(same_file(guest->connected_fd, fixture->connected));
	assert_true(same_file(guest->session_fd, fixture->session));
	assert_true(same_file(fixture->left.control.fd, fixture->control));
	close(guest->listener.fd);
	close(guest->connected_fd);
	close(guest->session_fd);
	close(guest->guest.chips[0].found.fd);
	close(guest->stored[0].fd);
	close(fixture->left.control.fd);
}

/* But for the image itself, for whoever wants to look at it. */
static void check_refused(struct fixture *fixture)
{
	unsigned before = open_fds();

	assert_int_equal(take_stored(fixture), -EPROTO);
	assert_null(fixture->left.guests);
	assert_int_equal(open_fds(), before + 1);
}

/* Whatever it was that had the number, it is not ours. */
static void stored_with_a_process(void **state)
{
	struct fixture *fixture = *state;

	fixture->pid = getpid();
	check_refused(fixture);
}

static void swap(int *fd, int with)
{
	assert_true(with >= 0);
	close(*fd);
	*fd = with;
}

static void listener_that_is_none(void **state)
{
	struct fixture *fixture = *state;

	swap(&fixture->listener, dup(fixture->connected));
	check_refused(fixture);
}

static void control_socket_that_is_none(void **state)
{
	struct fixture *fixture = *state;

	swap(&fixture->control, open("/dev/null", O_RDWR));
	check_refused(fixture);
}

static void connection_that_is_none(void **state)
{
	struct fixture *fixture = *state;

	swap(&fixture->connected, open("/dev/null", O_RDWR));
	check_refused(fixture);
}

static void chip_that_is_none(void **state)
{
	struct fixture *fixture = *state;

	swap(&fixture->chip, dup(fixture->session));
	check_refused(fixture);
}

/* Whoever could shrink it could kill a worker, again and again. */
static void session_that_is_not_sealed(void **state)
{
	struct fixture *fixture = *state;

	swap(&fixture->session, session_make(F_SEAL_GROW));
	check_refused(fixture);
}

static void session_of_another_size(void **state)
{
	struct fixture *fixture = *state;

	fixture->session_size++;
	check_refused(fixture);
}

/* After exec the fds have their numbers, and are not inherited any further. */
static int take_inherited(struct fixture *fixture)
{
	char word[16];
	int fd;

	image_make(fixture);
	fd = handover_memfd(&fixture->image);
	assert_true(fd >= 0);
	snprintf(word, sizeof(word), "%d", fd);
	setenv(HANDOVER_VARIABLE, word, 1);
	return handover_take(&fixture->left);
}

static void inherited(void **state)
{
	struct fixture *fixture = *state;
	unsigned before = open_fds();

	assert_int_equal(take_inherited(fixture), 1);
	assert_int_equal(open_fds(), before);
	assert_null(getenv(HANDOVER_VARIABLE));
	assert_int_equal(fixture->left.guests[0].session_fd, fixture->session);
	assert_int_equal(fcntl(fixture->session, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fixture->stored_fds, F_GETFD), FD_CLOEXEC);
}

/* All that it names is closed; it stays. */
static void inherited_and_refused(void **state)
{
	struct fixture *fixture = *state;
	unsigned before = open_fds();

	fixture->session_size++;
	assert_int_equal(take_inherited(fixture), -EPROTO);
	assert_int_equal(open_fds(), before - 6 + 1);
}

static void inherited_but_not_open(void **state)
{
	struct fixture *fixture = *state;
	int stored_fds = fixture->stored_fds;

	/* A number that nothing gets. */
	fixture->stored_fds = 200;
	assert_int_equal(take_inherited(fixture), -EPROTO);
	fixture->stored_fds = stored_fds;
}

static void nothing(void **state)
{
	struct fixture *fixture = *state;

	unsetenv(HANDOVER_VARIABLE);
	assert_int_equal(handover_take(&fixture->left), 0);
	assert_null(fixture->left.guests);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(stored),
		CASE(stored_with_a_process),
		CASE(listener_that_is_none),
		CASE(control_socket_that_is_none),
		CASE(connection_that_is_none),
		CASE(chip_that_is_none),
		CASE(session_that_is_not_sealed),
		CASE(session_of_another_size),
		CASE(inherited),
		CASE(inherited_and_refused),
		CASE(inherited_but_not_open),
		CASE(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
