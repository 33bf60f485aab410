/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the words of the command line mean. */
#include "options/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/util.h"
#include "config/compat_options.h"
#include "config/file/config_file.h"
#include "config/guest_option.h"
#include "control/control.h"
#include "sandbox/prepare.h"
#include "wires/wire_words.h"

static int log_level_take(struct settings *settings, const char *const *values)
{
	const char *word = values[OPTION_LOG_LEVEL];

	if (word && log_level_parse(word, &settings->log_level) < 0)
		return why_fail(EINVAL, &settings->why, "--log-level: \"%.64s\" is not error, warning, info or debug",
				word);
	return 0;
}

static int control_take(struct settings *settings, const char *const *values)
{
	const char *path = values[OPTION_CONTROL];

	if (!path)
		return 0;
	if (!control_supported())
		return why_fail(EINVAL, &settings->why,
				"--control is not supported by this build (made without jansson)");
	if (!*path)
		return why_fail(EINVAL, &settings->why, "--control: empty");
	if (strlen(path) >= sizeof(settings->control_path))
		return why_fail(EINVAL, &settings->why, "--control: the path is too long (%zu bytes, at most %zu)",
				strlen(path), sizeof(settings->control_path) - 1);
	snprintf(settings->control_path, sizeof(settings->control_path), "%s", path);
	return 0;
}

static int sandbox_take(struct settings *settings, const char *const *values)
{
	static const char *const modes[] = { [SANDBOX_AUTO] = "auto", [SANDBOX_ON] = "on", [SANDBOX_OFF] = "off" };
	const char *word = values[OPTION_SANDBOX];
	size_t mode = SANDBOX_AUTO;

	while (word && mode < ARRAY_SIZE(modes) && strcmp(word, modes[mode]) != 0)
		mode++;
	if (mode == ARRAY_SIZE(modes))
		return why_fail(EINVAL, &settings->why, "--sandbox: \"%.64s\" is not on, off or auto", word);
	if (mode == SANDBOX_ON && sandbox_refuses_on())
		return why_fail(EINVAL, &settings->why, "--sandbox=on is not supported by this build: %s",
				sandbox_refuses_on());
	settings->sandbox.mode = (enum sandbox_mode)mode;
	settings->sandbox.user = values[OPTION_USER];
	if (settings->sandbox.user && settings->sandbox.mode == SANDBOX_OFF)
		return why_fail(EINVAL, &settings->why,
				"--user and --sandbox=off cannot be combined: the user is part of the sandbox");
	return 0;
}

/* Numbers of fds: digits only, what a process can have. */
static int fds_take(struct settings *settings, const char *const *values)
{
	const struct {
		enum option_id id;
		int *fd;
	} fds[] = { { OPTION_FD, &settings->fd },
		    { OPTION_READY_FD, &settings->ready_fd },
		    { OPTION_TAKE_OVER, &settings->take_over } };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		const char *word = values[fds[i].id];
		uint64_t value;

		if (!word)
			continue;
		if (decimal_parse(word, INT_MAX, &value) < 0)
			return why_fail(EINVAL, &settings->why,
					"--%s: \"%.64s\" is not the number of a file descriptor",
					cli_option_name(fds[i].id), word);
		*fds[i].fd = (int)value;
	}
	return 0;
}

/* What is to be done, when it is not to serve: one thing only. */
static int action_take(struct settings *settings, const char *const *values)
{
	static const struct {
		enum option_id id;
		enum settings_action action;
	} actions[] = {
		{ OPTION_CHECK, SETTINGS_CHECK },
		{ OPTION_PRINT_CONFIG, SETTINGS_PRINT_CONFIG },
		{ OPTION_MAKE_SAFE, SETTINGS_MAKE_SAFE },
		{ OPTION_TAKE_OVER, SETTINGS_TAKE_OVER },
	};
	const char *hold = values[OPTION_MAKE_SAFE];
	enum option_id first = OPTIONS_ALL;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!values[actions[i].id])
			continue;
		if (first != OPTIONS_ALL)
			return why_fail(EINVAL, &settings->why, "--%s and --%s cannot be combined",
					cli_option_name(first), cli_option_name(actions[i].id));
		first = actions[i].id;
		settings->action = actions[i].action;
	}
	if (hold && *hold && strcmp(hold, "hold") != 0)
		return why_fail(EINVAL, &settings->why, "--make-safe: \"%.64s\" is not \"hold\"", hold);
	settings->hold = hold && *hold;
	return 0;
}

