// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "bus.h"

#include <stddef.h>

const struct bus *bus;

void bus_find(void)
{
	bus = pci_find();
	if (bus == NULL)
		bus = mmio_find();
}
