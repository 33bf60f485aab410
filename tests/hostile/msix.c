// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// MSI-X (VIRTIO 1.4, 4.1.5.1.2), whose messages this guest has written into its memory, and elsewhere.
#include "console.h"
#include "memory.h"
#include "pci.h"
#include "registers.h"
#include "script.h"

enum {
	NO_VECTOR = 0xffff,
	MSIX_ENABLE = 1u << 31,
	MSIX_MASK = 1u << 30,
	BIR_MASK = 7,
	ENTRY_ADDRESS = 0,
	ENTRY_DATA = 8,
	ENTRY_CONTROL = 12,
	ENTRY_MASKED = 1,
	MESSAGE = 0x4d534958,
	QUIET = 0,
};

static unsigned capability;
static volatile uint8_t *table, *pending;
static volatile uint32_t *message;

static volatile uint8_t *place(unsigned offset)
{
	uint32_t where = pci_config_read(capability + offset);

	return (volatile uint8_t *)(uintptr_t)(pci_bar(where & BIR_MASK) + (where & ~(uint32_t)BIR_MASK));
}

static void control(uint32_t bits)
{
	uint32_t now = pci_config_read(capability) & ~(MSIX_ENABLE | MSIX_MASK);

	pci_config_write(capability, now | bits);
}

static uint16_t vectors(void)
{
	return (uint16_t)((pci_config_read(capability) >> 16 & 0x7ff) + 1);
}

static uint16_t queue_vector(uint16_t queue, uint16_t vector)
{
	write16(pci_common.at + COMMON_QUEUE_SELECT, queue);
	write16(pci_common.at + COMMON_QUEUE_MSIX_VECTOR, vector);
	return read16(pci_common.at + COMMON_QUEUE_MSIX_VECTOR);
}

static void entry(uint64_t address, uint32_t entry_control)
{
	write64(table + ENTRY_ADDRESS, address);
	write32(table + ENTRY_DATA, MESSAGE);
	write32(table + ENTRY_CONTROL, entry_control);
}

// Vector 0 writes into memory; the request queue has it. False: there is no MSI-X.
static bool messages_begin(struct device *device)
{
	capability = pci_capability(PCI_CAP_MSIX, 0);
	if (!capability)
		return false;
	table = place(4);
	pending = place(8);
	message = memory_new(2 * sizeof(*message)); // some go to odd addresses
	*message = QUIET;
	control(MSIX_ENABLE);
	entry(address_of(message), 0);
	queue_vector(QUEUE_REQUEST, 0);
	// The front-end looks at vectors when it starts.
	bus->set_status(STATUS_NEGOTIATED);
	bus->set_status(STATUS_RUNNING);
	return requests_go_on(device, PASS) == PASS;
}

static enum outcome messages_end(enum outcome outcome)
{
	control(0);
	return outcome;
}

static bool came(void)
{
	host_do("rest");
	if (*message == QUIET)
		return false;
	*message = QUIET;
	return true;
}

static bool request_tells(struct device *device)
{
	came();
	// QEMU 7.2 keeps the features of earlier lives, event indices among them.
	if (!device->request.packed)
		device->request.available->heads[RING_SIZE] = device->request.used_next;
	request(device, 1);
	return requests_answered(device, ANSWER_MS) && came();
}

static enum outcome told(struct device *device)
{
	if (!messages_begin(device))
		return SKIP;
	if (!request_tells(device))
		return messages_end(fail("no message for a request"));
	return messages_end(PASS);
}

// A vector that there is not, for each of the registers: it reads as none (4.1.5.1.2.1).
static enum outcome vector_nowhere(struct device *device)
{
	const uint16_t nowhere[] = { vectors(), 0x7ff, 0x800, 0xfffe };

	if (!messages_begin(device))
		return SKIP;
	for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		uint16_t vector = i ? nowhere[i] : vectors();

		if (queue_vector(QUEUE_REQUEST, vector) != NO_VECTOR || queue_vector(QUEUE_EVENT, vector) != NO_VECTOR)
			return messages_end(fail("a vector that there is not was taken"));
		write16(pci_common.at + COMMON_MSIX_VECTOR, vector);
		if (read16(pci_common.at + COMMON_MSIX_VECTOR) != NO_VECTOR)
			return messages_end(fail("a vector that there is not was taken"));
	}
	return messages_end(requests_go_on(device, PASS));
}

