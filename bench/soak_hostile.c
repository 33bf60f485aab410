/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest of the soak: hostile rounds. Messages of random contents in random order with random file descriptors, rings
 * that are scribbled over, halves of messages, garbage, control clients that behave like that; kicks and calls that are
 * none (soak_fds.c), files that are cut (soak_memory.c). The worker may close the connection whenever it likes; the next
 * one, a good one, is served.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "failure.h"
#include "soak_guest.h"
#include "wait.h"

#define MESSAGES_MAX  200
#define SCRIBBLES_MAX 200
#define GARBAGE_MAX   65536
#define FDS_MAX	      8

static void random_bytes(struct soak_guest *guest, void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)data)[i] = (uint8_t)soak_pick(guest, 256);
}

/* A worker that reads no more for that long hangs. */
static void timeout_set(int fd)
{
	const struct timeval timeout = { .tv_sec = WAIT_MS / 1000 };

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static void drain(int fd)
{
	char bytes[4096];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static int fd_make(struct soak_guest *guest)
{
	struct soak_fd fd = soak_fd_any(guest);

	if (fd.other >= 0)
		close(fd.other);
	return fd.fd;
}

/* What a message of this kind may look like, before it is spoilt. Returns its size. */
static uint32_t payload_make(struct soak_guest *guest, uint32_t id, uint8_t *payload)
{
	static const uint16_t nums[] = { 0, 1, 2, 4, 32, 256, 1024, 32768, 3, 65535 };
	struct vu_state state = { soak_pick(guest, 3), nums[soak_pick(guest, 10)] };
	struct vu_addr addr = vmm_ring_addr(&guest->vmm, soak_pick(guest, VMM_RINGS));
	uint64_t number = soak_chance(guest, 2) ? VMM_OFFERED : soak_pick(guest, 4);
	struct vu_mem_table table = { .n_regions = guest->vmm.memory.n_regions };
	int fds[VU_REGIONS_MAX];

	switch (id) {
	case VU_SET_MEM_TABLE:
		memory_table(&guest->vmm.memory, table.regions, fds);
		memcpy(payload, &table, sizeof(table));
		return 8 + 32 * table.n_regions;
	case VU_ADD_MEM_REG:
	case VU_REM_MEM_REG:
		memset(payload, 0, 8);
		memcpy(payload + 8, &guest->vmm.memory.regions[soak_pick(guest, 2)].wire, 32);
		return 40;
	case VU_SET_VRING_ADDR:
		memcpy(payload, &addr, sizeof(addr));
		return sizeof(addr);
	case VU_SET_PROTOCOL_FEATURES:
		memcpy(payload, &(uint64_t){ VMM_PROTOCOL_OFFERED }, 8);
		return 8;
	case VU_GET_CONFIG:
	case VU_SET_CONFIG:
		memcpy(payload, &(struct vu_config){ soak_pick(guest, 9), soak_pick(guest, 9), 0 }, 12);
		return 12 + soak_pick(guest, 9);
	case VU_IOTLB_MSG:
	case VU_SET_LOG_BASE:
	case VU_GET_INFLIGHT_FD:
	case VU_SET_INFLIGHT_FD:
		memset(payload, 0, 40);
		memcpy(payload, &(uint64_t){ 4096 * soak_pick(guest, 16) }, 8);
		memcpy(payload + 16, (uint16_t[]){ 2, nums[soak_pick(guest, 10)] }, 4);
		return id == VU_SET_LOG_BASE ? 16 : id == VU_IOTLB_MSG ? 32 : 24;
	case VU_SET_VRING_NUM:
	case VU_SET_VRING_BASE:
	case VU_GET_VRING_BASE:
	case VU_SET_VRING_ENABLE:
	case VU_VRING_KICK:
	case VU_SET_DEVICE_STATE_FD:
		memcpy(payload, &state, sizeof(state));
		return sizeof(state);
	case VU_SET_FEATURES:
	case VU_SET_VRING_KICK:
	case VU_SET_VRING_CALL:
	case VU_SET_VRING_ERR:
	case VU_SET_STATUS:
		memcpy(payload, &number, sizeof(number));
		return sizeof(number);
	default:
		return 0;
	}
}

/* How many fds a message of this kind wants; and which of the guest's memory. */
static size_t fds_wanted(struct soak_guest *guest, uint32_t id, int *fds)
{
	size_t n = id == VU_SET_MEM_TABLE ? guest->vmm.memory.n_regions : id == VU_ADD_MEM_REG;

	for (size_t i = 0; i < n; i++)
		fds[i] = fcntl(guest->vmm.memory.regions[i].fd, F_DUPFD_CLOEXEC, 0);
	if (n > 0)
		return n;
	switch (id) {
	case VU_SET_LOG_BASE:
	case VU_SET_LOG_FD:
	case VU_SET_VRING_KICK:
	case VU_SET_VRING_CALL:
	case VU_SET_VRING_ERR:
	case VU_SET_BACKEND_REQ_FD:
	case VU_SET_INFLIGHT_FD:
	case VU_SET_DEVICE_STATE_FD:
		fds[0] = fd_make(guest);
		return fds[0] >= 0;
	default:
		return 0;
	}
}

/* False: the connection is over. */
static bool message_any(struct soak_guest *guest)
{
	struct message message = { .header = { .id = soak_pick(guest, 46), .flags = VU_VERSION } };
	int fds[FDS_MAX + VU_REGIONS_MAX];
	size_t n_fds = fds_wanted(guest, message.header.id, fds);
	size_t len;
	bool alive;

	message.header.size = payload_make(guest, message.header.id, message.payload);
	len = sizeof(message.header) + message.header.size;
	if (soak_chance(guest, 3))
		message.header.flags |= VU_NEED_REPLY;
	if (soak_chance(guest, 6) && message.header.size > 0)
		message.payload[soak_pick(guest, message.header.size)] ^= (uint8_t)(1u << soak_pick(guest, 8));
	if (soak_chance(guest, 40))
		((uint8_t *)&message.header)[soak_pick(guest, 12)] ^= (uint8_t)(1u << soak_pick(guest, 8));
	for (unsigned i = soak_chance(guest, 40) ? 1 + soak_pick(guest, FDS_MAX) : 0; i > 0; i--) {
		fds[n_fds] = fd_make(guest);
		n_fds += fds[n_fds] >= 0;
	}
	alive = connection_send_bytes(&guest->vmm.connection, &message, len, fds, n_fds);
	while (n_fds > 0)
		close(fds[--n_fds]);
	if (!soak_chance(guest, 20))
		drain(guest->vmm.connection.fd);
	guest->state->messages++;
	return alive;
}

static void hostile_messages(struct soak_guest *guest)
{
	unsigned n = 1 + soak_pick(guest, MESSAGES_MAX);

	if (soak_chance(guest, 2)) {
		soak_start(guest);
	} else {
		vmm_init(&guest->vmm, 256);
		vmm_connect(&guest->vmm, soak_socket(guest));
	}
	timeout_set(guest->vmm.connection.fd);
	while (n-- > 0 && message_any(guest))
		;
	soak_stop(guest);
}

/* A value that may mean something where it lands: an index, flags, an address. */
static uint64_t value_any(struct soak_guest *guest)
{
	switch (soak_pick(guest, 4)) {
	case 0:
		return soak_pick(guest, 8);
	case 1:
		return MEMORY_DEFAULT_BASE + soak_pick(guest, 2 * MEMORY_DEFAULT_SIZE);
	case 2:
		return soak_pick(guest, 65536);
	default:
		return (uint64_t)soak_pick(guest, UINT32_MAX) << 32 | soak_pick(guest, UINT32_MAX);
	}
}

static void scribble(struct soak_guest *guest, struct ring *ring)
{
	static const uint8_t lens[] = { 2, 2, 4, 8 };
	const struct {
		uint64_t addr;
		uint32_t size;
	} areas[] = { { ring->desc, 16 * ring->size },
		      { ring->avail, 6 + 2 * ring->size },
		      { ring->avail, 4 },
		      { ring->used, 6 + 8 * ring->size },
		      { ring->slots, RING_SLOT_SIZE * ring->size } };
	unsigned which = soak_pick(guest, 5), len = lens[soak_pick(guest, 4)];
	uint64_t value = value_any(guest);
	uint32_t at = soak_pick(guest, areas[which].size) & ~(uint32_t)(len - 1);

	if (soak_chance(guest, 3))
		at %= 64; /* where a ring begins, and its first slot */
	if (at + len <= areas[which].size)
		memory_write(&guest->vmm.memory, areas[which].addr + at, &value, len);
	guest->state->scribbles++;
}

/* The connection is no worse for it. */
static void hostile_rings(struct soak_guest *guest)
{
	unsigned n = 1 + soak_pick(guest, SCRIBBLES_MAX);

	soak_start(guest);
	for (unsigned i = 0; i < n; i++) {
		struct ring *ring = &guest->vmm.rings[soak_pick(guest, VMM_RINGS)];

		scribble(guest, ring);
		if (soak_chance(guest, 3))
			soak_kick(guest, ring);
	}
	if (message_get_u64(&guest->vmm.connection, VU_GET_FEATURES) == 0)
		failure("guest%u: no features any more", guest->number);
	soak_stop(guest);
}

/* From the first byte to the last: garbage; or a message that is never finished. */
static void hostile_bytes(struct soak_guest *guest)
{
	static uint8_t bytes[GARBAGE_MAX];
	const struct vu_header half = { VU_SET_MEM_TABLE, VU_VERSION, 72 };
	int fd = fd_make(guest);
	struct connection connection, second;

	connection_open(&connection, soak_socket(guest));
	timeout_set(connection.fd);
	if (soak_chance(guest, 2)) {
		random_bytes(guest, bytes, sizeof(bytes));
		connection_send_bytes(&connection, bytes, 1 + soak_pick(guest, GARBAGE_MAX), NULL, 0);
	} else {
		connection_send_bytes(&connection, &half, 1 + soak_pick(guest, sizeof(half)), &fd, fd >= 0);
		usleep(soak_pick(guest, 50000));
		connection_open(&second, soak_socket(guest));
		if (!connection_ends(&second, WAIT_MS))
			failure("guest%u: a second front-end is not told so", guest->number);
		connection_close(&second);
	}
	if (fd >= 0)
		close(fd);
	connection_close(&connection);
}

static void hostile_client(struct soak_guest *guest)
{
	static const char *const texts[] = { "{\"cmd\":\"monitor\"}\n", "{\"cmd\":\"info\"}\n{\"cmd\":\"info\"}\n",
					     "{\"cmd\":", "[[[[[[[[[[[[[[[[[[[[[[[[",
					     "{\"cmd\":\"get\",\"lines\":[\"\"]}\n" };
	static char bytes[GARBAGE_MAX];
	struct connection client;

	connection_open(&client, guest->daemon->control);
	timeout_set(client.fd);
	for (unsigned i = soak_pick(guest, 20); i > 0; i--) {
		const char *text = texts[soak_pick(guest, 5)];

		/* A client that does not read must not be waited for: here neither. */
		(void)!send(client.fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if (soak_chance(guest, 3)) {
		random_bytes(guest, bytes, sizeof(bytes));
		(void)!send(client.fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	usleep(soak_pick(guest, 50000));
	connection_close(&client);
}

void soak_hostile_round(struct soak_guest *guest)
{
	static void (*const rounds[])(struct soak_guest *) = {
		hostile_messages, hostile_messages, hostile_rings,	 hostile_rings,	     hostile_bytes,
		hostile_client,	  soak_hostile_fds, soak_hostile_memory, soak_hostile_memory
	};

	rounds[soak_pick(guest, sizeof(rounds) / sizeof(rounds[0]))](guest);
	soak_serve(guest);
	guest->state->hostile_rounds++;
}
