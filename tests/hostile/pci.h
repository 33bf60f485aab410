// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// The device on PCI: its registers as they are (VIRTIO 1.4, 4.1.4), for what a driver must not do with them.
#pragma once

#include <stdint.h>

enum {
	// 4.1.4.3
	COMMON_DEVICE_FEATURE_SELECT = 0,
	COMMON_DEVICE_FEATURE = 4,
	COMMON_DRIVER_FEATURE_SELECT = 8,
	COMMON_DRIVER_FEATURE = 12,
	COMMON_MSIX_VECTOR = 16,
	COMMON_NUM_QUEUES = 18,
	COMMON_STATUS = 20,
	COMMON_GENERATION = 21,
	COMMON_QUEUE_SELECT = 22,
	COMMON_QUEUE_SIZE = 24,
	COMMON_QUEUE_MSIX_VECTOR = 26,
	COMMON_QUEUE_ENABLE = 28,
	COMMON_QUEUE_NOTIFY_OFF = 30,
	COMMON_QUEUE_DESC = 32,
	COMMON_QUEUE_DRIVER = 40,
	COMMON_QUEUE_DEVICE = 48,
	COMMON_QUEUE_NOTIFY_DATA = 56,
	COMMON_QUEUE_RESET = 58,
	COMMON_BYTES = 60, // so far

	// The configuration space of any PCI function.
	PCI_COMMAND = 0x04,
	PCI_MEMORY = 2,
	PCI_MASTER = 4,
	PCI_REVISION = 0x08,
	PCI_BARS = 0x10,
	PCI_SUBSYSTEM = 0x2c,
	PCI_CAPABILITIES = 0x34,
	PCI_CAP_POWER = 1,
	PCI_CAP_MSI = 5,
	PCI_CAP_VENDOR = 9,
	PCI_CAP_EXPRESS = 16,
	PCI_CAP_MSIX = 17,
	// 4.1.4
	CFG_COMMON = 1,
	CFG_NOTIFY = 2,
	CFG_ISR = 3,
	CFG_DEVICE = 4,
	CFG_PCI = 5,
};

// Of this device's configuration space, and where its capabilities are: 0 if it has none of that kind.
uint32_t pci_config_read(unsigned offset); // offset: a multiple of 4
void pci_config_write(unsigned offset, uint32_t value);
unsigned pci_capability(uint8_t id, uint8_t cfg_type); // cfg_type: of a vendor's one (id 9), else 0

// Where a base address register says that it is.
uint64_t pci_bar(unsigned bar);

// A region of a VIRTIO capability: where it is in memory, and how long.
struct pci_region {
	volatile uint8_t *at;
	uint32_t bytes;
	uint64_t address;
};

extern struct pci_region pci_common, pci_notify, pci_isr, pci_device;
extern uint32_t pci_notify_multiplier;
