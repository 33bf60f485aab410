/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* SIGUSR2 when the program that is there cannot take over, or refuses what it is left: everything goes on. */
#include "upgrade.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct asking {
	struct session *s;
	const char *answer;
	unsigned times; /* this often it was over when the program was asked last */
};

/* What was given up before it could answer is asked again. */
static bool is_answered(void *ctx)
{
	struct asking *asking = ctx;
	const struct daemon *daemon = &asking->s->daemon;
	unsigned times = daemon_logged(daemon, "going on as before");

	if (times == asking->times)
		return false;
	if (daemon_logged(daemon, asking->answer) > 0)
		return true;
	asking->times = times;
	if (upgrades_given_up(asking->s) < times) {
		daemon_show_log(daemon);
		fail_msg("the answer is another one than \"%s\"", asking->answer);
	}
	kill(daemon->pid, SIGUSR2);
	return false;
}

/* Nothing has happened, but for a line in the log; and what can take over later does. */
static void check_goes_on(struct session *s, const char *answer)
{
	struct asking asking = { s, answer, 0 };
	unsigned inherited = proc_fds_inherited(s->daemon.pid);
	pid_t control = control_wait(s);

	kill(s->daemon.pid, SIGUSR2);
	assert_true(wait_for(is_answered, &asking, WAIT_MS));
	session_settle(s);
	assert_true(daemon_workers_same(&s->daemon));
	assert_int_equal(control_pid(s), control);
	assert_int_equal(proc_fds_inherited(s->daemon.pid), inherited);
	assert_serving(s);
	program_copy(program_original);
	upgrade(s);
	assert_serving(s);
}

static void no_program(void **state)
{
	assert_int_equal(unlink(program_path), 0);
	check_goes_on(*state, "No such file or directory");
}

static void no_permission(void **state)
{
	if (geteuid() == 0)
		skip_because("root may do everything");
	assert_int_equal(chmod(program_path, 0600), 0);
	check_goes_on(*state, "Permission denied");
}

static void no_executable(void **state)
{
	FILE *file;

	program_copy("/etc/passwd");
	file = fopen(program_path, "we");
	assert_non_null(file);
	fclose(file);
	check_goes_on(*state, "Exec format error");
}

static void program_that_refuses(void **state)
{
	const struct session *s = *state;

	program_script("echo \"${1%%[0-9]*} $2\" >&2; exit 3");
	check_goes_on(*state, "cannot take over (exit status 3)");
	assert_true(daemon_logged(&s->daemon, "--can-take-over= -s") > 0);
	assert_int_equal(daemon_logged(&s->daemon, "cannot take over (exit status 3)"), 1);
}

static void program_that_does_not_know_the_image(void **state)
{
	program_copy(getenv("OTHER_IMAGE"));
	check_goes_on(*state, "cannot take over: guest guest0: socket-path: not known here, and not to be left out");
}

/* Only up: what it left must be understood by whoever comes next. */
static void program_before_one_with_a_must(void **state)
{
	struct session *s = *state;
	struct asking asking = { s, "cannot take over: guest guest0: hat: not known here, and not to be left out", 0 };

	program_copy(getenv("OTHER_MUST"));
	upgrade(s);
	assert_serving(s);
	program_copy(program_original);
	kill(s->daemon.pid, SIGUSR2);
	assert_true(wait_for(is_answered, &asking, WAIT_MS));
	session_settle(s);
	assert_serving(s);
	program_copy(getenv("OTHER_MUST"));
	upgrade(s);
	assert_serving(s);
}

/* It says yes and means no. */
static void program_that_cannot_be_run_after_all(void **state)
{
	program_script("rm \"$0\"; exit 0");
	check_goes_on(*state, "cannot run");
}

static void program_that_does_not_answer(void **state)
{
	program_script("exec sleep 60");
	check_goes_on(*state, "cannot take over (killed by signal 9)");
}

/* Whoever comes into such a place all the same ends the sessions in good order, and starts afresh. */
static void image_that_is_refused(void **state)
{
	struct session *s = *state;
	unsigned inherited = proc_fds_inherited(s->daemon.pid);
	struct upgrade upgrade;
	char text[600];

	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	snprintf(text, sizeof(text), "case $1 in --can-take-over=*) exit 0;; esac\nexec '%s' \"$@\"",
		 getenv("OTHER_IMAGE"));
	program_script(text);
	upgrade_begin(s, &upgrade);
	kill(s->daemon.pid, SIGUSR2);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	upgrade_finish(&upgrade);
	assert_int_equal(daemon_logged(&s->daemon, "socket-path: not known here"), 1);
	assert_false(proc_alive(upgrade.workers[0]));
	assert_int_equal(proc_fds_inherited(s->daemon.pid), inherited);
	session_reconnect(s);
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
}

#define UPGRADE(fn) cmocka_unit_test_setup_teardown(fn, upgrade_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UPGRADE(no_program),
		UPGRADE(no_permission),
		UPGRADE(no_executable),
		UPGRADE(program_that_refuses),
		ROW_TEST_FIXTURE("S-12", program_that_does_not_know_the_image, upgrade_setup, session_teardown),
		ROW_TEST_FIXTURE("S-12", program_before_one_with_a_must, upgrade_setup, session_teardown),
		UPGRADE(program_that_cannot_be_run_after_all),
		UPGRADE(program_that_does_not_answer),
		UPGRADE(image_that_is_refused),
	};

	return upgrade_run("upgrade_refused", tests, sizeof(tests) / sizeof(tests[0]));
}
