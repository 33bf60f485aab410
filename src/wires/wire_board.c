/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Memory and bells of wires, and the messages about them. */
#include "wires/wire_board.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "ipc/supervisor_channel.h"
#include "wires/wire_table.h"

#define SEALS (F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

static int memfd_make(const char *name, size_t size, const void *bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), ret;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0 && (!bytes || pwrite(fd, bytes, size, 0) == (ssize_t)size) &&
	    fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return fd;
	ret = errno ? -errno : -EIO;
	fd_close(&fd);
	return ret;
}

void wire_board_close(struct wire_board *board)
{
	for (unsigned i = 0; i < board->n_memories; i++)
		fd_close(&board->memories[i].fd);
	for (unsigned i = 0; i < board->n_bells; i++)
		fd_close(&board->bells[i].fd);
	free(board->memories);
	free(board->bells);
	board->memories = NULL;
	board->bells = NULL;
	board->n_memories = board->n_bells = 0;
}

void wire_board_deinit(struct wire_board *board)
{
	wire_board_close(board);
	wire_list_deinit(&board->list);
	wire_nets_deinit(&board->nets);
	*board = (struct wire_board){ .n_bells = 0 };
}

static struct wire_memory *memory_find(const struct wire_board *board, const char *guest)
{
	for (unsigned i = 0; i < board->n_memories; i++) {
		if (strcmp(board->memories[i].guest, guest) == 0)
			return &board->memories[i];
	}
	return NULL;
}

static int bell_compare(const void *a, const void *b)
{
	const struct wire_bell *x = a, *y = b;
	int from = strcmp(x->from, y->from);

	return from != 0 ? from : strcmp(x->to, y->to);
}

