/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between chip.h and the structs of linux/gpio.h, uAPI v2: the one place where either is made from the other. */
#pragma once

#include <linux/gpio.h>

#include "chip/chip_types.h"

/* For a request of one line: its bit in every mask and bitmap. */
#define CDEV_LINE_BIT 1u

/* Events read at once. */
#define CDEV_EVENTS_MAX 16

/* The one door to the kernel. 0 or -errno. */
int cdev_ioctl(int fd, unsigned long number, void *argument);

void cdev_config_to_uapi(const struct chip_line_config *config, struct gpio_v2_line_config *uapi);
void cdev_request_to_uapi(unsigned offset, const char *consumer, const struct chip_line_config *config,
			  struct gpio_v2_line_request *uapi);
/* Gives a request that there is another configuration, in one step. */
int cdev_reconfigure(int fd, const struct chip_line_config *config);
/* Without a direction: the line stays what it is. */
void cdev_request_as_is_to_uapi(unsigned offset, const char *consumer, struct gpio_v2_line_request *uapi);
void cdev_info_from_uapi(const struct gpio_v2_line_info *uapi, struct chip_line_info *info);
/* CHIP_EDGE_NONE for an event of an unknown kind. *level is the line's after the edge. */
enum chip_edge cdev_edge_from_uapi(const struct gpio_v2_line_event *uapi, bool *level);
/* Copies a name of the kernel's, which is not trusted to have its terminator. */
void cdev_name_from_uapi(const char uapi[GPIO_MAX_NAME_SIZE], char name[CHIP_NAME_MAX]);
