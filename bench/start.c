/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * How long a program takes from its start to two sockets that accept, beside the plainest program that has two:
 *
 *	start DIRECTORY [ROUNDS]
 *
 * The programs are bare, beside this one, and the one in VHOST_DEVICE_GPIO, with and without a sandbox; one after the other,
 * so that the machine's mood strikes all. What counts is the least: nothing makes a start faster than it is.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "sample.h"
#include "wait.h"

#define DEFAULT_ROUNDS 60
#define SOCKETS	       2

static char paths[SOCKETS][100];

static bool accepts(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes;

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
	yes = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return yes;
}

static uint64_t start_once(const char *const *words)
{
	uint64_t begin = clock_ns(), end;
	pid_t pid;

	if (posix_spawn(&pid, words[0], NULL, NULL, (char *const *)words, environ) != 0)
		failure("%s cannot be started", words[0]);
	for (unsigned i = 0; i < SOCKETS; i++) {
		while (!accepts(paths[i])) {
			if (waitpid(pid, NULL, WNOHANG) == pid)
				failure("%s has ended", words[0]);
		}
	}
	end = clock_ns();
	/* All of its processes are there then, and it does not stop in the midst of its start. */
	sleep_ms(8);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return end - begin;
}

static void print(const char *name, struct sample *sample, struct sample *bare)
{
	double ms = (double)sample_quantile(sample, 0) / 1e6;

	if (bare)
		printf("%s\t%.2f\tms\t%.2f\tbare\n", name, ms, ms * 1e6 / (double)sample_quantile(bare, 0));
	else
		printf("%s\t%.2f\tms\t-\t-\n", name, ms);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : DEFAULT_ROUNDS;
	char path[80], bare_path[512];
	const char *daemon = getenv("VHOST_DEVICE_GPIO");
	const char *bare[] = { bare_path, paths[0], paths[1], NULL };
	const char *with[] = { daemon, "--log-level", "error", "-s", path, "-c", "2", "-l", "s4:s4", NULL };
	const char *without[] = { daemon, "--log-level", "error", "-s",	       path,  "-c",
				  "2",	  "-l",		 "s4:s4", "--sandbox", "off", NULL };
	struct sample samples[3];

	if (argc < 2 || !daemon || rounds == 0)
		failure("usage: start DIRECTORY [ROUNDS]");
	snprintf(bare_path, sizeof(bare_path), "%.*sbare", (int)(strrchr(argv[0], '/') - argv[0] + 1), argv[0]);
	snprintf(path, sizeof(path), "%s/gpio", argv[1]);
	for (unsigned i = 0; i < SOCKETS; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s%u", path, i);
	for (unsigned i = 0; i < 3; i++)
		sample_init(&samples[i], rounds);
	for (unsigned i = 0; i < rounds; i++) {
		sample_add(&samples[0], start_once(bare));
		unlink(paths[0]);
		unlink(paths[1]);
		sample_add(&samples[1], start_once(with));
		sample_add(&samples[2], start_once(without));
	}
	print("start/bare/two-sockets", &samples[0], NULL);
	print("start/daemon/two-sockets", &samples[1], &samples[0]);
	print("start/daemon/two-sockets/no-sandbox", &samples[2], &samples[0]);
	for (unsigned i = 0; i < 3; i++)
		sample_deinit(&samples[i]);
	return 0;
}
