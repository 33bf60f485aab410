/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Clients that abuse the control socket: the process behind it stays the same and small, others are served meanwhile,
 * and a guest's front-end notices nothing.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gpio.h"
#include "proc.h"
#include "wait.h"

#define CLIENTS_MAX   32
#define GET	      "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}"
#define GOT	      "{\"ok\":true,\"lines\":{\"guest0.0\":0}}"
#define MEMORY_KIB    (24 * 1024) /* 32 clients with as much as may wait for each, and the program */
#define KEPT_KIB      256	  /* when the clients are gone */
#define ENDS_MS	      30000
#define NAPS	      20
#define SERVED_MS     1000  /* on a machine that has nothing else to do: more is told */
#define SERVED_MAX_MS 10000 /* more is a failure */

struct control {
	struct run daemon;
	pid_t pid;
	struct vmm vmm; /* the front-end of guest 0 */
	int abusers[CLIENTS_MAX + 8];
	unsigned n_abusers;
};

static void begin(struct control *control, const char *words)
{
	*control = (struct control){ 0 };
	daemon_up(&control->daemon, words, 1, true);
	control->pid = child_wait(&control->daemon, "vgpio:control", 0);
	vmm_init(&control->vmm, 0);
	vmm_start(&control->vmm, "gpio.sock0");
}

static void begin_usual(struct control *control)
{
	begin(control, "-s gpio.sock -l s64 --control ctl.sock --log-level warning");
}

static void abuser_close(struct control *control, unsigned i)
{
	if (control->abusers[i] >= 0)
		close(control->abusers[i]);
	control->abusers[i] = -1;
}

