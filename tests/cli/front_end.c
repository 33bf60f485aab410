/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A front-end of a program on the fixture. */
#include "front_end.h"

#include "rows.h"

#include "gpio.h"

void vmm_start_on(struct vmm *vmm, int fd)
{
	connection_adopt(&vmm->connection, fd);
	vmm_negotiate(vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
	vmm_send_memory(vmm);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(vmm, i, 0);
		vmm_ring_enable(vmm, i, true);
		ring_kick(&vmm->rings[i]);
	}
}

void check_serves(const char *path, unsigned n_lines)
{
	struct vmm other;

	vmm_init(&other, 0);
	vmm_start(&other, path);
	assert_int_equal(gpio_set_direction(&other, (uint16_t)(n_lines - 1), GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_direction(&other, (uint16_t)n_lines, GPIO_IN), 1);
	vmm_deinit(&other);
}
