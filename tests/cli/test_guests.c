/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --guest as a user meets it: what a guest is shown, what is refused, --check, --make-safe. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpio.h"
#include "vmm.h"
#include "wait.h"

static void check(const char *words, int status, const char *out, const char *err)
{
	struct run run;

	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", words);
	assert_int_equal(run_wait(&run), status);
	assert_string_equal(run_out(&run), out);
	assert_string_equal(run_err(&run), err);
}

static void check_ctl(const char *words, const char *out)
{
	struct run run;

	assert_int_equal(ctl(&run, words), 0);
	assert_string_equal(run_out(&run), out);
}

static const char *level(const char *line)
{
	struct run run;
	char words[64];

	snprintf(words, sizeof(words), "get %s", line);
	assert_int_equal(ctl(&run, words), 0);
	return run_out(&run);
}

static bool is_inactive(void *ctx)
{
	const char *line = ctx;
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "\"%s\"=inactive\n", line);
	return strcmp(level(line), wanted) == 0;
}

static void guest_up(struct run *daemon, const char *words, const char *process)
{
	run_start(daemon, "daemon", "VHOST_DEVICE_GPIO", words);
	child_wait(daemon, process, 0);
	child_wait(daemon, "vgpio:control", 0);
}

static void its_lines_and_their_names(void **state)
{
	static const uint8_t names[] = "\0irq\0door\0\0led";
	uint8_t got[64];
	struct run daemon;
	struct vmm vmm;

	guest_up(&daemon,
		 "--guest name=ci,socket=ci.sock,sim=8,names=button:led::irq,lines=@sim{3:0=door,ro:4-4:led} "
		 "--control ctl.sock",
		 "vgpio:ci");
	check_ctl("info", "ci - 4 lines:\n"
			  "\tline   0:\t\"irq\"           \tnone inactive\n"
			  "\tline   1:\t\"door\"          \tnone inactive\n"
			  "\tline   2:\tunnamed         \tnone inactive\n"
			  "\tline   3:\t\"led\"           \tnone inactive\n");
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "ci.sock");
	assert_int_equal(gpio_get_names(&vmm, 0, 14, got), 15);
	assert_memory_equal(got, names, sizeof(names));
	/* Each line is the one that was chosen. */
	check_ctl("set ci.door=1", "");
	assert_int_equal(gpio_set_direction(&vmm, 1, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_get_value(&vmm, 1), 1);
	assert_int_equal(gpio_set_direction(&vmm, 1, GPIO_OUT), 1);
	assert_int_equal(gpio_set_direction(&vmm, 3, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&vmm, 4, GPIO_OUT), 1);
	vmm_deinit(&vmm);
	daemon_down(&daemon);
}

/* Several ways of description at once; guests without a name are numbered through. */
static void several_guests(void **state)
{
	struct run daemon;

	run_start(&daemon, "daemon", "VHOST_DEVICE_GPIO",
		  "--guest socket=b.sock,sim=2 -s a.sock -l s1 --guest name=x,socket=c.sock,sim=3");
	child_wait(&daemon, "vgpio:guest0", 0);
	child_wait(&daemon, "vgpio:guest1", 0);
	child_wait(&daemon, "vgpio:x", 0);
	daemon_down(&daemon);
	assert_string_equal(run_said(&daemon), "info: guest0: s1 (1 line) on a.sock0\n"
					       "info: guest1: s2 (2 lines) on b.sock\n"
					       "info: x: s3 (3 lines) on c.sock\n");
}

#define SAYS(text) "vhost-device-gpio: " text "\n"

