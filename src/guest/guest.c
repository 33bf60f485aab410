/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The description of one guest: its end, and its name for the kernel. */
#include "guest/guest.h"

#include <stdlib.h>
#include <string.h>

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
	free(guest->text);
	guest->chips = NULL;
	guest->lines = NULL;
	guest->reserved = NULL;
	guest->text = NULL;
	guest->n_chips = guest->n_lines = 0;
}

void guest_consumer(const struct guest *guest, char consumer[CHIP_NAME_MAX])
{
	static const char prefix[] = "vhost-device-gpio:";
	size_t len = sizeof(prefix) - 1;

	/* Not by snprintf(), for which a worker's stack would need one more page. */
	memcpy(consumer, prefix, len);
	for (const char *name = guest->name; *name && len < CHIP_NAME_MAX - 1; name++)
		consumer[len++] = *name;
	consumer[len] = '\0';
}

size_t guest_fds_needed(const struct guest *guest)
{
	size_t needed = FD_LIMIT_PER_GUEST;

	for (unsigned i = 0; i < guest->n_chips; i++)
		needed += guest->chips[i].found.fd >= 0;
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
