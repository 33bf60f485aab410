/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The sandbox from inside. Each attempt is made by a process that has entered it as a worker does: with the filter it
 * must be killed there; without the filter, the other stages must stop it all the same.
 */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempts.h"
#include "base/util.h"
#include "bpf_paths.h"
#include "sandbox/prepare.h"
#include "sandbox/sandbox.h"
#include "sandbox/seccomp.h"
#include "sandbox/stage.h"

/* As the test is started: for it, without, and with another user where it is root. */
static struct sandbox sandbox = SANDBOX_NONE, user_sandbox = SANDBOX_NONE;

/* In a process that has entered: its wait status. */
static int inside(const struct sandbox *how, enum sandbox_role role, int (*fn)(void))
{
	const struct sandbox_params params = { .role = role, .tag = "test" };
	const struct rlimit no_core = { 0, 0 };
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSEGV, SIG_DFL); /* cmocka's, as are others */
		signal(SIGILL, SIG_DFL);
		if (sandbox_enter(how, &params) < 0)
			_exit(99);
		_exit(fn() < 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

#define NEEDS(stage)                                                                                                   \
	do {                                                                                                           \
		if (!sandbox_has(&sandbox, (stage)))                                                                   \
			skip_because("no sandbox stage \"%s\" here", sandbox_stage_name(stage));                       \
	} while (0)

static void filter_ends_whoever_tries(void **state)
{
	NEEDS(SANDBOX_FILTER);
	for (unsigned role = 0; role < SANDBOX_ROLES; role++) {
		for (size_t i = 0; i < n_attempts; i++) {
			int status = inside(&sandbox, role, attempts[i].try);

			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
				fail_msg("%s: status %#x", attempts[i].what, status);
		}
	}
}

static void check_second(const struct sandbox *full, bool other_user)
{
	struct sandbox rest = *full;

	rest.stages &= ~(1u << SANDBOX_FILTER);
	for (size_t i = 0; i < n_attempts; i++) {
		enum second second = attempts[i].second;
		int status;

		if (second == NOTHING || (second == DENIED_TO_USER && !other_user))
			continue;
		status = inside(&rest, SANDBOX_WORKER, attempts[i].try);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
			fail_msg("%s: status %#x", attempts[i].what, status);
	}
}

static void other_stages_stop_it_too(void **state)
{
	NEEDS(SANDBOX_ROOT);
	NEEDS(SANDBOX_LANDLOCK);
	check_second(&sandbox, getuid() != 0);
	if (sandbox_has(&user_sandbox, SANDBOX_USER))
		check_second(&user_sandbox, true);
}

/* Files, also those of a user who may do everything, are stopped by each of the two alone. */
static void check_alone(enum sandbox_stage stage)
{
	static int (*const files[])(void) = { try_open, try_openat2, try_create, try_exec };
	struct sandbox one = sandbox;

	one.stages = 1u << SANDBOX_PRIVILEGES | 1u << SANDBOX_USER_NAMESPACE | 1u << stage;
	one.stages &= sandbox.stages;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(inside(&one, SANDBOX_WORKER, files[i]), 1 << 8);
}

static void empty_root_alone(void **state)
{
	NEEDS(SANDBOX_ROOT);
	check_alone(SANDBOX_ROOT);
}

static void landlock_alone(void **state)
{
	NEEDS(SANDBOX_LANDLOCK);
	check_alone(SANDBOX_LANDLOCK);
}

static void network_alone(void **state)
{
	struct sandbox one = sandbox;

	NEEDS(SANDBOX_NETWORK);
	one.stages &= 1u << SANDBOX_USER_NAMESPACE | 1u << SANDBOX_NETWORK;
	assert_int_equal(inside(&one, SANDBOX_WORKER, try_connect), 1 << 8);
	one.stages &= 1u << SANDBOX_USER_NAMESPACE;
	assert_int_equal(inside(&one, SANDBOX_WORKER, try_connect), 0);
}

/* What a worker lives by works: else a test that sees everything fail proves nothing. */
static int epoll; /* made before */

static int live(void)
{
	struct gpio_v2_line_values values = { .mask = 1 };
	struct epoll_event event = { .events = EPOLLIN };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int memory = memfd_create("inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	char *map, *heap = malloc(1 << 20);

	if (timer < 0 || memory < 0 || !heap || ftruncate(memory, 4096) < 0 ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -1;
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (map == MAP_FAILED || munmap(map, 4096) < 0 || timerfd_settime(timer, 0, &soon, NULL) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) < 0 || epoll_wait(epoll, &event, 1, 1000) != 1)
		return -1;
	free(heap);
	/* Not a chip, and the kernel is asked. */
	return ioctl(timer, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0 && errno == ENOTTY ? 0 : -1;
}

static void worker_can_live(void **state)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	assert_int_equal(inside(&sandbox, SANDBOX_WORKER, live), 0);
	close(epoll);
}

/* No memory is left to say why, but it ends, and by no forbidden call: the log would blame the wrong thing. */
static int give_up(void)
{
	abort();
}

static void abort_still_ends_it(void **state)
{
	int status = inside(&sandbox, SANDBOX_WORKER, give_up);

	assert_true(WIFSIGNALED(status));
	assert_int_not_equal(WTERMSIG(status), SIGSYS);
}

#ifdef __x86_64__
static void list_print(char **text)
{
	static const char *const names[SANDBOX_ROLES] = { [SANDBOX_WORKER] = "worker", [SANDBOX_CONTROL] = "control" };
	size_t size;
	FILE *out = open_memstream(text, &size);

	assert_non_null(out);
	for (unsigned role = 0; role < SANDBOX_ROLES; role++) {
		struct sock_fprog program;

		int fd = sandbox_filter_make(role);

		assert_true(fd >= 0);
		assert_int_equal(sandbox_filter_read(fd, &program), 0);
		close(fd);
		fprintf(out, "[%s]\n", names[role]);
		bpf_paths_print(&program, out);
		free(program.filter);
	}
	assert_int_equal(fclose(out), 0);
}
#endif

/* What the two processes may do, as it is meant to be. A line more is a decision: SANDBOX_CALLS has the file. */
static void list_is_as_decided(void **state)
{
#ifdef __x86_64__
	static char decided[16384];
	FILE *file = fopen(getenv("SANDBOX_CALLS"), "re");
	char *text;

	assert_non_null(file);
	assert_true(fread(decided, 1, sizeof(decided) - 1, file) < sizeof(decided) - 1);
	fclose(file);
	list_print(&text);
	if (strcmp(text, strchr(decided, '[') ? strchr(decided, '[') : "") != 0) {
		fprintf(stderr, "allowed now:\n%s", text);
		fail_msg("%s has another list", getenv("SANDBOX_CALLS"));
	}
	free(text);
#else
	skip_because("the list of system calls is that of x86-64");
#endif
}

static int setup(void **state)
{
	struct sandbox_options options = { .mode = SANDBOX_AUTO, .user = getuid() == 0 ? "nobody" : NULL };
	struct why why;

	/* The first one gives up what another one with a user would need, but not what its user needs. */
	if (sandbox_prepare(&user_sandbox, &options, &why) < 0)
		return -1;
	sandbox = user_sandbox;
	if (sandbox_has(&user_sandbox, SANDBOX_USER)) {
		options.user = NULL;
		return sandbox_prepare(&sandbox, &options, &why);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worker_can_live),	    cmocka_unit_test(filter_ends_whoever_tries),
		cmocka_unit_test(other_stages_stop_it_too), cmocka_unit_test(empty_root_alone),
		cmocka_unit_test(landlock_alone),	    cmocka_unit_test(network_alone),
		cmocka_unit_test(abort_still_ends_it),	    cmocka_unit_test(list_is_as_decided),
	};

	return cmocka_run_group_tests_name("sandbox", tests, setup, NULL);
}
