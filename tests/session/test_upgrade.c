/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * SIGUSR2: another program in the supervisor's process, and other workers. Neither front-end nor driver notices. The
 * program is a copy that the tests replace.
 */
#include "reconnect.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

#define UPGRADES session_rounds(20, 6)

static char original[256], copy[256];

static void copy_file(const char *from, const char *to)
{
	char temporary[300];
	struct stat st;
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	off_t left;

	snprintf(temporary, sizeof(temporary), "%s.new", to);
	out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(in >= 0 && out >= 0);
	assert_int_equal(fstat(in, &st), 0);
	for (left = st.st_size; left > 0;) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		assert_true(n > 0);
		left -= n;
	}
	close(in);
	close(out);
	assert_int_equal(rename(temporary, to), 0);
}

static void write_script(const char *text)
{
	char temporary[300];
	FILE *file;

	snprintf(temporary, sizeof(temporary), "%s.new", copy);
	file = fopen(temporary, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fchmod(fileno(file), 0755), 0);
	fclose(file);
	assert_int_equal(rename(temporary, copy), 0);
}

static int group_setup(void **state)
{
	static char dir[] = "/tmp/vgpio-upgrade-XXXXXX";

	snprintf(original, sizeof(original), "%s", getenv("VHOST_DEVICE_GPIO"));
	if (!mkdtemp(dir))
		return -1;
	snprintf(copy, sizeof(copy), "%s/program", dir);
	return setenv("VHOST_DEVICE_GPIO", copy, 1);
}

static int group_teardown(void **state)
{
	unlink(copy);
	*strrchr(copy, '/') = '\0';
	return rmdir(copy);
}

static int setup(void **state)
{
	copy_file(original, copy);
	return session_mortal(state, session_setup_started(state));
}

static int setup_two(void **state)
{
	copy_file(original, copy);
	return session_mortal(state, session_started(state, session_setup_with(state, "s8:s4", 0)));
}

/* The control process: the child that listens on its socket. */
static pid_t control_pid(const struct session *s)
{
	pid_t children[16];
	unsigned n = proc_children(s->daemon.pid, children, 16);

	for (unsigned i = 0; i < n; i++) {
		if (proc_alive(children[i]) && proc_listens(children[i], s->daemon.control) &&
		    !proc_listens(children[i], s->daemon.sockets[0]))
			return children[i];
	}
	return 0;
}

static bool has_control(void *ctx)
{
	return control_pid(ctx) != 0;
}

/* A process that was just forked has fds that are not its own yet. */
static pid_t control_wait(struct session *s)
{
	assert_true(wait_for(has_control, s, WAIT_MS));
	return control_pid(s);
}

struct upgrade {
	struct session *s;
	pid_t control, workers[DAEMON_GUESTS_MAX];
};

static void upgrade_begin(struct session *s, struct upgrade *upgrade)
{
	upgrade->s = s;
	upgrade->control = control_wait(s);
	for (unsigned i = 0; i < s->daemon.n_guests; i++)
		upgrade->workers[i] = daemon_worker(&s->daemon, i);
}

static bool upgrade_over(void *ctx)
{
	struct upgrade *upgrade = ctx;
	struct session *s = upgrade->s;
	pid_t control = control_pid(s);

	for (unsigned i = 0; i < s->daemon.n_guests; i++) {
		pid_t pid = daemon_worker(&s->daemon, i);

		if (pid == 0 || pid == upgrade->workers[i] || !proc_is_quiet(pid))
			return false;
	}
	return control != 0 && control != upgrade->control && proc_is_quiet(control);
}

/* Every process is another one, but the supervisor. */
static void upgrade_finish(struct upgrade *upgrade)
{
	struct session *s = upgrade->s;

	if (!wait_for(upgrade_over, upgrade, WAIT_MS))
		fail_msg("no upgrade");
	for (unsigned i = 0; i < s->daemon.n_guests; i++)
		s->daemon.workers[i] = daemon_worker(&s->daemon, i);
	outside_close(&s->outside);
	outside_open(&s->outside, s->daemon.control);
}