static void one_line_for_each_refusal(void **state)
{
	static const struct {
		const char *words;
		int status;
		const char *line;
	} rows[] = {
		{ "--guest sim=8,scoket=a", 2, SAYS("--guest: unknown key \"scoket\"; did you mean \"socket\"?") },
		{ "--guest socket=a,sim=0", 2, SAYS("--guest: sim: \"0\" is not a number of lines (1 to 65535)") },
		{ "--guest socket=a,sim=8 --guest socket=b,sim=8,lines=@sim{x,bais=pull-up}", 2,
		  SAYS("--guest 2: line \"x\": unknown attribute \"bais\"; did you mean \"bias\"?") },
		{ "--guest socket=a,sim=8,name=x --guest socket=b,sim=8,name=x", 2,
		  SAYS("--guest 2: the name \"x\" is already that of --guest 1") },
		{ "--guest socket=a,sim=8,lines=@sim{1:2} lines=@sim{3}", 2,
		  SAYS("stray argument \"lines=@sim{3}\": quote the value of --guest, a shell expands its braces") },
		{ "--guest=socket=a,sim=8,lines=@sim0=x --guest=socket=a,sim=8,lines=@siminput", 2,
		  SAYS("--guest 1 and 2 are the same up to \"lines=@sim\": quote the value of --guest, a shell expands "
		       "its braces") },
		{ "--guest sim=8", 2,
		  SAYS("--guest: the guest has no socket (socket or fd), and socket activation gave none") },
		{ "--guest socket=nope/a,sim=8", 1, SAYS("--guest: nope/a: there is no directory nope") },
		{ "-s a -l s8 --control nope/c", 1, SAYS("--control: nope/c: there is no directory nope") },
		{ "--guest socket=./a,sim=8 --guest socket=a,sim=8", 1,
		  SAYS("./a of guest0 and a of guest1 are one socket") },
		{ "--guest sim=8,fd=77", 1, SAYS("guest guest0: fd 77 is not open") },
		{ "--guest sim=8,fd=2", 1, SAYS("guest guest0: fd 2 is for standard input, output or errors") },
		{ "--guest socket=a,lines=@/dev/null{0}", 1, SAYS("--guest: /dev/null: not a GPIO chip") },
		{ "--guest socket=a,sim=8 --guest socket=a,sim=8", 1,
		  SAYS("a is the socket of both guest0 and guest1") },
		{ "--guest socket=a,sim=8 --control ./a", 1, SAYS("--control: ./a is the socket of guest0, too") },
		{ "-s a -l s8 --control a", 1, SAYS("--control: a is the socket of guest0, too") },
		{ "--guest socket=a,sim=8 --ready-fd 77", 1, SAYS("--ready-fd: fd 77 is not open") },
		{ "--fd 77 -l s8", 1, SAYS("guest guest0: fd 77 is not open") },
		{ "--fd 77 -l s8:s8 -c 2", 2, SAYS("--fd is one socket, but --device-list has 2 devices") },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check(rows[i].words, rows[i].status, "", rows[i].line);
		assert_false(file_exists("a"));
	}
}

#define TABLE_HEAD "   LINE  NAME                 CHIP                LINE  ITS NAME             SETTINGS\n"

/* A word of the file is named by its place there. */
static void words_of_the_file_are_named(void **state)
{
	file_write("guests.conf",
		   "[daemon]\nuser = no-such-user\ncontrol = nope/c\n\n[guest a]\nsocket = a\nsim = 1\n");
	check("--config guests.conf", 1, "", SAYS("guests.conf:3: control: nope/c: there is no directory nope"));
	check("--config guests.conf --check --control c", 1,
	      "guest a: 1 line on a\n" TABLE_HEAD "      0  dummy0               s1                     0  dummy0\n"
	      "conflict: guests.conf:2: user: there is no user \"no-such-user\"\n",
	      "");
	check("--config guests.conf --control a", 1, "", SAYS("--control: a is the socket of a, too"));
}

static void all_conflicts_are_said(void **state)
{
	check("--guest socket=a,sim=4,lines=@sim{0-2:1=x:9:nix} --guest socket=a,lines=@/dev/gpiochip1000 "
	      "--guest socket=b,sim=4,names=x:x",
	      1, "",
	      SAYS("--guest 1: line 9: out of range: s4 has lines 0-3")
		      SAYS("--guest 1: line \"nix\": s4 has no line \"nix\"")
			      SAYS("--guest 2: /dev/gpiochip1000: No such file or directory")
				      SAYS("--guest 3: lines 0 and 1 are both called \"x\"")
					      SAYS("a is the socket of both guest0 and guest1") SAYS(
						      "guest0: s4 line 1 is given twice: as line 1 and line 3 of the "
						      "guest"));
	assert_false(file_exists("b"));
}

