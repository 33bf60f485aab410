/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* SIGHUP: guests come and go, the others notice nothing. */
#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "failure.h"
#include "gpio.h"
#include "proc.h"
#include "vmm.h"
#include "wait.h"

#define WORDS "--config guests.conf --control ctl.sock"

static struct run daemon_run;
static struct vmm vmm; /* the front-end of guest "stays" */
static pid_t stays;    /* its worker */

static void on_failure(const char *text)
{
	fail_msg("%s", text);
}

static void config_write(const char *text)
{
	FILE *file = fopen("guests.conf.new", "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	/* The daemon may be reading what was there. */
	assert_int_equal(rename("guests.conf.new", "guests.conf"), 0);
}

/* A guest NAME on NAME.sock. */
#define GUEST(name, more) "[guest " name "]\nsocket = " name ".sock\n" more "\n"
#define STAYS		  GUEST("stays", "sim = 4")
#define ONE		  GUEST("one", "sim = 1")
#define TWO		  GUEST("two", "sim = 2")

static void start(const char *config, const char *words)
{
	config_write(config);
	run_start(&daemon_run, "daemon", "VHOST_DEVICE_GPIO", words);
	stays = child_wait(&daemon_run, "vgpio:stays", 0);
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "stays.sock");
	assert_int_equal(gpio_set_value(&vmm, 3, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&vmm, 3, GPIO_OUT), GPIO_OK);
}

/* The front-end of the guest that stays has noticed nothing. */
static void stop(void)
{
	assert_int_equal(child_named(&daemon_run, "vgpio:stays"), stays);
	assert_int_equal(gpio_get_value(&vmm, 3), 1);
	vmm_deinit(&vmm);
	daemon_down(&daemon_run);
}

static unsigned logged(const char *text)
{
	const char *at = run_said(&daemon_run);
	unsigned n = 0;

	for (; (at = strstr(at, text)); at++)
		n++;
	return n;
}

struct log_search {
	const char *text;
	unsigned times;
};

static bool is_logged(void *ctx)
{
	const struct log_search *search = ctx;

	return logged(search->text) >= search->times;
}

static void wait_logged(const char *text, unsigned times)
{
	struct log_search search = { text, times };

	if (!wait_for(is_logged, &search, BENCH_MS))
		fail_msg("\"%s\" is not there %u times: %s", text, times, run_err(&daemon_run));
}

static unsigned reloads_done(void)
{
	return logged("info: reload: ") + logged("error: reload: not all guests");
}

static unsigned reloads_refused(void)
{
	return logged("error: reload: the new configuration");
}

/* Writes the file and has it read; returns when the reload is over. */
static void reload_only(const char *config)
{
	unsigned done = reloads_done(), refused = reloads_refused();
	uint64_t end = clock_ms() + BENCH_MS;

	config_write(config);
	kill(daemon_run.pid, SIGHUP);
	while (reloads_done() == done && reloads_refused() == refused) {
		if (clock_ms() > end)
			fail_msg("no end of the reload: %s", run_err(&daemon_run));
		sleep_ms(2);
	}
}

/* And who answers vgpioctl knows of it: guests came or went, unless the reload was refused. */
static void reload(const char *config)
{
	pid_t control = child_wait(&daemon_run, "vgpio:control", 0);
	unsigned done = reloads_done();

	reload_only(config);
	if (reloads_done() > done)
		child_wait(&daemon_run, "vgpio:control", control);
}

/* No guest comes or goes: whoever is connected to vgpioctl's socket does not notice either. */
static void reload_unchanged(const char *config)
{
	pid_t control = child_wait(&daemon_run, "vgpio:control", 0);

	reload_only(config);
	proc_wait_quiet(daemon_run.pid);
	assert_int_equal(child_named(&daemon_run, "vgpio:control"), control);
}

/* Which guests vgpioctl sees; none while the control process is being replaced. */
static const char *guests_seen(void)
{
	static char text[256];
	struct run run;
	size_t used = 0;
	char *rest;

	text[0] = '\0';
	if (ctl(&run, "info") != 0)
		return text;
	rest = strdup(run_out(&run));
	for (char *line = strtok(rest, "\n"); line; line = strtok(NULL, "\n")) {
		if (strstr(line, " - "))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s ", (int)strcspn(line, " "),
						 line);
	}
	free(rest);
	return text;
}

static void check_guests(const char *names)
{
	assert_string_equal(guests_seen(), names);
}

static bool are_seen(void *ctx)
{
	return strcmp(guests_seen(), ctx) == 0;
}

/* Where nothing else tells that the control process is the one that knows them. */
static void wait_guests(const char *names)
{
	if (!wait_for(are_seen, (void *)(uintptr_t)names, BENCH_MS))
		fail_msg("vgpioctl sees \"%s\", not \"%s\": %s", guests_seen(), names, run_err(&daemon_run));
}

