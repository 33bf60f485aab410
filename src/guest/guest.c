/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The description of one guest: its end, and its name for the kernel. */
#include "guest/guest.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "process/fd_limit.h"

void guest_deinit(struct guest *guest)
{
	for (unsigned i = 0; i < guest->n_chips; i++)
		fd_close(&guest->chips[i].found.fd);
	for (unsigned i = 0; guest->reserved && i < guest->n_lines; i++)
		fd_close(&guest->reserved[i]);
	free(guest->chips);
	free(guest->lines);
	free(guest->reserved);
	guest->chips = NULL;
	guest->lines = NULL;
	guest->reserved = NULL;
	guest->n_chips = guest->n_lines = 0;
}

void guest_consumer(const struct guest *guest, char consumer[CHIP_NAME_MAX])
{
	snprintf(consumer, CHIP_NAME_MAX, "vhost-device-gpio:%.13s", guest->name);
}

size_t guest_fds_needed(const struct guest *guest)
{
	size_t needed = FD_LIMIT_PER_GUEST + guest->n_chips;

	for (unsigned line = 0; line < guest->n_lines; line++)
		needed += guest->chips[guest->lines[line].chip].found.fd >= 0;
	return needed;
}

void guests_deinit(struct guests *guests)
{
	for (size_t i = 0; i < guests->n; i++)
		guest_deinit(&guests->guests[i]);
	free(guests->guests);
	*guests = (struct guests){ .n = 0 };
}
