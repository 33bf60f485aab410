/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a request costs when nobody sleeps: a front-end that looks at its ring, on one processor, and a guest with
 * busy-poll on another one. From the moment at which the request is available to that at which its answer is seen,
 * beside two processes that pass a word of memory to and fro, in the same run.
 *
 *	polled NAME FRONT-END-CPU WORKER-CPU [REQUESTS]
 *
 * The program under test is the one in the environment variable VHOST_DEVICE_GPIO.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "failure.h"
#include "figure.h"
#include "gpio.h"
#include "wait.h"

#define ROUNDS	  20
#define DEFAULT_N 20000

/* Two words, each in a line of the cache of its own. */
struct words {
	_Alignas(128) atomic_uint ping;
	_Alignas(128) atomic_uint pong;
};

static void process_pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(pid, sizeof(set), &set) < 0)
		failure("processor %d: %s", cpu, strerror(errno));
}

static pid_t echo_start(struct words *words, int cpu)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	process_pin(0, cpu);
	for (unsigned seen = 0;;) {
		unsigned ping = atomic_load(&words->ping);

		if (ping != seen)
			atomic_store(&words->pong, seen = ping);
	}
}

static uint64_t word_once(struct words *words, unsigned number)
{
	uint64_t start = clock_ns();

	atomic_store(&words->ping, number);
	while (atomic_load(&words->pong) != number)
		;
	return clock_ns() - start;
}

/* The driver kicks if it is asked to, as one does; how often that was. */
static uint64_t request_once(struct vmm *vmm, unsigned *kicks)
{
	struct ring *ring = &vmm->rings[VMM_REQUESTQ];
	struct ring_used used;
	uint64_t start = clock_ns(), end;

	gpio_send(vmm, GPIO_GET_VALUE, 0, 0);
	*kicks += ring_notify(ring);
	while (!ring_has_used(ring))
		;
	end = clock_ns();
	if (!ring_reap(ring, &used) || gpio_answer_of(vmm, used).status != GPIO_OK)
		failure("no good answer");
	return end - start;
}

/* The echo would take the worker's processor: it runs in its own rounds only. */
static void floor_round(struct sample *floor, int cpu, unsigned n)
{
	struct words *words = mmap(NULL, sizeof(*words), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (words == MAP_FAILED)
		failure("mmap: %s", strerror(errno));
	pid = echo_start(words, cpu);
	for (unsigned i = 1; i <= 100; i++)
		word_once(words, i);
	for (unsigned i = 101; i <= 100 + n; i++)
		sample_add(floor, word_once(words, i));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(words, sizeof(*words));
}

static void measure(const char *name, struct vmm *vmm, int cpu, unsigned n)
{
	struct sample floor, get;
	char text[96];
	unsigned kicks = 0, warm = 0;

	sample_init(&floor, n);
	sample_init(&get, n);
	for (unsigned round = 0; round < ROUNDS; round++) {
		floor_round(&floor, cpu, n / ROUNDS);
		for (unsigned i = 0; i < 100; i++)
			request_once(vmm, &warm);
		for (unsigned i = 0; i < n / ROUNDS; i++)
			sample_add(&get, request_once(vmm, &kicks));
	}
	snprintf(text, sizeof(text), "%s/words", name);
	figure_times(text, &floor, NULL, NULL);
	snprintf(text, sizeof(text), "%s/get", name);
	figure_times(text, &get, &floor, "words");
	snprintf(text, sizeof(text), "%s/kicks", name);
	figure_print(text, (double)kicks / n, "kicks/request", 0, NULL);
	sample_deinit(&floor);
	sample_deinit(&get);
}

int main(int argc, char **argv)
{
	static const char *const guests[] = { "sim=8,busy-poll=1ms", NULL };
	unsigned n = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : DEFAULT_N;
	struct daemon daemon;
	struct vmm vmm;

	if (argc < 4 || argc > 5 || n < ROUNDS) {
		fprintf(stderr, "usage: %s NAME FRONT-END-CPU WORKER-CPU [REQUESTS, at least %d]\n", argv[0], ROUNDS);
		return 2;
	}
	vmm_matrix_read();
	process_pin(0, atoi(argv[2]));
	daemon_start_guests(&daemon, guests, NULL);
	process_pin(daemon.workers[0], atoi(argv[3]));
	vmm_init(&vmm, 0);
	vmm_start(&vmm, daemon.sockets[0]);
	if (gpio_set_direction(&vmm, 0, GPIO_OUT) != GPIO_OK)
		failure("SET_DIRECTION was refused");
	/* Without EVENT_IDX the driver says once that it is not to be called; with it, that it was called last long ago. */
	if (!ring_is_packed(&vmm.rings[VMM_REQUESTQ]))
		ring_set_avail_flags(&vmm.rings[VMM_REQUESTQ], 1);
	measure(argv[1], &vmm, atoi(argv[3]), n);
	vmm_deinit(&vmm);
	return daemon_stop(&daemon);
}
