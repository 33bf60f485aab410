/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a request costs: the time from kick to call of GET_VALUE on a simulated chip, beside an eventfd ping-pong between
 * two processes in the same run; the memory of each process; the worker's system calls per request.
 * The program under test is the one in the environment variable VHOST_DEVICE_GPIO. TEST_RING=packed and the others of
 * vmm_matrix_read() choose the kind of ring.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon.h"
#include "failure.h"
#include "gpio.h"
#include "pingpong.h"
#include "proc.h"
#include "sample.h"
#include "syscalls.h"
#include "wait.h"

#define ROUNDS	     40 /* both are measured in turn, so that the machine's mood strikes both */
#define DEFAULT_N    20000
#define STRACE_N     2000
#define CHILDREN_MAX 16

/* One GET_VALUE as a guest's kernel does it: kick, sleep until called. */
static uint64_t request_once(struct vmm *vmm, int call_fd)
{
	struct ring *ring = &vmm->rings[VMM_REQUESTQ];
	uint64_t start, end, calls;
	struct ring_used used;

	gpio_send(vmm, GPIO_GET_VALUE, 0, 0);
	start = clock_ns();
	ring_notify(ring);
	if (read(call_fd, &calls, sizeof(calls)) != sizeof(calls))
		failure("call: %s", strerror(errno));
	end = clock_ns();
	if (!ring_reap(ring, &used) || gpio_answer_of(vmm, used).status != GPIO_OK)
		failure("called without a good answer");
	return end - start;
}

static void sample_print(const char *what, struct sample *sample)
{
	printf("  %-16s %8.1f %8.1f\n", what, (double)sample_quantile(sample, 500) / 1000,
	       (double)sample_quantile(sample, 990) / 1000);
}

static void measure_times(struct vmm *vmm, int call_fd, unsigned n)
{
	struct sample request, yardstick;
	struct pingpong pingpong;

	sample_init(&request, n);
	sample_init(&yardstick, n);
	pingpong_start(&pingpong);
	for (unsigned round = 0; round < ROUNDS; round++) {
		/* The first of each round finds cold caches and a sleeping processor: not counted. */
		pingpong_once(&pingpong);
		for (unsigned i = 0; i < n / ROUNDS; i++)
			sample_add(&yardstick, pingpong_once(&pingpong));
		request_once(vmm, call_fd);
		for (unsigned i = 0; i < n / ROUNDS; i++)
			sample_add(&request, request_once(vmm, call_fd));
	}
	pingpong_stop(&pingpong);
	printf("round trip, us         p50      p99   (%u each)\n", n);
	sample_print("GET_VALUE", &request);
	sample_print("ping-pong", &yardstick);
	printf("  %-16s %8.2f %8.2f\n", "ratio",
	       (double)sample_quantile(&request, 500) / (double)sample_quantile(&yardstick, 500),
	       (double)sample_quantile(&request, 990) / (double)sample_quantile(&yardstick, 990));
	sample_deinit(&request);
	sample_deinit(&yardstick);
}

static void memory_print(const char *what, pid_t pid)
{
	printf("  %-16s %8llu %8llu %8llu\n", what, (unsigned long long)proc_smaps(pid, "Pss"),
	       (unsigned long long)proc_smaps(pid, "Rss"), (unsigned long long)proc_smaps(pid, "Private_Dirty"));
}

static void measure_memory(const struct daemon *daemon)
{
	pid_t children[CHILDREN_MAX];
	unsigned n = proc_children(daemon->pid, children, CHILDREN_MAX);

	printf("memory, KiB            Pss      Rss  private\n");
	memory_print("supervisor", daemon->pid);
	for (unsigned i = 0; i < n; i++)
		memory_print(children[i] == daemon->workers[0] ? "worker" : "other child", children[i]);
}

static void measure_syscalls(struct vmm *vmm, int call_fd, pid_t worker)
{
	struct syscalls syscalls;

	if (!syscalls_start(&syscalls, worker)) {
		printf("system calls: strace is not there, or may not trace\n");
		return;
	}
	for (unsigned i = 0; i < STRACE_N; i++)
		request_once(vmm, call_fd);
	printf("system calls of the worker, per request (%u requests)\n", STRACE_N);
	syscalls_stop(&syscalls, STRACE_N);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : DEFAULT_N;
	int call_fd = eventfd(0, EFD_CLOEXEC);
	struct daemon daemon;
	struct vmm vmm;

	if (argc > 2 || n < ROUNDS || call_fd < 0) {
		fprintf(stderr, "usage: %s [REQUESTS, at least %d]\n", argv[0], ROUNDS);
		return 2;
	}
	vmm_matrix_read();
	daemon_start(&daemon, "s8");
	vmm_init(&vmm, 0);
	vmm_start(&vmm, daemon.sockets[0]);
	if (gpio_set_direction(&vmm, 0, GPIO_IN) != GPIO_OK)
		failure("SET_DIRECTION was refused");
	if (message_send_vring_fd(&vmm.connection, VU_SET_VRING_CALL, VMM_REQUESTQ, call_fd) != OUTCOME_OK)
		failure("SET_VRING_CALL was refused");
	/* An eventfd's mode is that of all who have it, and a back-end may have changed it. */
	fcntl(call_fd, F_SETFL, fcntl(call_fd, F_GETFL) & ~O_NONBLOCK);
	/* Calls of earlier requests. */
	request_once(&vmm, call_fd);
	measure_times(&vmm, call_fd, n);
	measure_memory(&daemon);
	measure_syscalls(&vmm, call_fd, daemon.workers[0]);
	vmm_deinit(&vmm);
	close(call_fd);
	return daemon_stop(&daemon);
}