static void upgrade(struct session *s)
{
	struct upgrade upgrade;

	upgrade_begin(s, &upgrade);
	kill(s->daemon.pid, SIGUSR2);
	upgrade_finish(&upgrade);
}

static bool is_logged(void *ctx)
{
	const void **search = ctx;

	return daemon_logged(search[0], search[1]);
}

static void wait_log(const struct session *s, const char *text)
{
	const void *search[] = { &s->daemon, text };

	if (!wait_for(is_logged, search, WAIT_MS))
		fail_msg("\"%s\" is not logged", text);
}

static void nothing_is_noticed(void **state)
{
	struct session *s = *state;
	unsigned fds, worker_fds, inherited = proc_fds_inherited(s->daemon.pid);
	uint16_t head;

	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	upgrade(s);
	fds = proc_fds(s->daemon.pid);
	worker_fds = proc_fds(session_worker(s));
	for (unsigned i = 0; i < UPGRADES; i++) {
		upgrade(s);
		assert_fds(s->daemon.pid, fds);
		assert_fds(session_worker(s), worker_fds);
		assert_int_equal(proc_fds_inherited(s->daemon.pid), inherited);
		assert_serving(s);
		assert_int_equal(line_level(s, 1), 1);
		assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
		assert_true(connection_silent(&s->vmm.connection, 1));
	}
	line_drive(s, 0, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "took over 1 guest"), UPGRADES + 1);
	/* It has forgotten nothing of how to leave. */
	assert_true(access(session_socket(s), F_OK) == 0);
	kill(s->daemon.pid, SIGTERM);
	assert_int_equal(daemon_wait(&s->daemon), 0);
	assert_true(access(session_socket(s), F_OK) < 0);
	assert_true(access(s->daemon.control, F_OK) < 0);
}

static void requests_in_flight_are_answered_once(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	unsigned random = 4711;

	s->vmm.layout = RING_INDIRECT;
	for (unsigned round = 0; round < 2 * UPGRADES; round++) {
		bool seen[VMM_RING_SIZE] = { false };
		struct upgrade upgrade;

		upgrade_begin(s, &upgrade);
		random = random * 1103515245 + 12345;
		kill(s->daemon.pid, SIGUSR2);
		for (uint64_t end = clock_ns() + random / 65536 % 6000 * 1000; clock_ns() < end;)
			assert_serving(s);
		for (unsigned j = 0; j < VMM_RING_SIZE; j++)
			gpio_send(&s->vmm, GPIO_SET_DIRECTION, (uint16_t)(j % 8), j % 3);
		ring_notify(ring);
		for (unsigned j = 0; j < VMM_RING_SIZE; j++) {
			struct ring_used used = ring_wait(ring);

			assert_in_range(used.id, 0, VMM_RING_SIZE - 1);
			assert_false(seen[used.id]);
			seen[used.id] = true;
			assert_int_equal(gpio_answer_of(&s->vmm, used).status, GPIO_OK);
		}
		upgrade_finish(&upgrade);
	}
	assert_true(connection_silent(&s->vmm.connection, 5));
}

/*
 * Two rings at work all the time: no edge is lost that was latched, none comes twice. An edge that was asked for by the
 * control socket may not come to be: its process, and what nobody read there, go with the old program.
 */
static void interrupts_in_flight_come_once(void **state)
{
	struct session *s = *state;
	struct upgrade upgrade;

	for (unsigned round = 0; round < UPGRADES; round++) {
		uint16_t head = gpio_arm(&s->vmm, 2, GPIO_IRQ_RISING);

		upgrade_begin(s, &upgrade);
		outside_set_async(&s->outside, "guest0.dummy2", 1);
		/* From an edge that is on its way yet to one that was delivered. */
		usleep(round * 50);
		kill(s->daemon.pid, SIGUSR2);
		upgrade_finish(&upgrade);
		if (line_level(s, 2) == 0)
			line_drive(s, 2, 1);
		assert_event(s, head, GPIO_EVENT_VALID);
		line_drive(s, 2, 0);
		assert_no_event(s);
	}
}

