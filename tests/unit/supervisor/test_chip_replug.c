/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Chips that are unplugged and plugged in again, some of them alike, on a fake kernel and in a directory for /dev. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/util.h"
#include "chip/chip_spec.h"
#include "chip/label.h"
#include "supervisor/chip_replug.h"
#include "unit/chip/fake_kernel.h"

#define N_GUESTS 2

/* What a node is a link to, and its minor number. */
static const struct {
	const char *device;
	unsigned minor;
} boards[] = {
	{ "/dev/null", 3 }, { "/dev/zero", 5 }, { "/dev/full", 7 }, { "/dev/random", 8 }, { "/dev/urandom", 9 }
};

struct fixture {
	char directory[32];
	struct loop loop;
	struct chip_watch watch;
	struct guest_set set;
	struct guest_entry guests[N_GUESTS], *entries[N_GUESTS];
	sigset_t signals;
	int saved_stderr, log_fd;
};

static const char *in_directory(const struct fixture *fixture, const char *format, ...)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];
	int len = snprintf(path, sizeof(paths[0]), "%s/", fixture->directory);
	va_list args;

	va_start(args, format);
	vsnprintf(path + len, sizeof(paths[0]) - (size_t)len, format, args);
	va_end(args);
	return path;
}

static void link_make(struct fixture *fixture, const char *target, const char *name)
{
	assert_int_equal(symlink(target, in_directory(fixture, "%s", name)), 0);
}

static void remove_file(struct fixture *fixture, const char *name)
{
	assert_int_equal(unlink(in_directory(fixture, "%s", name)), 0);
}

/* The board's node, under the number that the kernel gives it this time. */
static void node_make(struct fixture *fixture, unsigned board, unsigned number)
{
	char name[32];

	kernel.gone &= (uint16_t) ~(1u << boards[board].minor);
	snprintf(name, sizeof(name), "gpiochip%u", number);
	link_make(fixture, boards[board].device, name);
}

static void node_remove(struct fixture *fixture, unsigned board, unsigned number)
{
	char name[32];

	kernel.gone |= (uint16_t)(1u << boards[board].minor);
	snprintf(name, sizeof(name), "gpiochip%u", number);
	remove_file(fixture, name);
}

