/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a request costs: the time from kick to call of GET_VALUE and SET_VALUE on a simulated chip, beside an eventfd
 * ping-pong between two processes in the same run; the same with 16 and 128 requests outstanding, per request; the
 * worker's system calls per request.
 *
 *	roundtrip NAME FRONT-END-CPU WORKER-CPU [REQUESTS]
 *
 * The program under test is the one in the environment variable VHOST_DEVICE_GPIO. TEST_RING=packed and the others of
 * vmm_matrix_read() choose the kind of ring, BENCH_KEYS has more keys of the guest. Figures are named NAME/..., see README.md.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon.h"
#include "failure.h"
#include "figure.h"
#include "gpio.h"
#include "pingpong.h"
#include "sample.h"
#include "syscalls.h"
#include "wait.h"

#define ROUNDS	  40 /* what is compared is measured in turn, so that the machine's mood strikes all */
#define DEFAULT_N 20000
#define STRACE_N  2000
#define BATCHES	  2000

struct bench {
	const char *name;
	int worker_cpu;
	unsigned n;
	struct daemon daemon;
	struct vmm vmm;
	int call_fd;
	struct sample floor;
};

static void process_pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(pid, sizeof(set), &set) < 0)
		failure("processor %d: %s", cpu, strerror(errno));
}

/* An eventfd's mode is that of all who have it: the program under test may set O_NONBLOCK at any time (base/timed_io.h). */
static void call_wait(int fd)
{
	uint64_t calls;

	while (read(fd, &calls, sizeof(calls)) != sizeof(calls)) {
		if (errno != EAGAIN || !wait_readable(fd, WAIT_MS))
			failure("call: %s", strerror(errno));
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	}
}

/* A number of requests as a guest's kernel does them: one kick, sleep until called, until all are back. */
static uint64_t requests_once(struct bench *bench, uint16_t type, unsigned n)
{
	struct ring *ring = &bench->vmm.rings[VMM_REQUESTQ];
	uint64_t start, end = 0;
	struct ring_used used;

	for (unsigned i = 0; i < n; i++)
		gpio_send(&bench->vmm, type, 0, i & 1);
	start = clock_ns();
	ring_notify(ring);
	for (unsigned back = 0; back < n;) {
		call_wait(bench->call_fd);
		end = clock_ns();
		for (; ring_reap(ring, &used); back++) {
			if (gpio_answer_of(&bench->vmm, used).status != GPIO_OK)
				failure("no good answer");
		}
	}
	return end - start;
}

static void figure_named(struct bench *bench, const char *what, struct sample *times)
{
	char name[96];

	snprintf(name, sizeof(name), "%s/%s", bench->name, what);
	figure_times(name, times, &bench->floor != times ? &bench->floor : NULL, "floor");
}

static void measure_times(struct bench *bench)
{
	struct sample get, set, epoll;
	struct pingpong pingpong, loop;

	sample_init(&get, bench->n);
	sample_init(&set, bench->n);
	sample_init(&epoll, bench->n);
	pingpong_start(&pingpong, PINGPONG_READ);
	pingpong_start(&loop, PINGPONG_EPOLL);
	process_pin(pingpong.pid, bench->worker_cpu);
	process_pin(loop.pid, bench->worker_cpu);
	for (unsigned round = 0; round < ROUNDS; round++) {
		/* The first of each finds cold caches and a sleeping processor: not counted. */
		pingpong_once(&pingpong);
		for (unsigned i = 0; i < bench->n / ROUNDS; i++)
			sample_add(&bench->floor, pingpong_once(&pingpong));
		pingpong_once(&loop);
		for (unsigned i = 0; i < bench->n / ROUNDS; i++)
			sample_add(&epoll, pingpong_once(&loop));
		requests_once(bench, GPIO_GET_VALUE, 1);
		for (unsigned i = 0; i < bench->n / ROUNDS; i++)
			sample_add(&get, requests_once(bench, GPIO_GET_VALUE, 1));
		for (unsigned i = 0; i < bench->n / ROUNDS; i++)
			sample_add(&set, requests_once(bench, GPIO_SET_VALUE, 1));
	}
	pingpong_stop(&pingpong);
	pingpong_stop(&loop);
	figure_named(bench, "floor", &bench->floor);
	figure_named(bench, "epoll", &epoll);
	figure_named(bench, "get", &get);
	figure_named(bench, "set", &set);
	sample_deinit(&get);
	sample_deinit(&set);
	sample_deinit(&epoll);
}

