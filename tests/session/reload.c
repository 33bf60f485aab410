/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Two guests of a configuration file that is read again. */
#include "reload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUESTS 2

static char config_dir[32];
static const char *first_lines;

static void config_path(char *path, size_t size)
{
	snprintf(path, size, "%s/config", config_dir);
}

static void config_write(const struct session *session, unsigned first)
{
	char path[80];
	FILE *file;

	config_path(path, sizeof(path));
	file = fopen(path, "we");
	assert_non_null(file);
	for (unsigned i = first; i < GUESTS; i++)
		fprintf(file, "[guest guest%u]\nsocket = %s\n%s\n", i, session->daemon.sockets[i],
			i == 0 ? first_lines : "sim = 8");
	fclose(file);
}

int reload_setup(void **state)
{
	return reload_setup_lines(state, calloc(1, sizeof(struct session)), "sim = 8");
}

int reload_setup_lines(void **state, struct session *session, const char *lines)
{
	const char *const guests[] = { NULL };
	struct daemon named = { .n_guests = GUESTS };
	char option[96];

	if (!session || !mkdtemp(strcpy(config_dir, "/tmp/vgpio-config-XXXXXX")))
		return -1;
	*state = session;
	first_lines = lines;
	for (unsigned i = 0; i < GUESTS; i++)
		snprintf(named.sockets[i], sizeof(named.sockets[i]), "%s/gpio%u", config_dir, i);
	session->daemon = named;
	config_write(session, 0);
	snprintf(option, sizeof(option), "--config=%s/config", config_dir);
	daemon_start_guests(&session->daemon, guests, option);
	session->daemon.n_guests = GUESTS;
	for (unsigned i = 0; i < GUESTS; i++) {
		memcpy(session->daemon.sockets[i], named.sockets[i], sizeof(named.sockets[i]));
		daemon_wait_worker(&session->daemon, i, 0);
	}
	outside_open(&session->outside, session->daemon.control);
	vmm_init(&session->vmm, 0);
	return 0;
}

int reload_teardown(void **state)
{
	int ret = session_teardown(state);
	char path[80];

	config_path(path, sizeof(path));
	unlink(path);
	rmdir(config_dir);
	return ret;
}

void reload_guests(struct session *session, unsigned first)
{
	char words[32];
	unsigned n = GUESTS - first, told;

	snprintf(words, sizeof(words), "reload: %u guest%s", n, n == 1 ? "" : "s");
	told = daemon_logged(&session->daemon, words);
	config_write(session, first);
	kill(session->daemon.pid, SIGHUP);
	daemon_wait_logged(&session->daemon, words, told + 1);
}
