// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// The registers of PCI (VIRTIO 1.4, 4.1), as no driver uses them.
#include "console.h"
#include "pci.h"
#include "registers.h"
#include "script.h"

enum {
	NO_VECTOR = 0xffff,
	REVISION_MODERN = 1,
	VIRTIO_VENDOR = 0x1af4,
	QUEUES = 2,
	BAR_MODERN = 4,
	// CFG_PCI (4.1.4.9): behind the capability.
	WINDOW_BAR = 4,
	WINDOW_OFFSET = 8,
	WINDOW_LENGTH = 12,
	WINDOW_DATA = 16,
	REGISTER_BYTES = 4,
	ANYTHING = 0x5a5a5a5a,
};

// All that there is, at each width, also across registers, and some behind the end.
static void read_common(struct device *device, uint64_t bytes)
{
	(void)device;
	for (unsigned width = 1; width <= 4; width *= 2) {
		for (unsigned at = 0; at + width <= bytes; at++)
			read_any(pci_common.at + at, width);
	}
}

static void write_common(struct device *device, uint64_t value)
{
	(void)device;
	for (unsigned width = 1; width <= 4; width *= 2) {
		for (unsigned at = 0; at < COMMON_BYTES; at += width)
			write_any(pci_common.at + at, width, (uint32_t)value);
	}
}

// Those that a driver may only read (4.1.4.3).
static enum outcome read_only(struct device *device)
{
	static const struct {
		unsigned at, width;
	} registers[] = { { COMMON_DEVICE_FEATURE, 4 },
			  { COMMON_NUM_QUEUES, 2 },
			  { COMMON_GENERATION, 1 },
			  { COMMON_QUEUE_NOTIFY_OFF, 2 },
			  { COMMON_QUEUE_NOTIFY_DATA, 2 } };

	for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		uint32_t before = read_any(pci_common.at + registers[i].at, registers[i].width);

		write_any(pci_common.at + registers[i].at, registers[i].width, ~before);
		if (read_any(pci_common.at + registers[i].at, registers[i].width) != before)
			return fail("a register was written that is only to be read");
	}
	return requests_go_on(device, PASS);
}

static bool region_is_sound(const struct pci_region *region, uint32_t bytes)
{
	return region->address && region->bytes >= bytes;
}

static enum outcome identity(struct device *device)
{
	if (!(device->accepted & feature(F_VERSION_1)))
		return fail("VERSION_1 is not offered");
	if (pci_config_read(0) != ((0x1040 + DEVICE_GPIO) << 16 | VIRTIO_VENDOR))
		return fail("another vendor or device");
	if ((pci_config_read(PCI_REVISION) & 0xff) < REVISION_MODERN || pci_config_read(PCI_SUBSYSTEM) == 0)
		return fail("no revision, or no subsystem");
	if (!region_is_sound(&pci_common, COMMON_BYTES - 4) || !region_is_sound(&pci_isr, 1) ||
	    !region_is_sound(&pci_device, 8) || !region_is_sound(&pci_notify, pci_notify_multiplier + 2))
		return fail("a region that is too small");
	for (uint16_t queue = 0; queue < QUEUES; queue++) {
		write16(pci_common.at + COMMON_QUEUE_SELECT, queue);
		if (read16(pci_common.at + COMMON_QUEUE_NOTIFY_OFF) * pci_notify_multiplier + 2 > pci_notify.bytes)
			return fail("a queue is notified outside of the region");
	}
	return read16(pci_common.at + COMMON_NUM_QUEUES) == QUEUES ? PASS : fail("another number of queues");
}

// What a driver writes it can read, of a device that runs (4.1.4.3).
static enum outcome read_back(struct device *device)
{
	struct queue_place place = ring_place(&device->request);

