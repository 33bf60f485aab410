/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a request costs a guest that is alone with its daemon, and one that has others beside it, in one run:
 *
 *	beside SOCKET-ALONE SOCKET-IN-THE-CROWD
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "failure.h"
#include "gpio.h"
#include "sample.h"
#include "wait.h"

#define ROUNDS	40
#define A_ROUND 500

struct guest {
	struct vmm vmm;
	int call_fd;
	struct sample times;
};

/* An eventfd's mode is that of all who have it: the program under test may set O_NONBLOCK at any time. */
static void call_wait(int fd)
{
	uint64_t calls;

	while (read(fd, &calls, sizeof(calls)) != sizeof(calls)) {
		if (errno != EAGAIN || !wait_readable(fd, WAIT_MS))
			failure("call: %s", strerror(errno));
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	}
}

static uint64_t request_once(struct guest *guest)
{
	struct ring *ring = &guest->vmm.rings[VMM_REQUESTQ];
	uint64_t start, end;
	struct ring_used used;

	gpio_send(&guest->vmm, GPIO_GET_VALUE, 0, 0);
	start = clock_ns();
	ring_notify(ring);
	call_wait(guest->call_fd);
	end = clock_ns();
	if (!ring_reap(ring, &used) || gpio_answer_of(&guest->vmm, used).status != GPIO_OK)
		failure("called without a good answer");
	return end - start;
}

static void guest_start(struct guest *guest, const char *socket)
{
	guest->call_fd = eventfd(0, EFD_CLOEXEC);
	sample_init(&guest->times, ROUNDS * A_ROUND);
	vmm_init(&guest->vmm, 0);
	vmm_start(&guest->vmm, socket);
	if (gpio_set_direction(&guest->vmm, 0, GPIO_IN) != GPIO_OK)
		failure("SET_DIRECTION was refused");
	if (message_send_vring_fd(&guest->vmm.connection, VU_SET_VRING_CALL, VMM_REQUESTQ, guest->call_fd) !=
	    OUTCOME_OK)
		failure("SET_VRING_CALL was refused");
}

static void guest_stop(struct guest *guest)
{
	vmm_deinit(&guest->vmm);
	sample_deinit(&guest->times);
	close(guest->call_fd);
}

int main(int argc, char **argv)
{
	static struct guest guests[2]; /* alone, in the crowd */
	double alone, crowd;

	if (argc != 3)
		failure("usage: beside SOCKET SOCKET");
	for (unsigned i = 0; i < 2; i++)
		guest_start(&guests[i], argv[1 + i]);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < 2; i++) {
			/* The first of each round finds cold caches and a sleeping processor: not counted. */
			request_once(&guests[i]);
			for (unsigned n = 0; n < A_ROUND; n++)
				sample_add(&guests[i].times, request_once(&guests[i]));
		}
	}
	alone = (double)sample_quantile(&guests[0].times, 500);
	crowd = (double)sample_quantile(&guests[1].times, 500);
	printf("scale/request/alone/p50\t%.2f\tus\t-\t-\n", alone / 1000);
	printf("scale/request/crowd/p50\t%.2f\tus\t%.2f\talone\n", crowd / 1000, crowd / alone);
	for (unsigned i = 0; i < 2; i++)
		guest_stop(&guests[i]);
	return 0;
}
