/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The front-end's side of a virtual IOMMU: a channel that misses come by, and the translations that are given for them.
 * The guest's I/O virtual addresses are its guest-physical ones and IOMMU_IOVA.
 */
#pragma once

#include "session.h"

#define IOMMU_PAGE	  4096ull
#define IOMMU_IOVA	  0x500000000000ull
#define IOMMU_ASKED_MAX	  4096
#define IOMMU_SPECIAL_MAX 8
#define IOMMU_FEATURES	  (VMM_FEATURES | FEATURE(VIRTIO_F_ACCESS_PLATFORM))

struct iommu {
	struct session *session;
	struct connection channel;
	struct vu_iotlb asked[IOMMU_ASKED_MAX]; /* misses, the first first */
	unsigned n_asked, n_answered;
	/* Pages (guest addresses) that are not simply readable and writable. */
	struct {
		uint64_t page;
		uint8_t perm;
		bool silent; /* not answered at all */
		bool fail;   /* answered with ACCESS_FAIL */
	} special[IOMMU_SPECIAL_MAX];
	unsigned n_special;
};

/* What the fixtures make: a guest with iommu=on; and a front-end with a channel, started as by iommu_start(). */
extern struct iommu mmu;
int iommu_setup_fresh(void **state);
int iommu_setup(void **state);
int iommu_teardown(void **state);

/* SET_BACKEND_REQ_FD with an end of a new channel. */
void iommu_open_channel(struct iommu *iommu);
/* Connects with ACCESS_PLATFORM and a channel; sets up a ring, with translated addresses, and enables it. */
void iommu_connect(struct iommu *iommu, struct session *session);
void iommu_ring_start(struct iommu *iommu, unsigned index);
/* Both, for both rings, which are kicked. Nothing is translated yet. */
void iommu_start(struct iommu *iommu, struct session *session);
void iommu_stop(struct iommu *iommu);

/* Sends an IOTLB message about guest addresses. */
enum outcome iommu_send(struct iommu *iommu, enum vu_iotlb_type type, uint64_t guest_addr, uint64_t size, uint8_t perm);
/* Reads what misses there are, and answers one; false: there is none. */
bool iommu_answer(struct iommu *iommu);
/* Waits for that many misses altogether, without an answer. */
void iommu_wait_asked(struct iommu *iommu, unsigned n);
/* Answers until the channel is silent for some time. */
void iommu_settle(struct iommu *iommu);
/* Forgets what was asked and answered; or all of it: what was not answered yet never will be. */
void iommu_forget(struct iommu *iommu);
void iommu_drop(struct iommu *iommu);
/* How often a page was asked for, with this permission. */
unsigned iommu_count(const struct iommu *iommu, uint64_t guest_addr, uint8_t perm);

/* The next used chain of a ring; misses are answered meanwhile. */
struct ring_used iommu_wait(struct iommu *iommu, unsigned ring);
/* A GET_DIRECTION, start to end. */
struct gpio_answer iommu_request(struct iommu *iommu, uint16_t line);

/* SET_IRQ_TYPE and an event buffer, its head, which the device has taken. */
uint16_t iommu_arm(struct iommu *iommu, uint16_t line);
/* The line's interrupt comes, with this buffer, and nothing after it. */
void iommu_wait_fired(struct iommu *iommu, uint16_t head);

/* The device answers GET_DIRECTION of a line that nobody has touched. */
#define assert_answered(line)                                                                                          \
	do {                                                                                                           \
		struct gpio_answer answer_ = iommu_request(&mmu, line);                                                \
		assert_int_equal(answer_.status, GPIO_OK);                                                             \
		assert_int_equal(answer_.value, GPIO_NONE);                                                            \
		assert_int_equal(answer_.used_len, 2);                                                                 \
	} while (0)
