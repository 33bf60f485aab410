/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The front-end's side of a virtual IOMMU. */
#include "iommu.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"
#include "reconnect.h"

struct iommu mmu;

int iommu_setup_fresh(void **state)
{
	return session_setup_guest(state, "iommu=on");
}

int iommu_setup(void **state)
{
	int r = iommu_setup_fresh(state);

	if (r == 0)
		iommu_start(&mmu, *state);
	return r;
}

int iommu_teardown(void **state)
{
	iommu_stop(&mmu);
	return session_teardown(state);
}

void iommu_open_channel(struct iommu *iommu)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		failure("socketpair");
	connection_adopt(&iommu->channel, ends[0]);
	assert_ok(message_send(&iommu->session->vmm.connection, VU_SET_BACKEND_REQ_FD, NULL, 0, &ends[1], 1));
	close(ends[1]);
}

void iommu_connect(struct iommu *iommu, struct session *session)
{
	struct vmm *vmm = &session->vmm;

	*iommu = (struct iommu){ .session = session };
	vmm_connect(vmm, session_socket(session));
	vmm_negotiate(vmm, IOMMU_FEATURES, VMM_PROTOCOL_FEATURES);
	iommu_open_channel(iommu);
	vmm_send_memory(vmm);
}

void iommu_ring_start(struct iommu *iommu, unsigned index)
{
	struct vmm *vmm = &iommu->session->vmm;

	vmm->rings[index].iova = IOMMU_IOVA;
	vmm_ring_setup(vmm, index, used_base(&vmm->rings[index]));
	vmm_ring_enable(vmm, index, true);
}

void iommu_start(struct iommu *iommu, struct session *session)
{
	iommu_connect(iommu, session);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		iommu_ring_start(iommu, i);
		ring_kick(&session->vmm.rings[i]);
	}
}

void iommu_stop(struct iommu *iommu)
{
	connection_close(&iommu->channel);
}

enum outcome iommu_send(struct iommu *iommu, enum vu_iotlb_type type, uint64_t guest_addr, uint64_t size, uint8_t perm)
{
	struct vmm *vmm = &iommu->session->vmm;
	struct vu_iotlb wire = { .iova = guest_addr + IOMMU_IOVA, .size = size, .perm = perm, .type = (uint8_t)type };

	if (type == VU_IOTLB_UPDATE)
		wire.user_addr = memory_user_addr(&vmm->memory, guest_addr);
	return message_send(&vmm->connection, VU_IOTLB_MSG, &wire, sizeof(wire), NULL, 0);
}

/* Takes one miss off the channel, if there is one within that time. */
static bool take(struct iommu *iommu, int timeout_ms)
{
	struct vu_iotlb *asked = &iommu->asked[iommu->n_asked];
	struct message message;

	if (!wait_readable(iommu->channel.fd, timeout_ms))
		return false;
	if (iommu->n_asked == IOMMU_ASKED_MAX)
		failure("%u misses", iommu->n_asked);
	if (!connection_receive(&iommu->channel, &message))
		failure("the back-end closed its channel");
	if (message.header.id != VU_BACKEND_IOTLB_MSG || message.header.flags != VU_VERSION ||
	    message.header.size != sizeof(*asked))
		failure("message {%u, 0x%x, %u} on the channel", message.header.id, message.header.flags,
			message.header.size);
	memcpy(asked, message.payload, sizeof(*asked));
	if (asked->type != VU_IOTLB_MISS || asked->perm == 0 || asked->perm > VU_ACCESS_RW)
		failure("IOTLB message of type %u, permission %u", asked->type, asked->perm);
	iommu->n_asked++;
	return true;
}

void iommu_wait_asked(struct iommu *iommu, unsigned n)
{
	while (iommu->n_asked < n)
		if (!take(iommu, WAIT_MS))
			failure("%u misses instead of %u", iommu->n_asked, n);
}