/* What the watch has to tell is told. */
static void settle(struct fixture *fixture)
{
	assert_int_equal(loop_turn(&fixture->loop, 0), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(loop_turn(&fixture->loop, 0), 0);
}

static void changed(void *ctx, const char *path)
{
	struct fixture *fixture = ctx;

	chip_replug_look(&fixture->set, &fixture->watch, path);
}

/* The chip of guest i, as the user named it. */
static void guest_make(struct fixture *fixture, unsigned i, const char *path, bool by_label)
{
	struct guest guest = { .socket.fd = -1,
			       .chips = calloc(1, sizeof(*guest.chips)),
			       .n_chips = 1,
			       .lines = calloc(1, sizeof(*guest.lines)),
			       .n_lines = 1 };
	struct why why;

	snprintf(guest.name, sizeof(guest.name), "guest%u", i);
	assert_int_equal(chip_spec_path(path, &guest.chips->spec), 0);
	guest.chips->spec.by_label = by_label;
	assert_int_equal(chip_probe(&guest.chips->spec, &guest.chips->found, &why), 0);
	worker_process_init(&fixture->guests[i].process, &guest, false, &fixture->loop, &fixture->signals);
	fixture->entries[fixture->set.n++] = &fixture->guests[i];
}

static void assert_board(const struct fixture *fixture, unsigned i, unsigned board)
{
	const struct chip_found *found = &fixture->guests[i].process.guest.chips->found;
	struct stat node;

	assert_int_equal(minor(found->rdev), boards[board].minor);
	assert_int_equal(fstat(found->fd, &node), 0);
	assert_int_equal(node.st_rdev, found->rdev);
}

static unsigned logged(const struct fixture *fixture, const char *text)
{
	char log[8192];
	ssize_t len = pread(fixture->log_fd, log, sizeof(log) - 1, 0);
	unsigned n = 0;

	assert_true(len >= 0);
	log[len] = '\0';
	for (const char *at = log; (at = strstr(at, text)); at++)
		n++;
	return n;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	kernel_boot();
	for (size_t i = 0; i < ARRAY_SIZE(boards); i++)
		kernel.labels[boards[i].minor] = "adapter";
	strcpy(fixture->directory, "/tmp/replug-XXXXXX");
	fixture->set.entries = fixture->entries;
	if (!mkdtemp(fixture->directory) || loop_init(&fixture->loop) < 0 ||
	    chip_watch_start(&fixture->watch, fixture->directory, &fixture->loop, changed, fixture) < 0)
		return -1;
	fixture->saved_stderr = dup(STDERR_FILENO);
	fixture->log_fd = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	dup2(fixture->log_fd, STDERR_FILENO);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char command[64];

	dup2(fixture->saved_stderr, STDERR_FILENO);
	close(fixture->saved_stderr);
	close(fixture->log_fd);
	for (unsigned i = 0; i < fixture->set.n; i++)
		worker_process_close(&fixture->guests[i].process);
	chip_watch_stop(&fixture->watch);
	loop_deinit(&fixture->loop);
	kernel_halt();
	snprintf(command, sizeof(command), "rm -r %s", fixture->directory);
	free(fixture);
	return system(command) == 0 ? 0 : -1;
}

/* As udev: by-path/left and by-path/right lead to what is plugged in there. */
static void port_make(struct fixture *fixture, const char *port, unsigned number)
{
	char target[32], name[32];

	mkdir(in_directory(fixture, "by-path"), 0755);
	snprintf(target, sizeof(target), "../gpiochip%u", number);
	snprintf(name, sizeof(name), "by-path/%s", port);
	link_make(fixture, target, name);
}

/* Guests 0 and 1 have boards 0 and 1, which are alike. */
static void twins_make(struct fixture *fixture)
{
	node_make(fixture, 0, 0);
	port_make(fixture, "left", 0);
	node_make(fixture, 1, 1);
	port_make(fixture, "right", 1);
	guest_make(fixture, 0, in_directory(fixture, "by-path/left"), false);
	guest_make(fixture, 1, in_directory(fixture, "by-path/right"), false);
}

static void twins_unplug(struct fixture *fixture)
{
	remove_file(fixture, "by-path/left");
	remove_file(fixture, "by-path/right");
	assert_int_equal(rmdir(in_directory(fixture, "by-path")), 0);
	node_remove(fixture, 0, 0);
	node_remove(fixture, 1, 1);
}

static void twins_come_back_in_the_other_order(void **state)
{
	struct fixture *fixture = *state;

	twins_make(fixture);
	twins_unplug(fixture);
	settle(fixture);
	node_make(fixture, 3, 3);
	settle(fixture);
	assert_board(fixture, 0, 0); /* not yet */
	assert_board(fixture, 1, 1);
	port_make(fixture, "right", 3);
	settle(fixture);
	assert_board(fixture, 0, 0);
	assert_board(fixture, 1, 3);
	node_make(fixture, 2, 2);
	settle(fixture);
	assert_board(fixture, 0, 0);
	port_make(fixture, "left", 2);
	settle(fixture);
	assert_board(fixture, 0, 2);
	assert_board(fixture, 1, 3);
	assert_int_equal(logged(fixture, "by-path/left came back as "), 1);
	assert_int_equal(logged(fixture, "by-path/right came back as "), 1);
}

static void third_of_the_kind_is_not_taken(void **state)
{
	struct fixture *fixture = *state;

	twins_make(fixture);
	twins_unplug(fixture);
	settle(fixture);
	node_make(fixture, 4, 4);
	port_make(fixture, "middle", 4);
	settle(fixture);
	assert_board(fixture, 0, 0);
	assert_board(fixture, 1, 1);
	assert_int_equal(logged(fixture, "came back"), 0);
}

/* What the path leads to has to be of the kind: lines are known by their offsets. */
static void another_kind_at_the_path_is_not_taken(void **state)
{
	struct fixture *fixture = *state;

	twins_make(fixture);
	twins_unplug(fixture);
	kernel.labels[boards[2].minor] = "other";
	node_make(fixture, 2, 2);
	port_make(fixture, "left", 2);
	settle(fixture);
	assert_board(fixture, 0, 0);
	remove_file(fixture, "by-path/left");
	node_make(fixture, 3, 3);
	port_make(fixture, "left", 3);
	settle(fixture);
	assert_board(fixture, 0, 3);
	assert_board(fixture, 1, 1);
}

/* A name of the user's, over udev's; and a directory that is moved into its place. */
static void path_of_several_links(void **state)
{
	struct fixture *fixture = *state;

	node_make(fixture, 0, 0);
	port_make(fixture, "left", 0);
	assert_int_equal(mkdir(in_directory(fixture, "mine"), 0755), 0);
	link_make(fixture, in_directory(fixture, "by-path/left"), "mine/exp");
	guest_make(fixture, 0, in_directory(fixture, "mine/exp"), false);
	remove_file(fixture, "by-path/left");
	assert_int_equal(rmdir(in_directory(fixture, "by-path")), 0);
	node_remove(fixture, 0, 0);
	settle(fixture);
	node_make(fixture, 1, 1);
	assert_int_equal(mkdir(in_directory(fixture, "made"), 0755), 0);
	link_make(fixture, "../gpiochip1", "made/left");
	settle(fixture);
	assert_board(fixture, 0, 0);
	assert_int_equal(rename(in_directory(fixture, "made"), in_directory(fixture, "by-path")), 0);
	settle(fixture);
	assert_board(fixture, 0, 1);
	assert_true(fixture->watch.n_path_wds > 0);
	node_make(fixture, 2, 2);
	settle(fixture);
	assert_int_equal(fixture->watch.n_path_wds, 0);
	/* In udev's own directory, which stays: only the link over it leads there. */
	remove_file(fixture, "by-path/left");
	node_remove(fixture, 1, 1);
	settle(fixture);
	link_make(fixture, "../gpiochip2", "by-path/left");
	settle(fixture);
	assert_board(fixture, 0, 2);
}

static void two_that_fit_are_not_taken(void **state)
{
	struct fixture *fixture = *state;

	node_make(fixture, 0, 0);
	guest_make(fixture, 0, in_directory(fixture, "gpiochip0"), true);
	node_make(fixture, 1, 1); /* later than the guest */
	settle(fixture);
	node_remove(fixture, 0, 0);
	settle(fixture);
	assert_board(fixture, 0, 0); /* what stands there is not what comes */
	node_make(fixture, 2, 2);
	settle(fixture);
	assert_board(fixture, 0, 0);
	assert_int_equal(logged(fixture, "gpiochip0 is gone, and no chip is taken for it: two chips have this label: "),
			 1);
	assert_int_equal(logged(fixture, "gpiochip1 and "), 1);
	node_remove(fixture, 2, 2);
	settle(fixture);
	assert_board(fixture, 0, 0);
	node_make(fixture, 2, 2);
	settle(fixture);
	node_remove(fixture, 1, 1);
	settle(fixture);
	assert_board(fixture, 0, 2);
	assert_int_equal(logged(fixture, "no chip is taken"), 1);
}

static void one_that_fits_is_taken_under_whatever_number(void **state)
{
	struct fixture *fixture = *state;

	node_make(fixture, 0, 0);
	guest_make(fixture, 0, in_directory(fixture, "gpiochip0"), true);
	node_remove(fixture, 0, 0);
	settle(fixture);
	node_make(fixture, 1, 7);
	settle(fixture);
	assert_board(fixture, 0, 1);
}

/* Who has the one that looks the same has it: the one that comes is the other. */
static void twin_in_use_is_known(void **state)
{
	struct fixture *fixture = *state;

	node_make(fixture, 0, 0);
	node_make(fixture, 1, 1);
	port_make(fixture, "right", 1);
	guest_make(fixture, 0, in_directory(fixture, "gpiochip0"), true);
	guest_make(fixture, 1, in_directory(fixture, "by-path/right"), false);
	node_remove(fixture, 0, 0);
	settle(fixture);
	assert_board(fixture, 0, 0);
	node_make(fixture, 2, 2);
	settle(fixture);
	assert_board(fixture, 0, 2);
	assert_board(fixture, 1, 1);
}

/* Which of both came, the path of one of them will tell. */
static void twin_that_is_gone_may_be_the_one(void **state)
{
	struct fixture *fixture = *state;

	node_make(fixture, 0, 0);
	node_make(fixture, 1, 1);
	port_make(fixture, "right", 1);
	guest_make(fixture, 0, in_directory(fixture, "gpiochip0"), true);
	guest_make(fixture, 1, in_directory(fixture, "by-path/right"), false);
	remove_file(fixture, "by-path/right");
	node_remove(fixture, 0, 0);
	node_remove(fixture, 1, 1);
	settle(fixture);
	node_make(fixture, 2, 2);
	settle(fixture);
	assert_board(fixture, 0, 0);
	assert_board(fixture, 1, 1);
	assert_int_equal(logged(fixture, "no chip is taken for it: another chip with this label is gone, too"), 1);
	node_make(fixture, 3, 3);
	settle(fixture);
	assert_board(fixture, 0, 0);
	port_make(fixture, "right", 2);
	settle(fixture);
	assert_board(fixture, 1, 2);
	assert_board(fixture, 0, 3);
}

/* One of them by its path, the other by its label. */
static void guests_that_share_it_take_it_together(void **state)
{
	struct fixture *fixture = *state;

	node_make(fixture, 0, 0);
	port_make(fixture, "left", 0);
	guest_make(fixture, 0, in_directory(fixture, "gpiochip0"), true);
	guest_make(fixture, 1, in_directory(fixture, "by-path/left"), false);
	remove_file(fixture, "by-path/left");
	node_remove(fixture, 0, 0);
	settle(fixture);
	node_make(fixture, 4, 4); /* two have the label */
	node_make(fixture, 2, 2);
	settle(fixture);
	assert_board(fixture, 0, 0);
	port_make(fixture, "left", 2);
	settle(fixture);
	assert_board(fixture, 0, 2);
	assert_board(fixture, 1, 2);
}

/* The kernel drops events when nobody reads them. */
static void nothing_is_missed_when_events_are_lost(void **state)
{
	struct fixture *fixture = *state;
	char name[32];

	node_make(fixture, 0, 0);
	guest_make(fixture, 0, in_directory(fixture, "gpiochip0"), true);
	node_remove(fixture, 0, 0);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "noise%u", i % 7);
		link_make(fixture, "nowhere", name);
		remove_file(fixture, name);
	}
	node_make(fixture, 3, 3);
	for (unsigned i = 0; i < 100; i++)
		settle(fixture);
	assert_board(fixture, 0, 3);
}