struct sampler {
	int fd; /* of the line's level */
	bool stop;
	unsigned low, high;
};

static void *sample(void *arg)
{
	struct sampler *sampler = arg;
	char level;

	while (!__atomic_load_n(&sampler->stop, __ATOMIC_RELAXED))
		if (pread(sampler->fd, &level, 1, 0) == 1)
			*(level == '1' ? &sampler->high : &sampler->low) += 1;
	return NULL;
}

/* The kernel has the same request of the line all the time, and nobody sees it low. */
static void real_outputs_hold_over_an_upgrade(void **state)
{
	struct session *s = *state;
	struct sampler sampler = { .fd = -1 };
	struct kernel_changes changes;
	pthread_t thread;
	int fd;

	if (!outside_wants_real())
		skip();
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	fd = kernel_open(s->chips[0].path);
	kernel_watch(fd, 1);
	sampler.fd = gpio_sim_open_level(&s->chips[0], 1);
	assert_int_equal(pthread_create(&thread, NULL, sample, &sampler), 0);
	for (unsigned i = 0; i < 10; i++) {
		upgrade(s);
		assert_serving(s);
	}
	__atomic_store_n(&sampler.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	changes = kernel_changes(fd);
	assert_int_equal(changes.requested + changes.released, 0);
	assert_int_equal(sampler.low, 0);
	assert_true(sampler.high > 100);
	assert_string_equal(kernel_line(fd, 1).consumer, "vhost-device-gpio:guest0");
	close(sampler.fd);
	close(fd);
}

static void another_file_under_the_same_name(void **state)
{
	struct session *s = *state;
	char link[64], target[300] = "";

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)s->daemon.pid);
	for (unsigned i = 0; i < 3; i++) {
		copy_file(original, copy);
		memset(target, 0, sizeof(target));
		assert_true(readlink(link, target, sizeof(target) - 1) > 0);
		assert_non_null(strstr(target, " (deleted)"));
		upgrade(s);
		memset(target, 0, sizeof(target));
		assert_true(readlink(link, target, sizeof(target) - 1) > 0);
		assert_string_equal(target, copy);
		assert_serving(s);
	}
}

/* Nothing has happened, but for a line in the log; and what can take over later does. */
static void check_goes_on(struct session *s, const char *logged)
{
	unsigned inherited = proc_fds_inherited(s->daemon.pid);
	pid_t control = control_wait(s);

	kill(s->daemon.pid, SIGUSR2);
	wait_log(s, logged);
	wait_log(s, "going on as before");
	session_settle(s);
	assert_true(daemon_workers_same(&s->daemon));
	assert_int_equal(control_pid(s), control);
	assert_int_equal(proc_fds_inherited(s->daemon.pid), inherited);
	assert_serving(s);
	copy_file(original, copy);
	upgrade(s);
	assert_serving(s);
}

static void no_program(void **state)
{
	assert_int_equal(unlink(copy), 0);
	check_goes_on(*state, "No such file or directory");
}

static void no_permission(void **state)
{
	if (geteuid() == 0)
		skip();
	assert_int_equal(chmod(copy, 0600), 0);
	check_goes_on(*state, "Permission denied");
}

static void no_executable(void **state)
{
	FILE *file;

	copy_file("/etc/passwd", copy);
	file = fopen(copy, "we");
	assert_non_null(file);
	fclose(file);
	check_goes_on(*state, "Exec format error");
}

static void program_that_refuses(void **state)
{
	write_script("echo \"$1 $2\" >&2; exit 3");
	check_goes_on(*state, "--can-take-over=1 -s");
	assert_int_equal(daemon_logged(&((struct session *)*state)->daemon, "cannot take over (exit status 3)"), 1);
}

static void program_that_does_not_know_the_image(void **state)
{
	copy_file(getenv("OTHER_IMAGE"), copy);
	check_goes_on(*state, "handover has version 1, this one's has 2");
}

