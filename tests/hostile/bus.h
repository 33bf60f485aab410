// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// The transport of the device: PCI (VIRTIO 1.4, 4.1) or MMIO (4.2). What a driver does in both; what is only in one of them is
// in ./pci.h and ./mmio.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	DEVICE_GPIO = 41,
	// Device status (2.1).
	STATUS_ACKNOWLEDGE = 1,
	STATUS_DRIVER = 2,
	STATUS_DRIVER_OK = 4,
	STATUS_FEATURES_OK = 8,
	STATUS_NEEDS_RESET = 64,
	STATUS_FAILED = 128,
	// What bus_interrupts() tells.
	INTERRUPT_USED = 1,
	INTERRUPT_CONFIG = 2,
};

struct queue_place {
	uint64_t descriptors, driver, device; // guest physical addresses
	uint16_t size;
};

struct bus {
	const char *name;
	uint8_t (*status)(void);
	void (*set_status)(uint8_t status);
	uint32_t (*features)(uint32_t word); // of 32 bits each
	void (*accept)(uint32_t word, uint32_t features);
	uint32_t (*queue_max)(unsigned queue);
	void (*queue_place)(unsigned queue, const struct queue_place *place);
	void (*queue_enable)(unsigned queue, uint32_t enable);
	uint32_t (*queue_enabled)(unsigned queue);
	void (*queue_reset)(unsigned queue); // the register of VIRTIO_F_RING_RESET
	void (*notify)(uint32_t queue);
	uint32_t (*interrupts)(void); // since the last call
	uint8_t (*config_read)(unsigned offset);
	void (*config_write)(unsigned offset, uint8_t value);
	// The same space as it is, for accesses of other widths and behind its end.
	volatile uint8_t *(*config)(void);
	uint32_t (*generation)(void);
};

// The device's one; NULL if there is no GPIO device.
extern const struct bus *bus;

void bus_find(void);

const struct bus *pci_find(void);
const struct bus *mmio_find(void);
