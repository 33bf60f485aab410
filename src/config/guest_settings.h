/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a guest is given beside its lines, in the words of the configuration and when it is served. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#define GUEST_NAME_MAX	 32
#define GUESTS_MAX	 16384
#define BUSY_POLL_MAX_US 10000

#define SOCKET_PATH_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)

/* Where a guest's front-end comes from. */
struct guest_socket {
	char path[SOCKET_PATH_SIZE];  /* "": none of our making, fd is it */
	char alias[SOCKET_PATH_SIZE]; /* "", or a symbolic link to path */
	int fd; /* the caller's: a listening or a connected socket that was given to us; -1: none */
	bool has_mode, has_group;
	mode_t mode;
	gid_t group;
};

/* The rest, copied as a whole from the configuration to the guest: a key, a member. */
struct guest_settings {
	bool iommu;	       /* its machine may have a virtual IOMMU: VIRTIO_F_ACCESS_PLATFORM may be offered */
	uint32_t busy_poll_us; /* how long its rings are looked at without a kick; 0: not at all */
};