/* Time per request when so many are kicked for at once, and what share of the floor, the round trip of one, that is. */
static void measure_batches(struct bench *bench, unsigned depth)
{
	unsigned n = BATCHES * 16 / (depth + 16);
	double value, floor = (double)sample_quantile(&bench->floor, 500);
	struct sample times;
	char name[96];

	sample_init(&times, n);
	requests_once(bench, GPIO_GET_VALUE, depth);
	for (unsigned i = 0; i < n; i++)
		sample_add(&times, requests_once(bench, GPIO_GET_VALUE, depth));
	value = (double)sample_quantile(&times, 500) / depth;
	snprintf(name, sizeof(name), "%s/get-%u", bench->name, depth);
	figure_print(name, value / 1000, "us/request", value / floor, "floor");
	sample_deinit(&times);
}

static void measure_syscalls(struct bench *bench)
{
	struct syscalls syscalls;
	char name[96];

	if (!syscalls_start(&syscalls, bench->daemon.workers[0])) {
		fprintf(stderr, "system calls: strace is not there, or may not trace\n");
		return;
	}
	for (unsigned i = 0; i < STRACE_N; i++)
		requests_once(bench, GPIO_GET_VALUE, 1);
	snprintf(name, sizeof(name), "%s/syscalls", bench->name);
	syscalls_stop(&syscalls, name, STRACE_N, "calls/request");
}

static void bench_start(struct bench *bench)
{
	const char *keys = getenv("BENCH_KEYS");
	struct vmm *vmm = &bench->vmm;
	char guest[128];
	const char *const guests[] = { guest, NULL };

	bench->call_fd = eventfd(0, EFD_CLOEXEC);
	snprintf(guest, sizeof(guest), "sim=8%s%s", keys ? "," : "", keys ? keys : "");
	daemon_start_guests(&bench->daemon, guests, NULL);
	process_pin(bench->daemon.workers[0], bench->worker_cpu);
	vmm_init(vmm, 0);
	vmm_start(vmm, bench->daemon.sockets[0]);
	if (gpio_set_direction(vmm, 0, GPIO_OUT) != GPIO_OK)
		failure("SET_DIRECTION was refused");
	if (message_send_vring_fd(&vmm->connection, VU_SET_VRING_CALL, VMM_REQUESTQ, bench->call_fd) != OUTCOME_OK)
		failure("SET_VRING_CALL was refused");
	/* Calls of earlier requests. */
	requests_once(bench, GPIO_GET_VALUE, 1);
	sample_init(&bench->floor, bench->n);
}

int main(int argc, char **argv)
{
	struct bench bench = { .n = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : DEFAULT_N };

	if (argc < 4 || argc > 5 || bench.n < ROUNDS) {
		fprintf(stderr, "usage: %s NAME FRONT-END-CPU WORKER-CPU [REQUESTS, at least %d]\n", argv[0], ROUNDS);
		return 2;
	}
	bench.name = argv[1];
	bench.worker_cpu = atoi(argv[3]);
	vmm_matrix_read();
	process_pin(0, atoi(argv[2]));
	bench_start(&bench);
	measure_times(&bench);
	measure_batches(&bench, 16);
	measure_batches(&bench, 128);
	measure_syscalls(&bench);
	vmm_deinit(&bench.vmm);
	close(bench.call_fd);
	sample_deinit(&bench.floor);
	return daemon_stop(&bench.daemon);
}
