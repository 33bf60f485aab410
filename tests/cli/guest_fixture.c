/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A daemon and a guest for each test. */
#include "guest_fixture.h"

#include <stdlib.h>

int guest_fixture_setup(void **state, struct run *daemon, struct vmm *vmm)
{
	if (fixture_setup(state) < 0)
		return -1;
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	daemon_up_two(daemon);
	vmm_init(vmm, 0);
	vmm_start(vmm, "gpio.sock0");
	return 0;
}

int guest_fixture_teardown(void **state, struct run *daemon, struct vmm *vmm)
{
	vmm_deinit(vmm);
	if (daemon->pid)
		daemon_down(daemon);
	return fixture_teardown(state);
}
