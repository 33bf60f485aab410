/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What an interrupt of a real chip costs: the time from the edge to the call of the eventq, beside a program that does
 * nothing but wait for the same chip's edges in the kernel's own interface, in the same run.
 *
 * Needs a kernel with gpio-sim, see bench/run-edge. That one delivers edges with the next tick only; so each time is
 * told twice: from the moment the line was pulled, and from the moment the kernel saw the edge, which is the time stamp
 * of the bare program's line: both lines are pulled together, when the program under test is measured.
 * The program under test is the one in the environment variable VHOST_DEVICE_GPIO.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "failure.h"
#include "gpio.h"
#include "gpio_sim.h"
#include "kernel.h"
#include "sample.h"
#include "wait.h"

#define DEFAULT_N 300
#define BARE_LINE 0
#define LINE	  1

struct bench {
	struct daemon daemon;
	struct gpio_sim chip;
	struct vmm vmm;
	int bare_fd;
	bool levels[2];
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

static void bare_once(struct bench *bench, struct sample *from_pull, struct sample *from_edge)
{
	uint64_t start = clock_ns(), stamp, end;

	toggle(bench, BARE_LINE);
	end = bare_wait(bench, &stamp);
	sample_add(from_pull, end - start);
	sample_add(from_edge, end - stamp);
}

/* As a guest's kernel waits: until it is called. */
static void daemon_once(struct bench *bench, struct sample *from_pull, struct sample *from_edge)
{
	struct ring *eventq = &bench->vmm.rings[VMM_EVENTQ];
	uint64_t start = clock_ns(), stamp, end, calls;
	struct ring_used used;

	toggle(bench, LINE);
	toggle(bench, BARE_LINE);
	if (!wait_readable(eventq->call_fd, WAIT_MS) || read(eventq->call_fd, &calls, sizeof(calls)) != sizeof(calls))
		failure("the program does not call");
	end = clock_ns();
	if (!ring_reap(eventq, &used))
		failure("called without an event");
	bare_wait(bench, &stamp);
	sample_add(from_pull, end - start);
	if (stamp < end) /* else the tick came between the two */
		sample_add(from_edge, end - stamp);
	gpio_unmask(&bench->vmm, LINE);
}

static void compare(const char *what, struct sample *bare, struct sample *program)
{
	double medians[2] = { (double)sample_quantile(bare, 500) / 1000, (double)sample_quantile(program, 500) / 1000 };

	printf("%s\n", what);
	printf("  %-18s %9.1f %9.1f\n", "bare", medians[0], (double)sample_quantile(bare, 990) / 1000);
	printf("  %-18s %9.1f %9.1f\n", "vhost-device-gpio", medians[1], (double)sample_quantile(program, 990) / 1000);
	printf("  %-18s %9.2f\n", "ratio of p50", medians[1] / medians[0]);
}

static void run(struct bench *bench, unsigned n)
{
	struct sample samples[4];

	for (unsigned i = 0; i < 4; i++)
		sample_init(&samples[i], n);
	gpio_arm(&bench->vmm, LINE, GPIO_IRQ_BOTH);
	/* In turn, so that the machine's mood strikes both; at various distances from the tick. */
	for (unsigned i = 0; i < n; i++) {
		usleep(i * 37 % 10000);
		bare_once(bench, &samples[0], &samples[1]);
		usleep(i * 53 % 10000);
		daemon_once(bench, &samples[2], &samples[3]);
	}
	printf("%u edges each, microseconds%10s %9s\n", n, "p50", "p99");
	compare("from the pull (with the tick of gpio-sim)", &samples[0], &samples[2]);
	compare("from the kernel's time stamp", &samples[1], &samples[3]);
	for (unsigned i = 0; i < 4; i++)
		sample_deinit(&samples[i]);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : DEFAULT_N;
	struct bench bench = { .bare_fd = -1 };
	char number[16];

	gpio_sim_make(&bench.chip, 2, NULL, NULL);
	gpio_sim_set_live(&bench.chip, true);
	snprintf(number, sizeof(number), "%u", bench.chip.number);
	daemon_start(&bench.daemon, number);
	vmm_init(&bench.vmm, 0);
	vmm_start_with(&bench.vmm, bench.daemon.sockets[0], VMM_FEATURES_PLAIN);
	bench.bare_fd = kernel_take_edges(kernel_open(bench.chip.path), BARE_LINE, "bare");
	run(&bench, n);
	vmm_deinit(&bench.vmm);
	daemon_stop(&bench.daemon);
	close(bench.bare_fd);
	gpio_sim_remove(&bench.chip);
	return 0;
}