/* Which of the three ways of description are used, and whether what belongs to one is there. */
static int sources_take(struct settings *settings, const char *const *values)
{
	bool compat = values[OPTION_SOCKET_PATH] || values[OPTION_SOCKET_COUNT] || values[OPTION_DEVICE_LIST] ||
		      values[OPTION_FD];

	settings->socket_path = values[OPTION_SOCKET_PATH];
	settings->socket_count = values[OPTION_SOCKET_COUNT];
	settings->device_list = values[OPTION_DEVICE_LIST];
	settings->config = values[OPTION_CONFIG];
	if (settings->config && !*settings->config)
		return why_fail(EINVAL, &settings->why, "--config: empty");
	if (settings->config && !config_file_supported())
		return why_fail(EINVAL, &settings->why, "--config is not supported by this build (made without inih)");
	if (settings->socket_path && values[OPTION_FD])
		return why_fail(EINVAL, &settings->why, "--socket-path and --fd cannot be combined");
	if (!compat && (settings->cli.n_guests > 0 || settings->config))
		return 0;
	if (!settings->device_list && (settings->socket_path || values[OPTION_FD]))
		return why_fail(EINVAL, &settings->why, "--device-list is missing");
	if (!settings->device_list)
		return why_fail(EINVAL, &settings->why,
				"no guests: give --socket-path and --device-list, --guest or --config");
	if (!settings->socket_path && !values[OPTION_FD] && !getenv("LISTEN_FDS"))
		return why_fail(EINVAL, &settings->why, "--socket-path is missing");
	return 0;
}

enum settings_action settings_parse(struct settings *settings, int argc, char **argv)
{
	/* In this order; what is wrong first is said. */
	static int (*const takers[])(struct settings * settings, const char *const *values) = {
		log_level_take, control_take, sandbox_take, fds_take, sources_take, action_take,
	};
	const char *const *values = settings->cli.values;
	int ret;

	*settings = (struct settings){ .action = SETTINGS_RUN, .log_level = LOG_LEVEL_INFO, .fd = -1, .ready_fd = -1 };
	ret = cli_parse(&settings->cli, argc, argv, &settings->why);
	if (ret != 0)
		return ret > 0 ? SETTINGS_PRINT : SETTINGS_REFUSE;
	settings->handover = values[OPTION_PRINT_HANDOVER];
	if (settings->handover)
		return SETTINGS_PRINT_HANDOVER;
	settings->safe = values[OPTION_SAFE];
	settings->one_off = values[OPTION_ONE_OFF];
	for (size_t i = 0; i < ARRAY_SIZE(takers) && ret == 0; i++)
		ret = takers[i](settings, values);
	return ret == 0 ? settings->action : SETTINGS_REFUSE;
}

void settings_deinit(struct settings *settings)
{
	cli_deinit(&settings->cli);
}

/* Those of the command line, beside those of a file. What they join is looked up later. */
static int wires_take(const struct settings *settings, struct guest_configs *configs, struct why *why)
{
	struct wire_words words;
	int ret = 0;

	for (size_t i = 0; i < settings->cli.n_wires && ret == 0; i++)
		ret = guest_configs_add_wire(configs, "--wire", settings->cli.wires[i]);
	if (ret == -E2BIG)
		return why_fail(EINVAL, why, "more than %d wires", CONFIG_WIRES_MAX);
	for (size_t i = 0; i < configs->n_wires && ret == 0; i++)
		ret = wire_words_parse(configs->wires[i].where, configs->wires[i].text, &words, why);
	return ret;
}

int settings_guests(const struct settings *settings, struct guest_configs *configs, struct why *why)
{
	const struct compat_options compat = { .path = settings->socket_path,
					       .fd = settings->fd,
					       .count = settings->socket_count,
					       .devices = settings->device_list };
	int ret = 0;

	*configs = (struct guest_configs){ .n_guests = 0 };
	if (compat.devices)
		ret = compat_options_parse(&compat, configs, why);
	for (size_t i = 0; i < settings->cli.n_guests && ret == 0; i++)
		ret = guest_option_parse(settings->cli.guests[i], settings->cli.n_guests > 1 ? (unsigned)i + 1 : 0,
					 configs, why);
	if (ret == 0 && settings->config)
		ret = config_file_read(settings->config, configs, why);
	if (ret == 0 && configs->n_guests == 0) {
		why_fail(EINVAL, why, "%s: no guests", settings->config);
		ret = -EINVAL;
	}
	if (ret == 0)
		ret = wires_take(settings, configs, why);
	if (ret == -ENOMEM)
		why_fail(EINVAL, why, "out of memory");
	return ret;
}