/* The place of this one, or where it belongs. */
static unsigned bell_place(const struct wire_board *board, const struct wire_bell *bell)
{
	unsigned low = 0, high = board->n_bells;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (bell_compare(&board->bells[middle], bell) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct wire_bell *bell_find(const struct wire_board *board, const char *from, const char *to)
{
	struct wire_bell bell = { .fd = -1 };
	unsigned at;

	snprintf(bell.from, sizeof(bell.from), "%s", from);
	snprintf(bell.to, sizeof(bell.to), "%s", to);
	at = bell_place(board, &bell);
	return at < board->n_bells && bell_compare(&board->bells[at], &bell) == 0 ? &board->bells[at] : NULL;
}

static int memory_add(struct wire_board *board, const struct guest *guest)
{
	struct wire_memory *memories, *memory = memory_find(board, guest->name);
	int fd;

	if (memory && memory->n_lines == guest->n_lines) {
		memory->used = true;
		return 0;
	}
	fd = memfd_make("wires", WIRE_MEMORY_SIZE(guest->n_lines), NULL);
	if (fd < 0)
		return fd;
	if (!memory) {
		memories = realloc(board->memories, (board->n_memories + 1) * sizeof(*memories));
		if (!memories) {
			fd_close(&fd);
			return -ENOMEM;
		}
		board->memories = memories;
		memory = &memories[board->n_memories++];
		*memory = (struct wire_memory){ .fd = -1 };
		memcpy(memory->guest, guest->name, sizeof(memory->guest));
	}
	fd_close(&memory->fd);
	memory->n_lines = guest->n_lines;
	memory->fd = fd;
	memory->used = true;
	return 0;
}

static int bell_add(struct wire_board *board, const char *from, const char *to)
{
	struct wire_bell *bells, *there = bell_find(board, from, to), bell = { .used = true };
	unsigned at;

	if (there) {
		there->used = true;
		return 0;
	}
	if (board->n_bells == WIRE_BELLS_MAX)
		return -E2BIG;
	bells = realloc(board->bells, (board->n_bells + 1) * sizeof(*bells));
	if (!bells)
		return -ENOMEM;
	board->bells = bells;
	bell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bell.fd < 0)
		return -errno;
	snprintf(bell.from, sizeof(bell.from), "%s", from);
	snprintf(bell.to, sizeof(bell.to), "%s", to);
	at = bell_place(board, &bell);
	memmove(&bells[at + 1], &bells[at], (board->n_bells - at) * sizeof(*bells));
	bells[at] = bell;
	board->n_bells++;
	return 0;
}

/* Those of an earlier program are in any order. */
static void board_prepare(struct wire_board *board)
{
	if (board->n_bells > 0)
		qsort(board->bells, board->n_bells, sizeof(*board->bells), bell_compare);
	for (unsigned i = 0; i < board->n_memories; i++)
		board->memories[i].used = false;
	for (unsigned i = 0; i < board->n_bells; i++)
		board->bells[i].used = false;
}

static void unused_close(struct wire_board *board)
{
	unsigned n = 0;

	for (unsigned i = 0; i < board->n_memories; i++) {
		if (board->memories[i].used)
			board->memories[n++] = board->memories[i];
		else
			fd_close(&board->memories[i].fd);
	}
	board->n_memories = n;
	n = 0;
	for (unsigned i = 0; i < board->n_bells; i++) {
		if (board->bells[i].used)
			board->bells[n++] = board->bells[i];
		else
			fd_close(&board->bells[i].fd);
	}
	board->n_bells = n;
}

/* One guest's memory, and the bells of its peers for it. */
static int guest_settle(struct wire_board *board, const struct wire_guests *guests, uint32_t guest, struct why *why)
{
	struct wire_table table;
	int ret = wire_table_make(&table, &board->nets, guests, guest, why);

	if (ret < 0)
		return ret;
	ret = memory_add(board, guests->guests[guest]);
	for (unsigned i = 1; i < table.n_peers && ret == 0; i++) {
		const char *a = guests->guests[guest]->name, *b = guests->guests[table.peers[i]]->name;

		ret = bell_add(board, a, b);
		if (ret == 0)
			ret = bell_add(board, b, a);
	}
	wire_table_deinit(&table);
	return ret < 0 ? why_fail(-ret, why, "%s", strerror(-ret)) : 0;
}

int wire_board_settle(struct wire_board *board, const struct wire_guests *guests, struct why *why)
{
	int ret;

	wire_nets_deinit(&board->nets);
	board_prepare(board);
	ret = wire_nets_make(&board->nets, &board->list, guests, why);
	for (unsigned i = 0; i < board->nets.n && ret == 0; i++) {
		uint32_t guest = board->nets.nodes[i].guest;

		if (i == 0 || board->nets.nodes[i - 1].guest != guest)
			ret = guest_settle(board, guests, guest, why);
	}
	/* Half of it would be worse than nothing. */
	if (ret < 0)
		wire_nets_deinit(&board->nets);
	else
		unused_close(board);
	return ret;
}

/* Telling */

static int message_send(int channel, enum wire_message message, unsigned number, int fd)
{
	const struct supervisor_channel_message out = { .type = SUPERVISOR_CHANNEL_WIRE,
							.key = WIRE_KEY(message, number) };
	ssize_t len;

	if (fd < 0 && message != WIRE_NONE)
		return -EBADF;
	len = scm_send(channel, &out, sizeof(out), &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT);
	return len < 0 ? (int)len : 0;
}

/* Another opening of it: who has that one can map it for reading, and no more. */
static int memory_send(int channel, unsigned peer, const struct wire_memory *memory)
{
	char path[40];
	int fd, ret;

	if (!memory)
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = message_send(channel, WIRE_PEER, peer, fd);
	fd_close(&fd);
	return ret;
}

static int bell_send(int channel, enum wire_message message, unsigned peer, const struct wire_bell *bell)
{
	return bell ? message_send(channel, message, peer, bell->fd) : -ENOENT;
}

static int peer_tell(const struct wire_board *board, const char *own, const char *other, unsigned peer, int channel)
{
	int ret = memory_send(channel, peer, memory_find(board, other));

	if (ret == 0)
		ret = bell_send(channel, WIRE_BELL, peer, bell_find(board, other, own));
	return ret == 0 ? bell_send(channel, WIRE_RING, peer, bell_find(board, own, other)) : ret;
}

static int rows_send(int channel, const struct wire_table *table)
{
	int fd = memfd_make("wires-table", table->n_rows * sizeof(*table->rows), table->rows);
	int ret = fd < 0 ? fd : message_send(channel, WIRE_TABLE, table->n_rows, fd);

	fd_close(&fd);
	return ret;
}

static int table_tell(const struct wire_board *board, const struct wire_guests *guests, const struct wire_table *table,
		      int channel)
{
	const char *own = guests->guests[table->peers[0]]->name;
	const struct wire_memory *memory = memory_find(board, own);
	int ret = memory ? message_send(channel, WIRE_MEMORY, table->n_peers, memory->fd) : -ENOENT;

	for (unsigned i = 1; i < table->n_peers && ret == 0; i++)
		ret = peer_tell(board, own, guests->guests[table->peers[i]]->name, i, channel);
	return ret == 0 ? rows_send(channel, table) : ret;
}

int wire_board_tell(const struct wire_board *board, const struct wire_guests *guests, uint32_t guest, int channel,
		    uint64_t *told)
{
	struct wire_table table;
	struct why why;
	uint64_t hash;
	int ret = wire_table_make(&table, &board->nets, guests, guest, &why);

	if (ret < 0) {
		*told = WIRES_UNKNOWN;
		return ret;
	}
	hash = table.n_rows > 0 ? wire_table_hash(&table, guests) | WIRES_HASH : WIRES_NONE;
	if (table.n_rows == 0 && *told > WIRES_NONE)
		ret = message_send(channel, WIRE_NONE, 0, -1);
	else if (table.n_rows > 0 && *told != hash)
		ret = table_tell(board, guests, &table, channel);
	if (ret < 0)
		*told = WIRES_UNKNOWN;
	else if (table.n_rows > 0 || *told != WIRES_NEVER)
		*told = hash;
	wire_table_deinit(&table);
	return ret;
}
