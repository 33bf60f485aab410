/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A daemon whose program is replaced while it runs. */
#include "upgrade.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

char program_original[256], program_path[256];

/* What the test put there stays there; else two programs take turns, when there are two. */
static bool is_turn = true;
static unsigned turns;

static void file_copy(const char *from)
{
	char temporary[300];
	struct stat st;
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	off_t left;

	snprintf(temporary, sizeof(temporary), "%s.new", program_path);
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
	assert_int_equal(rename(temporary, program_path), 0);
}

void program_copy(const char *from)
{
	is_turn = from == program_original;
	file_copy(from);
}

static void program_turn(void)
{
	const char *other = getenv("OTHER_LAYOUT_TURNS");

	if (is_turn && other)
		file_copy(turns++ % 2 == 0 ? other : program_original);
}

void program_script(const char *text)
{
	char temporary[300];
	FILE *file;

	is_turn = false;
	snprintf(temporary, sizeof(temporary), "%s.new", program_path);
	file = fopen(temporary, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fchmod(fileno(file), 0755), 0);
	fclose(file);
	assert_int_equal(rename(temporary, program_path), 0);
}

static int group_setup(void)
{
	static char dir[] = "/tmp/vgpio-upgrade-XXXXXX";

	snprintf(program_original, sizeof(program_original), "%s", getenv("VHOST_DEVICE_GPIO"));
	if (!mkdtemp(dir))
		return -1;
	snprintf(program_path, sizeof(program_path), "%s/program", dir);
	return setenv("VHOST_DEVICE_GPIO", program_path, 1);
}

static void group_teardown(void)
{
	unlink(program_path);
	*strrchr(program_path, '/') = '\0';
	rmdir(program_path);
}

int upgrade_run(const char *name, const struct CMUnitTest *tests, size_t n_tests)
{
	int status;

	if (group_setup() < 0)
		return 1;
	status = session_run(name, tests, n_tests);
	group_teardown();
	return status;
}

int upgrade_setup(void **state)
{
	program_copy(program_original);
	return session_mortal(state, session_setup_started(state));
}

pid_t control_pid(const struct session *s)
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
pid_t control_wait(struct session *s)
{
	assert_true(wait_for(has_control, s, WAIT_MS));
	return control_pid(s);
}

unsigned upgrades_given_up(const struct session *s)
{
	return daemon_logged(&s->daemon, "cannot take over (killed by signal 9): going on as before");
}

void upgrade_begin(struct session *s, struct upgrade *upgrade)
{
	program_turn();
	upgrade->s = s;
	upgrade->given_up = upgrades_given_up(s);
	upgrade->control = control_wait(s);
	for (unsigned i = 0; i < s->daemon.n_guests; i++)
		upgrade->workers[i] = daemon_worker(&s->daemon, i);
}

static bool upgrade_over(void *ctx)
{
	struct upgrade *upgrade = ctx;
	struct session *s = upgrade->s;
	pid_t control = control_pid(s);
	unsigned given_up = upgrades_given_up(s);

	if (given_up > upgrade->given_up) {
		upgrade->given_up = given_up;
		kill(s->daemon.pid, SIGUSR2);
	}
	for (unsigned i = 0; i < s->daemon.n_guests; i++) {
		pid_t pid = daemon_worker(&s->daemon, i);

		if (pid == 0 || pid == upgrade->workers[i] || !proc_is_quiet(pid))
			return false;
	}
	return control != 0 && control != upgrade->control && proc_is_quiet(control);
}

void upgrade_finish(struct upgrade *upgrade)
{
	struct session *s = upgrade->s;

	if (!wait_for(upgrade_over, upgrade, WAIT_MS))
		fail_msg("no upgrade");
	for (unsigned i = 0; i < s->daemon.n_guests; i++)
		s->daemon.workers[i] = daemon_worker(&s->daemon, i);
	outside_close(&s->outside);
	outside_open(&s->outside, s->daemon.control);
}

void upgrade(struct session *s)
{
	struct upgrade upgrade;

	upgrade_begin(s, &upgrade);
	kill(s->daemon.pid, SIGUSR2);
	upgrade_finish(&upgrade);
}
