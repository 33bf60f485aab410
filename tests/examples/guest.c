// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * A front-end for an example: `example_guest SOCKET`. Prints the names of the lines that its guest is shown, one a line,
 * "-" for none, and sees to it that every line answers.
 *
 * `example_guest SOCKET follow`: a guest with a button at line 0 and a lamp at line 1, which is lit while the button is
 * pressed, by interrupt; until it is killed. `example_guest SOCKET broken`: the lamp is dark.
 *
 * `example_guest SOCKET obey`: a guest that does what standard input says, "WORD LINE VALUE" a line, and answers with a number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "gpio.h"
#include "wait.h"

#define NAMES_MAX 8192

static void print_names(struct vmm *vmm, const struct gpio_wire_config *config)
{
	static uint8_t answer[1 + NAMES_MAX];
	const char *name = (const char *)answer + 1;

	if (config->names_size > NAMES_MAX)
		failure("%u bytes of names", config->names_size);
	/* The last byte is the terminator of the last name. */
	if (config->names_size && gpio_get_names(vmm, 0, config->names_size, answer) != config->names_size + 1)
		failure("the names came short");
	for (unsigned i = 0; i < config->ngpio; i++) {
		printf("%s\n", config->names_size && *name ? name : "-");
		if (config->names_size)
			name += strlen(name) + 1;
	}
}

#define BUTTON 0
#define LAMP   1

static void follow(struct vmm *vmm, bool works)
{
	struct ring_used used;

	if (gpio_set_value(vmm, LAMP, 0) != GPIO_OK || gpio_set_direction(vmm, LAMP, GPIO_OUT) != GPIO_OK ||
	    gpio_set_direction(vmm, BUTTON, GPIO_IN) != GPIO_OK)
		failure("the lines are not to be had");
	gpio_arm(vmm, BUTTON, GPIO_IRQ_BOTH);
	while (true) {
		if (!ring_reap(&vmm->rings[VMM_EVENTQ], &used)) {
			if (wait_readable(vmm->rings[VMM_EVENTQ].call_fd, 1000))
				ring_calls(&vmm->rings[VMM_EVENTQ]);
			continue;
		}
		gpio_unmask(vmm, BUTTON);
		gpio_set_value(vmm, LAMP, works && gpio_get_value(vmm, BUTTON) == 1);
	}
}

static int do_direction(struct vmm *vmm, uint16_t line, uint32_t value)
{
	return gpio_set_direction(vmm, line, value);
}

static int do_set(struct vmm *vmm, uint16_t line, uint32_t value)
{
	return gpio_set_value(vmm, line, value);
}

static int do_get(struct vmm *vmm, uint16_t line, uint32_t value)
{
	return gpio_get_value(vmm, line);
}

static int do_arm(struct vmm *vmm, uint16_t line, uint32_t value)
{
	gpio_arm(vmm, line, value);
	return 0;
}

/* Waits for an interrupt of any line. */
static int do_event(struct vmm *vmm, uint16_t line, uint32_t value)
{
	return gpio_event_wait(vmm).status;
}

static int do_unmask(struct vmm *vmm, uint16_t line, uint32_t value)
{
	gpio_unmask(vmm, line);
	return 0;
}

static const struct {
	const char *word;
	int (*act)(struct vmm *vmm, uint16_t line, uint32_t value);
} orders[] = {
	{ "direction", do_direction }, { "set", do_set },	{ "get", do_get }, { "arm", do_arm },
	{ "event", do_event },	       { "unmask", do_unmask }, { NULL, NULL },
};

static void obey(struct vmm *vmm)
{
	char word[16];
	unsigned line, value;

	while (scanf("%15s %u %u", word, &line, &value) == 3) {
		size_t i = 0;

		while (orders[i].word && strcmp(orders[i].word, word) != 0)
			i++;
		if (!orders[i].word)
			failure("\"%s\" is no order", word);
		printf("%d\n", orders[i].act(vmm, (uint16_t)line, value));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct gpio_wire_config config;
	struct vmm vmm;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: example_guest SOCKET [follow|broken|obey]\n");
		return 2;
	}
	vmm_init(&vmm, 0);
	vmm_start(&vmm, argv[1]);
	if (argc == 3 && strcmp(argv[2], "obey") == 0) {
		obey(&vmm);
		vmm_deinit(&vmm);
		return 0;
	}
	if (argc == 3)
		follow(&vmm, strcmp(argv[2], "follow") == 0);
	if (message_get_config(&vmm.connection, 0, sizeof(config), &config) < 0)
		failure("no configuration");
	for (unsigned i = 0; i < config.ngpio; i++) {
		if (gpio_get_direction(&vmm, (uint16_t)i) != GPIO_NONE)
			failure("line %u has a direction", i);
	}
	print_names(&vmm, &config);
	vmm_deinit(&vmm);
	return 0;
}