/* As after an upgrade: nobody has seen what came. */
static void look_at_all(void **state)
{
	struct fixture *fixture = *state;

	twins_make(fixture);
	chip_watch_stop(&fixture->watch);
	twins_unplug(fixture);
	node_make(fixture, 3, 3);
	node_make(fixture, 2, 2);
	assert_int_equal(chip_watch_start(&fixture->watch, fixture->directory, &fixture->loop, changed, fixture), 0);
	chip_replug_look(&fixture->set, &fixture->watch, NULL);
	assert_board(fixture, 0, 0);
	assert_board(fixture, 1, 1);
	port_make(fixture, "right", 3);
	port_make(fixture, "left", 2);
	settle(fixture);
	assert_board(fixture, 0, 2);
	assert_board(fixture, 1, 3);
}

static void look_at_all_for_a_label(void **state)
{
	struct fixture *fixture = *state;

	node_make(fixture, 0, 0);
	guest_make(fixture, 0, in_directory(fixture, "gpiochip0"), true);
	chip_watch_stop(&fixture->watch);
	node_remove(fixture, 0, 0);
	node_make(fixture, 3, 3);
	node_make(fixture, 2, 2);
	chip_replug_look(&fixture->set, &fixture->watch, NULL);
	assert_board(fixture, 0, 0);
	assert_int_equal(logged(fixture, "two chips have this label"), 1);
	node_remove(fixture, 3, 3);
	chip_replug_look(&fixture->set, &fixture->watch, NULL);
	assert_board(fixture, 0, 2);
	assert_int_equal(chip_watch_start(&fixture->watch, fixture->directory, &fixture->loop, changed, fixture), 0);
}

#define REPLUG_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPLUG_TEST("G-96", twins_come_back_in_the_other_order),
		REPLUG_TEST("G-96", third_of_the_kind_is_not_taken),
		REPLUG_TEST("G-96", another_kind_at_the_path_is_not_taken),
		REPLUG_TEST("G-96", path_of_several_links),
		REPLUG_TEST("G-96", two_that_fit_are_not_taken),
		REPLUG_TEST("G-96", one_that_fits_is_taken_under_whatever_number),
		REPLUG_TEST("G-96", twin_in_use_is_known),
		REPLUG_TEST("G-96", twin_that_is_gone_may_be_the_one),
		REPLUG_TEST("G-96", guests_that_share_it_take_it_together),
		REPLUG_TEST("G-96", nothing_is_missed_when_events_are_lost),
		REPLUG_TEST("G-96", look_at_all),
		REPLUG_TEST("G-96", look_at_all_for_a_label),
	};

	return cmocka_run_group_tests_name("supervisor/chip_replug", tests, NULL, NULL);
}