static void check_serves(const char *path, unsigned n_lines)
{
	struct vmm other;

	vmm_init(&other, 0);
	vmm_start(&other, path);
	assert_int_equal(gpio_set_direction(&other, (uint16_t)(n_lines - 1), GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_direction(&other, (uint16_t)n_lines, GPIO_IN), 1);
	vmm_deinit(&other);
}

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
	assert_true(connection_ends(&other.connection, BENCH_MS));
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

#define CHANGED(name)                                                                                                  \
	"warning: reload: " name " changed, but is being served: left as it was; to change it, take it out, reload, "  \
	"put it in again, reload\n"

static void a_change_has_to_wait(void **state)
{
	start(STAYS ONE, WORDS);
	reload(GUEST("stays", "sim = 5") TWO GUEST("one", "sim = 1\nnames = x"));
	assert_int_equal(logged(CHANGED("stays")), 1);
	assert_int_equal(logged(CHANGED("one")), 1);
	check_guests("stays one two ");
	check_serves("one.sock", 1);
	/* As the words say: take it out, put it in again. */
	reload(GUEST("stays", "sim = 4"));
	reload(GUEST("stays", "sim = 4") GUEST("one", "sim = 9"));
	check_serves("one.sock", 9);
	assert_int_equal(logged("changed, but"), 2);
	stop();
}

#define REFUSED "error: reload: the new configuration is refused, the old one stays\n"

static void what_is_wrong_changes_nothing(void **state)
{
	static const struct {
		const char *config;
		const char *line;
	} rows[] = {
		{ STAYS "[guest two\n", "error: reload: guests.conf:4: " },
		{ STAYS GUEST("two", "smi = 2"), "error: reload: guests.conf:6: " },
		{ "", "error: reload: guests.conf: there is no [guest NAME]\n" },
		{ STAYS GUEST("two", "sim = 2\nlines = @sim{7}"), "s2 has 2 lines, from 0\n" },
		{ STAYS GUEST("two", "lines = @/dev/gpiochip1000"),
		  "error: reload: guests.conf:4: /dev/gpiochip1000: No such file or directory\n" },
		{ STAYS "[guest two]\nsocket = stays.sock\nsim = 2\n",
		  "error: reload: stays.sock is the socket of both stays and two\n" },
		{ STAYS "[guest two]\nsim = 2\n",
		  "error: reload: two: a guest that comes at a reload needs a socket of its own\n" },
		{ STAYS "[guest two]\nfd = 9\nsim = 2\n",
		  "error: reload: two: a guest that comes at a reload needs a socket of its own\n" },
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

static void two_in_quick_succession(void **state)
{
	start(STAYS ONE, WORDS);
	for (int i = 0; i < 20; i++) {
		config_write(i % 2 ? STAYS ONE : STAYS TWO);
		kill(daemon_run.pid, SIGHUP);
		if (i % 3 == 0)
			sleep_ms(1);
	}
	config_write(STAYS TWO);
	kill(daemon_run.pid, SIGHUP);
	proc_wait_quiet(daemon_run.pid);
	check_guests("stays two ");
	check_serves("two.sock", 2);
	assert_false(file_exists("one.sock"));
	stop();
}

/* The guest that leaves does not: a second request has to wait, and is not lost. */
static void one_that_does_not_end_is_killed(void **state)
{
	struct run run;
	uint64_t begin;
	pid_t one;

	start(STAYS ONE, WORDS);
	one = child_wait(&daemon_run, "vgpio:one", 0);
	kill(one, SIGSTOP);
	begin = clock_ms();
	config_write(STAYS "[guest new]\nsocket = one.sock\nsim = 7\n");
	kill(daemon_run.pid, SIGHUP);
	wait_logged("info: one: no longer configured: stopping\n", 1);
	config_write(STAYS TWO);
	kill(daemon_run.pid, SIGHUP);
	/* Meanwhile the others are served, and so is the control socket. */
	assert_int_equal(ctl(&run, "get stays.3"), 0);
	assert_string_equal(run_out(&run), "\"stays.3\"=active\n");
	assert_int_equal(gpio_get_value(&vmm, 3), 1);
	wait_logged("info: reload: ", 2);
	assert_true(clock_ms() - begin >= 1900);
	wait_guests("stays two ");
	check_serves("two.sock", 2);
	assert_false(file_exists("one.sock"));
	stop();
}

/* The control process dies while guests that have gone and guests that still go are in its list. */
static void control_dies_meanwhile(void **state)
{
	pid_t one;

	start(STAYS TWO ONE, WORDS);
	one = child_wait(&daemon_run, "vgpio:one", 0);
	kill(one, SIGSTOP);
	config_write(STAYS);
	kill(daemon_run.pid, SIGHUP);
	child_wait_gone(&daemon_run, "vgpio:two");
	child_replace(&daemon_run, "vgpio:control");
	assert_int_equal(gpio_get_value(&vmm, 3), 1);
	wait_logged("info: reload: 1 guest\n", 1);
	wait_guests("stays ");
	stop();
}

static void sigterm_meanwhile(void **state)
{
	pid_t one;

	start(STAYS ONE, WORDS);
	one = child_wait(&daemon_run, "vgpio:one", 0);
	kill(one, SIGSTOP);
	config_write(STAYS TWO);
	kill(daemon_run.pid, SIGHUP);
	wait_logged("info: one: no longer configured: stopping\n", 1);
	stop();
	assert_int_equal(logged("info: two: "), 0);
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

	config_write("[guest stays]\nsim = 4\n" ONE);
	run_start_with(&daemon_run, "daemon", "VHOST_DEVICE_GPIO", WORDS, activate, &fd);
	close(fd);
	stays = child_wait(&daemon_run, "vgpio:stays", 0);
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "stays.sock");
	assert_int_equal(gpio_set_value(&vmm, 3, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&vmm, 3, GPIO_OUT), GPIO_OK);
	reload("[guest stays]\nsim = 4\n" TWO);
	assert_int_equal(logged("warning: "), 0);
	check_guests("stays two ");
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
	/* It was served, and is not served again because the file is read again. */
	reload_unchanged(STAYS TWO);
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

static void manager_prepare(void *ctx)
{
	char path[128];

	assert_non_null(getcwd(path, sizeof(path) - 10));
	strcat(path, "/notify");
	setenv("NOTIFY_SOCKET", path, 1);
}

static void check_hears(int fd, const char *begin)
{
	char text[512];
	ssize_t n;

	assert_true(wait_readable(fd, BENCH_MS));
	n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	if (strncmp(text, begin, strlen(begin)) != 0)
		fail_msg("\"%s\" came in place of \"%s\"", text, begin);
}

static void the_service_manager_is_told(void **state)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "notify" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	config_write(STAYS ONE);
	run_start_with(&daemon_run, "daemon", "VHOST_DEVICE_GPIO", WORDS, manager_prepare, NULL);
	check_hears(fd, "STATUS=2 guests");
	check_hears(fd, "READY=1");
	reload(STAYS);
	check_hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
	check_hears(fd, "STATUS=1 guest");
	check_hears(fd, "READY=1");
	reload("nonsense");
	check_hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
	check_hears(fd, "STATUS=1 guest");
	check_hears(fd, "READY=1");
	check_hears(fd, "STATUS=the new configuration is refused, the old one stays");
	daemon_down(&daemon_run);
	check_hears(fd, "STOPPING=1");
	close(fd);
}

static bool fds_are(void *ctx)
{
	return proc_fds(daemon_run.pid) == *(unsigned *)ctx;
}

/* Fifty guests come and go: fds and memory are what they were. */
static void nothing_is_left_of_those_that_left(void **state)
{
	unsigned fds;
	uint64_t memory;

	start(STAYS, WORDS " --log-level info");
	for (int i = 0; i < 5; i++)
		reload(i % 2 ? STAYS : STAYS ONE TWO);
	reload(STAYS);
	fds = proc_fds(daemon_run.pid);
	memory = proc_status(daemon_run.pid, "VmData");
	for (int i = 0; i < 50; i++)
		reload(i % 2 ? STAYS : STAYS ONE GUEST("two", "sim = 5000"));
	assert_true(wait_for(fds_are, &fds, BENCH_MS));
	if (!proc_has_address_sanitizer(daemon_run.pid))
		assert_in_range(proc_status(daemon_run.pid, "VmData"), 0, memory + 300);
	/* One more, with guests that are refused. */
	for (int i = 0; i < 50; i++)
		reload(STAYS ONE "[guest two]\nsocket = one.sock\nsim = 5\n");
	assert_true(wait_for(fds_are, &fds, BENCH_MS));
	stop();
}

static void each_process_has_its_own_fds(void **state)
{
	start(STAYS ONE, WORDS);
	reload(STAYS TWO);
	reload(STAYS TWO ONE);
	/* 0 to 2, socket, keeper, session, port, epoll, signalfd. */
	assert_int_equal(proc_fds(child_wait(&daemon_run, "vgpio:one", 0)), 9);
	assert_int_equal(proc_fds(child_wait(&daemon_run, "vgpio:two", 0)), 9);
	/* 0 to 2, socket, three ports, epoll, signalfd, and one timer a guest at most. */
	assert_in_range(proc_fds(child_wait(&daemon_run, "vgpio:control", 0)), 9, 12);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(one_comes),
		PLAIN(one_goes),
		PLAIN(one_takes_the_place_of_another),
		PLAIN(nothing_changes),
		PLAIN(a_change_has_to_wait),
		PLAIN(what_is_wrong_changes_nothing),
		PLAIN(a_socket_that_can_not_be_had),
		PLAIN(two_in_quick_succession),
		PLAIN(one_that_does_not_end_is_killed),
		PLAIN(control_dies_meanwhile),
		PLAIN(sigterm_meanwhile),
		PLAIN(guests_of_the_command_line_stay),
		PLAIN(an_activated_guest_stays),
		PLAIN(one_off_ends_with_what_is_left),
		PLAIN(one_off_ends_when_the_rest_is_taken_out),
		PLAIN(the_service_manager_is_told),
		PLAIN(nothing_is_left_of_those_that_left),
		PLAIN(each_process_has_its_own_fds),
	};

	failure_set_handler(on_failure);
	return cmocka_run_group_tests_name("cli reload", tests, NULL, NULL);
}
