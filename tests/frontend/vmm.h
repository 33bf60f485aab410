/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A virtual machine monitor with one GPIO device: connection, guest memory, two rings, and the usual orders of
 * messages. Tests that want another order send messages themselves.
 */
#pragma once

#include "connection.h"
#include "memory.h"
#include "messages.h"
#include "ring.h"

#define VMM_RINGS     2
#define VMM_REQUESTQ  0
#define VMM_EVENTQ    1
#define VMM_RING_SIZE 256

/* What a usual driver takes of the features: split rings, no virtual IOMMU, no migration. */
#define VMM_FEATURES                                                                                                   \
	(FEATURE(VIRTIO_GPIO_F_IRQ) | FEATURE(VIRTIO_F_INDIRECT_DESC) | FEATURE(VIRTIO_F_EVENT_IDX) |                  \
	 FEATURE(VHOST_USER_F_PROTOCOL_FEATURES) | FEATURE(VIRTIO_F_VERSION_1))
/* What the program under test offers; and to a guest with iommu=on, once BACKEND_REQ and REPLY_ACK are negotiated. */
#define VMM_OFFERED	     (VMM_FEATURES | FEATURE(VIRTIO_F_RING_PACKED) | FEATURE(VHOST_F_LOG_ALL))
#define VMM_OFFERED_IOMMU    (VMM_OFFERED | FEATURE(VIRTIO_F_ACCESS_PLATFORM))
#define VMM_PROTOCOL_OFFERED (VMM_PROTOCOL_FEATURES | FEATURE(VU_PROTOCOL_INBAND_NOTIFICATIONS))
/* What is negotiated, unless a test wants something else: kicks and calls come over fds. */
#define VMM_PROTOCOL_FEATURES                                                                                          \
	(FEATURE(VU_PROTOCOL_MQ) | FEATURE(VU_PROTOCOL_LOG_SHMFD) | FEATURE(VU_PROTOCOL_REPLY_ACK) |                   \
	 FEATURE(VU_PROTOCOL_BACKEND_REQ) | FEATURE(VU_PROTOCOL_CONFIG) | FEATURE(VU_PROTOCOL_INFLIGHT_SHMFD) |        \
	 FEATURE(VU_PROTOCOL_RESET_DEVICE) | FEATURE(VU_PROTOCOL_CONFIGURE_MEM_SLOTS) | FEATURE(VU_PROTOCOL_STATUS) |  \
	 FEATURE(VU_PROTOCOL_DEVICE_STATE))
/* Without EVENT_IDX: the plainest ring. */
#define VMM_FEATURES_PLAIN (VMM_FEATURES & ~FEATURE(VIRTIO_F_EVENT_IDX))

struct vmm {
	struct connection connection;
	struct memory memory;
	struct ring rings[VMM_RINGS];
	uint64_t features;
	uint32_t base[VMM_RINGS]; /* what the last vmm_ring_stop() got */
	bool wants_inband;	  /* kicks and calls are messages, if what that takes is negotiated */
	int channel_fd;		  /* owned: our end of the back-end's channel; -1: there is none */
	unsigned channel_messages;
	struct ring_inband inband;
	enum ring_layout layout; /* of requests and event buffers */
};

/*
 * The matrix: one kind of driver of many, for all connections of this process. What is not set is as the test has it.
 * vmm_matrix_read() takes it from the environment: TEST_RING=packed|split, TEST_EVENT_IDX=0|1, TEST_INDIRECT=0|1,
 * TEST_INBAND=1.
 */
struct vmm_matrix {
	uint64_t features;     /* those that are on ... */
	uint64_t features_off; /* ... and off */
	bool indirect;	       /* chains are indirect unless the test says otherwise */
	bool inband;	       /* wants_inband */
};

extern struct vmm_matrix vmm_matrix;

void vmm_matrix_read(void);
/* These features as the matrix has them: what vmm_negotiate() takes. */
uint64_t vmm_matrix_features(uint64_t features);

/* Memory and rings of that size (0: VMM_RING_SIZE), no connection. */
void vmm_init(struct vmm *vmm, unsigned ring_size);
void vmm_deinit(struct vmm *vmm);
void vmm_connect(struct vmm *vmm, const char *path);
void vmm_disconnect(struct vmm *vmm);

/* SET_BACKEND_REQ_FD with an end of a socket pair; in place of the one before. */
void vmm_open_channel(struct vmm *vmm);
/*
 * Takes what the back-end sent over the channel: VRING_CALL and VRING_ERR are counted in their rings. Anything else is
 * a failure. channel_messages counts all.
 */
void vmm_read_channel(struct vmm *vmm);

/* GET/SET_PROTOCOL_FEATURES, SET_OWNER, SET_FEATURES. Any refusal is a failure, here and below. */
void vmm_negotiate(struct vmm *vmm, uint64_t features, uint64_t protocol_features);
void vmm_send_memory(struct vmm *vmm);
/* NUM, BASE, ADDR, ERR, CALL, KICK with the ring's own values; no ERR, CALL, KICK with in-band notifications. */
void vmm_ring_setup(struct vmm *vmm, unsigned index, uint32_t base);
void vmm_ring_enable(struct vmm *vmm, unsigned index, bool enable);
/* GET_VRING_BASE. */
uint32_t vmm_ring_stop(struct vmm *vmm, unsigned index);
/* The user addresses of a ring, or its I/O virtual ones. */
struct vu_addr vmm_ring_addr(const struct vmm *vmm, unsigned index);

/* Connects, negotiates with all protocol features, and sends the memory: all but rings. */
void vmm_prepare(struct vmm *vmm, const char *path, uint64_t features);
/* All of it, with all features and both rings enabled; or with these features. */
void vmm_start(struct vmm *vmm, const char *path);
void vmm_start_with(struct vmm *vmm, const char *path, uint64_t features);
/* The same as vmm_start() over a socket that is connected already, which becomes the connection's. */
void vmm_start_on(struct vmm *vmm, int fd);
/* Both rings: what a pause does, and what follows it. */
void vmm_stop(struct vmm *vmm);
void vmm_resume(struct vmm *vmm);
/* Both rings from new: what a reset of the guest does after vmm_stop(). */
void vmm_restart(struct vmm *vmm);
