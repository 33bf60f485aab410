/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A process that is kept running. */
#include "child_fixture.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

static void end_well(int signo)
{
	_exit(0);
}

static void make_room(int signo)
{
	_exit(CHILD_HANDED_OVER);
}

static int life_main(struct child *child)
{
	const struct fixture *fixture = container_of(child, struct fixture, child);
	int none = -1;

	/* No test that fails leaves it behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	child_keep_fds(&none, 1);
	if (fixture->life == LIFE_LACK)
		return CHILD_LACKS;
	if (fixture->life <= LIFE_END_BADLY)
		return fixture->life == LIFE_END_BADLY;
	for (;;)
		pause();
}

static int life_prepare(struct child *child)
{
	struct fixture *fixture = container_of(child, struct fixture, child);

	/* The process inherits it: so no SIGTERM comes too early. */
	signal(SIGTERM, fixture->life == LIFE_STUBBORN	       ? SIG_IGN
			: fixture->life == LIFE_WAIT_END_WELL  ? end_well
			: fixture->life == LIFE_WAIT_MAKE_ROOM ? make_room
							       : SIG_DFL);
	fixture->starts++;
	return fixture->prepare_error;
}

static void life_started(struct child *child)
{
	signal(SIGTERM, SIG_DFL);
}

static uint32_t life_progress(const struct child *child)
{
	return container_of(child, const struct fixture, child)->progress;
}

static void life_ended(struct child *child, enum child_loop loop)
{
	struct fixture *fixture = container_of(child, struct fixture, child);

	fixture->ends++;
	fixture->loops[loop]++;
	fixture->done_at_end = child->done;
}

static const struct child_ops life_ops = {
	.prepare = life_prepare,
	.started = life_started,
	.main = life_main,
	.progress = life_progress,
	.ended = life_ended,
};

int fixture_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ 0 };
	sigemptyset(&fixture.signals_own);
	fixture.child = (struct child){ .ops = &life_ops,
					.loop = &fixture.loop,
					.tag = "test",
					.process_name = "vgpio:test",
					.signals_own = &fixture.signals_own };
	*state = &fixture;
	return loop_init(&fixture.loop);
}

int fixture_down(void **state)
{
	struct fixture *fixture = *state;

	child_stop(&fixture->child, SIGKILL);
	if (fixture->child.pid > 0)
		waitpid(fixture->child.pid, NULL, 0);
	loop_deinit(&fixture->loop);
	return 0;
}

void start(struct fixture *fixture, enum life life)
{
	fixture->life = life;
	child_start(&fixture->child);
	assert_true(fixture->child.pid > 0);
	assert_false(child_reap(&fixture->child));
}

void start_now(struct fixture *fixture)
{
	loop_timer_del(&fixture->child.pause);
	child_start(&fixture->child);
}

void reap(struct fixture *fixture)
{
	siginfo_t info;

	assert_true(fixture->child.pid > 0);
	assert_int_equal(waitid(P_PID, (id_t)fixture->child.pid, &info, WEXITED | WNOWAIT), 0);
	assert_true(child_reap(&fixture->child));
}

void die(struct fixture *fixture, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		reap(fixture);
		if (fixture->child.pid == 0)
			start_now(fixture);
	}
}

void make_older(struct fixture *fixture, uint64_t ns)
{
	for (unsigned i = 0; i < CHILD_DEATHS_MAX; i++)
		fixture->child.deaths_ns[i] -= fixture->child.deaths_ns[i] > 0 ? ns : 0;
}