	for (uint16_t queue = QUEUES; queue-- > 0;) {
		write16(pci_common.at + COMMON_QUEUE_SELECT, queue);
		if (read16(pci_common.at + COMMON_QUEUE_SELECT) != queue ||
		    read16(pci_common.at + COMMON_QUEUE_ENABLE) != 1 ||
		    read16(pci_common.at + COMMON_QUEUE_SIZE) != RING_SIZE)
			return fail("a queue's registers read otherwise");
	}
	if (read32(pci_common.at + COMMON_QUEUE_DESC) != place.descriptors ||
	    read32(pci_common.at + COMMON_QUEUE_DRIVER) != place.driver ||
	    read32(pci_common.at + COMMON_QUEUE_DEVICE) != place.device)
		return fail("a queue's addresses read otherwise");
	for (uint32_t word = 0; word < 2; word++) {
		write32(pci_common.at + COMMON_DRIVER_FEATURE_SELECT, word);
		if (read32(pci_common.at + COMMON_DRIVER_FEATURE_SELECT) != word ||
		    read32(pci_common.at + COMMON_DRIVER_FEATURE) != (uint32_t)(device->accepted >> 32 * word))
			return fail("features read otherwise");
	}
	return bus->status() == STATUS_RUNNING ? PASS : fail("the status reads otherwise");
}

// Queues and words of features that there are not: nothing, wherever it is asked for.
static enum outcome selectors(struct device *device)
{
	static const uint16_t queues[] = { QUEUES, 3, 64, 1023 };
	static const uint32_t words[] = { 4, 64, 0xffff, 0xffffffff };

	for (unsigned i = 0; i < 4; i++) {
		write16(pci_common.at + COMMON_QUEUE_SELECT, queues[i]);
		if (read16(pci_common.at + COMMON_QUEUE_SIZE) != 0)
			return fail("a queue that there is not has a size");
		write16(pci_common.at + COMMON_QUEUE_SIZE, RING_SIZE);
		write64(pci_common.at + COMMON_QUEUE_DESC, ring_place(&device->request).descriptors);
		if (bus->features(words[i]) != 0)
			return fail("features behind the last ones");
		bus->accept(words[i], ANYTHING);
	}
	write16(pci_common.at + COMMON_QUEUE_SELECT, 0xffff);
	return requests_go_on(device, PASS);
}

// Every byte of the notification region, at each width.
static void notify_everywhere(struct device *device, uint64_t step)
{
	(void)device;
	for (unsigned width = 1; width <= 4; width *= 2) {
		for (uint32_t at = 0; at + width <= pci_notify.bytes; at += (uint32_t)step)
			write_any(pci_notify.at + at, width, at);
		write_any(pci_notify.at, width, ANYTHING);
		write_any(pci_notify.at + pci_notify.bytes - width, width, 0xffffffff);
	}
	for (uint32_t at = 0; at < 16; at++)
		read_any(pci_notify.at + at, 4);
}

// What is probed is restored: so much is a driver of the bus allowed.
static void probe_bars(struct device *device, uint64_t times)
{
	(void)device;
	while (times--) {
		for (unsigned bar = 0; bar < 6; bar++) {
			uint32_t before = pci_config_read(PCI_BARS + 4 * bar);

			pci_config_write(PCI_BARS + 4 * bar, 0xffffffff);
			pci_config_read(PCI_BARS + 4 * bar);
			pci_config_write(PCI_BARS + 4 * bar, 1);
			pci_config_write(PCI_BARS + 4 * bar, before);
		}
	}
}

// The command register without some of its bits, and as it was.
static void command_without(struct device *device, uint64_t bits)
{
	uint32_t before = pci_config_read(PCI_COMMAND);

	(void)device;
	for (unsigned i = 0; i < 10; i++) {
		pci_config_write(PCI_COMMAND, (before & ~(uint32_t)bits) & 0xffff);
		pci_config_write(PCI_COMMAND, before & 0xffff);
	}
}

// All registers of the function's configuration space, but for those that say where it is.
static void write_function(struct device *device, uint64_t value)
{
	(void)device;
	for (unsigned at = 0; at < 256; at += REGISTER_BYTES) {
		uint32_t before = pci_config_read(at);

		if (at == PCI_COMMAND || (at >= PCI_BARS && at < PCI_BARS + 24))
			continue;
		pci_config_write(at, (uint32_t)value);
		pci_config_write(at, before);
	}
}

struct window {
	uint32_t bar, offset, length;
};

