/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Fds of wires, collected. */
#include "worker/wires/wire_intake.h"

#include "base/fd.h"

void wire_intake_clear(struct wire_intake *intake)
{
	for (unsigned i = 0; i < intake->n_peers; i++) {
		fd_close(&intake->peers[i].memory);
		fd_close(&intake->peers[i].bell);
		fd_close(&intake->peers[i].ring);
	}
	if (intake->n_peers > 0)
		fd_close(&intake->table);
	intake->n_peers = 0;
}

static void begin(struct wire_intake *intake, unsigned n_peers)
{
	wire_intake_clear(intake);
	if (n_peers == 0 || n_peers > WIRE_PEERS_MAX + 1)
		return;
	intake->n_peers = n_peers;
	intake->table = -1;
	for (unsigned i = 0; i < n_peers; i++)
		intake->peers[i] = (struct wire_intake_peer){ -1, -1, -1 };
}

/* Where the fd of this message belongs; NULL: nowhere. */
static int *place(struct wire_intake *intake, enum wire_message message, unsigned number)
{
	struct wire_intake_peer *peer = number < intake->n_peers ? &intake->peers[number] : NULL;

	switch (message) {
	case WIRE_MEMORY:
		return intake->n_peers > 0 ? &intake->peers[0].memory : NULL;
	case WIRE_PEER:
		return peer ? &peer->memory : NULL;
	case WIRE_BELL:
		return peer ? &peer->bell : NULL;
	case WIRE_RING:
		return peer ? &peer->ring : NULL;
	case WIRE_TABLE:
		return intake->n_peers > 0 ? &intake->table : NULL;
	case WIRE_NONE:
		break;
	}
	return NULL;
}

bool wire_intake_take(struct wire_intake *intake, uint32_t key, int fd)
{
	enum wire_message message = (enum wire_message)WIRE_KEY_MESSAGE(key);
	unsigned number = WIRE_KEY_NUMBER(key);
	int *at;

	if (message == WIRE_MEMORY || message == WIRE_NONE)
		begin(intake, message == WIRE_MEMORY ? number : 0);
	if (message == WIRE_TABLE)
		intake->n_rows = number;
	at = place(intake, message, number);
	if (at) {
		fd_close(at);
		*at = fd_steal(&fd);
	}
	fd_close(&fd);
	return message == WIRE_TABLE || message == WIRE_NONE;
}

bool wire_intake_is_whole(const struct wire_intake *intake)
{
	bool whole = intake->n_peers > 0 && intake->table >= 0 && intake->n_rows > 0 && intake->peers[0].memory >= 0;

	for (unsigned i = 1; i < intake->n_peers && whole; i++)
		whole = intake->peers[i].memory >= 0 && intake->peers[i].bell >= 0 && intake->peers[i].ring >= 0;
	return whole;
}
