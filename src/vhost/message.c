/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vhost-user messages: the table and the framing. */
#include "vhost/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/scm.h"
#include "base/util.h"

#define NEEDS(feature) (1ull << VHOST_USER_PROTOCOL_F_##feature)
#define U64	       sizeof(struct vhost_user_u64)
#define STATE	       sizeof(struct vhost_user_vring_state)
#define ADDR	       sizeof(struct vhost_user_vring_addr)
#define REGION	       sizeof(struct vhost_user_region)
#define TABLE_HEAD     offsetof(struct vhost_user_mem_table, regions)
#define MEM_REG	       sizeof(struct vhost_user_mem_reg)
#define CONFIG	       sizeof(struct vhost_user_config)
#define INFLIGHT       sizeof(struct vhost_user_inflight)
#define TRANSFER       sizeof(struct vhost_user_transfer)
#define LOG	       sizeof(struct vhost_user_log)
#define IOTLB	       sizeof(struct vhost_user_iotlb)
#define IOTLB_MIN      offsetof(struct vhost_user_iotlb, padding)

#define ACK	MESSAGE_REPLY_ACK
#define PAYLOAD MESSAGE_REPLY_PAYLOAD

#define SPEC(id, min, max, fds_min, fds_max, reply, needs)                                                             \
	{                                                                                                              \
		VHOST_USER_##id, #id, min, max, fds_min, fds_max, reply, needs                                         \
	}

/*
 * SET_MEM_TABLE may be longer than its number of regions: virtio_uml of Linux 6.1 always sends the size of two. The
 * fd of a REM_MEM_REG is allowed and closed ("REM_MEM_REG": for compatibility). The document gives an IOTLB_MSG no
 * padding, QEMU and the kernel's struct have some.
 */
static const struct message_spec specs[] = {
	SPEC(GET_FEATURES, 0, 0, 0, 0, PAYLOAD, 0),
	SPEC(SET_FEATURES, U64, U64, 0, 0, ACK, 0),
	SPEC(SET_OWNER, 0, 0, 0, 0, ACK, 0),
	SPEC(RESET_OWNER, 0, 0, 0, 0, ACK, 0),
	SPEC(SET_MEM_TABLE, TABLE_HEAD, sizeof(struct vhost_user_mem_table), 0, VHOST_USER_MEM_TABLE_MAX, ACK, 0),
	SPEC(SET_LOG_BASE, LOG, LOG, 1, 1, PAYLOAD, NEEDS(LOG_SHMFD)),
	SPEC(SET_LOG_FD, 0, 0, 1, 1, ACK, 0),
	SPEC(SET_VRING_NUM, STATE, STATE, 0, 0, ACK, 0),
	SPEC(SET_VRING_ADDR, ADDR, ADDR, 0, 0, ACK, 0),
	SPEC(SET_VRING_BASE, STATE, STATE, 0, 0, ACK, 0),
	SPEC(GET_VRING_BASE, STATE, STATE, 0, 0, PAYLOAD, 0),
	SPEC(SET_VRING_KICK, U64, U64, 0, 1, ACK, 0),
	SPEC(SET_VRING_CALL, U64, U64, 0, 1, ACK, 0),
	SPEC(SET_VRING_ERR, U64, U64, 0, 1, ACK, 0),
	SPEC(GET_PROTOCOL_FEATURES, 0, 0, 0, 0, PAYLOAD, 0),
	SPEC(SET_PROTOCOL_FEATURES, U64, U64, 0, 0, ACK, 0),
	SPEC(GET_QUEUE_NUM, 0, 0, 0, 0, PAYLOAD, NEEDS(MQ)),
	SPEC(SET_VRING_ENABLE, STATE, STATE, 0, 0, ACK, 0),
	SPEC(SET_BACKEND_REQ_FD, 0, 0, 1, 1, ACK, NEEDS(BACKEND_REQ)),
	SPEC(IOTLB_MSG, IOTLB_MIN, IOTLB, 0, 0, ACK, 0),
	SPEC(GET_CONFIG, CONFIG, CONFIG + VHOST_CONFIG_MAX, 0, 0, PAYLOAD, NEEDS(CONFIG)),
	SPEC(SET_CONFIG, CONFIG, CONFIG + VHOST_CONFIG_MAX, 0, 0, ACK, NEEDS(CONFIG)),
	SPEC(GET_INFLIGHT_FD, VHOST_USER_INFLIGHT_MIN, INFLIGHT, 0, 0, PAYLOAD, NEEDS(INFLIGHT_SHMFD)),
	SPEC(SET_INFLIGHT_FD, VHOST_USER_INFLIGHT_MIN, INFLIGHT, 1, 1, ACK, NEEDS(INFLIGHT_SHMFD)),
	SPEC(RESET_DEVICE, 0, 0, 0, 0, ACK, NEEDS(RESET_DEVICE)),
	SPEC(VRING_KICK, STATE, STATE, 0, 0, ACK, NEEDS(INBAND_NOTIFICATIONS)),
	SPEC(GET_MAX_MEM_SLOTS, 0, 0, 0, 0, PAYLOAD, NEEDS(CONFIGURE_MEM_SLOTS)),
	SPEC(ADD_MEM_REG, MEM_REG, MEM_REG, 1, 1, ACK, NEEDS(CONFIGURE_MEM_SLOTS)),
	SPEC(REM_MEM_REG, MEM_REG, MEM_REG, 0, 1, ACK, NEEDS(CONFIGURE_MEM_SLOTS)),
	SPEC(SET_STATUS, U64, U64, 0, 0, ACK, NEEDS(STATUS)),
	SPEC(GET_STATUS, 0, 0, 0, 0, PAYLOAD, NEEDS(STATUS)),
	SPEC(SET_DEVICE_STATE_FD, TRANSFER, TRANSFER, 1, 1, PAYLOAD, NEEDS(DEVICE_STATE)),
	SPEC(CHECK_DEVICE_STATE, 0, 0, 0, 0, PAYLOAD, NEEDS(DEVICE_STATE)),
};