static unsigned window_open(const struct window *window)
{
	unsigned at = pci_capability(PCI_CAP_VENDOR, CFG_PCI);

	pci_config_write(at + WINDOW_BAR, window->bar);
	pci_config_write(at + WINDOW_OFFSET, window->offset);
	pci_config_write(at + WINDOW_LENGTH, window->length);
	return at + WINDOW_DATA;
}

static uint32_t offset_of(const struct pci_region *region)
{
	return (uint32_t)(region->address - pci_bar(BAR_MODERN));
}

// The window shows what is there (4.1.4.9), byte by byte and at once; and the device is told of a request through it.
static enum outcome window_works(struct device *device)
{
	struct window window = { BAR_MODERN, offset_of(&pci_device), 0 };
	struct taken taken;

	for (window.length = 1; window.length <= 4; window.length *= 2) {
		uint32_t mask = window.length == 4 ? 0xffffffff : (1u << 8 * window.length) - 1;

		if ((pci_config_read(window_open(&window)) & mask) != read_any(pci_device.at, window.length))
			return fail("the window shows something else");
	}
	request_add(device);
	window = (struct window){ BAR_MODERN, offset_of(&pci_notify), 2 };
	pci_config_write(window_open(&window), 0);
	return ring_take(&device->request, &taken, ANSWER_MS) ? PASS : fail("not told through the window");
}

static enum outcome windows_nowhere(struct device *device)
{
	static const struct window windows[] = {
		{ 0, 0, 4 },
		{ 5, 0, 4 },
		{ 6, 0, 4 },
		{ 255, 0, 4 },
		{ BAR_MODERN, 0, 0 },
		{ BAR_MODERN, 0, 3 },
		{ BAR_MODERN, 0, 8 },
		{ BAR_MODERN, 0, 0xffffffff },
		{ BAR_MODERN, 1, 4 },
		{ BAR_MODERN, 0xfffffffc, 4 },
		{ BAR_MODERN, 0xffffffff, 2 },
		{ BAR_MODERN, 0x3fff, 4 },
		{ BAR_MODERN, 0x4000, 4 },
		{ 1, 0xffe, 4 },
	};

	for (unsigned i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		pci_config_read(window_open(&windows[i]));
		pci_config_write(window_open(&windows[i]), ANYTHING);
		pci_config_write(window_open(&windows[i]) - WINDOW_DATA, 0);
	}
	return requests_go_on(device, PASS);
}

// All of the status, through the window: a reset of a device that runs.
static enum outcome window_resets(struct device *device)
{
	struct window window = { BAR_MODERN, offset_of(&pci_common) + COMMON_STATUS, 1 };

	request(device, 4);
	pci_config_write(window_open(&window), 0);
	return bus->status() == 0 ? PASS : fail("the status was not written through the window");
}

// Reading it clears it (4.1.4.5); nothing is pending before the first request.
static enum outcome isr(struct device *device)
{
	bus->interrupts();
	if (bus->interrupts() != 0)
		return fail("an interrupt without a reason");
	request(device, 1);
	if (!requests_answered(device, ANSWER_MS))
		return fail("a request is not answered");
	host_do("rest");
	if (bus->interrupts() != INTERRUPT_USED || bus->interrupts() != 0)
		return fail("not one interrupt for a request");
	write8(pci_isr.at, 0xff);
	for (unsigned i = 0; i < pci_isr.bytes && i < 64; i++)
		read8(pci_isr.at + i);
	return bus->interrupts() == 0 ? requests_go_on(device, PASS) : fail("an interrupt by writing the register");
}

// Only behind a root port there is one of both in QEMU.
static enum outcome function_reset(struct device *device)
{
	unsigned power = pci_capability(PCI_CAP_POWER, 0), express = pci_capability(PCI_CAP_EXPRESS, 0);

	if (!power && !express)
		return SKIP;
	request(device, 4);
	if (power)
		pci_config_write(power + 4, 3);
	if (express)
		pci_config_write(express + 8, 1 << 15);
	if (power)
		pci_config_write(power + 4, 0);
	pci_config_write(PCI_COMMAND, PCI_MEMORY | PCI_MASTER);
	return REJECT;
}