static void check_prints_a_table(void **state)
{
	check("--check --guest name=ci,socket=ci.sock,sim=2,lines=@sim{1=led,init=output-high:0}", 0,
	      "guest ci: 2 lines on ci.sock\n" TABLE_HEAD
	      "      0  led                  s2                     1  dummy1               init=output-high\n"
	      "      1  dummy0               s2                     0  dummy0\n",
	      "");
	/* It looks, and makes nothing. */
	assert_false(file_exists("ci.sock"));
	check("--check --guest socket=a,sim=1 --guest socket=a,lines=@/dev/gpiochip1000", 1,
	      "guest guest0: 1 line on a\n" TABLE_HEAD
	      "      0  dummy0               s1                     0  dummy0\n"
	      "guest guest1: 0 lines on a\n"
	      "conflict: --guest 2: /dev/gpiochip1000: No such file or directory\n"
	      "conflict: a is the socket of both guest0 and guest1\n",
	      "");
	/* What the start will miss: for certain, or unless somebody makes it before. */
	check("--check --guest socket=nope/a,sim=1", 1,
	      "guest guest0: 1 line on nope/a\n" TABLE_HEAD
	      "      0  dummy0               s1                     0  dummy0\n"
	      "conflict: --guest: nope/a: there is no directory nope\n",
	      "");
	check("--check --guest socket=/run/vgpio-nope/a,sim=1 --guest sim=1", 0,
	      "guest guest0: 1 line on /run/vgpio-nope/a\n" TABLE_HEAD
	      "      0  dummy0               s1                     0  dummy0\n"
	      "guest guest1: 1 line\n" TABLE_HEAD "      0  dummy0               s1                     0  dummy0\n"
	      "note: --guest 1: there is no directory /run/vgpio-nope yet (in a unit: RuntimeDirectory=)\n"
	      "note: --guest 2: the guest needs a socket of socket activation\n",
	      "");
	check("--check -s x -l s1 --user no-such-user", 1,
	      "guest guest0: 1 line on x0\n" TABLE_HEAD
	      "      0  dummy0               s1                     0  dummy0\n"
	      "conflict: --user: there is no user \"no-such-user\"\n",
	      "");
	check("--check --safe -s x -l s1", 0,
	      "guest guest0: 1 line on x0\n" TABLE_HEAD
	      "      0  dummy0               s1                     0  dummy0               on-disconnect=input\n",
	      "");
}

static void check_beside_a_daemon_that_runs(void **state)
{
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -l s8 --log-level warning", 1, false);
	check("--check -s gpio.sock -l s1", 0,
	      "guest guest0: 1 line on gpio.sock0\n" TABLE_HEAD
	      "      0  dummy0               s1                     0  dummy0\n",
	      "");
	assert_true(file_exists("gpio.sock0"));
	daemon_down(&daemon);
}

static void make_safe_ends(void **state)
{
	check("--make-safe --guest sim=4,lines=@sim{0,on-disconnect=output-high:1}", 0, "", "");
	check("--make-safe --safe -s x -l s4", 0, "", "");
	check("--make-safe --guest sim=4,lines=@sim{9}", 1, "",
	      SAYS("--guest: line 9: out of range: s4 has lines 0-3"));
	assert_false(file_exists("x0"));
}

static void make_safe_holds(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct run run;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		run_start(&run, "daemon", "VHOST_DEVICE_GPIO",
			  "--make-safe=hold --guest sim=4,lines=@sim{0,on-disconnect=output-high}");
		run_wait_err(&run, "info: make-safe: holding the lines\n");
		kill(run.pid, signals[i]);
		assert_int_equal(run_wait(&run), 0);
	}
	/* What can be had is held although something else is missing; the end tells. */
	run_start(&run, "daemon", "VHOST_DEVICE_GPIO",
		  "--make-safe=hold --guest sim=4,lines=@sim{0,on-disconnect=output-high}@/dev/gpiochip1000");
	run_wait_err(&run, "info: make-safe: holding the lines\n");
	assert_int_equal(run_stop(&run), 1);
	assert_non_null(strstr(run_err(&run), SAYS("--guest: /dev/gpiochip1000: No such file or directory")));
}

/* SIGTERM before all is done is not lost: the lines are made safe all the same. */
static void make_safe_is_not_cut_short(void **state)
{
	for (int i = 0; i < 20; i++) {
		struct run run;

		run_start(&run, "daemon", "VHOST_DEVICE_GPIO", "--make-safe=hold --safe -s x -l s65535");
		sleep_ms((unsigned)i / 4);
		kill(run.pid, SIGTERM);
		/* Before main() it is as any program. */
		if (run_wait(&run) == 0)
			assert_string_equal(run_err(&run), "info: make-safe: holding the lines\n");
	}
}