_Static_assert(CONFIG + VHOST_CONFIG_MAX <= SESSION_RX_PAYLOAD_MAX, "the largest payload fits");
_Static_assert(sizeof(struct vhost_user_mem_table) <= SESSION_RX_PAYLOAD_MAX, "the largest payload fits");

const struct message_spec *message_spec_find(uint32_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		if (specs[i].id == id)
			return &specs[i];
	}
	return NULL;
}

void message_fds_close(struct message_fds *fds)
{
	for (size_t i = 0; i < fds->n; i++)
		fd_close(&fds->fd[i]);
	fds->n = 0;
}

/* The header is complete: may a message like this be? */
static const char *header_check(const struct vhost_user_header *header, const struct message_fds *fds)
{
	const struct message_spec *spec = message_spec_find(header->request);

	if ((header->flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION)
		return "not a vhost-user message of version 1";
	if (header->flags & VHOST_USER_REPLY)
		return "a reply that nobody asked for";
	if (!spec)
		return "an unknown request";
	if (header->size < spec->min || header->size > spec->max)
		return "the payload has a wrong size";
	if (fds->n < spec->fds_min || fds->n > spec->fds_max)
		return "a wrong number of file descriptors";
	return NULL;
}

/* Reads up to len bytes into rx; fds may come with the first byte of a message only. As message_receive. */
static int receive_part(int socket, struct session_rx *rx, void *to, size_t len, struct message_fds *fds,
			const char **why)
{
	bool first = rx->have == 0;
	size_t n_fds = 0;
	int none[1];
	ssize_t n;

	n = scm_recv(socket, to, len, first ? fds->fd : none, first ? MESSAGE_FDS_MAX : 0, &n_fds, MSG_DONTWAIT);
	if (n == -EAGAIN)
		return 0;
	if (n == -EMFILE) {
		*why = "unexpected file descriptors";
		return -EPROTO;
	}
	if (n < 0) {
		*why = strerror(-n);
		return n;
	}
	if (first)
		fds->n = n_fds;
	if (n == 0) {
		*why = rx->have > 0 ? "it ended in the middle of a message" : NULL;
		return -ECONNRESET;
	}
	rx->have += n;
	return 1;
}

int message_receive(int socket, struct session_rx *rx, struct message_fds *fds, const char **why)
{
	const size_t header_len = sizeof(rx->header);
	int r = 1;

	if (rx->have < header_len) {
		r = receive_part(socket, rx, (char *)&rx->header + rx->have, header_len - rx->have, fds, why);
		if (r <= 0 || rx->have < header_len)
			return r < 0 ? r : 0;
		*why = header_check(&rx->header, fds);
		if (*why)
			return -EPROTO;
	}
	if (rx->have < header_len + rx->header.size) {
		size_t have = rx->have - header_len;

		r = receive_part(socket, rx, rx->payload + have, rx->header.size - have, fds, why);
		if (r <= 0)
			return r;
	}
	return message_is_complete(rx);
}

bool message_is_complete(const struct session_rx *rx)
{
	return rx->have >= sizeof(rx->header) && rx->have - sizeof(rx->header) == rx->header.size;
}

bool message_can_resume(const struct session_rx *rx)
{
	const struct message_fds none = { .n = 0 };

	if (rx->have < sizeof(rx->header))
		return true;
	return !header_check(&rx->header, &none) && rx->have - sizeof(rx->header) <= rx->header.size;
}

void message_done(struct session_rx *rx)
{
	rx->have = 0;
}

int message_reply(int socket, const struct vhost_user_header *to, const void *payload, uint32_t size, int fd)
{
	struct {
		struct vhost_user_header header;
		uint8_t payload[SESSION_RX_PAYLOAD_MAX];
	} reply;
	const size_t len = sizeof(reply.header) + size;
	ssize_t n;

	reply.header = (struct vhost_user_header){
		.request = to->request,
		.flags = VHOST_USER_VERSION | VHOST_USER_REPLY,
		.size = size,
	};
	memcpy(reply.payload, payload, size);
	n = scm_send(socket, &reply, len, &fd, fd >= 0, MSG_DONTWAIT);
	if (n < 0)
		return n;
	return (size_t)n == len ? 0 : -EAGAIN;
}
