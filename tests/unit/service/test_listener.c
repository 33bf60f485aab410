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
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "config/guest_settings.h"
#include "service/listener.h"

static struct why why;
static char old_dir[256];

static int setup(void **state)
{
	static char dir[] = "/tmp/vgpio-test-XXXXXX";

	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	if (!getcwd(old_dir, sizeof(old_dir)) || !mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	why.text[0] = '\0';
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
	fd_close(&fd); /* keeps errno */
	return good;
}

static int path_open(struct listener *listener, const char *path, struct why *reason)
{
	struct guest_socket wanted = { .fd = -1 };

	strcpy(wanted.path, path);
	return listener_open(listener, &wanted, reason);
}

static void make_stale(const char *path)
{
	struct listener listener;

	assert_int_equal(path_open(&listener, path, &why), 0);
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

	assert_int_equal(path_open(&listener, "a", &why), 0);
	assert_true(connects("a"));
	assert_int_equal(fcntl(listener.fd, F_GETFD), FD_CLOEXEC);
	listener_close(&listener);
	assert_false(exists("a"));
	listener_close(&listener);
}

static void live_is_not_stolen(void **state)
{
	struct listener first, second;

	assert_int_equal(path_open(&first, "a", &why), 0);
	assert_int_equal(path_open(&second, "a", &why), -EADDRINUSE);
	assert_string_equal(why.text, "in use by another process");
	listener_close(&second);
	/* Nobody connected for that: the one that listens has nothing to accept. */
	assert_int_equal(accept(first.fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(connects("a"));
	listener_close(&first);
}

static void full_backlog_is_live_too(void **state)
{
	struct listener first, second;
	int fd;

	assert_int_equal(path_open(&first, "a", &why), 0);
	assert_int_equal(listen(first.fd, 0), 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&(struct sockaddr_un){ AF_UNIX, "a" }, sizeof(struct sockaddr_un)), 0);
	assert_int_equal(path_open(&second, "a", &why), -EADDRINUSE);
	close(fd);
	listener_close(&first);
}

static void stale_is_replaced(void **state)
{
	struct listener listener;

	make_stale("a");
	assert_int_equal(path_open(&listener, "a", &why), 0);
	assert_true(connects("a"));
	listener_close(&listener);
}

static void file_is_refused(void **state)
{
	struct listener listener;

	make_file("a");
	assert_int_equal(path_open(&listener, "a", &why), -EEXIST);
	assert_string_equal(why.text, "exists and is not a socket");
	assert_true(exists("a"));
	unlink("a");
}

static void missing_dir_is_named(void **state)
{
	struct listener listener;

	assert_int_equal(path_open(&listener, "nope/a", &why), -ENOENT);
	assert_string_equal(why.text, "No such file or directory");
}

static void what_another_made_stays(void **state)
{
	struct listener listener;

	assert_int_equal(path_open(&listener, "a", &why), 0);
	unlink("a");
	make_file("a");
	listener_close(&listener);
	assert_true(exists("a"));
	unlink("a");
}

static void alias_leads_to_the_socket(void **state)
{
	struct listener listener;

	assert_int_equal(path_open(&listener, "a0", &why), 0);
	assert_int_equal(listener_add_alias(&listener, "a", &why), 0);
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
		assert_int_equal(path_open(&listener, "a0", &why), 0);
		assert_int_equal(listener_add_alias(&listener, "a", &why), 0);
		assert_true(connects("a"));
		listener_close(&listener);
	}
}

static void foreign_alias_is_refused(void **state)
{
	struct listener listener, other;

	assert_int_equal(path_open(&listener, "a0", &why), 0);
	make_file("a");
	assert_int_equal(listener_add_alias(&listener, "a", &why), -EEXIST);
	assert_string_equal(why.text, "exists and is neither a socket nor a link to one");
	unlink("a");
	make_file("b");
	assert_int_equal(symlink("b", "a"), 0);
	assert_int_equal(listener_add_alias(&listener, "a", &why), -EEXIST);
	assert_string_equal(why.text, "is a link to b");
	unlink("a");
	unlink("b");
	assert_int_equal(path_open(&other, "a", &why), 0);
	assert_int_equal(listener_add_alias(&listener, "a", &why), -EADDRINUSE);
	assert_true(connects("a"));
	listener_close(&other);
	listener_close(&listener);
}

static struct guest_socket wanted_make(const char *path)
{
	struct guest_socket wanted = { .fd = -1 };

	strcpy(wanted.path, path);
	return wanted;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & ALLPERMS;
}

/* Whatever the umask, which stays what it was. */
static void mode_is_exact(void **state)
{
	static const mode_t umasks[] = { 0, 022, 0777 };
	static const mode_t modes[] = { 0660, 0600, 0666, 0777, 0 };
	struct guest_socket wanted = wanted_make("a");
	struct listener listener;
	mode_t before = umask(022);

	wanted.has_mode = true;
	for (size_t i = 0; i < ARRAY_SIZE(umasks) * ARRAY_SIZE(modes); i++) {
		mode_t mask = umasks[i % ARRAY_SIZE(umasks)];

		umask(mask);
		wanted.mode = modes[i / ARRAY_SIZE(umasks)];
		assert_int_equal(listener_open(&listener, &wanted, &why), 0);
		assert_int_equal(mode_of("a"), wanted.mode);
		assert_int_equal(umask(mask), mask);
		listener_close(&listener);
		assert_false(exists("a"));
	}
	umask(before);
}

static void without_mode_the_umask_counts(void **state)
{
	struct guest_socket wanted = wanted_make("a");
	struct listener listener;
	mode_t before = umask(027);

	assert_int_equal(listener_open(&listener, &wanted, &why), 0);
	assert_int_equal(mode_of("a"), 0750);
	assert_true(connects("a"));
	listener_close(&listener);
	umask(before);
}

/* A default ACL of the directory takes the place of the umask; here it lets nobody but the owner in. */
static void directory_that_changes_the_mode(void **state)
{
	/* linux/posix_acl_xattr.h: version 2; tag, permissions, id of each entry; all little-endian. */
	static const unsigned char acl[] = {
		2,    0,    0,	  0,	0x01, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		0x04, 0,    0,	  0, /* the owner's all; the group's none */
		0xff, 0xff, 0xff, 0xff, 0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	};
	struct guest_socket wanted = wanted_make("a");
	struct listener listener;

	if (setxattr(".", "system.posix_acl_default", acl, sizeof(acl), 0) < 0)
		skip_because("no access control lists here: %s", strerror(errno));
	wanted.has_mode = true;
	wanted.mode = 0660;
	assert_int_equal(listener_open(&listener, &wanted, &why), -EPERM);
	assert_string_equal(why.text, "cannot set mode 0660: the directory makes it 0600");
	assert_false(exists("a"));
}

/* Between bind() and listen(): the file is there with its mode, but whoever connects is refused. */
int __real_lchown(const char *path, uid_t user, gid_t group);
int __wrap_lchown(const char *path, uid_t user, gid_t group);

static int lchown_calls;

int __wrap_lchown(const char *path, uid_t user, gid_t group)
{
	lchown_calls++;
	assert_true(exists(path));
	assert_false(connects(path));
	assert_int_equal(errno, ECONNREFUSED);
	return __real_lchown(path, user, group);
}

/* A group of ours, when we have one besides the main one; root may give any. */
static void group_is_given(void **state)
{
	struct guest_socket wanted = wanted_make("a");
	struct listener listener;
	struct stat st;
	gid_t groups[64];
	int n = getgroups(ARRAY_SIZE(groups), groups);

	lchown_calls = 0;
	wanted.has_group = true;
	wanted.group = geteuid() == 0 ? 12345 : n > 0 ? groups[n - 1] : getegid();
	assert_int_equal(listener_open(&listener, &wanted, &why), 0);
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(lchown_calls, 1);
	assert_int_equal(st.st_gid, wanted.group);
	assert_int_equal(st.st_uid, geteuid());
	assert_true(connects("a"));
	listener_close(&listener);
}

/* As a user who is in no other group. */
static void foreign_group_is_refused(void **state)
{
	struct guest_socket wanted = wanted_make("a");
	struct listener listener;
	uid_t user = geteuid();

	if (user == 0) {
		assert_int_equal(chmod(".", 0777), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	wanted.has_group = true;
	wanted.group = 54321;
	assert_int_equal(listener_open(&listener, &wanted, &why), -EPERM);
	assert_string_equal(why.text, "cannot give it to group 54321: Operation not permitted");
	assert_int_equal(listener.fd, -1);
	assert_false(exists("a"));
	assert_int_equal(seteuid(user), 0);
}

static void stale_is_replaced_whatever_its_mode(void **state)
{
	struct guest_socket wanted = wanted_make("a");
	struct listener listener;

	make_stale("a");
	assert_int_equal(chmod("a", 0777), 0);
	wanted.has_mode = true;
	wanted.mode = 0600;
	assert_int_equal(listener_open(&listener, &wanted, &why), 0);
	assert_int_equal(mode_of("a"), 0600);
	listener_close(&listener);
}

/* The path of a socket that was given to us is its owner's. */
static void adopted_fd_keeps_its_path(void **state)
{
	struct listener owner, adopted;

	assert_int_equal(path_open(&owner, "a", &why), 0);
	listener_adopt(&adopted, dup(owner.fd));
	listener_close(&adopted);
	assert_int_equal(adopted.fd, -1);
	assert_true(connects("a"));
	listener_close(&owner);
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
		cmocka_unit_test_setup_teardown(mode_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(without_mode_the_umask_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(directory_that_changes_the_mode, setup, teardown),
		cmocka_unit_test_setup_teardown(group_is_given, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_group_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(stale_is_replaced_whatever_its_mode, setup, teardown),
		cmocka_unit_test_setup_teardown(adopted_fd_keeps_its_path, setup, teardown),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
