/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What guests at rest cost: the system calls, in ten seconds, of the workers of two guests with 64 armed lines each, one
 * of them with busy-poll, which had requests before.
 *
 * The program under test is the one in the environment variable VHOST_DEVICE_GPIO.
 */
#include <stdio.h>

#include "daemon.h"
#include "failure.h"
#include "gpio.h"
#include "syscalls.h"
#include "wait.h"

#define LINES	  64
#define REST_MS	  10000
#define SETTLE_MS 2000 /* the last window, and the timer over the last call */
#define REQUESTS  1000
#define GUESTS	  2

int main(void)
{
	static const char *const guests[GUESTS + 1] = { "sim=64", "sim=64,busy-poll=1ms", NULL };
	static const char *const names[GUESTS] = { "idle/plain", "idle/busy-poll" };
	struct syscalls syscalls[GUESTS];
	struct vmm vmms[GUESTS];
	struct daemon daemon;

	daemon_start_guests(&daemon, guests, NULL);
	for (unsigned i = 0; i < GUESTS; i++) {
		vmm_init(&vmms[i], 0);
		vmm_start(&vmms[i], daemon.sockets[i]);
		for (uint16_t line = 0; line < LINES; line++)
			gpio_arm(&vmms[i], line, GPIO_IRQ_BOTH);
		for (unsigned j = 0; j < REQUESTS; j++)
			gpio_get_direction(&vmms[i], 0);
	}
	sleep_ms(SETTLE_MS);
	for (unsigned i = 0; i < GUESTS; i++) {
		if (!syscalls_start(&syscalls[i], daemon.workers[i])) {
			fprintf(stderr, "system calls: strace is not there, or may not trace\n");
			return daemon_stop(&daemon);
		}
	}
	sleep_ms(REST_MS);
	for (unsigned i = 0; i < GUESTS; i++)
		syscalls_stop(&syscalls[i], names[i], 1, "calls");
	for (unsigned i = 0; i < GUESTS; i++)
		vmm_deinit(&vmms[i]);
	return daemon_stop(&daemon);
}
