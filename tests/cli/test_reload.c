/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* SIGHUP: which guests come and go, which stay as they are, and what is refused. */
#include "reload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpio.h"
#include "proc.h"

static void one_comes(void **state)
{
	start(STAYS, WORDS);
	check_guests("stays ");
	reload(ONE STAYS TWO);
	check_guests("stays one two ");
	check_serves("one.sock", 1);
	check_serves("two.sock", 2);
	assert_int_equal(logged("info: one: s1 (1 line) on one.sock\n"), 1);
	assert_int_equal(logged("info: reload: 3 guests\n"), 1);
	/* It is a guest like the others. */
	child_replace(&daemon_run, "vgpio:one");
	check_serves("one.sock", 1);
	stop();
}

static void one_goes(void **state)
{
	struct vmm other;

	start(STAYS ONE TWO, WORDS);
	vmm_init(&other, 0);
	vmm_start(&other, "one.sock");
	reload(TWO STAYS);
	assert_true(connection_ends(&other.connection, FIXTURE_MS));
	vmm_deinit(&other);
	assert_false(file_exists("one.sock"));
	assert_int_equal(child_named(&daemon_run, "vgpio:one"), 0);
	assert_int_equal(logged("info: one: no longer configured: stopping\n"), 1);
	check_guests("stays two ");
	check_serves("two.sock", 2);
	stop();
}

/* What leaves makes room, in the same step, for what comes. */
static void one_takes_the_place_of_another(void **state)
{
	start(STAYS ONE, WORDS);
	reload(STAYS "[guest new]\nsocket = one.sock\nsim = 7\n");
	check_guests("stays new ");
	check_serves("one.sock", 7);
	/* And back again, by the same name. */
	reload(STAYS ONE);
	check_guests("stays one ");
	check_serves("one.sock", 1);
	stop();
}

static void nothing_changes(void **state)
{
	pid_t one;

	start(STAYS ONE, WORDS);
	one = child_wait(&daemon_run, "vgpio:one", 0);
	reload_unchanged("# a word\n" ONE "\n" STAYS);
	assert_int_equal(child_named(&daemon_run, "vgpio:one"), one);
	assert_int_equal(logged("warning: "), 0);
	stop();
}

static void the_daemons_own_section_is_for_the_next_start(void **state)
{
	static const char said[] =
		"info: config: guests.conf: [daemon] has changed: that takes effect at the next start";
	struct run run;

	start("[daemon]\nsocket-mode = 0600\n" STAYS, WORDS);
	reload_unchanged("[daemon]\nsocket-mode = 0600\n# the same\n" STAYS);
	assert_int_equal(logged(said), 0);
	reload_unchanged("[daemon]\nsocket-mode = 0666\ncontrol = other.sock\n" STAYS);
	wait_logged(said, 1);
	assert_false(file_exists("other.sock"));
	assert_int_equal(ctl(&run, "get stays.3"), 0);
	assert_int_equal(logged("warning: "), 0);
	stop();
}

static void a_monitor_goes_on(void **state)
{
	struct run monitor;

	start(STAYS, WORDS);
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	run_start(&monitor, "monitor", "VGPIOCTL", "monitor --count 1 stays.2");
	run_wait_out(&monitor, "\tinactive\tstays 2 ");
	reload(STAYS ONE);
	/* Until it has seen one of them. */
	for (int i = 0; i < 1000 && !run_has_ended(&monitor); i++) {
		struct run run;

		assert_int_equal(ctl(&run, "toggle stays.2"), 0);
	}
	assert_int_equal(run_wait(&monitor), 0);
	stop();
}

#define CHANGED(name)                                                                                                  \
	"warning: reload: " name ": changed definition ignored while the guest is served (to apply it: remove the "    \
	"guest, reload, add it back, reload)\n"

#define REFUSED "error: reload: the new configuration is refused, the old one stays\n"

