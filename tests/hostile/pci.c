// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "pci.h"

#include "bus.h"
#include "machine.h"
#include "registers.h"

#include <stddef.h>

enum {
	CONFIG_ADDRESS = 0xcf8,
	CONFIG_DATA = 0xcfc,
	CONFIG_ENABLE = 1u << 31,
	DEVICES = 32,

	PCI_BAR_MASK = ~15,
	PCI_BAR_64 = 4,
	CAPABILITIES_MAX = 48,

	VIRTIO_VENDOR = 0x1af4,
	VIRTIO_MODERN_ID = 0x1040,
};

struct pci_region pci_common, pci_notify, pci_isr, pci_device;
uint32_t pci_notify_multiplier;
static uint32_t device;

static void select_register(uint32_t number, unsigned offset)
{
	port_write32(CONFIG_ADDRESS, CONFIG_ENABLE | number << 11 | (offset & 0xfc));
}

uint32_t pci_config_read(unsigned offset)
{
	select_register(device, offset);
	return port_read32(CONFIG_DATA);
}

void pci_config_write(unsigned offset, uint32_t value)
{
	select_register(device, offset);
	port_write32(CONFIG_DATA, value);
}

static uint8_t config_byte(unsigned offset)
{
	return (uint8_t)(pci_config_read(offset) >> offset % 4 * 8);
}

unsigned pci_capability(uint8_t id, uint8_t cfg_type)
{
	unsigned at = config_byte(PCI_CAPABILITIES);

	for (unsigned i = 0; at && i < CAPABILITIES_MAX; i++, at = config_byte(at + 1)) {
		if (config_byte(at) == id && (id != PCI_CAP_VENDOR || config_byte(at + 3) == cfg_type))
			return at;
	}
	return 0;
}

uint64_t pci_bar(unsigned bar)
{
	unsigned at = PCI_BARS + 4 * bar;
	uint64_t base = pci_config_read(at) & (uint32_t)PCI_BAR_MASK;

	if (pci_config_read(at) & PCI_BAR_64)
		base |= (uint64_t)pci_config_read(at + 4) << 32;
	return base;
}

static void region_find(struct pci_region *region, uint8_t cfg_type)
{
	unsigned at = pci_capability(PCI_CAP_VENDOR, cfg_type);

	*region = (struct pci_region){ 0 };
	if (at == 0)
		return;
	region->address = pci_bar(config_byte(at + 4)) + pci_config_read(at + 8);
	region->bytes = pci_config_read(at + 12);
	// The firmware has room for it below 4 GiB.
	region->at = (uint8_t *)(uintptr_t)region->address;
}

static uint8_t status(void)
{
	return read8(pci_common.at + COMMON_STATUS);
}

static void set_status(uint8_t value)
{
	write8(pci_common.at + COMMON_STATUS, value);
}

static uint32_t features(uint32_t word)
{
	write32(pci_common.at + COMMON_DEVICE_FEATURE_SELECT, word);
	return read32(pci_common.at + COMMON_DEVICE_FEATURE);
}

static void accept(uint32_t word, uint32_t value)
{
	write32(pci_common.at + COMMON_DRIVER_FEATURE_SELECT, word);
	write32(pci_common.at + COMMON_DRIVER_FEATURE, value);
}

static void queue_select(unsigned queue)
{
	write16(pci_common.at + COMMON_QUEUE_SELECT, (uint16_t)queue);
}

static uint32_t queue_max(unsigned queue)
{
	queue_select(queue);
	return read16(pci_common.at + COMMON_QUEUE_SIZE);
}

static void queue_place(unsigned queue, const struct queue_place *place)
{
	queue_select(queue);
	write16(pci_common.at + COMMON_QUEUE_SIZE, place->size);
	write64(pci_common.at + COMMON_QUEUE_DESC, place->descriptors);
	write64(pci_common.at + COMMON_QUEUE_DRIVER, place->driver);
	write64(pci_common.at + COMMON_QUEUE_DEVICE, place->device);
}

static void queue_enable(unsigned queue, uint32_t enable)
{
	queue_select(queue);
	write16(pci_common.at + COMMON_QUEUE_ENABLE, (uint16_t)enable);
}

static uint32_t queue_enabled(unsigned queue)
{
	queue_select(queue);
	return read16(pci_common.at + COMMON_QUEUE_ENABLE);
}

static void notify(uint32_t queue)
{
	queue_select(queue);
	memory_order();
	write16(pci_notify.at + read16(pci_common.at + COMMON_QUEUE_NOTIFY_OFF) * pci_notify_multiplier,
		(uint16_t)queue);
}

static void queue_reset(unsigned queue)
{
	queue_select(queue);
	write16(pci_common.at + COMMON_QUEUE_RESET, 1);
}

static uint32_t interrupts(void)
{
	return read8(pci_isr.at);
}

static uint8_t config_read(unsigned offset)
{
	return read8(pci_device.at + offset);
}

static void config_write(unsigned offset, uint8_t value)
{
	write8(pci_device.at + offset, value);
}

static volatile uint8_t *config(void)
{
	return pci_device.at;
}

static uint32_t generation(void)
{
	return read8(pci_common.at + COMMON_GENERATION);
}

static const struct bus pci = {
	.name = "pci",
	.status = status,
	.set_status = set_status,
	.features = features,
	.accept = accept,
	.queue_max = queue_max,
	.queue_place = queue_place,
	.queue_enable = queue_enable,
	.queue_enabled = queue_enabled,
	.queue_reset = queue_reset,
	.notify = notify,
	.interrupts = interrupts,
	.config_read = config_read,
	.config_write = config_write,
	.config = config,
	.generation = generation,
};

const struct bus *pci_find(void)
{
	for (device = 0; device < DEVICES; device++) {
		if (pci_config_read(0) == ((VIRTIO_MODERN_ID + DEVICE_GPIO) << 16 | VIRTIO_VENDOR))
			break;
	}
	if (device == DEVICES)
		return NULL;
	pci_config_write(PCI_COMMAND, PCI_MEMORY | PCI_MASTER);
	region_find(&pci_common, CFG_COMMON);
	region_find(&pci_notify, CFG_NOTIFY);
	region_find(&pci_isr, CFG_ISR);
	region_find(&pci_device, CFG_DEVICE);
	pci_notify_multiplier = pci_config_read(pci_capability(PCI_CAP_VENDOR, CFG_NOTIFY) + 16);
	return &pci;
}