// The vector is taken away and given back while requests are under way.
static enum outcome vector_changes(struct device *device)
{
	if (!messages_begin(device))
		return SKIP;
	for (unsigned i = 0; i < 20; i++) {
		request(device, 2);
		if (queue_vector(QUEUE_REQUEST, i % 2 ? 0 : NO_VECTOR) != (i % 2 ? 0 : NO_VECTOR))
			return messages_end(fail("the vector reads otherwise than it was written"));
		control(i % 3 ? MSIX_ENABLE : 0);
		if (!requests_answered(device, ANSWER_MS))
			return messages_end(fail("a request is not answered"));
	}
	return messages_end(PASS);
}

// Masked, it is pending; it comes when the mask goes.
static enum outcome masked(struct device *device)
{
	const bool *whole = device->with;

	if (!messages_begin(device))
		return SKIP;
	if (*whole)
		control(MSIX_ENABLE | MSIX_MASK);
	else
		entry(address_of(message), ENTRY_MASKED);
	if (request_tells(device))
		return messages_end(fail("a message that is masked"));
	read32(pending); // QEMU 7.2 does not say so there
	if (*whole)
		control(MSIX_ENABLE);
	else
		entry(address_of(message), 0);
	return messages_end(came() ? PASS : fail("it was lost by the mask"));
}

static enum outcome pending_written(struct device *device)
{
	if (!messages_begin(device))
		return SKIP;
	came();
	control(MSIX_ENABLE | MSIX_MASK);
	write32(pending, 0xffffffff);
	write32(pending + 4, 0xffffffff);
	control(MSIX_ENABLE);
	if (came())
		return messages_end(fail("a message by writing what is pending"));
	return messages_end(requests_go_on(device, PASS));
}

enum { ODD = 1, OWN_NOTIFY, OWN_STATUS, OWN_TABLE };

static uint64_t message_address(uint64_t where)
{
	switch (where) {
	case ODD:
		return address_of(message) + 1;
	case OWN_NOTIFY:
		return pci_notify.address;
	case OWN_STATUS:
		return pci_common.address + COMMON_STATUS;
	case OWN_TABLE:
		return address_of(table);
	default:
		return where;
	}
}

// Messages that go where none is: what the device serves is not to suffer, unless it is the device that they are for.
static enum outcome message_elsewhere(struct device *device)
{
	const uint64_t *where = device->with;

	if (!messages_begin(device))
		return SKIP;
	entry(message_address(*where), 0);
	request(device, 4);
	requests_answered(device, SILENT_MS);
	request(device, 1);
	host_do("rest");
	entry(address_of(message), 0);
	return messages_end(REJECT);
}

#define CASE(function) .run = function, .flags = BOTH, .bus = "pci"
#define MASKED(whole)                                                                                                  \
	CASE(masked), .with = &(const bool)                                                                            \
	{                                                                                                              \
		whole                                                                                                  \
	}
#define ELSEWHERE(where)                                                                                               \
	CASE(message_elsewhere), .with = &(const uint64_t)                                                             \
	{                                                                                                              \
		where                                                                                                  \
	}

const struct hostile_case msix_cases[] = {
	{ "Q0430", "4.1.5.1.2", "a message for a request", CASE(told) },
	{ "Q0431", "4.1.5.1.2", "vectors that there are not", CASE(vector_nowhere) },
	{ "Q0432", "4.1.5.1.2", "the vector changes in the midst of requests", CASE(vector_changes) },
	{ "Q0433", "4.1.5.1.2", "all messages are masked for a while", MASKED(true) },
	{ "Q0434", "4.1.5.1.2", "the message's vector is masked for a while", MASKED(false) },
	{ "Q0435", "4.1.5.1.2", "what is pending is written", CASE(pending_written) },
	{ "Q0436", "4.1.5.1.2", "messages to an odd address", ELSEWHERE(ODD) },
	{ "Q0437", "4.1.5.1.2", "messages into the hole below 1 MiB", ELSEWHERE(HOLE_START) },
	{ "Q0438", "4.1.5.1.2", "messages behind the end of memory", ELSEWHERE(RAM_END) },
	{ "Q0439", "4.1.5.1.2", "messages to the end of all addresses", ELSEWHERE(0xfffffffffffffffcull) },
	{ "Q0440", "4.1.5.1.2", "messages that notify the device again", ELSEWHERE(OWN_NOTIFY) },
	{ "Q0441", "4.1.5.1.2", "messages that write the device's status", ELSEWHERE(OWN_STATUS) },
	{ "Q0442", "4.1.5.1.2", "messages into the vectors' own table", ELSEWHERE(OWN_TABLE) },
	{ .id = NULL },
};
