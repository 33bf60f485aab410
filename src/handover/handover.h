/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What an earlier program of this very process, or an earlier start of the service, has handed over: taken at the start,
 * before anything else, because everything that is opened later might take the number of an fd that is open for us.
 *
 * An image that is invalid, or has something that must be understood and is not, is refused: its fds are closed and its
 * workers ended, which put their lines into the idle state; the image itself stays open, for who wants to know what was
 * in it. Then the program starts as if there had been none.
 */
#pragma once

#include "handover/handover_image.h"

/* In the environment, after an upgrade (upgrade.h): the number of the fd of the image. */
#define HANDOVER_VARIABLE "VHOST_DEVICE_GPIO_HANDOVER"
/* In the service manager's store: the name of the bundle (fd_bundle.h) of the image and its fds. */
#define HANDOVER_STORED_NAME "vhost-device-gpio-handover"

/* Clears the environment of the variable. 1: taken; 0: there is none; -EPROTO: there was one, refused, and logged. */
int handover_take(struct handover *handover);
/* The same from a bundle that an earlier start gave to the service manager (handover_store()), which stays the caller's. */
int handover_take_stored(struct handover *handover, int bundle);
/* Reads an image as handover_take() does, but its fds are not looked at, nor anything changed. -errno, with why. */
int handover_look(int image_fd, struct handover *handover, struct why *why);

/* The bundle of a sealed image and of all its fds: the caller's; -errno. No process of the image may run any more. */
int handover_store(const struct record_writer *image);
/* The sealed memfd of an image, without close-on-exec: the caller's; -errno. */
int handover_memfd(const struct record_writer *image);
