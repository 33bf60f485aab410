/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The description of one guest: what every front of the configuration (command line today) produces. */
#pragma once

#include <sys/un.h>

#include "chip/chip.h"

#define GUEST_NAME_MAX 32
#define GUESTS_MAX     256

struct guest {
	char name[GUEST_NAME_MAX]; /* "guest0", ...: unique; the log's tag and the GUEST of GUEST.LINE */
	char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct chip_spec chip;
};
