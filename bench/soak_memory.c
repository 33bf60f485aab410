/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest of the soak: rounds in which files that the device has mapped become shorter, longer or full of holes while
 * it works on them. Nobody here touches them meanwhile: that would be a SIGBUS of our own.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failure.h"
#include "gpio.h"
#include "soak_guest.h"

#define CUTS_MAX     6
#define REQUESTS_MAX 12 /* what the smallest ring has room for */
#define FILE_SIZE    (1u << 20)
#define LOG_SIZE     ((MEMORY_DEFAULT_BASE + 2 * MEMORY_DEFAULT_SIZE) / 4096 / 8)

struct target {
	int fd;
	uint64_t size;
};

static struct target target_make(uint64_t size)
{
	struct target target = { memfd_create("soak", MFD_CLOEXEC), size };

	if (target.fd < 0 || ftruncate(target.fd, (off_t)size) < 0)
		failure("memfd: %s", strerror(errno));
	return target;
}

/* An fd of its own of the file that a region of the guest's memory lies in. */
static struct target target_memory(struct soak_guest *guest)
{
	const struct memory_region *region = &guest->vmm.memory.regions[soak_pick(guest, guest->vmm.memory.n_regions)];

	return (struct target){ fcntl(region->fd, F_DUPFD_CLOEXEC, 0), region->wire.size + region->wire.mmap_offset };
}

static struct target target_log(struct soak_guest *guest)
{
	struct connection *c = &guest->vmm.connection;
	struct target target = target_make(LOG_SIZE);
	struct vu_log log = { .size = LOG_SIZE };

	if (message_set_log_base(c, &log, target.fd) != OUTCOME_OK ||
	    message_send_u64(c, VU_SET_FEATURES, guest->vmm.features | FEATURE(VHOST_F_LOG_ALL)) != OUTCOME_OK)
		failure("guest%u: its dirty log is refused", guest->number);
	return target;
}

static struct target target_inflight(struct soak_guest *guest)
{
	struct target target = target_make(FILE_SIZE);
	struct vu_inflight wire = { .mmap_size = FILE_SIZE,
				    .num_queues = VMM_RINGS,
				    .queue_size = (uint16_t)guest->vmm.rings[0].size };

	vmm_stop(&guest->vmm);
	if (message_set_inflight(&guest->vmm.connection, &wire, target.fd) != OUTCOME_OK)
		failure("guest%u: its in-flight region is refused", guest->number);
	vmm_restart(&guest->vmm);
	return target;
}

/* Any place; as often as not where a page begins. */
static uint64_t place_any(struct soak_guest *guest, const struct target *target)
{
	uint64_t at = soak_chance(guest, 3) ? 0 : soak_pick(guest, (uint32_t)target->size);

	return soak_chance(guest, 2) ? at & ~4095ull : at;
}

static void cut(struct soak_guest *guest, const struct target *target)
{
	uint64_t at = place_any(guest, target), len = 1 + soak_pick(guest, 1u << soak_pick(guest, 25));
	int r;

	if (soak_chance(guest, 3))
		r = fallocate(target->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)len);
	else if (soak_chance(guest, 6))
		r = ftruncate(target->fd, (off_t)(target->size + len));
	else
		r = ftruncate(target->fd, (off_t)at);
	if (r < 0)
		failure("a file that is cut: %s", strerror(errno));
	guest->state->cuts++;
}

void soak_hostile_memory(struct soak_guest *guest)
{
	static struct target (*const targets[])(struct soak_guest * guest) = { target_memory, target_memory, target_log,
									       target_inflight };
	struct target target;

	soak_start(guest);
	soak_arm(guest);
	target = targets[soak_pick(guest, sizeof(targets) / sizeof(targets[0]))](guest);
	for (unsigned i = soak_pick(guest, REQUESTS_MAX + 1); i > 0; i--)
		gpio_send(&guest->vmm, GPIO_GET_DIRECTION, (uint16_t)soak_pick(guest, SOAK_LINES), 0);
	for (unsigned i = 1 + soak_pick(guest, CUTS_MAX); i > 0; i--) {
		cut(guest, &target);
		soak_kick(guest, &guest->vmm.rings[soak_pick(guest, VMM_RINGS)]);
		soak_edges(guest);
		if (soak_chance(guest, 3) && ftruncate(target.fd, (off_t)target.size) < 0)
			failure("ftruncate: %s", strerror(errno));
	}
	/* It answers, or has ended the connection. */
	message_sync(&guest->vmm.connection);
	soak_stop(guest);
	close(target.fd);
}