static int abuser_open(struct control *control)
{
	int fd = socket_connect("ctl.sock");

	assert_true(fd >= 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	control->abusers[control->n_abusers++] = fd;
	return fd;
}

static bool is_served(void *ctx)
{
	int fd = socket_connect("ctl.sock");
	bool served;

	/* Who comes when every place is taken may be gone again before it has said anything. */
	served = dprintf(fd, "%s\n", GET) > 0 && strcmp(socket_hear(fd), GOT) == 0;
	close(fd);
	return served;
}

/* While it goes on, and after it: another client, and the guest. */
static void assert_others_served(struct control *control)
{
	assert_true(wait_for(is_served, NULL, ENDS_MS));
	assert_true(gpio_get_direction(&control->vmm, 7) >= 0);
	if (!proc_has_address_sanitizer(control->pid))
		assert_in_range(proc_status(control->pid, "VmRSS"), 1, MEMORY_KIB);
}

/* The daemon said nothing but this, so often at most (NULL: nothing at all). */
static void assert_log(struct control *control, const char *text, unsigned most)
{
	const char *log = run_said(&control->daemon);
	unsigned n = 0;

	for (; *log; log = strchr(log, '\n') + 1, n++) {
		if (!text || !strstr(log, text) || strstr(log, text) > strchr(log, '\n'))
			fail_msg("the log says %s", log);
	}
	assert_in_range(n, 0, most);
}

static void end(struct control *control)
{
	uint64_t gone;

	for (unsigned i = 0; i < control->n_abusers; i++)
		abuser_close(control, i);
	gone = clock_ms();
	assert_others_served(control);
	gone = clock_ms() - gone;
	print_message("a good client was served after %llu ms%s\n", (unsigned long long)gone,
		      gone > SERVED_MS ? ", which is long" : "");
	assert_true(gone <= SERVED_MAX_MS);
	assert_int_equal(child_named(&control->daemon, "vgpio:control"), control->pid);
	vmm_deinit(&control->vmm);
	assert_int_equal(run_stop(&control->daemon), 0);
}

/* As much as the other side takes; returns how much that was. */
static size_t say_all(int fd, const char *text, size_t len)
{
	ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

static void monitors_that_do_not_read(void **state)
{
	static const char monitor[] = "{\"cmd\":\"monitor\"}\n";
	struct control control;

	begin_usual(&control);
	for (unsigned i = 0; i < 16; i++)
		say_all(abuser_open(&control), monitor, sizeof(monitor) - 1);
	/* Edges: the guest makes them, and the outside hears of each. */
	assert_int_equal(gpio_set_direction(&control.vmm, 1, GPIO_OUT), GPIO_OK);
	for (unsigned i = 0; i < 20000; i++) {
		assert_int_equal(gpio_set_value(&control.vmm, 1, i % 2), GPIO_OK);
		if (i % 2000 == 0)
			assert_others_served(&control);
	}
	/* They are told how much they missed, if they ever read. */
	assert_log(&control, NULL, 0);
	end(&control);
}

static void requests_whose_replies_nobody_reads(void **state)
{
	static const char info[] = "{\"cmd\":\"info\"}\n";
	struct control control;

	begin_usual(&control);
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		int fd = abuser_open(&control);

		/* A client that does not read stops itself: at some time nothing more is taken. */
		for (unsigned j = 0; j < 100000 && say_all(fd, info, sizeof(info) - 1) > 0; j++)
			;
	}
	/* As long as they are answered they are clients like others. */
	for (unsigned i = 0; i < 20; i++) {
		assert_true(wait_for(is_served, NULL, ENDS_MS));
		assert_true(gpio_get_direction(&control.vmm, 7) >= 0);
	}
	assert_log(&control, NULL, 0);
	end(&control);
}

/* Whoever says nothing keeps nobody out who has something to say. */
static void clients_that_say_nothing(void **state)
{
	struct control control;

	begin_usual(&control);
	for (unsigned round = 0; round < 200; round++) {
		if (round >= CLIENTS_MAX + 8)
			abuser_close(&control, round % (CLIENTS_MAX + 8));
		control.n_abusers = round % (CLIENTS_MAX + 8);
		abuser_open(&control);
		if (round >= CLIENTS_MAX)
			assert_others_served(&control);
	}
	control.n_abusers = CLIENTS_MAX + 8;
	assert_log(&control, NULL, 0);
	end(&control);
}

/* One that asked once is not driven out by those that never do. */
static void a_client_with_a_request_stays(void **state)
{
	struct control control;
	int fd;

	begin_usual(&control);
	fd = socket_connect("ctl.sock");
	socket_exchange(fd, GET, GOT);
	for (unsigned i = 0; i < CLIENTS_MAX + 8; i++)
		abuser_open(&control);
	assert_others_served(&control);
	socket_exchange(fd, GET, GOT);
	close(fd);
	end(&control);
}

static void halves_of_lines(void **state)
{
	struct control control;

	begin_usual(&control);
	for (unsigned i = 0; i < 2000; i++) {
		int fd = abuser_open(&control);

		say_all(fd, GET, 1 + i % (sizeof(GET) - 1));
		if (i % 3 == 0)
			shutdown(fd, SHUT_WR);
		if (i % 100 == 0)
			assert_others_served(&control);
		abuser_close(&control, 0);
		control.n_abusers = 0;
	}
	/* And some that stay. */
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		say_all(abuser_open(&control), GET, 10);
	assert_others_served(&control);
	assert_log(&control, NULL, 0);
	end(&control);
}

static bool takes_no_more(void *ctx)
{
	static char text[65536];
	size_t *sent = (size_t *)((void **)ctx)[1];

	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < 160; i++) {
		ssize_t n = send(*(int *)((void **)ctx)[0], text, sizeof(text), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET;
		*sent += (size_t)n;
	}
	return false;
}

static void a_line_of_10_mib(void **state)
{
	struct control control;

	begin_usual(&control);
	for (unsigned i = 0; i < 8; i++) {
		size_t sent = 0;
		int fd = abuser_open(&control);
		void *ctx[] = { &fd, &sent };

		assert_true(wait_for(takes_no_more, ctx, ENDS_MS));
		/* What fits the socket, and not the line. */
		assert_in_range(sent, 4096, 2 << 20);
		assert_others_served(&control);
	}
	assert_log(&control, NULL, 0);
	end(&control);
}

/* Each of 4,000 brackets, of every kind. */
static void deep_nesting(void **state)
{
	static const char *const units[] = { "[", "{\"a\":", "[{\"a\":", "{\"cmd\":[", "[[],", "{\"lines\":{\"a\":[" };
	struct control control;
	char line[4000];

	begin_usual(&control);
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t len = strlen(units[i]), n = 0;
		int fd = socket_connect("ctl.sock");

		for (; n + len + 1 < sizeof(line); n += len)
			memcpy(line + n, units[i], len);
		line[n] = '\0';
		for (unsigned j = 0; j < 50; j++) {
			socket_say(fd, line);
			assert_non_null(strstr(socket_hear(fd), "\"ok\":false"));
		}
		close(fd);
		assert_others_served(&control);
	}
	assert_log(&control, NULL, 0);
	end(&control);
}

