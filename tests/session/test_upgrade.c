/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * SIGUSR2: another program in the supervisor's process, and other workers. Neither front-end nor driver notices,
 * whatever comes in between.
 */
#include "reconnect.h"
#include "upgrade.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

#define UPGRADES session_rounds(20, 6)

static int setup_two(void **state)
{
	program_copy(program_original);
	return session_mortal(state, session_started(state, session_setup_with(state, "s8:s4", 0)));
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
		skip_because("only on a real chip: no other has a kernel to ask");
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
		program_copy(program_original);
		memset(target, 0, sizeof(target));
		assert_true(readlink(link, target, sizeof(target) - 1) > 0);
		assert_non_null(strstr(target, " (deleted)"));
		upgrade(s);
		memset(target, 0, sizeof(target));
		assert_true(readlink(link, target, sizeof(target) - 1) > 0);
		assert_string_equal(target, program_path);
		assert_serving(s);
	}
}

/* Upgrades to this program; what it is asked about, in words. */
static void image_print(struct session *s, char *words, size_t size)
{
	char text[600], command[900];
	FILE *stream;

	snprintf(text, sizeof(text),
		 "cat \"/proc/self/fd/${1#*=}\" > \"$0.image\"\n"
		 "cp '%s' \"$0.new\"; mv \"$0.new\" \"$0\"; exec \"$0\" \"$@\"",
		 program_original);
	program_script(text);
	upgrade(s);
	snprintf(command, sizeof(command), "'%s' --print-handover='%s.image'; rm '%s.image'", program_original,
		 program_path, program_path);
	stream = popen(command, "re");
	assert_non_null(stream);
	words[fread(words, 1, size - 1, stream)] = '\0';
	assert_int_equal(pclose(stream), 0);
}

/* Records that only one of them knows, and numbers of another width: up and down, and nobody notices. */
static void programs_that_say_more_and_less(void **state)
{
	struct session *s = *state;
	static char words[65536];

	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	for (unsigned i = 0; i < 5; i++) {
		program_copy(getenv("OTHER_NEWER"));
		upgrade(s);
		assert_serving(s);
		image_print(s, words, sizeof(words));
		assert_non_null(strstr(words, "\n  mood 3"));
		assert_non_null(strstr(words, "\n    pins "));
		assert_null(strstr(words, "\n    label "));
		assert_serving(s);
		/* What is the guest's own was carried along. */
		image_print(s, words, sizeof(words));
		assert_non_null(strstr(words, "\n  mood 3"));
		assert_null(strstr(words, "\n    pins "));
		assert_non_null(strstr(words, "\nthis program can take over\n"));
	}
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_OUT);
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "session ends"), 0);
}

/* Every child is killed by what runs in the supervisor's place for a moment. */
static void processes_that_die_meanwhile(void **state)
{
	struct session *s = *state;
	char text[600];

	snprintf(text, sizeof(text),
		 "case $1 in --can-take-over=*) exit 0;; esac\n"
		 "read -r all < /proc/$$/task/$$/children; kill -9 $all; exec '%s' \"$@\"",
		 program_original);
	program_script(text);
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
			assert_int_equal(upgrade_setup(state), 0);
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

/* A worker that does not hand over is killed; its guest notices nothing of that either. */
static void worker_that_hangs(void **state)
{
	struct session *s = *state;
	struct upgrade upgrade;

	upgrade_begin(s, &upgrade);
	kill(session_worker(s), SIGSTOP);
	kill(s->daemon.pid, SIGUSR2);
	upgrade_finish(&upgrade);
	assert_int_equal(daemon_logged(&s->daemon, "did not exit within 2 s, sending SIGKILL"), 1);
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
	daemon_wait_logged(&s->daemon, "took over", 1);
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
		 "case $1 in --can-take-over=*) exit 0;; esac\n"
		 "read -r all < /proc/$$/task/$$/children; kill -CONT $all; sleep 0.3; exec '%s' \"$@\"",
		 program_original);
	upgrade_begin(s, &upgrade);
	kill(session_worker(s), SIGSTOP);
	kill(s->daemon.pid, SIGUSR2);
	daemon_wait_logged(&s->daemon, "took over", 1);
	program_script(text);
	kill(s->daemon.pid, SIGUSR2);
	upgrade_finish(&upgrade);
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
	assert_serving(s);
}

/* A line of a real chip is the supervisor's to request, and for a while there is none: the worker waits for the next. */
static void line_is_asked_for_between_the_programs(void **state)
{
	struct session *s = *state;
	struct upgrade upgrade;
	char text[600];

	snprintf(text, sizeof(text), "case $1 in --can-take-over=*) exit 0;; esac\nsleep 1; exec '%s' \"$@\"",
		 program_original);
	program_script(text);
	upgrade_begin(s, &upgrade);
	kill(s->daemon.pid, SIGUSR2);
	daemon_wait_logged(&s->daemon, "running ", 1);
	assert_int_equal(gpio_set_value(&s->vmm, 6, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 6, GPIO_OUT), GPIO_OK);
	upgrade_finish(&upgrade);
	assert_int_equal(line_level(s, 6), 1);
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "is killed"), 0);
	assert_serving(s);
}

/* Deaths before an upgrade count after it: a crash loop does not become an endless one. */
static void deaths_are_remembered(void **state)
{
	struct session *s = *state;
	pid_t worker = 0;

	for (unsigned i = 0; i < 5; i++) {
		worker = daemon_wait_worker(&s->daemon, 0, worker);
		kill(worker, SIGABRT);
	}
	daemon_wait_worker(&s->daemon, 0, worker);
	sleep_ms(3000); /* CHILD_LOOP_NS */
	upgrade(s);
	assert_int_equal(daemon_logged(&s->daemon, "its rings are broken"), 0);
	/* Alone it would be the first. */
	kill(daemon_wait_worker(&s->daemon, 0, 0), SIGABRT);
	daemon_wait_logged(&s->daemon, "its rings are broken", 1);
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

#define UPGRADE(fn) cmocka_unit_test_setup_teardown(fn, upgrade_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UPGRADE(nothing_is_noticed),
		UPGRADE(requests_in_flight_are_answered_once),
		UPGRADE(interrupts_in_flight_come_once),
		ROW_TEST_FIXTURE("S-08", front_end_comes_back_afterwards, upgrade_setup, session_teardown),
		UPGRADE(real_outputs_hold_over_an_upgrade),
		UPGRADE(another_file_under_the_same_name),
		ROW_TEST_FIXTURE("S-12", programs_that_say_more_and_less, upgrade_setup, session_teardown),
		UPGRADE(processes_that_die_meanwhile),
		UPGRADE(many_at_once),
		UPGRADE(while_stopping),
		cmocka_unit_test_setup_teardown(several_guests_one_after_the_other, setup_two, session_teardown),
		UPGRADE(worker_that_hangs),
		UPGRADE(worker_that_hangs_and_another_upgrade),
		UPGRADE(line_is_asked_for_between_the_programs),
		UPGRADE(worker_that_makes_room_meanwhile),
		UPGRADE(deaths_are_remembered),
	};

	return upgrade_run("upgrade", tests, sizeof(tests) / sizeof(tests[0]));
}
