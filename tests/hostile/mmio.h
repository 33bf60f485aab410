// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// The device on MMIO: its registers as they are (VIRTIO 1.4, 4.2.2), for what a driver must not do with them.
#pragma once

#include <stdint.h>

enum {
	MMIO_MAGIC = 0x000,
	MMIO_VERSION = 0x004,
	MMIO_DEVICE_ID = 0x008,
	MMIO_VENDOR_ID = 0x00c,
	MMIO_DEVICE_FEATURES = 0x010,
	MMIO_DEVICE_FEATURES_SEL = 0x014,
	MMIO_DRIVER_FEATURES = 0x020,
	MMIO_DRIVER_FEATURES_SEL = 0x024,
	MMIO_QUEUE_SEL = 0x030,
	MMIO_QUEUE_SIZE_MAX = 0x034,
	MMIO_QUEUE_SIZE = 0x038,
	MMIO_QUEUE_READY = 0x044,
	MMIO_QUEUE_NOTIFY = 0x050,
	MMIO_INTERRUPT_STATUS = 0x060,
	MMIO_INTERRUPT_ACK = 0x064,
	MMIO_STATUS = 0x070,
	MMIO_QUEUE_DESC = 0x080,
	MMIO_QUEUE_DRIVER = 0x090,
	MMIO_QUEUE_DEVICE = 0x0a0,
	MMIO_SHM_SEL = 0x0ac,
	MMIO_SHM_LEN = 0x0b0,
	MMIO_SHM_BASE = 0x0b8,
	MMIO_QUEUE_RESET = 0x0c0,
	MMIO_GENERATION = 0x0fc,
	MMIO_CONFIG = 0x100,
	MMIO_BYTES = 0x200,
};

// Where the registers begin.
extern volatile uint8_t *mmio_registers;
