// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "mmio.h"

#include "bus.h"
#include "machine.h"
#include "registers.h"

#include <stddef.h>

enum {
	// QEMU's microvm has them there, whatever is in them.
	TRANSPORTS_START = 0xfeb00000,
	TRANSPORTS = 24,
	MAGIC = 0x74726976, // "virt"
	VERSION = 2,
};

volatile uint8_t *mmio_registers;

static uint8_t status(void)
{
	return (uint8_t)read32(mmio_registers + MMIO_STATUS);
}

static void set_status(uint8_t value)
{
	write32(mmio_registers + MMIO_STATUS, value);
}

static uint32_t features(uint32_t word)
{
	write32(mmio_registers + MMIO_DEVICE_FEATURES_SEL, word);
	return read32(mmio_registers + MMIO_DEVICE_FEATURES);
}

static void accept(uint32_t word, uint32_t value)
{
	write32(mmio_registers + MMIO_DRIVER_FEATURES_SEL, word);
	write32(mmio_registers + MMIO_DRIVER_FEATURES, value);
}

static uint32_t queue_max(unsigned queue)
{
	write32(mmio_registers + MMIO_QUEUE_SEL, queue);
	return read32(mmio_registers + MMIO_QUEUE_SIZE_MAX);
}

static void queue_place(unsigned queue, const struct queue_place *place)
{
	write32(mmio_registers + MMIO_QUEUE_SEL, queue);
	write32(mmio_registers + MMIO_QUEUE_SIZE, place->size);
	write64(mmio_registers + MMIO_QUEUE_DESC, place->descriptors);
	write64(mmio_registers + MMIO_QUEUE_DRIVER, place->driver);
	write64(mmio_registers + MMIO_QUEUE_DEVICE, place->device);
}

static void queue_enable(unsigned queue, uint32_t enable)
{
	write32(mmio_registers + MMIO_QUEUE_SEL, queue);
	write32(mmio_registers + MMIO_QUEUE_READY, enable);
}

static uint32_t queue_enabled(unsigned queue)
{
	write32(mmio_registers + MMIO_QUEUE_SEL, queue);
	return read32(mmio_registers + MMIO_QUEUE_READY);
}

static void notify(uint32_t queue)
{
	memory_order();
	write32(mmio_registers + MMIO_QUEUE_NOTIFY, queue);
}

static void queue_reset(unsigned queue)
{
	write32(mmio_registers + MMIO_QUEUE_SEL, queue);
	write32(mmio_registers + MMIO_QUEUE_RESET, 1);
}

static uint32_t interrupts(void)
{
	uint32_t pending = read32(mmio_registers + MMIO_INTERRUPT_STATUS);

	write32(mmio_registers + MMIO_INTERRUPT_ACK, pending);
	return pending;
}

static uint8_t config_read(unsigned offset)
{
	return read8(mmio_registers + MMIO_CONFIG + offset);
}

static void config_write(unsigned offset, uint8_t value)
{
	write8(mmio_registers + MMIO_CONFIG + offset, value);
}

static volatile uint8_t *config(void)
{
	return mmio_registers + MMIO_CONFIG;
}

static uint32_t generation(void)
{
	return read32(mmio_registers + MMIO_GENERATION);
}

static const struct bus mmio = {
	.name = "mmio",
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

const struct bus *mmio_find(void)
{
	for (unsigned i = 0; i < TRANSPORTS; i++) {
		mmio_registers = (uint8_t *)(uintptr_t)TRANSPORTS_START + i * MMIO_BYTES;
		if (read32(mmio_registers + MMIO_MAGIC) == MAGIC && read32(mmio_registers + MMIO_VERSION) == VERSION &&
		    read32(mmio_registers + MMIO_DEVICE_ID) == DEVICE_GPIO)
			return &mmio;
	}
	return NULL;
}
