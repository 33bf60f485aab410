/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vhost-device-gpio: a vhost-user back-end that emulates VirtIO GPIO chips. */
#include <errno.h>
#include <stdio.h>

#include "app/check.h"
#include "app/load.h"
#include "app/make_safe.h"
#include "app/startup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/output.h"
#include "chip/label.h"
#include "config/print_config.h"
#include "handover/handover_print.h"
#include "options/settings.h"
#include "supervisor/handover_guest.h"

static int check(const struct settings *settings, const struct guest_configs *configs)
{
	const struct resolve_params params = { .safe = settings->safe, .check = true };
	struct resolved resolved;
	struct wire_list wires = { .n = 0 };
	int ret = find_guests(settings, configs, &params, &resolved);

	if (ret != -ENOMEM && load_wires(configs, &resolved.guests, &wires, &resolved.conflicts) != 0)
		ret = ret < 0 ? ret : -EINVAL;
	if (ret == -ENOMEM)
		error_print("out of memory");
	else
		check_print(&resolved, &wires, stdout);
	wire_list_deinit(&wires);
	resolved_deinit(&resolved);
	return ret < 0 || !output_flush() ? EXIT_FAILED : 0;
}

static int config_show(const struct settings *settings, const struct guest_configs *configs)
{
	int ret = settings_print_daemon(settings, stdout);

	if (ret == 0)
		ret = print_config(configs, stdout);
	if (ret == -EINVAL)
		error_print("a path has bytes that a configuration file cannot hold");
	return ret == -EINVAL || !output_flush() ? EXIT_FAILED : 0;
}

/* Does what can be done: a chip that is not there is no reason to leave the lines of the others as they are. */
static int make_lines_safe(const struct settings *settings, const struct guest_configs *configs)
{
	const struct resolve_params params = { .safe = settings->safe, .any_holder = true };
	struct resolved resolved;
	int status = 0;

	if (settings->hold)
		make_safe_hold_prepare();
	if (load_guests(settings, configs, &params, &resolved) != 0)
		status = EXIT_FAILED;
	if (make_safe(&resolved.guests) > 0)
		status = EXIT_FAILED;
	if (settings->hold)
		make_safe_hold();
	resolved_deinit(&resolved);
	return status;
}

/* The configuration is read first, as it would be by a start: one that is refused is no upgrade to agree to. */
static int can_take_over(const struct settings *settings, const struct guest_configs *configs)
{
	(void)configs;
	return startup_can_take_over(settings);
}

static int handover_show(const struct settings *settings)
{
	struct why why;

	if (handover_print(settings->handover, stdout, handover_guest_look, &why) == 0)
		return output_flush() ? 0 : EXIT_FAILED;
	error_print("%s", why.text);
	return EXIT_FAILED;
}

static int chips_list(void)
{
	struct why why;

	if (chip_label_list(LABEL_DIRECTORY, stdout, &why) == 0)
		return output_flush() ? 0 : EXIT_FAILED;
	error_print("%s", why.text);
	return EXIT_FAILED;
}

/* What is to be done, instead of serving, with the guests that are configured. */
static int act(const struct settings *settings,
	       int (*action)(const struct settings *settings, const struct guest_configs *configs))
{
	struct guest_configs configs;
	int status = load_configs(settings, &configs);

	if (status == 0)
		status = action(settings, &configs);
	guest_configs_deinit(&configs);
	return status;
}

static int run(struct settings *settings, enum settings_action action, int argc, char **argv)
{
	switch (action) {
	case SETTINGS_PRINT:
		cli_print(settings->cli.print, stdout);
		return output_flush() ? 0 : EXIT_FAILED;
	case SETTINGS_REFUSE:
		error_print("%s", settings->why.text);
		return EXIT_USAGE;
	case SETTINGS_CHECK:
		return act(settings, check);
	case SETTINGS_PRINT_CONFIG:
		return act(settings, config_show);
	case SETTINGS_MAKE_SAFE:
		return act(settings, make_lines_safe);
	case SETTINGS_TAKE_OVER:
		return act(settings, can_take_over);
	case SETTINGS_PRINT_HANDOVER:
		return handover_show(settings);
	case SETTINGS_LIST_CHIPS:
		return chips_list();
	case SETTINGS_RUN:
		break;
	}
	return startup_run(settings, argc, argv);
}

int main(int argc, char **argv)
{
	struct settings settings;
	enum settings_action action;
	int status;

	error_init(PROGRAM_NAME);
	output_init();
	action = settings_parse(&settings, argc, argv);
	log_set_level(settings.log_level);
	status = run(&settings, action, argc, argv);
	settings_deinit(&settings);
	return status;
}
