/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * SIGUSR2 together with what else the program can be told: --one-off, --fd, --ready-fd, socket activation, SIGHUP; and
 * images that were not made by the program.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpio.h"
#include "proc.h"
#include "wait.h"

#define MAGIC 0x676d696f69706776ull
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int setup(void **state)
{
	return fixture_setup(state);
}

#define UPGRADE(fn) cmocka_unit_test_setup_teardown(fn, setup, fixture_teardown)

/* Returns when this child is another one. */
static void upgrade(const struct run *daemon, const char *child)
{
	pid_t old = child_wait(daemon, child, 0);

	kill(daemon->pid, SIGUSR2);
	child_wait(daemon, child, old);
}

static void front_end_up(struct vmm *vmm, const char *path)
{
	vmm_init(vmm, 0);
	vmm_start(vmm, path);
	assert_int_equal(gpio_set_value(vmm, 2, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(vmm, 2, GPIO_OUT), GPIO_OK);
}

static void one_off(void **state)
{
	struct run daemon;
	struct vmm vmm;

	daemon_up(&daemon, "--one-off -s gpio.sock -l s4", 1, false);
	upgrade(&daemon, "vgpio:guest0");
	front_end_up(&vmm, "gpio.sock");
	upgrade(&daemon, "vgpio:guest0");
	assert_int_equal(gpio_get_value(&vmm, 2), 1);
	vmm_deinit(&vmm);
	assert_int_equal(run_wait(&daemon), 0);
	assert_false(file_exists("gpio.sock"));
	assert_false(file_exists("gpio.sock0"));
}

/* Of two one is over already: it stays so. */
static void one_off_that_is_over(void **state)
{
	struct run daemon;
	struct vmm vmm;

	daemon_up(&daemon, "--one-off -s gpio.sock -c 2 -l s4:s4", 2, false);
	front_end_up(&vmm, "gpio.sock0");
	vmm_deinit(&vmm);
	child_wait_gone(&daemon, "vgpio:guest0");
	upgrade(&daemon, "vgpio:guest1");
	assert_int_equal(child_named(&daemon, "vgpio:guest0"), 0);
	assert_null(strstr(strstr(run_err(&daemon), "guest0: s4 (4 lines)") + 1, "guest0: s4 (4 lines)"));
	front_end_up(&vmm, "gpio.sock1");
	vmm_deinit(&vmm);
	assert_int_equal(run_wait(&daemon), 0);
}

static void start_on(struct run *daemon, const char *format, int fd)
{
	char words[128];

	snprintf(words, sizeof(words), "%s %d -l s4", format, fd);
	run_start(daemon, "daemon", "VHOST_DEVICE_GPIO", words);
	close(fd);
	child_wait(daemon, "vgpio:guest0", 0);
}

static void a_listening_fd(void **state)
{
	struct run daemon;
	struct vmm vmm;

	start_on(&daemon, "--fd", socket_listen("x"));
	front_end_up(&vmm, "x");
	for (int i = 0; i < 3; i++)
		upgrade(&daemon, "vgpio:guest0");
	assert_int_equal(gpio_get_value(&vmm, 2), 1);
	vmm_deinit(&vmm);
	front_end_up(&vmm, "x");
	vmm_deinit(&vmm);
	assert_int_equal(run_stop(&daemon), 0);
	assert_true(file_exists("x"));
}

static void a_connected_fd(void **state)
{
	struct run daemon;
	struct vmm vmm;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(fcntl(pair[0], F_SETFD, FD_CLOEXEC), 0);
	start_on(&daemon, "--fd", pair[1]);
	vmm_init(&vmm, 0);
	vmm_start_on(&vmm, pair[0]);
	for (int i = 0; i < 3; i++) {
		upgrade(&daemon, "vgpio:guest0");
		assert_int_equal(gpio_set_direction(&vmm, 2, GPIO_OUT), GPIO_OK);
	}
	vmm_deinit(&vmm);
	assert_int_equal(run_wait(&daemon), 0);
}

/* Told once; afterwards the number may be anything's. */
static void ready_fd(void **state)
{
	struct run daemon;
	char words[64], text[8];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFD, FD_CLOEXEC), 0);
	snprintf(words, sizeof(words), "-s gpio.sock -l s4 --ready-fd %d", fds[1]);
	run_start(&daemon, "daemon", "VHOST_DEVICE_GPIO", words);
	close(fds[1]);
	assert_int_equal(read(fds[0], text, sizeof(text)), 1);
	assert_int_equal(read(fds[0], text, sizeof(text)), 0);
	close(fds[0]);
	child_wait(&daemon, "vgpio:guest0", 0);
	for (int i = 0; i < 3; i++)
		upgrade(&daemon, "vgpio:guest0");
	assert_null(strstr(run_err(&daemon), "ready-fd"));
	daemon_down(&daemon);
}