bool iommu_answer(struct iommu *iommu)
{
	const struct vu_iotlb *asked;
	uint64_t page;

	while (take(iommu, 0))
		continue;
	if (iommu->n_answered == iommu->n_asked)
		return false;
	asked = &iommu->asked[iommu->n_answered++];
	page = (asked->iova - IOMMU_IOVA) & ~(IOMMU_PAGE - 1);
	for (unsigned i = 0; i < iommu->n_special; i++) {
		if (iommu->special[i].page != page)
			continue;
		if (!iommu->special[i].silent)
			assert_ok(iommu_send(iommu, iommu->special[i].fail ? VU_IOTLB_ACCESS_FAIL : VU_IOTLB_UPDATE,
					     page, IOMMU_PAGE, iommu->special[i].perm));
		return true;
	}
	assert_ok(iommu_send(iommu, VU_IOTLB_UPDATE, page, IOMMU_PAGE, VU_ACCESS_RW));
	return true;
}

void iommu_settle(struct iommu *iommu)
{
	do {
		while (iommu_answer(iommu))
			continue;
	} while (take(iommu, SILENT_MS));
}

void iommu_forget(struct iommu *iommu)
{
	iommu->n_asked -= iommu->n_answered;
	memmove(iommu->asked, iommu->asked + iommu->n_answered, iommu->n_asked * sizeof(iommu->asked[0]));
	iommu->n_answered = 0;
}

void iommu_drop(struct iommu *iommu)
{
	iommu->n_asked = iommu->n_answered = 0;
}

unsigned iommu_count(const struct iommu *iommu, uint64_t guest_addr, uint8_t perm)
{
	uint64_t page = (guest_addr + IOMMU_IOVA) / IOMMU_PAGE;
	unsigned n = 0;

	for (unsigned i = 0; i < iommu->n_asked; i++)
		n += iommu->asked[i].iova / IOMMU_PAGE == page && iommu->asked[i].perm == perm;
	return n;
}

struct ring_used iommu_wait(struct iommu *iommu, unsigned index)
{
	struct ring *ring = &iommu->session->vmm.rings[index];
	uint64_t end_ms = clock_ms() + WAIT_MS;
	struct ring_used used;

	while (!ring_reap(ring, &used)) {
		if (!iommu_answer(iommu))
			wait_readable(iommu->channel.fd, 1);
		if (clock_ms() > end_ms)
			failure("no used buffer: avail.idx %u, used.idx %u, %u misses", ring->avail_published,
				ring_used_idx(ring), iommu->n_asked);
	}
	return used;
}

struct gpio_answer iommu_request(struct iommu *iommu, uint16_t line)
{
	struct vmm *vmm = &iommu->session->vmm;
	uint16_t head = gpio_send(vmm, GPIO_GET_DIRECTION, line, 0);
	struct ring_used used;

	ring_notify(&vmm->rings[VMM_REQUESTQ]);
	used = iommu_wait(iommu, VMM_REQUESTQ);
	if (used.id != head)
		failure("used id %u instead of %u", used.id, head);
	return gpio_answer_of(vmm, used);
}

uint16_t iommu_arm(struct iommu *iommu, uint16_t line)
{
	struct vmm *vmm = &iommu->session->vmm;
	struct ring *eventq = &vmm->rings[VMM_EVENTQ];
	uint16_t head;

	gpio_send(vmm, GPIO_SET_IRQ_TYPE, line, GPIO_IRQ_RISING);
	ring_notify(&vmm->rings[VMM_REQUESTQ]);
	assert_int_equal(gpio_answer_of(vmm, iommu_wait(iommu, VMM_REQUESTQ)).status, GPIO_OK);
	head = gpio_event_send(vmm, line);
	ring_notify(eventq);
	iommu_settle(iommu);
	ring_wait_taken(eventq);
	return head;
}

void iommu_wait_fired(struct iommu *iommu, uint16_t head)
{
	struct vmm *vmm = &iommu->session->vmm;
	struct ring *ring = &vmm->rings[VMM_EVENTQ];
	struct ring_used used = iommu_wait(iommu, VMM_EVENTQ);

	assert_int_equal(used.id, head);
	assert_int_equal(used.len, 1);
	assert_int_equal(*(uint8_t *)memory_at(&vmm->memory, ring_slot(ring, head) + 2, 1), GPIO_EVENT_VALID);
	iommu_settle(iommu);
	assert_no_event(iommu->session);
}
