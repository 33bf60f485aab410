/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The soak: one daemon, guests under random valid and hostile load for a long time, and a look at the processes between:
 * memory, file descriptors and log must be flat, and none may be another process than at the start.
 *
 *	soak [--guests N] [--seconds N] [--interval SECONDS] [--seed N] [--slack KIB]
 *
 * Exit status 0: flat, nobody died, every guest was served. See scripts/soak.
 * The program under test is the one in the environment variable VHOST_DEVICE_GPIO.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"
#include "soak_figures.h"
#include "soak_guest.h"
#include "wait.h"

#define SETTLE_MS 300 /* what the last round brought is closed by then */

struct soak {
	unsigned long guests, seconds, interval, seed, slack_kib;
	struct daemon daemon;
	struct soak_shared *shared;
	struct figures figures;
	pid_t pids[DAEMON_GUESTS_MAX];
	bool failed;
};

static void options_take(struct soak *soak, int argc, char **argv)
{
	const struct {
		const char *word;
		unsigned long *value;
	} options[] = { { "--guests", &soak->guests },
			{ "--seconds", &soak->seconds },
			{ "--interval", &soak->interval },
			{ "--seed", &soak->seed },
			{ "--slack", &soak->slack_kib } };
	const unsigned n = sizeof(options) / sizeof(options[0]);

	for (int i = 1; i < argc; i += 2) {
		unsigned which = 0;

		while (which < n && strcmp(argv[i], options[which].word) != 0)
			which++;
		if (which == n || i + 1 == argc)
			failure("usage: soak [--guests N] [--seconds N] [--interval SECONDS] [--seed N] [--slack KIB]");
		*options[which].value = strtoul(argv[i + 1], NULL, 0);
	}
	if (soak->guests == 0 || soak->guests > DAEMON_GUESTS_MAX || soak->seconds == 0 || soak->interval == 0)
		failure("1 to %d guests, and some time", DAEMON_GUESTS_MAX);
}