static void activation_prepare(void *ctx)
{
	char pid[16];

	if (*(int *)ctx != 3)
		dup2(*(int *)ctx, 3);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
}

static void socket_activation(void **state)
{
	struct run daemon;
	struct vmm vmm;
	int fd = socket_listen("x");

	run_start_with(&daemon, "daemon", "VHOST_DEVICE_GPIO", "-l s4", activation_prepare, &fd);
	close(fd);
	child_wait(&daemon, "vgpio:guest0", 0);
	front_end_up(&vmm, "x");
	for (int i = 0; i < 3; i++)
		upgrade(&daemon, "vgpio:guest0");
	assert_int_equal(gpio_get_value(&vmm, 2), 1);
	vmm_deinit(&vmm);
	assert_int_equal(run_stop(&daemon), 0);
}

static bool config_is_supported(void)
{
	struct run run;

	run_start(&run, "check", "VHOST_DEVICE_GPIO", "--config /dev/null --check");
	run_wait(&run);
	return !strstr(run_err(&run), "not supported");
}

static void config_write(const char *text)
{
	FILE *file = fopen("guests.conf", "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

#define STAYS "[guest stays]\nsocket = stays.sock\nsim = 4\n"
#define GOES  "[guest goes]\nsocket = goes.sock\nsim = 2\n"
#define COMES "[guest comes]\nsocket = comes.sock\nsim = 2\n"

/* Whichever comes first, both are done, and one guest notices neither. */
static void reload_at_the_same_time(void **state)
{
	if (!config_is_supported())
		skip_because("this build reads no configuration");
	for (int i = 0; i < 12; i++) {
		struct run daemon;
		struct vmm vmm;
		pid_t old;

		config_write(STAYS GOES);
		run_start(&daemon, "daemon", "VHOST_DEVICE_GPIO", "--config guests.conf --control ctl.sock");
		child_wait(&daemon, "vgpio:goes", 0);
		old = child_wait(&daemon, "vgpio:stays", 0);
		front_end_up(&vmm, "stays.sock");
		config_write(STAYS COMES);
		/* One that does not end at once, so that the reload takes its time. */
		if (i % 4 == 3)
			kill(child_named(&daemon, "vgpio:goes"), SIGSTOP);
		kill(daemon.pid, i % 2 ? SIGHUP : SIGUSR2);
		usleep((unsigned)i / 2 * 2000);
		kill(daemon.pid, i % 2 ? SIGUSR2 : SIGHUP);
		child_wait(&daemon, "vgpio:comes", 0);
		child_wait_gone(&daemon, "vgpio:goes");
		child_wait(&daemon, "vgpio:stays", old);
		run_wait_err(&daemon, "took over");
		assert_int_equal(gpio_get_value(&vmm, 2), 1);
		assert_false(file_exists("goes.sock"));
		assert_true(file_exists("comes.sock"));
		vmm_deinit(&vmm);
		daemon_down(&daemon);
	}
}

/* A program of the test's own, which is the daemon's, and then a script in its place: OWN_PROGRAM. */
static void own_program_copy(void)
{
	char cwd[256], path[300], command[600];

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(path, sizeof(path), "%s/program", cwd);
	snprintf(command, sizeof(command), "cp '%s' program", getenv("VHOST_DEVICE_GPIO"));
	assert_int_equal(system(command), 0);
	setenv("OWN_PROGRAM", path, 1);
}

static void own_program_script(const char *text)
{
	FILE *file = fopen("program.new", "we");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fchmod(fileno(file), 0755), 0);
	fclose(file);
	assert_int_equal(rename("program.new", "program"), 0);
}

static bool was_asked(void *ctx)
{
	return file_exists("asked");
}

/* What was agreed to is not what there is by then: the program is asked again, about what it would get now. */
static void reload_while_it_is_asked(void **state)
{
	struct run daemon;
	struct vmm vmm;

	if (!config_is_supported())
		skip_because("this build reads no configuration");
	own_program_copy();
	config_write(STAYS);
	run_start(&daemon, "daemon", "OWN_PROGRAM", "--config guests.conf --control ctl.sock");
	child_wait(&daemon, "vgpio:stays", 0);
	front_end_up(&vmm, "stays.sock");
	/* Does not answer at once, and says yes as long as it is about one guest. */
	own_program_script("cat \"/proc/self/fd/${1#*=}\" > image; echo >> asked\n"
			   "while [ ! -e go ]; do sleep 0.01; done; ! grep -q comes image");
	kill(daemon.pid, SIGUSR2);
	assert_true(wait_for(was_asked, NULL, WAIT_MS));
	config_write(STAYS COMES);
	kill(daemon.pid, SIGHUP);
	child_wait(&daemon, "vgpio:comes", 0);
	fclose(fopen("go", "we"));
	run_wait_err(&daemon, "cannot take over (exit status 1): going on as before");
	assert_null(strstr(run_err(&daemon), "upgrade: running"));
	assert_int_equal(gpio_get_value(&vmm, 2), 1);
	vmm_deinit(&vmm);
	daemon_down(&daemon);
}

/* The guests that are served do not depend on what the file says now; the program that would read it does. */
static void broken_configuration(void **state)
{
	struct run daemon;
	struct vmm vmm;
	pid_t worker;

	if (!config_is_supported())
		skip_because("this build reads no configuration");
	config_write(STAYS);
	run_start(&daemon, "daemon", "VHOST_DEVICE_GPIO", "--config guests.conf");
	worker = child_wait(&daemon, "vgpio:stays", 0);
	front_end_up(&vmm, "stays.sock");
	config_write("[guest\n");
	kill(daemon.pid, SIGUSR2);
	run_wait_err(&daemon, "cannot take over (exit status 2): going on as before");
	assert_int_equal(child_named(&daemon, "vgpio:stays"), worker);
	config_write(STAYS);
	upgrade(&daemon, "vgpio:stays");
	assert_int_equal(gpio_get_value(&vmm, 2), 1);
	vmm_deinit(&vmm);
	daemon_down(&daemon);
}

static void control_clients(void **state)
{
	struct run daemon, run;
	int fd;

	daemon_up(&daemon, "-s gpio.sock -l s4 --control ctl.sock", 1, true);
	fd = socket_connect("ctl.sock");
	assert_true(fd >= 0);
	upgrade(&daemon, "vgpio:control");
	/* It comes again, as after every reload. */
	assert_true(wait_readable(fd, FIXTURE_MS));
	assert_int_equal(read(fd, (char[1]){ 0 }, 1), 0);
	close(fd);
	assert_int_equal(ctl(&run, "set guest0.2=1"), 0);
	upgrade(&daemon, "vgpio:control");
	assert_int_equal(ctl(&run, "get guest0.2"), 0);
	assert_string_equal(run_out(&run), "\"guest0.2\"=active\n");
	daemon_down(&daemon);
}

/* The frame of an image as it is for ever: written here once more, so that a change of it is seen. */
struct frame {
	uint64_t magic;
	uint32_t version, reserved;
	uint64_t size, body_at, body_size, fds_at, n_fds, pids_at, n_pids;
	struct {
		int32_t fd;
		uint32_t given;
	} fds[2];
	int32_t pids[2];
};

struct craft {
	struct frame frame;
	int closed, given; /* fds that the frame names */
	int seals;
	int report; /* tells the pid of the child that it names */
	pid_t stranger;
	const char *number; /* instead of the fd's */
};

/* In the process that is to become the program. */
static void craft_prepare(void *ctx)
{
	struct craft *craft = ctx;
	struct frame *frame = &craft->frame;
	int fd = memfd_create("handover", MFD_ALLOW_SEALING);
	pid_t child = fork();
	char word[16];

	if (child == 0) {
		for (;;)
			pause();
	}
	frame->fds[0].fd = craft->closed < craft->given ? craft->closed : craft->given;
	frame->fds[1].fd = craft->closed < craft->given ? craft->given : craft->closed;
	frame->fds[frame->fds[0].fd != craft->given].given = 1;
	frame->pids[0] = child;
	frame->pids[1] = craft->stranger;
	if (write(fd, frame, sizeof(*frame)) != sizeof(*frame) || fcntl(fd, F_ADD_SEALS, craft->seals) < 0 ||
	    write(craft->report, &child, sizeof(child)) != sizeof(child))
		_exit(99);
	close(craft->report);
	snprintf(word, sizeof(word), "%d", fd);
	setenv("VHOST_DEVICE_GPIO_HANDOVER", craft->number ? craft->number : word, 1);
}

/* Starts the program on the image; returns the pid that the image names. closed is a pipe's end: *closed_other the other. */
static pid_t craft_start(struct craft *craft, struct run *daemon, int *closed_other)
{
	int closed[2], report[2];
	pid_t child;

	assert_int_equal(pipe2(closed, O_CLOEXEC), 0);
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	craft->closed = fcntl(closed[1], F_DUPFD, 20);
	craft->given = fcntl(closed[1], F_DUPFD, 30);
	craft->report = report[1];
	craft->stranger = getpid();
	run_start_with(daemon, "daemon", "VHOST_DEVICE_GPIO", "-s gpio.sock -l s4", craft_prepare, craft);
	close(closed[1]);
	close(craft->closed);
	close(craft->given);
	close(report[1]);
	assert_int_equal(read(report[0], &child, sizeof(child)), sizeof(child));
	close(report[0]);
	*closed_other = closed[0];
	return child;
}

static struct craft craft_make(void)
{
	return (struct craft){ .frame = { .magic = MAGIC,
					  .version = 99,
					  .size = sizeof(struct frame),
					  .fds_at = offsetof(struct frame, fds),
					  .n_fds = 2,
					  .pids_at = offsetof(struct frame, pids),
					  .n_pids = 2 },
			       .seals = SEALS };
}

static bool fd_is_open(pid_t pid, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	return file_exists(path);
}

static void an_unknown_version(void **state)
{
	struct craft craft = craft_make();
	struct run daemon;
	pid_t child;
	int other;

	child = craft_start(&craft, &daemon, &other);
	child_wait(&daemon, "vgpio:guest0", 0);
	assert_non_null(strstr(run_err(&daemon),
			       "error: upgrade: cannot take over from the program before: it has version 99, "
			       "this program knows 2; its guests' sessions end; see --print-handover="));
	/* Ended, and reaped; this process here is none of its children. */
	assert_int_equal(kill(child, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_false(fd_is_open(daemon.pid, craft.closed));
	assert_true(fd_is_open(daemon.pid, craft.given));
	close(other);
	daemon_down(&daemon);
}

static void check_nonsense(struct craft *craft, const char *logged)
{
	struct run daemon;
	pid_t child;
	int other;

	child = craft_start(craft, &daemon, &other);
	child_wait(&daemon, "vgpio:guest0", 0);
	run_wait_err(&daemon, logged);
	/* What it names is not to be trusted. */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_true(fd_is_open(daemon.pid, craft->closed));
	close(other);
	daemon_down(&daemon);
}

static void nonsense(void **state)
{
	static const char *const numbers[] = { "", "x", "-1", "2", "12345", "2147483648" };
	struct craft craft = craft_make();

	craft.seals = SEALS & ~F_SEAL_WRITE;
	check_nonsense(&craft, "is no handover image");
	craft = craft_make();
	craft.frame.magic++;
	check_nonsense(&craft, "is no handover image");
	craft = craft_make();
	craft.frame.n_fds = 1000;
	check_nonsense(&craft, "is no handover image");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		craft = craft_make();
		craft.number = numbers[i];
		check_nonsense(&craft, "error: upgrade: ");
	}
}

/* Who asks for it by a word only gets an answer. */
static void the_question(void **state)
{
	struct run run;

	run_start(&run, "ask", "VHOST_DEVICE_GPIO", "--can-take-over=1 -s gpio.sock -l s4");
	assert_int_equal(run_wait(&run), 1);
	assert_string_equal(run_err(&run), "vhost-device-gpio: cannot take over: what it left is no handover image\n");
	run_start(&run, "ask", "VHOST_DEVICE_GPIO", "--can-take-over=1 -s gpio.sock -l x4");
	assert_int_equal(run_wait(&run), 2);
	assert_false(file_exists("gpio.sock"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UPGRADE(one_off),
		UPGRADE(one_off_that_is_over),
		UPGRADE(a_listening_fd),
		UPGRADE(a_connected_fd),
		UPGRADE(ready_fd),
		UPGRADE(socket_activation),
		UPGRADE(reload_at_the_same_time),
		UPGRADE(reload_while_it_is_asked),
		UPGRADE(broken_configuration),
		UPGRADE(control_clients),
		UPGRADE(an_unknown_version),
		UPGRADE(nonsense),
		UPGRADE(the_question),
	};

	return cmocka_run_group_tests_name("upgrade", tests, NULL, NULL);
}
