/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Hundreds of guests in one daemon: all are served, each as if it were alone, and each has its share of what there is. */
#include "reload.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gpio.h"
#include "proc.h"

#define MANY	 300	    /* guests of those below */
#define CHILDREN (MANY + 2) /* "stays" and the control process, too */

/* A worker without a front-end has so much memory of its own, whoever else there is: 40 kB, and as much again for luck. */
#define OWN_KB_MAX 80
/* The control process has half a kB for each guest, and twice that for luck. */
#define CONTROL_KB_MAX (OWN_KB_MAX + MANY)

/* STAYS and n guests "g0", "g1" and so on: a buffer that the next call reuses. */
static const char *many(unsigned n, const char *more)
{
	static char text[64 * 1024];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", STAYS);

	for (unsigned i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "[guest g%u]\nsocket = g%u.sock\nsim = 2\n",
					 i, i);
	snprintf(text + used, sizeof(text) - used, "%s", more);
	return text;
}

static int pid_compare(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/* Sorted. */
static unsigned children(pid_t pids[2 * CHILDREN])
{
	unsigned n = proc_children(daemon_run.pid, pids, 2 * CHILDREN);

	qsort(pids, n, sizeof(*pids), pid_compare);
	return n;
}

/* How many of those before are there now. */
static unsigned still_there(const pid_t *before, unsigned n)
{
	pid_t now[2 * CHILDREN];
	unsigned n_now = children(now), n_same = 0;

	for (unsigned i = 0; i < n; i++)
		n_same += bsearch(&before[i], now, n_now, sizeof(*now), pid_compare) != NULL;
	return n_same;
}

static void check_line(const char *word)
{
	char what[32], out[32];

	snprintf(what, sizeof(what), "get %s", word);
	snprintf(out, sizeof(out), "\"%s\"=inactive\n", word);
	ctl_check(what, 0, out, "");
}

static void all_are_served(void **state)
{
	pid_t before[2 * CHILDREN];

	start(many(MANY, ""), WORDS);
	child_wait(&daemon_run, "vgpio:control", 0);
	assert_int_equal(children(before), CHILDREN);
	for (unsigned i = 0; i < MANY; i++) {
		char path[32];

		snprintf(path, sizeof(path), "g%u.sock", i);
		check_serves(path, 2);
	}
	check_line("g0.0");
	check_line("g299.1");
	/* Whoever was forked in one go with hundreds has a successor like any other. */
	child_replace(&daemon_run, "vgpio:g150");
	check_serves("g150.sock", 2);
	assert_int_equal(still_there(before, CHILDREN), CHILDREN - 1);
	stop();
}

static void one_comes_and_goes(void **state)
{
	pid_t before[2 * CHILDREN];

	start(many(MANY, ""), WORDS);
	child_wait(&daemon_run, "vgpio:control", 0);
	assert_int_equal(children(before), CHILDREN);
	reload(many(MANY, ONE));
	check_serves("one.sock", 1);
	check_line("one.0");
	/* All but the control process, which learns of guests at its start. */
	assert_int_equal(still_there(before, CHILDREN), CHILDREN - 1);
	reload(many(MANY, ""));
	assert_false(file_exists("one.sock"));
	assert_int_equal(still_there(before, CHILDREN), CHILDREN - 1);
	assert_int_equal(logged("info: reload: 302 guests\n"), 1);
	assert_int_equal(logged("info: reload: 301 guests\n"), 1);
	stop();
}

static void most_of_them_go(void **state)
{
	pid_t pids[2 * CHILDREN];

	start(many(MANY, ""), WORDS);
	child_wait(&daemon_run, "vgpio:control", 0);
	reload(many(3, ""));
	assert_int_equal(children(pids), 5);
	check_guests("stays g0 g1 g2 ");
	reload(many(MANY, ""));
	assert_int_equal(children(pids), CHILDREN);
	check_serves("g299.sock", 2);
	stop();
}

static void an_idle_one_takes_little(void **state)
{
	pid_t last, control;

	start(many(MANY, ""), WORDS);
	proc_wait_quiet(daemon_run.pid);
	last = child_wait(&daemon_run, "vgpio:g299", 0);
	control = child_wait(&daemon_run, "vgpio:control", 0);
	if (proc_has_address_sanitizer(last)) {
		print_message("with an address sanitizer memory tells nothing\n");
	} else {
		assert_in_range(proc_smaps(last, "Private_Dirty"), 1, OWN_KB_MAX);
		assert_in_range(proc_smaps(control, "Private_Dirty"), 1, CONTROL_KB_MAX);
	}
	stop();
}

/* Two names, and a socket, that are each given twice are found among hundreds. */
static void conflicts_are_found(void **state)
{
	struct run run;

	config_write(many(MANY, "[guest twice]\nsocket = g7.sock\nsim = 1\n"));
	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", WORDS);
	assert_int_equal(run_wait(&run), 1);
	assert_string_equal(run_err(&run), "vhost-device-gpio: g7.sock is the socket of both g7 and twice\n");
	config_write(many(MANY, "[guest g299]\nsocket = other.sock\nsim = 1\n"));
	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", WORDS);
	assert_int_equal(run_wait(&run), 2);
	assert_string_equal(run_err(&run), "vhost-device-gpio: guests.conf:904: the name \"g299\" is already that of "
					   "guests.conf:901\n");
}

/* It cannot be raised, and has no fd for each guest that has a front-end. */
static void allow_few_fds(void *ctx)
{
	const struct rlimit limit = { 1000, 1000 };

	prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE);
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void too_few_fds_are_refused(void **state)
{
	struct run run;

	config_write(many(MANY, ""));
	run_start_with(&run, "daemon", "VHOST_DEVICE_GPIO", WORDS, allow_few_fds, NULL);
	assert_int_equal(run_wait(&run), 1);
	assert_string_equal(run_err(&run),
			    "vhost-device-gpio: guests and lines need 5482 open files, the limit is 1000: "
			    "raise LimitNOFILE= of the service, or ulimit -n\n");
	assert_false(file_exists("g0.sock"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(all_are_served),		 PLAIN(one_comes_and_goes),  PLAIN(most_of_them_go),
		PLAIN(an_idle_one_takes_little), PLAIN(conflicts_are_found), PLAIN(too_few_fds_are_refused),
	};

	return cmocka_run_group_tests_name("reload_many", tests, NULL, NULL);
}
