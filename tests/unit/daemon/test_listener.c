/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Listening sockets: what may be replaced, what must not be touched, what is removed at the end. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/listener.h"

static char why[256];
static char old_dir[256];

static int setup(void **state)
{
	static char dir[] = "/tmp/vgpio-test-XXXXXX";

	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	if (!getcwd(old_dir, sizeof(old_dir)) || !mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	why[0] = '\0';
	*state = dir;
	return 0;
}

/* Every test leaves its directory empty. */
static int teardown(void **state)
{
	return chdir(old_dir) < 0 || rmdir(*state) < 0 ? -1 : 0;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static bool connects(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good;

	strcpy(address.sun_path, path);
	good = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return good;
}

static void make_stale(const char *path)
{
	struct listener listener;

	assert_int_equal(listener_open(&listener, path, why, sizeof(why)), 0);
	close(listener.fd);
	assert_true(exists(path));
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void opens_and_removes(void **state)
{
	struct listener listener;

	assert_int_equal(listener_open(&listener, "a", why, sizeof(why)), 0);
	assert_true(connects("a"));
	assert_int_equal(fcntl(listener.fd, F_GETFD), FD_CLOEXEC);
	listener_close(&listener);
	assert_false(exists("a"));
	listener_close(&listener);
}

static void live_is_not_stolen(void **state)
{
	struct listener first, second;

	assert_int_equal(listener_open(&first, "a", why, sizeof(why)), 0);
	assert_int_equal(listener_open(&second, "a", why, sizeof(why)), -EADDRINUSE);
	assert_string_equal(why, "in use by another process");
	listener_close(&second);
	assert_true(connects("a"));
	listener_close(&first);
}

static void full_backlog_is_live_too(void **state)
{
	struct listener first, second;
	int fd;

	assert_int_equal(listener_open(&first, "a", why, sizeof(why)), 0);
	assert_int_equal(listen(first.fd, 0), 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&(struct sockaddr_un){ AF_UNIX, "a" }, sizeof(struct sockaddr_un)), 0);
	assert_int_equal(listener_open(&second, "a", why, sizeof(why)), -EADDRINUSE);
	close(fd);
	listener_close(&first);
}

static void stale_is_replaced(void **state)
{
	struct listener listener;

	make_stale("a");
	assert_int_equal(listener_open(&listener, "a", why, sizeof(why)), 0);
	assert_true(connects("a"));
	listener_close(&listener);
}

static void file_is_refused(void **state)
{
	struct listener listener;

	make_file("a");
	assert_int_equal(listener_open(&listener, "a", why, sizeof(why)), -EEXIST);
	assert_string_equal(why, "exists and is not a socket");
	assert_true(exists("a"));
	unlink("a");
}

static void missing_dir_is_named(void **state)
{
	struct listener listener;

	assert_int_equal(listener_open(&listener, "nope/a", why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "No such file or directory");
}

static void what_another_made_stays(void **state)
{
	struct listener listener;

	assert_int_equal(listener_open(&listener, "a", why, sizeof(why)), 0);
	unlink("a");
	make_file("a");
	listener_close(&listener);
	assert_true(exists("a"));
	unlink("a");
}

static void alias_leads_to_the_socket(void **state)
{
	struct listener listener;

	assert_int_equal(listener_open(&listener, "a0", why, sizeof(why)), 0);
	assert_int_equal(listener_add_alias(&listener, "a", why, sizeof(why)), 0);
	assert_true(connects("a"));
	listener_close(&listener);
	assert_false(exists("a"));
	assert_false(exists("a0"));
}

/* A link of an earlier run, a link to nothing, a stale socket. */
static void stale_alias_is_replaced(void **state)
{
	static const char *const targets[] = { "a0", "nothing", NULL };
	struct listener listener;

	for (int i = 0; i < 3; i++) {
		if (targets[i])
			assert_int_equal(symlink(targets[i], "a"), 0);
		else
			make_stale("a");
		assert_int_equal(listener_open(&listener, "a0", why, sizeof(why)), 0);
		assert_int_equal(listener_add_alias(&listener, "a", why, sizeof(why)), 0);
		assert_true(connects("a"));
		listener_close(&listener);
	}
}

static void foreign_alias_is_refused(void **state)
{
	struct listener listener, other;

	assert_int_equal(listener_open(&listener, "a0", why, sizeof(why)), 0);
	make_file("a");
	assert_int_equal(listener_add_alias(&listener, "a", why, sizeof(why)), -EEXIST);
	assert_string_equal(why, "exists and is neither a socket nor a link to one");
	unlink("a");
	make_file("b");
	assert_int_equal(symlink("b", "a"), 0);
	assert_int_equal(listener_add_alias(&listener, "a", why, sizeof(why)), -EEXIST);
	assert_string_equal(why, "is a link to b");
	unlink("a");
	unlink("b");
	assert_int_equal(listener_open(&other, "a", why, sizeof(why)), 0);
	assert_int_equal(listener_add_alias(&listener, "a", why, sizeof(why)), -EADDRINUSE);
	assert_true(connects("a"));
	listener_close(&other);
	listener_close(&listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opens_and_removes, setup, teardown),
		ROW_TEST_FIXTURE("B-13", live_is_not_stolen, setup, teardown),
		ROW_TEST_FIXTURE("B-13", full_backlog_is_live_too, setup, teardown),
		ROW_TEST_FIXTURE("B-13", stale_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_dir_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(what_another_made_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(alias_leads_to_the_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(stale_alias_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_alias_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