/* It says yes and means no. */
static void program_that_cannot_be_run_after_all(void **state)
{
	write_script("rm \"$0\"; exit 0");
	check_goes_on(*state, "cannot run");
}

static void program_that_does_not_answer(void **state)
{
	write_script("exec sleep 60");
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
	snprintf(text, sizeof(text), "case $1 in --can-take-over=1) exit 0;; esac\nexec %s \"$@\"",
		 getenv("OTHER_IMAGE"));
	write_script(text);
	upgrade_begin(s, &upgrade);
	kill(s->daemon.pid, SIGUSR2);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	upgrade_finish(&upgrade);
	assert_int_equal(daemon_logged(&s->daemon, "its handover is of another version"), 1);
	assert_false(proc_alive(upgrade.workers[0]));
	assert_int_equal(proc_fds_inherited(s->daemon.pid), inherited);
	session_reconnect(s);
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
}

static void session_of_another_layout(void **state)
{
	struct session *s = *state;
	struct upgrade upgrade;

	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	copy_file(getenv("OTHER_SESSION"), copy);
	upgrade_begin(s, &upgrade);
	kill(s->daemon.pid, SIGUSR2);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	upgrade_finish(&upgrade);
	assert_int_equal(daemon_logged(&s->daemon, "does not know the session"), 1);
	session_reconnect(s);
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
	/* From now on it knows it. */
	upgrade_begin(s, &upgrade);
	kill(s->daemon.pid, SIGUSR2);
	upgrade_finish(&upgrade);
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, "does not know the session"), 1);
}

/* Every child is killed by what runs in the supervisor's place for a moment. */
static void processes_that_die_meanwhile(void **state)
{
	struct session *s = *state;
	char text[600];

	snprintf(text, sizeof(text),
		 "case $1 in --can-take-over=1) exit 0;; esac\n"
		 "read -r all < /proc/$$/task/$$/children; kill -9 $all; exec %s \"$@\"",
		 original);
	write_script(text);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	upgrade(s);
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_OUT);
}

static void many_at_once(void **state)
{
	struct session *s = *state;
	struct upgrade upgrade;

	upgrade_begin(s, &upgrade);
	for (unsigned i = 0; i < 30; i++) {
		kill(s->daemon.pid, SIGUSR2);
		if (i % 3 == 0)
			usleep(1500);
	}
	upgrade_finish(&upgrade);
	session_settle(s);
	assert_serving(s);
	upgrade_begin(s, &upgrade);
	kill(s->daemon.pid, SIGUSR2);
	upgrade_finish(&upgrade);
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
}

/* SIGTERM wins, whenever it comes. */
static void while_stopping(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 12; i++) {
		if (i > 0) {
			assert_int_equal(session_teardown(state), 0);
			assert_int_equal(setup(state), 0);
			s = *state;
		}
		kill(s->daemon.pid, SIGUSR2);
		usleep(i * 700);
		kill(s->daemon.pid, SIGTERM);
		kill(s->daemon.pid, SIGUSR2);
		assert_int_equal(daemon_wait(&s->daemon), 0);
		assert_true(access(session_socket(s), F_OK) < 0);
	}
}

static void several_guests_one_after_the_other(void **state)
{
	struct session *s = *state;
	struct vmm other;

	vmm_init(&other, 0);
	vmm_start(&other, s->daemon.sockets[1]);
	for (unsigned i = 0; i < 5; i++) {
		upgrade(s);
		assert_serving(s);
		assert_true(gpio_get_direction(&other, 3) >= 0);
	}
	assert_true(connection_silent(&other.connection, 5));
	vmm_deinit(&other);
}

/* A worker that does not make room is killed; its guest notices nothing of that either. */
static void worker_that_hangs(void **state)
{
	struct session *s = *state;
	struct upgrade upgrade;

	upgrade_begin(s, &upgrade);
	kill(session_worker(s), SIGSTOP);
	kill(s->daemon.pid, SIGUSR2);
	upgrade_finish(&upgrade);
	assert_int_equal(daemon_logged(&s->daemon, "that does not end is killed"), 1);
	assert_serving(s);
}