static void sockets_have_mode_and_group(void **state)
{
	gid_t group = geteuid() == 0 ? 4242 : getegid();
	struct run daemon;
	char words[160];
	struct stat st;

	snprintf(words, sizeof(words), "--guest name=a,socket=a.sock,sim=1,socket-mode=0640,socket-group=%u",
		 (unsigned)group);
	run_start(&daemon, "daemon", "VHOST_DEVICE_GPIO", words);
	child_wait(&daemon, "vgpio:a", 0);
	assert_int_equal(stat("a.sock", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_gid, group);
	daemon_down(&daemon);
}

/* What the guest leaves: released falls to the pull, the others stay or go where they are told. */
static void lines_have_idle_states(void **state)
{
	struct run daemon;
	struct vmm vmm;

	guest_up(&daemon,
		 "--guest name=g,socket=g.sock,sim=4,lines=@sim{0:1,on-disconnect=hold:2,on-disconnect=output-high:"
		 "3,init=output-high,on-disconnect=output-low} --control ctl.sock --log-level warning",
		 "vgpio:g");
	check_ctl("get g.0 g.1 g.2 g.3", "\"g.0\"=inactive \"g.1\"=inactive \"g.2\"=inactive \"g.3\"=active\n");
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "g.sock");
	for (uint16_t line = 0; line < 2; line++) {
		assert_int_equal(gpio_set_value(&vmm, line, 1), GPIO_OK);
		assert_int_equal(gpio_set_direction(&vmm, line, GPIO_OUT), GPIO_OK);
	}
	check_ctl("get g.0 g.1 g.2 g.3", "\"g.0\"=active \"g.1\"=active \"g.2\"=inactive \"g.3\"=active\n");
	vmm_deinit(&vmm);
	assert_true(wait_for(is_inactive, (void *)(uintptr_t) "g.0", WAIT_MS));
	check_ctl("get g.0 g.1 g.2 g.3", "\"g.0\"=inactive \"g.1\"=active \"g.2\"=active \"g.3\"=inactive\n");
	daemon_down(&daemon);
}

/* The session is dropped: nobody knows what the guest made of them, so lines take their on-disconnect. */
static void a_crash_loop_takes_lines_to_their_idle_states(void **state)
{
	struct run daemon;
	struct vmm vmm;

	guest_up(&daemon,
		 "--guest name=g,socket=g.sock,sim=3,lines=@sim{0:1,on-disconnect=output-high:"
		 "2,init=output-high,on-disconnect=output-low} --control ctl.sock --log-level warning",
		 "vgpio:g");
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "g.sock");
	assert_int_equal(gpio_set_value(&vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&vmm, 1, GPIO_IN), GPIO_OK);
	/* Deaths alone change nothing. */
	for (int i = 0; i < 6; i++)
		child_replace(&daemon, "vgpio:g");
	check_ctl("get g.0 g.1 g.2", "\"g.0\"=active \"g.1\"=inactive \"g.2\"=active\n");
	assert_int_equal(gpio_get_value(&vmm, 0), 1);
	child_crash_loop(&daemon, "vgpio:g");
	assert_true(connection_ends(&vmm.connection, FIXTURE_MS));
	child_wait(&daemon, "vgpio:g", 0);
	check_ctl("get g.0 g.1 g.2", "\"g.0\"=inactive \"g.1\"=active \"g.2\"=inactive\n");
	vmm_deinit(&vmm);
	daemon_down(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(its_lines_and_their_names),
		PLAIN(several_guests),
		CASE("B-10", one_line_for_each_refusal),
		PLAIN(words_of_the_file_are_named),
		PLAIN(all_conflicts_are_said),
		PLAIN(check_prints_a_table),
		PLAIN(check_beside_a_daemon_that_runs),
		PLAIN(make_safe_ends),
		PLAIN(make_safe_holds),
		PLAIN(make_safe_is_not_cut_short),
		PLAIN(sockets_have_mode_and_group),
		PLAIN(lines_have_idle_states),
		CASE("B-15", a_crash_loop_takes_lines_to_their_idle_states),
	};

	return cmocka_run_group_tests_name("cli guests", tests, NULL, NULL);
}
