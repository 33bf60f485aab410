/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Numbers and structs of vhost-user and of both ring formats; nothing else.
 * Sources: QEMU docs/interop/vhost-user.rst ("Message Specification"); VirtIO 1.3, 2.7 "Split Virtqueues" and 2.8
 * "Packed Virtqueues".
 * vhost-user messages are native endian, rings are little-endian (VIRTIO_F_VERSION_1).
 */
#pragma once

#include <stdint.h>

#include "base/le.h"

/* VirtIO 1.3, 6 "Reserved Feature Bits", and the bits that vhost-user puts among them. */
#define VHOST_F_LOG_ALL		       (1ull << 26)
#define VIRTIO_F_INDIRECT_DESC	       (1ull << 28)
#define VIRTIO_F_EVENT_IDX	       (1ull << 29)
#define VHOST_USER_F_PROTOCOL_FEATURES (1ull << 30)
#define VIRTIO_F_VERSION_1	       (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM       (1ull << 33) /* vhost-user.rst calls it VIRTIO_F_IOMMU_PLATFORM */
#define VIRTIO_F_RING_PACKED	       (1ull << 34)

/* vhost-user.rst, "Protocol features". */
enum vhost_user_protocol_feature {
	VHOST_USER_PROTOCOL_F_MQ = 0,
	VHOST_USER_PROTOCOL_F_LOG_SHMFD = 1,
	VHOST_USER_PROTOCOL_F_REPLY_ACK = 3,
	VHOST_USER_PROTOCOL_F_BACKEND_REQ = 5,
	VHOST_USER_PROTOCOL_F_CONFIG = 9,
	VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD = 12,
	VHOST_USER_PROTOCOL_F_RESET_DEVICE = 13,
	VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS = 14,
	VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS = 15,
	VHOST_USER_PROTOCOL_F_STATUS = 16,
	VHOST_USER_PROTOCOL_F_DEVICE_STATE = 19,
};

/* vhost-user.rst, "Front-end message types". */
enum vhost_user_request {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_RESET_OWNER = 4,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_LOG_BASE = 6,
	VHOST_USER_SET_LOG_FD = 7,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_SET_VRING_ERR = 14,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_IOTLB_MSG = 22,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_SET_CONFIG = 25,
	VHOST_USER_GET_INFLIGHT_FD = 31,
	VHOST_USER_SET_INFLIGHT_FD = 32,
	VHOST_USER_RESET_DEVICE = 34,
	VHOST_USER_VRING_KICK = 35,
	VHOST_USER_GET_MAX_MEM_SLOTS = 36,
	VHOST_USER_ADD_MEM_REG = 37,
	VHOST_USER_REM_MEM_REG = 38,
	VHOST_USER_SET_STATUS = 39,
	VHOST_USER_GET_STATUS = 40,
	VHOST_USER_SET_DEVICE_STATE_FD = 42,
	VHOST_USER_CHECK_DEVICE_STATE = 43,
};

/* vhost-user.rst, "Back-end message types": the other way, over the channel of SET_BACKEND_REQ_FD. */
enum vhost_user_backend_request {
	VHOST_USER_BACKEND_IOTLB_MSG = 1,
	VHOST_USER_BACKEND_VRING_CALL = 4,
	VHOST_USER_BACKEND_VRING_ERR = 5,
};

#define VHOST_USER_VERSION	0x1u
#define VHOST_USER_VERSION_MASK 0x3u
#define VHOST_USER_REPLY	(1u << 2)
#define VHOST_USER_NEED_REPLY	(1u << 3)

struct vhost_user_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of the payload */
};

struct vhost_user_u64 {
	uint64_t value;
};

/* The u64 of SET_VRING_KICK, _CALL and _ERR. */
#define VHOST_USER_VRING_INDEX_MASK 0xffull
#define VHOST_USER_VRING_NOFD	    (1ull << 8)

struct vhost_user_vring_state {
	uint32_t index;
	uint32_t num;
};

#define VHOST_USER_VRING_F_LOG 1u

struct vhost_user_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc; /* user addresses, all of them */
	uint64_t used;
	uint64_t avail;
	uint64_t log; /* guest-physical: of the used ring, in the dirty log */
};

struct vhost_user_region {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset;
};