static void a_change_has_to_wait(void **state)
{
	struct vmm other;

	start(STAYS ONE, WORDS);
	vmm_init(&other, 0);
	vmm_start(&other, "one.sock");
	reload(GUEST("stays", "sim = 5") TWO GUEST("one", "sim = 1\nnames = x"));
	assert_int_equal(logged(CHANGED("stays")), 1);
	assert_int_equal(logged(CHANGED("one")), 1);
	check_guests("stays one two ");
	vmm_deinit(&other);
	check_serves("one.sock", 1);
	/* As the words say: remove it, add it back. */
	reload(GUEST("stays", "sim = 4"));
	reload(GUEST("stays", "sim = 4") GUEST("one", "sim = 9"));
	check_serves("one.sock", 9);
	assert_int_equal(logged("changed definition ignored"), 2);
	stop();
}

/* Nobody is served, nobody notices. */
static void a_change_without_a_front_end(void **state)
{
	pid_t one;

	start(STAYS ONE TWO, WORDS);
	/* One that was there and has left is none. */
	check_serves("two.sock", 2);
	proc_wait_quiet(daemon_run.pid);
	one = child_wait(&daemon_run, "vgpio:one", 0);
	reload(STAYS GUEST("one", "sim = 9") GUEST("two", "sim = 7"));
	assert_int_not_equal(child_wait(&daemon_run, "vgpio:one", one), one);
	check_serves("one.sock", 9);
	check_serves("two.sock", 7);
	check_guests("stays one two ");
	assert_int_equal(logged("warning: "), 0);
	assert_int_equal(logged("info: one: changed, and without a front-end: made anew\n"), 1);
	/* What is wrong changes nothing, here neither. */
	reload(STAYS GUEST("one", "sim = 3") "[guest two]\nsocket = one.sock\nsim = 7\n");
	assert_int_equal(logged(REFUSED), 1);
	check_serves("one.sock", 9);
	check_serves("two.sock", 7);
	stop();
}

static void what_is_wrong_changes_nothing(void **state)
{
	static const struct {
		const char *config;
		const char *line;
	} rows[] = {
		{ STAYS "[guest two\n", "error: reload: guests.conf:4: " },
		{ STAYS GUEST("two", "smi = 2"), "error: reload: guests.conf:6: " },
		{ "", "error: reload: guests.conf: there is no [guest NAME]\n" },
		{ STAYS GUEST("two", "sim = 2\nlines = @sim{7}"), "out of range: s2 has lines 0-1\n" },
		{ STAYS GUEST("two", "lines = @/dev/gpiochip1000"),
		  "error: reload: guests.conf:6: /dev/gpiochip1000: No such file or directory\n" },
		{ STAYS "[guest two]\nsocket = stays.sock\nsim = 2\n",
		  "error: reload: stays.sock is the socket of both stays and two\n" },
		{ STAYS "[guest two]\nsim = 2\n",
		  "error: reload: two: a guest that is added at a reload needs a socket path\n" },
		{ STAYS "[guest two]\nfd = 9\nsim = 2\n",
		  "error: reload: two: a guest that is added at a reload needs a socket path\n" },
	};
	pid_t one;

	start(STAYS ONE, WORDS);
	one = child_wait(&daemon_run, "vgpio:one", 0);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reload(rows[i].config);
		if (!strstr(run_err(&daemon_run), rows[i].line))
			fail_msg("no \"%s\": %s", rows[i].line, run_err(&daemon_run));
		assert_int_equal(logged(REFUSED), i + 1);
		assert_int_equal(child_named(&daemon_run, "vgpio:one"), one);
	}
	unlink("guests.conf");
	kill(daemon_run.pid, SIGHUP);
	wait_logged(REFUSED, sizeof(rows) / sizeof(rows[0]) + 1);
	assert_int_equal(logged("error: reload: guests.conf: No such file or directory\n"), 1);
	check_guests("stays one ");
	check_serves("one.sock", 1);
	/* And it goes on from there. */
	reload(STAYS TWO);
	check_guests("stays two ");
	stop();
}

/* A socket that somebody else has is found out late: the others are served all the same. */
static void a_socket_that_can_not_be_had(void **state)
{
	int fd;

	start(STAYS, WORDS);
	fd = socket_listen("one.sock");
	reload(STAYS ONE TWO);
	assert_int_equal(logged("error: reload: one.sock: in use by another process\n"), 1);
	wait_logged("error: reload: not all guests of the new configuration can be served\n", 1);
	check_guests("stays two ");
	check_serves("two.sock", 2);
	close(fd);
	reload(STAYS ONE TWO);
	check_guests("stays two one ");
	stop();
}