/* The second program finds that one as the first left it: told to make room. */
static void worker_that_hangs_and_another_upgrade(void **state)
{
	struct session *s = *state;
	struct upgrade upgrade;

	upgrade_begin(s, &upgrade);
	kill(session_worker(s), SIGSTOP);
	kill(s->daemon.pid, SIGUSR2);
	wait_log(s, "took over");
	kill(s->daemon.pid, SIGUSR2);
	upgrade_finish(&upgrade);
	assert_int_equal(daemon_logged(&s->daemon, "restarting"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "took over"), 2);
	assert_serving(s);
}

/* Told by one program, it makes room while the next one is being started. */
static void worker_that_makes_room_meanwhile(void **state)
{
	struct session *s = *state;
	struct upgrade upgrade;
	char text[600];

	snprintf(text, sizeof(text),
		 "case $1 in --can-take-over=1) exit 0;; esac\n"
		 "read -r all < /proc/$$/task/$$/children; kill -CONT $all; sleep 0.3; exec %s \"$@\"",
		 original);
	upgrade_begin(s, &upgrade);
	kill(session_worker(s), SIGSTOP);
	kill(s->daemon.pid, SIGUSR2);
	wait_log(s, "took over");
	write_script(text);
	kill(s->daemon.pid, SIGUSR2);
	upgrade_finish(&upgrade);
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
	assert_serving(s);
}

/* Deaths before an upgrade count after it: a crash loop does not become an endless one. */
static void deaths_are_remembered(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 4; i++) {
		session_take_over(s);
		upgrade(s);
		assert_serving(s);
	}
	daemon_kill_worker(&s->daemon, 0);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	wait_log(s, "session dropped");
}

/* What it left waits for it in the next program. */
static void front_end_comes_back_afterwards(void **state)
{
	struct session *s = *state;
	uint16_t heads[2];

	for (uint16_t i = 0; i < 2; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_OUT), GPIO_OK);
	cut(s);
	upgrade(s);
	come_again(s);
	rings_again(s);
	assert_serving(s);
	assert_same(s, 1);
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_OUT);
	for (unsigned i = 2; i-- > 0;) {
		line_pulse(s, i);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	assert_no_event(s);
}

#define UPGRADE(fn) cmocka_unit_test_setup_teardown(fn, setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UPGRADE(nothing_is_noticed),
		UPGRADE(requests_in_flight_are_answered_once),
		UPGRADE(interrupts_in_flight_come_once),
		ROW_TEST_FIXTURE("S-08", front_end_comes_back_afterwards, setup, session_teardown),
		UPGRADE(real_outputs_hold_over_an_upgrade),
		UPGRADE(another_file_under_the_same_name),
		UPGRADE(no_program),
		UPGRADE(no_permission),
		UPGRADE(no_executable),
		UPGRADE(program_that_refuses),
		UPGRADE(program_that_does_not_know_the_image),
		UPGRADE(program_that_cannot_be_run_after_all),
		UPGRADE(program_that_does_not_answer),
		UPGRADE(image_that_is_refused),
		UPGRADE(session_of_another_layout),
		UPGRADE(processes_that_die_meanwhile),
		UPGRADE(many_at_once),
		UPGRADE(while_stopping),
		cmocka_unit_test_setup_teardown(several_guests_one_after_the_other, setup_two, session_teardown),
		UPGRADE(worker_that_hangs),
		UPGRADE(worker_that_hangs_and_another_upgrade),
		UPGRADE(worker_that_makes_room_meanwhile),
		UPGRADE(deaths_are_remembered),
	};
	int status;
	void *state = NULL;

	if (group_setup(&state) < 0)
		return 1;
	status = session_run("upgrade", tests, sizeof(tests) / sizeof(tests[0]));
	group_teardown(&state);
	return status;
}
