/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a wire between lines of two guests costs: the time from one guest's kick, for a request that sets its output, to the
 * call of the other guest's eventq; beside the same way through two processes that do nothing but to wait for one eventfd
 * and to write another one, in the same run (floor).
 *
 *	wire [TIMES]
 *
 * The program under test is the one in the environment variable VHOST_DEVICE_GPIO.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "failure.h"
#include "figure.h"
#include "gpio.h"
#include "outside.h"
#include "wait.h"

#define DEFAULT_N 5000
#define LINE	  1
#define RELAYS	  2

struct bench {
	struct daemon daemon;
	struct outside outside;
	struct vmm driver, reader;
	int fds[RELAYS + 1];
	pid_t relays[RELAYS];
};

/* Waits as an event loop does. */
static void __attribute__((noreturn)) relay(int from, int to)
{
	struct epoll_event ready = { .events = EPOLLIN | EPOLLET };
	const uint64_t one = 1;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, from, &ready);
	while (epoll_wait(epoll_fd, &ready, 1, -1) == 1) {
		if (write(to, &one, sizeof(one)) != sizeof(one))
			break;
	}
	_exit(0);
}

static void relays_start(struct bench *bench)
{
	for (unsigned i = 0; i <= RELAYS; i++)
		bench->fds[i] = eventfd(0, EFD_CLOEXEC);
	for (unsigned i = 0; i < RELAYS; i++) {
		bench->relays[i] = fork();
		if (bench->relays[i] == 0)
			relay(bench->fds[i], bench->fds[i + 1]);
	}
}

static void relays_stop(const struct bench *bench)
{
	for (unsigned i = 0; i < RELAYS; i++) {
		kill(bench->relays[i], SIGKILL);
		waitpid(bench->relays[i], NULL, 0);
	}
	for (unsigned i = 0; i <= RELAYS; i++)
		close(bench->fds[i]);
}

static void await(int fd)
{
	uint64_t n;

	if (!wait_readable(fd, WAIT_MS) || read(fd, &n, sizeof(n)) != sizeof(n))
		failure("nothing comes");
}

static void floor_once(const struct bench *bench, struct sample *times)
{
	const uint64_t one = 1;
	uint64_t begin = clock_ns();

	if (write(bench->fds[0], &one, sizeof(one)) != sizeof(one))
		failure("eventfd");
	await(bench->fds[RELAYS]);
	sample_add(times, clock_ns() - begin);
}

static void wire_once(struct bench *bench, uint32_t value, struct sample *times)
{
	struct ring *requestq = &bench->driver.rings[VMM_REQUESTQ], *eventq = &bench->reader.rings[VMM_EVENTQ];
	struct ring_used used;
	uint64_t begin;

	gpio_send(&bench->driver, GPIO_SET_VALUE, LINE, value);
	begin = clock_ns();
	ring_notify(requestq);
	await(eventq->call_fd);
	sample_add(times, clock_ns() - begin);
	ring_wait(requestq);
	if (!ring_reap(eventq, &used))
		failure("called without an event");
	gpio_unmask(&bench->reader, LINE);
}

static void run(struct bench *bench, unsigned n)
{
	struct sample floor, wire;

	sample_init(&floor, n);
	sample_init(&wire, n);
	gpio_arm(&bench->reader, LINE, GPIO_IRQ_BOTH);
	/* In turn, so that the machine's mood strikes both. */
	for (unsigned i = 0; i < n; i++) {
		floor_once(bench, &floor);
		wire_once(bench, i % 2 == 0, &wire);
	}
	figure_times("wire/floor", &floor, NULL, NULL);
	figure_times("wire/call", &wire, &floor, "floor");
	figure_print("wire/above/p50",
		     ((double)sample_quantile(&wire, 500) - (double)sample_quantile(&floor, 500)) / 1000, "us", 0,
		     NULL);
	sample_deinit(&floor);
	sample_deinit(&wire);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : DEFAULT_N;
	struct bench bench = { .outside.fd = -1 };

	daemon_start(&bench.daemon, "s8:s8");
	outside_open(&bench.outside, bench.daemon.control);
	outside_wire(&bench.outside, "guest0.1", "guest1.1", false, 0);
	vmm_init(&bench.driver, 0);
	vmm_init(&bench.reader, 0);
	vmm_start_with(&bench.driver, bench.daemon.sockets[0], VMM_FEATURES_PLAIN);
	vmm_start_with(&bench.reader, bench.daemon.sockets[1], VMM_FEATURES_PLAIN);
	gpio_set_direction(&bench.driver, LINE, GPIO_OUT);
	relays_start(&bench);
	run(&bench, n);
	relays_stop(&bench);
	vmm_deinit(&bench.driver);
	vmm_deinit(&bench.reader);
	outside_close(&bench.outside);
	daemon_stop(&bench.daemon);
	return 0;
}