/* Guests of the command line are there at each reload. */
static void guests_of_the_command_line_stay(void **state)
{
	int fd = socket_listen("given.sock");
	char words[160];

	snprintf(words, sizeof(words), "%s --guest name=given,fd=%d,sim=3 -s drop.sock -l s2", WORDS, fd);
	start(STAYS ONE, words);
	close(fd);
	reload(STAYS TWO);
	check_guests("guest0 given stays two ");
	check_serves("given.sock", 3);
	check_serves("drop.sock", 2);
	assert_int_equal(logged("warning: "), 0);
	/* Their names are taken. */
	reload(STAYS GUEST("given", "sim = 1"));
	assert_int_equal(logged(REFUSED), 1);
	unlink("given.sock");
	stop();
}

/* A guest on a socket of socket activation is described without one, now as at the start. */
static void activate(void *ctx)
{
	char pid[16];

	dup2(*(int *)ctx, 3);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
}

static void an_activated_guest_stays(void **state)
{
	int fd = socket_listen("stays.sock");

	start_with("[guest stays]\nsim = 4\n" ONE, WORDS, activate, &fd);
	close(fd);
	reload("[guest stays]\nsim = 4\n" TWO);
	assert_int_equal(logged("warning: "), 0);
	check_guests("stays two ");
	/* It cannot be made anew, with or without a front-end. */
	vmm_deinit(&vmm);
	proc_wait_quiet(daemon_run.pid);
	reload_unchanged("[guest stays]\nsim = 5\n" TWO);
	assert_int_equal(logged(CHANGED("stays")), 1);
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "stays.sock");
	assert_int_equal(gpio_set_value(&vmm, 3, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&vmm, 3, GPIO_OUT), GPIO_OK);
	unlink("stays.sock");
	stop();
}

/* The last guest of --one-off is the last also when another one was taken out. */
static void one_off_ends_with_what_is_left(void **state)
{
	struct vmm other;

	start(STAYS ONE, WORDS " --one-off");
	reload(STAYS TWO);
	vmm_init(&other, 0);
	vmm_start(&other, "two.sock");
	vmm_deinit(&other);
	child_wait_gone(&daemon_run, "vgpio:two");
	/* It was served, and is not served again because the file is read again, changed or not. */
	reload_unchanged(STAYS TWO);
	reload_unchanged(STAYS GUEST("two", "sim = 7"));
	assert_int_equal(child_named(&daemon_run, "vgpio:two"), 0);
	assert_int_equal(child_named(&daemon_run, "vgpio:stays"), stays);
	vmm_deinit(&vmm);
	assert_int_equal(run_wait(&daemon_run), 0);
}

static void one_off_ends_when_the_rest_is_taken_out(void **state)
{
	start(STAYS ONE, WORDS " --one-off");
	vmm_deinit(&vmm);
	child_wait_gone(&daemon_run, "vgpio:stays");
	config_write(STAYS);
	kill(daemon_run.pid, SIGHUP);
	assert_int_equal(run_wait(&daemon_run), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(one_comes),
		PLAIN(one_goes),
		PLAIN(one_takes_the_place_of_another),
		PLAIN(nothing_changes),
		PLAIN(the_daemons_own_section_is_for_the_next_start),
		PLAIN(a_monitor_goes_on),
		PLAIN(a_change_has_to_wait),
		PLAIN(a_change_without_a_front_end),
		PLAIN(what_is_wrong_changes_nothing),
		PLAIN(a_socket_that_can_not_be_had),
		PLAIN(guests_of_the_command_line_stay),
		PLAIN(an_activated_guest_stays),
		PLAIN(one_off_ends_with_what_is_left),
		PLAIN(one_off_ends_when_the_rest_is_taken_out),
	};

	return cmocka_run_group_tests_name("cli reload", tests, NULL, NULL);
}