static enum outcome msi_absent(struct device *device)
{
	(void)device;
	return pci_capability(PCI_CAP_MSI, 0) ? fail("there is MSI, for which there is no case") : SKIP;
}

#define ONLY_PCI .bus = "pci"

const struct hostile_case pci_cases[] = {
	{ "Q0400", "4.1.4.3", "every common register is read, at each width, across two and behind the end",
	  SCRIPT(serves, { start, 0 }, { request, 2 }, { read_common, COMMON_BYTES + 64 }), ONLY_PCI },
	{ "Q0401", "4.1.4.3", "every common register of a device that runs is written with ones",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 2 }, { write_common, 0xffffffff }), ONLY_PCI },
	{ "Q0402", "4.1.4.3", "every common register of a device that runs is written with zeroes",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 2 }, { write_common, 0 }), ONLY_PCI },
	{ "Q0403", "4.1.4.3", "every common register is written with anything before the start",
	  SCRIPT(either, { negotiate, 0 }, { write_common, ANYTHING }, { reset, 1 }, { start, 0 }), ONLY_PCI },
	{ "Q0404", "4.1.4.3", "registers are written that are only to be read", .run = read_only, .flags = BOTH,
	  ONLY_PCI },
	{ "Q0405", "4.1.2", "what the function says of itself", .run = identity, .flags = BOTH, ONLY_PCI },
	{ "Q0406", "4.1.4.3", "queues and features are selected that there are not", .run = selectors, .flags = BOTH,
	  ONLY_PCI },
	{ "Q0407", "4.1.4.4", "the whole notification region, at each width",
	  SCRIPT(serves, { start, 0 }, { request, 2 }, { notify_everywhere, 3 }), ONLY_PCI },
	{ "Q0408", "4.1.4", "the size of base address registers is probed while it runs",
	  SCRIPT(serves, { start, 0 }, { arm, 2 }, { request, 2 }, { probe_bars, 5 }, { request, 2 }), ONLY_PCI },
	{ "Q0409", "4.1", "no memory is decoded, in the midst of requests",
	  SCRIPT(serves, { start, 0 }, { request, 4 }, { command_without, PCI_MEMORY }, { request, 2 }), ONLY_PCI },
	{ "Q0410", "4.1", "bus mastering ends in the midst of requests, and begins",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 4 }, { command_without, PCI_MASTER }), ONLY_PCI },
	{ "Q0411", "4.1", "bus mastering ends in the midst of requests; then DRIVER_OK again",
	  SCRIPT(serves, { start, 0 }, { request, 4 }, { command_without, PCI_MASTER | PCI_MEMORY },
		 { write_status, STATUS_RUNNING }, { notify, 0 }),
	  ONLY_PCI },
	{ "Q0412", "4.1", "the function's configuration space is written with ones",
	  SCRIPT(either, { start, 0 }, { request, 4 }, { write_function, 0xffffffff }), ONLY_PCI },
	{ "Q0413", "4.1.4.9", "the window of the configuration space", .run = window_works, .flags = BOTH, ONLY_PCI },
	{ "Q0414", "4.1.4.9", "windows into nowhere, and of odd lengths", .run = windows_nowhere, .flags = BOTH,
	  ONLY_PCI },
	{ "Q0415", "4.1.4.9", "a reset through the window, in the midst of requests", .run = window_resets,
	  .flags = BOTH, ONLY_PCI },
	{ "Q0416", "4.1.4.5", "the interrupt status is cleared by reading, and only so", .run = isr, .flags = BOTH,
	  ONLY_PCI },
	{ "Q0417", "4.1", "power state D3 and a reset of the function", .run = function_reset, .flags = BOTH,
	  ONLY_PCI },
	{ "Q0418", "4.1.5.1", "MSI", .run = msi_absent, .flags = BOTH, ONLY_PCI },
	{ "Q0419", "4.1.4.3", "what was written reads back", .run = read_back, .flags = BOTH, ONLY_PCI },
	{ .id = NULL },
};
