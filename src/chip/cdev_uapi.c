/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between chip.h and the structs of linux/gpio.h, uAPI v2. */
#include "chip/cdev_uapi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

_Static_assert(CHIP_NAME_MAX == GPIO_MAX_NAME_SIZE, "a name of the kernel's fits");

/* Guarded against signals, though gpiolib interrupts none of these today. */
int cdev_ioctl(int fd, unsigned long number, void *argument)
{
	int ret;

	do {
		ret = ioctl(fd, number, argument);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

static struct gpio_v2_line_attribute *attribute_add(struct gpio_v2_line_config *uapi, uint32_t id)
{
	struct gpio_v2_line_config_attribute *attribute = &uapi->attrs[uapi->num_attrs++];

	attribute->mask = CDEV_LINE_BIT;
	attribute->attr.id = id;
	return &attribute->attr;
}

/* The kernel refuses edges and a debounce time of an output. */
void cdev_config_to_uapi(const struct chip_line_config *config, struct gpio_v2_line_config *uapi)
{
	const struct chip_line_settings *settings = &config->settings;
	bool output = config->direction == CHIP_DIRECTION_OUT;

	memset(uapi, 0, sizeof(*uapi)); /* the kernel refuses padding that is not zero */
	uapi->flags = line_settings_flags(settings, output);
	if (output) {
		uapi->flags |= GPIO_V2_LINE_FLAG_OUTPUT;
		attribute_add(uapi, GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES)->values = config->value ? CDEV_LINE_BIT : 0;
		return;
	}
	uapi->flags |= GPIO_V2_LINE_FLAG_INPUT;
	if (config->edges & CHIP_EDGE_RISING)
		uapi->flags |= GPIO_V2_LINE_FLAG_EDGE_RISING;
	if (config->edges & CHIP_EDGE_FALLING)
		uapi->flags |= GPIO_V2_LINE_FLAG_EDGE_FALLING;
	if (settings->debounce_us > 0)
		attribute_add(uapi, GPIO_V2_LINE_ATTR_ID_DEBOUNCE)->debounce_period_us = settings->debounce_us;
}

int cdev_reconfigure(int fd, const struct chip_line_config *config)
{
	struct gpio_v2_line_config uapi;

	cdev_config_to_uapi(config, &uapi);
	return cdev_ioctl(fd, GPIO_V2_LINE_SET_CONFIG_IOCTL, &uapi);
}

void cdev_request_as_is_to_uapi(unsigned offset, const char *consumer, struct gpio_v2_line_request *uapi)
{
	memset(uapi, 0, sizeof(*uapi));
	uapi->offsets[0] = offset;
	uapi->num_lines = 1;
	uapi->event_buffer_size = CDEV_EVENTS_MAX;
	snprintf(uapi->consumer, sizeof(uapi->consumer), "%s", consumer);
	uapi->fd = -1;
}

void cdev_request_to_uapi(unsigned offset, const char *consumer, const struct chip_line_config *config,
			  struct gpio_v2_line_request *uapi)
{
	cdev_request_as_is_to_uapi(offset, consumer, uapi);
	cdev_config_to_uapi(config, &uapi->config);
}

void cdev_name_from_uapi(const char uapi[GPIO_MAX_NAME_SIZE], char name[CHIP_NAME_MAX])
{
	memcpy(name, uapi, CHIP_NAME_MAX);
	name[CHIP_NAME_MAX - 1] = '\0';
}

void cdev_info_from_uapi(const struct gpio_v2_line_info *uapi, struct chip_line_info *info)
{
	*info = (struct chip_line_info){
		.used = uapi->flags & GPIO_V2_LINE_FLAG_USED,
		.direction = uapi->flags & GPIO_V2_LINE_FLAG_OUTPUT ? CHIP_DIRECTION_OUT : CHIP_DIRECTION_IN,
	};
	cdev_name_from_uapi(uapi->name, info->name);
	cdev_name_from_uapi(uapi->consumer, info->consumer);
}

enum chip_edge cdev_edge_from_uapi(const struct gpio_v2_line_event *uapi, bool *level)
{
	*level = uapi->id == GPIO_V2_LINE_EVENT_RISING_EDGE;
	switch (uapi->id) {
	case GPIO_V2_LINE_EVENT_RISING_EDGE:
		return CHIP_EDGE_RISING;
	case GPIO_V2_LINE_EVENT_FALLING_EDGE:
		return CHIP_EDGE_FALLING;
	default:
		return CHIP_EDGE_NONE;
	}
}