static void guest_fork(struct soak *soak, unsigned number)
{
	struct soak_guest guest = { .number = number, .daemon = &soak->daemon, .shared = soak->shared };
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		failure("fork: %s", strerror(errno));
	if (pid > 0) {
		soak->pids[number] = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	soak_guest_run(&guest, soak->seed + number);
	exit(0);
}

static void begin(struct soak *soak)
{
	char list[DAEMON_GUESTS_MAX * sizeof(SOAK_LINES_TEXT)] = "";

	for (unsigned i = 0; i < soak->guests; i++)
		sprintf(list + strlen(list), "%s" SOAK_LINES_TEXT, i > 0 ? ":" : "");
	soak->shared = mmap(NULL, sizeof(*soak->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (soak->shared == MAP_FAILED)
		failure("mmap: %s", strerror(errno));
	daemon_start(&soak->daemon, list);
	figures_init(&soak->figures, &soak->daemon);
	soak->figures.slack_kib = soak->slack_kib;
	figures_take(&soak->figures);
	printf("%lu guests, %lu s, a look each %lu s, seeds %lu to %lu\n", soak->guests, soak->seconds, soak->interval,
	       soak->seed, soak->seed + soak->guests - 1);
	figures_tell(&soak->figures);
	fflush(stdout);
	for (unsigned i = 0; i < soak->guests; i++)
		guest_fork(soak, i);
}

/* A guest that gave up has said why. */
static void guests_check(struct soak *soak)
{
	for (unsigned i = 0; i < soak->guests; i++) {
		int status;

		if (soak->pids[i] == 0 || waitpid(soak->pids[i], &status, WNOHANG) != soak->pids[i])
			continue;
		printf("guest%u: its front-end gave up, status 0x%x\n", i, (unsigned)status);
		soak->pids[i] = 0;
		soak->failed = true;
	}
}

static bool all_rest(void *ctx)
{
	struct soak *soak = ctx;

	guests_check(soak);
	for (unsigned i = 0; i < soak->guests; i++) {
		if (soak->pids[i] != 0 && !__atomic_load_n(&soak->shared->guests[i].rests, __ATOMIC_SEQ_CST))
			return false;
	}
	return true;
}

static struct soak_guest_state progress_sum(const struct soak *soak)
{
	struct soak_guest_state sum = { 0 };

	for (unsigned i = 0; i < soak->guests; i++) {
		const struct soak_guest_state *state = &soak->shared->guests[i];

		sum.rounds += state->rounds;
		sum.hostile_rounds += state->hostile_rounds;
		sum.requests += state->requests;
		sum.events += state->events;
		sum.edges += state->edges;
		sum.messages += state->messages;
		sum.scribbles += state->scribbles;
		sum.odd_fds += state->odd_fds;
		sum.cuts += state->cuts;
	}
	return sum;
}

static void progress_tell(const struct soak *soak, uint64_t since_ms)
{
	struct soak_guest_state sum = progress_sum(soak);

	printf("%5llu s: %llu rounds, %llu requests, %llu edges, %llu events; %llu hostile rounds, %llu messages, "
	       "%llu scribbles, %llu odd fds, %llu cuts\n         ",
	       (unsigned long long)(clock_ms() - since_ms) / 1000, (unsigned long long)sum.rounds,
	       (unsigned long long)sum.requests, (unsigned long long)sum.edges, (unsigned long long)sum.events,
	       (unsigned long long)sum.hostile_rounds, (unsigned long long)sum.messages,
	       (unsigned long long)sum.scribbles, (unsigned long long)sum.odd_fds, (unsigned long long)sum.cuts);
}

/* Everybody rests, and the processes are looked at. */
static void look(struct soak *soak, uint64_t since_ms)
{
	__atomic_store_n(&soak->shared->rest, true, __ATOMIC_SEQ_CST);
	if (!wait_for(all_rest, soak, 2 * WAIT_MS)) {
		printf("a guest does not come to rest: its worker hangs, or it does\n");
		soak->failed = true;
	}
	sleep_ms(SETTLE_MS);
	if (!figures_processes_same(&soak->figures))
		soak->failed = true;
	if (!soak->failed) {
		figures_take(&soak->figures);
		progress_tell(soak, since_ms);
		figures_tell(&soak->figures);
	}
	for (unsigned i = 0; i < soak->guests; i++)
		__atomic_store_n(&soak->shared->guests[i].rests, false, __ATOMIC_SEQ_CST);
	__atomic_store_n(&soak->shared->rest, false, __ATOMIC_SEQ_CST);
	fflush(stdout);
}

static void guests_end(struct soak *soak)
{
	__atomic_store_n(&soak->shared->over, true, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < soak->guests; i++) {
		int status = 0;

		if (soak->failed && soak->pids[i] != 0)
			kill(soak->pids[i], SIGKILL);
		if (soak->pids[i] != 0 && waitpid(soak->pids[i], &status, 0) == soak->pids[i] && status != 0)
			soak->failed = true;
	}
}

static bool end(struct soak *soak)
{
	bool flat, sanitizer;
	int status;

	guests_end(soak);
	flat = figures_judge(&soak->figures);
	if (soak->daemon.pid)
		kill(soak->daemon.pid, SIGTERM);
	status = daemon_wait(&soak->daemon);
	sanitizer = daemon_logged(&soak->daemon, "Sanitizer") > 0 || daemon_logged(&soak->daemon, "runtime error") > 0;
	if (soak->failed || sanitizer || status != 0 || getenv("SOAK_SHOW_LOG"))
		daemon_show_log(&soak->daemon);
	daemon_stop(&soak->daemon);
	figures_deinit(&soak->figures);
	printf("%s, %s, exit status %d%s\n", flat ? "flat" : "NOT FLAT",
	       soak->failed ? "SOMEBODY FAILED" : "nobody died", status, sanitizer ? ", A SANITIZER SPOKE" : "");
	return flat && !soak->failed && !sanitizer && status == 0;
}

int main(int argc, char **argv)
{
	struct soak soak = { .guests = 8, .seconds = 60, .interval = 60, .slack_kib = 64 };
	uint64_t since_ms;

	soak.seed = (unsigned long)time(NULL);
	options_take(&soak, argc, argv);
	begin(&soak);
	since_ms = clock_ms();
	while (!soak.failed && clock_ms() - since_ms < 1000 * soak.seconds) {
		uint64_t next_ms = clock_ms() + 1000 * soak.interval;

		while (!soak.failed && clock_ms() < next_ms) {
			sleep_ms(100);
			guests_check(&soak);
		}
		look(&soak, since_ms);
	}
	return end(&soak) ? 0 : 1;
}
