/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * So many times the same, for whoever counts instructions: prints the worker's process id, then makes its requests, one
 * after the other as a guest's kernel does, or lets a line of the simulated chip change, and ends.
 *
 *	load get|set|edge TIMES
 *
 * The program under test is the one in the environment variable VHOST_DEVICE_GPIO.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "failure.h"
#include "gpio.h"
#include "outside.h"

static void request(struct vmm *vmm, uint16_t type, uint32_t value)
{
	if (gpio_request(vmm, type, 0, value).status != GPIO_OK)
		failure("no good answer");
}

static void get(struct vmm *vmm, struct outside *outside, unsigned i)
{
	request(vmm, GPIO_GET_VALUE, 0);
}

static void set(struct vmm *vmm, struct outside *outside, unsigned i)
{
	request(vmm, GPIO_SET_VALUE, i & 1);
}

static void edge(struct vmm *vmm, struct outside *outside, unsigned i)
{
	if (i == 0)
		gpio_set_irq_type(vmm, 1, GPIO_IRQ_BOTH);
	gpio_unmask(vmm, 1);
	outside_set(outside, "guest0.1", i % 2 == 0);
	if (gpio_event_wait(vmm).status != GPIO_EVENT_VALID)
		failure("no event");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		void (*once)(struct vmm *vmm, struct outside *outside, unsigned i);
	} kinds[] = { { "get", get }, { "set", set }, { "edge", edge }, { NULL, NULL } };
	const unsigned times = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	struct outside outside;
	struct daemon daemon;
	unsigned kind = 0;
	struct vmm vmm;

	while (argc == 3 && kinds[kind].word && strcmp(kinds[kind].word, argv[1]) != 0)
		kind++;
	if (times == 0 || !kinds[kind].word) {
		fprintf(stderr, "usage: %s get|set|edge TIMES\n", argv[0]);
		return 2;
	}
	vmm_matrix_read();
	daemon_start(&daemon, "s8");
	outside_open(&outside, daemon.control);
	vmm_init(&vmm, 0);
	vmm_start(&vmm, daemon.sockets[0]);
	gpio_set_direction(&vmm, 0, GPIO_OUT);
	printf("%d\n", (int)daemon.workers[0]);
	for (unsigned i = 0; i < times; i++)
		kinds[kind].once(&vmm, &outside, i);
	outside_close(&outside);
	vmm_deinit(&vmm);
	return daemon_stop(&daemon);
}