#define VHOST_USER_MEM_TABLE_MAX 8

struct vhost_user_mem_table {
	uint32_t n_regions;
	uint32_t padding;
	struct vhost_user_region regions[VHOST_USER_MEM_TABLE_MAX];
};

struct vhost_user_mem_reg {
	uint64_t padding;
	struct vhost_user_region region;
};

/* "Inflight description". Front-ends send it with the padding or without. */
struct vhost_user_inflight {
	uint64_t mmap_size;
	uint64_t mmap_offset;
	uint16_t num_queues;
	uint16_t queue_size;
	uint32_t padding;
};

/* "Device state transfer parameters" */
enum vhost_user_transfer_direction {
	VHOST_USER_TRANSFER_SAVE = 0,
	VHOST_USER_TRANSFER_LOAD = 1,
};

enum vhost_user_transfer_phase {
	VHOST_USER_TRANSFER_STOPPED = 0,
};

struct vhost_user_transfer {
	uint32_t direction;
	uint32_t phase;
};

/* The dirty log in its file. */
struct vhost_user_log {
	uint64_t size;
	uint64_t offset;
};

enum vhost_user_iotlb_type {
	VHOST_USER_IOTLB_MISS = 1,
	VHOST_USER_IOTLB_UPDATE = 2,
	VHOST_USER_IOTLB_INVALIDATE = 3,
	VHOST_USER_IOTLB_ACCESS_FAIL = 4,
};

/* "An IOTLB message", the kernel's struct vhost_iotlb_msg. */
struct vhost_user_iotlb {
	uint64_t iova;
	uint64_t size;
	uint64_t user_addr;
	uint8_t perm; /* 1: read, 2: write */
	uint8_t type;
	uint8_t padding[6];
};

/* Followed by size bytes of configuration space. */
struct vhost_user_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
};

/* VirtIO 1.3, 2.7.5 "The Virtqueue Descriptor Table". */
#define VRING_DESC_F_NEXT     1
#define VRING_DESC_F_WRITE    2
#define VRING_DESC_F_INDIRECT 4

struct vring_desc {
	struct le64 addr;
	struct le32 len;
	struct le16 flags;
	struct le16 next;
};

/* 2.7.6 "The Virtqueue Available Ring". */
#define VRING_AVAIL_F_NO_INTERRUPT 1

struct vring_avail {
	struct le16 flags;
	struct le16 idx;
	struct le16 ring[]; /* size entries, then used_event */
};

/* 2.7.8 "The Virtqueue Used Ring". */
#define VRING_USED_F_NO_NOTIFY 1

struct vring_used_elem {
	struct le32 id;
	struct le32 len;
};

struct vring_used {
	struct le16 flags;
	struct le16 idx;
	struct vring_used_elem ring[]; /* size entries, then avail_event */
};

/* 2.8.13 "Virtqueue Descriptor Layout": the flags above, and two that a wrap counter gives their meaning (2.8.1). */
#define VRING_PACKED_DESC_F_AVAIL (1u << 7)
#define VRING_PACKED_DESC_F_USED  (1u << 15)

struct vring_packed_desc {
	struct le64 addr;
	struct le32 len;
	struct le16 id;
	struct le16 flags;
};

/* 2.8.14 "Event Suppression Structure Format": off_wrap is an offset in bits 0 to 14, the wrap counter in bit 15. */
#define VRING_PACKED_EVENT_F_ENABLE  0
#define VRING_PACKED_EVENT_F_DISABLE 1
#define VRING_PACKED_EVENT_F_DESC    2
#define VRING_PACKED_EVENT_F_MASK    3

struct vring_packed_event {
	struct le16 off_wrap;
	struct le16 flags;
};

#define VRING_SIZE_MAX 32768

_Static_assert(sizeof(struct vhost_user_header) == 12, "vhost-user header");
_Static_assert(sizeof(struct vhost_user_mem_table) == 264, "vhost-user memory table");
_Static_assert(sizeof(struct vhost_user_vring_addr) == 40, "vhost-user ring addresses");
_Static_assert(sizeof(struct vring_desc) == 16, "descriptor");
_Static_assert(sizeof(struct vring_packed_desc) == 16, "packed descriptor");
_Static_assert(sizeof(struct vring_packed_event) == 4, "event suppression structure");
