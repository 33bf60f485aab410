/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A daemon of two guests, gpio.sock0 and gpio.sock1, with a control socket for vgpioctl; and the first guest. */
#pragma once

#include "fixture.h"
#include "vmm.h"

/* For cmocka's fixtures: in an empty directory the daemon is up and the guest's driver, too. 0 or -1. */
int guest_fixture_setup(void **state, struct run *daemon, struct vmm *vmm);
int guest_fixture_teardown(void **state, struct run *daemon, struct vmm *vmm);
