/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What an interrupt of a real chip costs: the time from the edge to the call of the eventq, beside two programs that do
 * nothing else with the same chip's edges in the kernel's own interface, in the same run: one that waits for them itself
 * (bare), and one that waits for them and then calls another process by an eventfd, as any device in a process of its own
 * has to (relay).
 *
 *	edge [EDGES]
 *
 * Needs a kernel with gpio-sim, see figure-edge. That one delivers edges with the next tick only; so times begin when the
 * kernel saw the edge, which is the time stamp of the bare program's line: the lines are pulled together.
 * The program under test is the one in the environment variable VHOST_DEVICE_GPIO.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "failure.h"
#include "figure.h"
#include "gpio.h"
#include "gpio_sim.h"
#include "kernel.h"
#include "wait.h"

#define DEFAULT_N  200
#define LINES	   3
#define BARE_LINE  0
#define LINE	   1
#define RELAY_LINE 2

struct bench {
	struct daemon daemon;
	struct gpio_sim chip;
	struct vmm vmm;
	int bare_fd, relay_fd;
	pid_t relay;
	bool levels[LINES];
};

static void toggle(struct bench *bench, unsigned line)
{
	bench->levels[line] = !bench->levels[line];
	gpio_sim_pull(&bench->chip, line, bench->levels[line]);
}

/* The kernel's time stamp of the edge that comes, and when it came here. */
static uint64_t bare_wait(const struct bench *bench, uint64_t *stamp_ns)
{
	struct gpio_v2_line_event event;
	uint64_t end;

	if (!wait_readable(bench->bare_fd, WAIT_MS) || read(bench->bare_fd, &event, sizeof(event)) != sizeof(event))
		failure("the kernel tells of no edge");
	end = clock_ns();
	*stamp_ns = event.timestamp_ns;
	return end;
}

static void bare_once(struct bench *bench, struct sample *times)
{
	uint64_t stamp, end;

	toggle(bench, BARE_LINE);
	end = bare_wait(bench, &stamp);
	sample_add(times, end - stamp);
}

/* As a guest's kernel waits: until it is called. */
static void called_once(struct bench *bench, unsigned line, int call_fd, struct sample *times)
{
	uint64_t stamp, end, calls;

	toggle(bench, line);
	toggle(bench, BARE_LINE);
	if (!wait_readable(call_fd, WAIT_MS) || read(call_fd, &calls, sizeof(calls)) != sizeof(calls))
		failure("line %u: no call", line);
	end = clock_ns();
	bare_wait(bench, &stamp);
	if (stamp < end) /* else the tick came between the two */
		sample_add(times, end - stamp);
}

static void daemon_once(struct bench *bench, struct sample *times)
{
	struct ring *eventq = &bench->vmm.rings[VMM_EVENTQ];
	struct ring_used used;

	called_once(bench, LINE, eventq->call_fd, times);
	if (!ring_reap(eventq, &used))
		failure("called without an event");
	gpio_unmask(&bench->vmm, LINE);
}

/* A program that waits for edges in a loop of events, and calls. */
static void __attribute__((noreturn)) relay(int line_fd, int call_fd)
{
	struct epoll_event ready = { .events = EPOLLIN };
	const uint64_t one = 1;
	struct gpio_v2_line_event event;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, line_fd, &ready);
	while (epoll_wait(epoll_fd, &ready, 1, -1) == 1 && read(line_fd, &event, sizeof(event)) == sizeof(event)) {
		if (write(call_fd, &one, sizeof(one)) != sizeof(one))
			break;
	}
	_exit(0);
}

static void relay_start(struct bench *bench)
{
	int line_fd = kernel_take_edges(kernel_open(bench->chip.path), RELAY_LINE, "relay");

	bench->relay_fd = eventfd(0, EFD_CLOEXEC);
	bench->relay = fork();
	if (bench->relay == 0)
		relay(line_fd, bench->relay_fd);
	close(line_fd);
}

static void run(struct bench *bench, unsigned n)
{
	struct sample bare, relayed, program;

	sample_init(&bare, n);
	sample_init(&relayed, n);
	sample_init(&program, n);
	gpio_arm(&bench->vmm, LINE, GPIO_IRQ_BOTH);
	/* In turn, so that the machine's mood strikes all; at various distances from the tick. */
	for (unsigned i = 0; i < n; i++) {
		usleep(i * 37 % 10000);
		bare_once(bench, &bare);
		usleep(i * 53 % 10000);
		called_once(bench, RELAY_LINE, bench->relay_fd, &relayed);
		usleep(i * 71 % 10000);
		daemon_once(bench, &program);
	}
	figure_times("edge/bare", &bare, NULL, NULL);
	figure_times("edge/relay", &relayed, &bare, "bare");
	figure_times("edge/call", &program, &relayed, "relay");
	sample_deinit(&bare);
	sample_deinit(&relayed);
	sample_deinit(&program);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : DEFAULT_N;
	struct bench bench = { .bare_fd = -1 };
	char number[16];

	gpio_sim_make(&bench.chip, LINES, NULL, NULL);
	gpio_sim_set_live(&bench.chip, true);
	snprintf(number, sizeof(number), "%u", bench.chip.number);
	daemon_start(&bench.daemon, number);
	vmm_init(&bench.vmm, 0);
	vmm_start_with(&bench.vmm, bench.daemon.sockets[0], VMM_FEATURES_PLAIN);
	bench.bare_fd = kernel_take_edges(kernel_open(bench.chip.path), BARE_LINE, "bare");
	relay_start(&bench);
	run(&bench, n);
	kill(bench.relay, SIGKILL);
	waitpid(bench.relay, NULL, 0);
	vmm_deinit(&bench.vmm);
	daemon_stop(&bench.daemon);
	close(bench.bare_fd);
	close(bench.relay_fd);
	gpio_sim_remove(&bench.chip);
	return 0;
}