/* What waited for clients goes back to the system with them, although others stay: a monitor that came among them. */
static void memory_comes_back(void **state)
{
	static const char request[] = "{\"cmd\":\"info\"}\n{\"cmd\":\"monitor\"}\n";
	struct control control;
	uint64_t before;
	int stays = -1;

	begin_usual(&control);
	proc_wait_quiet(control.pid);
	before = proc_smaps(control.pid, "Private_Dirty");
	for (unsigned i = 0; i < CLIENTS_MAX - 2; i++) {
		assert_int_equal(send(abuser_open(&control), request, sizeof(request) - 1, 0), sizeof(request) - 1);
		proc_wait_quiet(control.pid);
	}
	stays = socket_connect("ctl.sock");
	socket_exchange(stays, GET, GOT);
	for (unsigned i = 0; i < control.n_abusers; i++)
		abuser_close(&control, i);
	socket_exchange(stays, GET, GOT);
	proc_wait_quiet(control.pid);
	if (!proc_has_address_sanitizer(control.pid))
		assert_in_range(proc_smaps(control.pid, "Private_Dirty"), 1, before + KEPT_KIB);
	close(stays);
	end(&control);
}

struct napper {
	pid_t pid;
	uint64_t before; /* how often it had gone to sleep */
};

static bool has_napped(void *ctx)
{
	const struct napper *napper = ctx;

	return proc_status(napper->pid, "voluntary_ctxt_switches") > napper->before + NAPS;
}

/* It has no fd left for who comes: it does not spin meanwhile, which never goes to sleep, and serves when it can. */
static void no_fd_for_who_comes(void **state)
{
	struct control control;
	struct rlimit limit;
	struct napper napper;

	begin_usual(&control);
	proc_wait_quiet(control.pid);
	assert_return_code(prlimit(control.pid, RLIMIT_NOFILE, NULL, &limit), 0);
	assert_return_code(prlimit(control.pid, RLIMIT_NOFILE, &(struct rlimit){ 0, limit.rlim_max }, NULL), 0);
	abuser_open(&control);
	run_wait_err(&control.daemon, "control: accept: Too many open files");
	napper = (struct napper){ control.pid, proc_status(control.pid, "voluntary_ctxt_switches") };
	assert_true(wait_for(has_napped, &napper, ENDS_MS));
	assert_return_code(prlimit(control.pid, RLIMIT_NOFILE, &limit, NULL), 0);
	assert_others_served(&control);
	assert_log(&control, "control: accept: ", 100);
	end(&control);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(monitors_that_do_not_read),
		PLAIN(requests_whose_replies_nobody_reads),
		PLAIN(clients_that_say_nothing),
		PLAIN(a_client_with_a_request_stays),
		PLAIN(halves_of_lines),
		PLAIN(a_line_of_10_mib),
		PLAIN(deep_nesting),
		PLAIN(memory_comes_back),
		PLAIN(no_fd_for_who_comes),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("cli abuse_control", tests, NULL, NULL);
}
