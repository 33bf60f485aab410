/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The numbers and structs of vhost-user, both ring formats and VirtIO GPIO as a front-end writes them down: made from the
 * documents, on purpose without a look at the program under test.
 */
#pragma once

#include <stdint.h>

enum vu_id {
	VU_GET_FEATURES = 1,
	VU_SET_FEATURES = 2,
	VU_SET_OWNER = 3,
	VU_RESET_OWNER = 4,
	VU_SET_MEM_TABLE = 5,
	VU_SET_LOG_BASE = 6,
	VU_SET_LOG_FD = 7,
	VU_SET_VRING_NUM = 8,
	VU_SET_VRING_ADDR = 9,
	VU_SET_VRING_BASE = 10,
	VU_GET_VRING_BASE = 11,
	VU_SET_VRING_KICK = 12,
	VU_SET_VRING_CALL = 13,
	VU_SET_VRING_ERR = 14,
	VU_GET_PROTOCOL_FEATURES = 15,
	VU_SET_PROTOCOL_FEATURES = 16,
	VU_GET_QUEUE_NUM = 17,
	VU_SET_VRING_ENABLE = 18,
	VU_SEND_RARP = 19,
	VU_NET_SET_MTU = 20,
	VU_SET_BACKEND_REQ_FD = 21,
	VU_IOTLB_MSG = 22,
	VU_SET_VRING_ENDIAN = 23,
	VU_GET_CONFIG = 24,
	VU_SET_CONFIG = 25,
	VU_CREATE_CRYPTO_SESSION = 26,
	VU_CLOSE_CRYPTO_SESSION = 27,
	VU_POSTCOPY_ADVISE = 28,
	VU_POSTCOPY_LISTEN = 29,
	VU_POSTCOPY_END = 30,
	VU_GET_INFLIGHT_FD = 31,
	VU_SET_INFLIGHT_FD = 32,
	VU_GPU_SET_SOCKET = 33,
	VU_RESET_DEVICE = 34,
	VU_VRING_KICK = 35,
	VU_GET_MAX_MEM_SLOTS = 36,
	VU_ADD_MEM_REG = 37,
	VU_REM_MEM_REG = 38,
	VU_SET_STATUS = 39,
	VU_GET_STATUS = 40,
	VU_GET_SHARED_OBJECT = 41,
	VU_SET_DEVICE_STATE_FD = 42,
	VU_CHECK_DEVICE_STATE = 43,
};

/* On the channel of SET_BACKEND_REQ_FD, the other way. */
enum vu_backend_id {
	VU_BACKEND_VRING_CALL = 4,
	VU_BACKEND_VRING_ERR = 5,
};

#define VU_VERSION    0x1u
#define VU_REPLY      0x4u
#define VU_NEED_REPLY 0x8u

#define VU_VRING_INDEX_MASK 0xffu
#define VU_VRING_NOFD	    0x100u

enum vu_protocol_feature {
	VU_PROTOCOL_MQ = 0,
	VU_PROTOCOL_LOG_SHMFD = 1,
	VU_PROTOCOL_REPLY_ACK = 3,
	VU_PROTOCOL_BACKEND_REQ = 5,
	VU_PROTOCOL_CONFIG = 9,
	VU_PROTOCOL_INFLIGHT_SHMFD = 12,
	VU_PROTOCOL_RESET_DEVICE = 13,
	VU_PROTOCOL_INBAND_NOTIFICATIONS = 14,
	VU_PROTOCOL_CONFIGURE_MEM_SLOTS = 15,
	VU_PROTOCOL_STATUS = 16,
	VU_PROTOCOL_DEVICE_STATE = 19,
};

struct vu_header {
	uint32_t id;
	uint32_t flags;
	uint32_t size;
};

struct vu_state {
	uint32_t index;
	uint32_t num;
};

struct vu_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc;
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

#define VU_VRING_F_LOG 1u

struct vu_log {
	uint64_t size;
	uint64_t offset;
};

enum vu_iotlb_type {
	VU_IOTLB_MISS = 1,
	VU_IOTLB_UPDATE = 2,
	VU_IOTLB_INVALIDATE = 3,
	VU_IOTLB_ACCESS_FAIL = 4,
};

#define VU_ACCESS_RO 1u
#define VU_ACCESS_WO 2u
#define VU_ACCESS_RW 3u

/* struct vhost_iotlb_msg of linux/vhost_types.h */
struct vu_iotlb {
	uint64_t iova;
	uint64_t size;
	uint64_t user_addr;
	uint8_t perm;
	uint8_t type;
	uint8_t padding[6];
};

#define VU_BACKEND_IOTLB_MSG 1u

struct vu_region {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset;
};

#define VU_REGIONS_MAX 9 /* one more than the document's 8, to send too many */

struct vu_mem_table {
	uint32_t n_regions;
	uint32_t padding;
	struct vu_region regions[VU_REGIONS_MAX];
};

struct vu_mem_reg {
	uint64_t padding;
	struct vu_region region;
};

struct vu_inflight {
	uint64_t mmap_size;
	uint64_t mmap_offset;
	uint16_t num_queues;
	uint16_t queue_size;
	uint32_t padding; /* QEMU sends 24 bytes */
};

/* "Device state transfer parameters" */
#define VU_STATE_SAVE	 0
#define VU_STATE_LOAD	 1
#define VU_STATE_STOPPED 0

struct vu_state_transfer {
	uint32_t direction;
	uint32_t phase;
};

/* QueueRegionSplit, DescStateSplit */
struct vu_inflight_desc {
	uint8_t inflight;
	uint8_t padding[5];
	uint16_t next;
	uint64_t counter;
};

struct vu_inflight_split {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t last_batch_head;
	uint16_t used_idx;
	struct vu_inflight_desc desc[];
};

struct vu_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags; /* size bytes of data follow */
};

/* VirtIO */

#define FEATURE(bit)		       (1ull << (bit))
#define VIRTIO_GPIO_F_IRQ	       0
#define VIRTIO_F_NOTIFY_ON_EMPTY       24
#define VHOST_F_LOG_ALL		       26
#define VIRTIO_F_INDIRECT_DESC	       28
#define VIRTIO_F_EVENT_IDX	       29
#define VHOST_USER_F_PROTOCOL_FEATURES 30
#define VIRTIO_F_VERSION_1	       32
#define VIRTIO_F_ACCESS_PLATFORM       33
#define VIRTIO_F_RING_PACKED	       34

#define DESC_F_NEXT	1u
#define DESC_F_WRITE	2u
#define DESC_F_INDIRECT 4u

#define AVAIL_F_NO_INTERRUPT 1u
#define USED_F_NO_NOTIFY     1u

/* Little-endian in guest memory; this front-end runs on little-endian hosts, where that is native. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the front-end writes rings in native order");

struct split_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct split_used_elem {
	uint32_t id;
	uint32_t len;
};

/* The packed ring: VirtIO 1.3, 2.8. */

#define PACKED_F_AVAIL (1u << 7)
#define PACKED_F_USED  (1u << 15)

struct packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};

#define EVENT_ENABLE  0u
#define EVENT_DISABLE 1u
#define EVENT_DESC    2u

struct packed_event {
	uint16_t off_wrap;
	uint16_t flags;
};

/* VirtIO GPIO */

enum gpio_type {
	GPIO_GET_LINE_NAMES = 1,
	GPIO_GET_DIRECTION = 2,
	GPIO_SET_DIRECTION = 3,
	GPIO_GET_VALUE = 4,
	GPIO_SET_VALUE = 5,
	GPIO_SET_IRQ_TYPE = 6,
};

#define GPIO_OK	 0
#define GPIO_ERR 1

#define GPIO_NONE 0
#define GPIO_OUT  1
#define GPIO_IN	  2

#define GPIO_IRQ_NONE	 0
#define GPIO_IRQ_RISING	 1
#define GPIO_IRQ_FALLING 2
#define GPIO_IRQ_BOTH	 3
#define GPIO_IRQ_HIGH	 4
#define GPIO_IRQ_LOW	 8

#define GPIO_EVENT_INVALID 0
#define GPIO_EVENT_VALID   1

struct gpio_wire_request {
	uint16_t type;
	uint16_t gpio;
	uint32_t value;
};

struct gpio_wire_config {
	uint16_t ngpio;
	uint8_t padding[2];
	uint32_t names_size;
};
