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
#include "config/config_file.h"
#include "config/guest_option.h"
#include "control/control.h"

static int log_level_take(struct options *options, const char *const *values)
{
	const char *word = values[OPTION_LOG_LEVEL];

	if (word && log_level_parse(word, &options->log_level) < 0)
		return why_fail(EINVAL, &options->why, "--log-level: \"%.64s\" is not error, warning, info or debug",
				word);
	return 0;
}

static int control_take(struct options *options, const char *const *values)
{
	const char *path = values[OPTION_CONTROL];

	if (!path)
		return 0;
	if (!control_supported())
		return why_fail(EINVAL, &options->why,
				"--control is not supported by this build: it was made without jansson");
	if (!*path)
		return why_fail(EINVAL, &options->why, "--control: empty");
	if (strlen(path) >= sizeof(options->control_path))
		return why_fail(EINVAL, &options->why,
				"--control: the path has %zu bytes, a socket path has at most %zu", strlen(path),
				sizeof(options->control_path) - 1);
	snprintf(options->control_path, sizeof(options->control_path), "%s", path);
	return 0;
}

static int sandbox_take(struct options *options, const char *const *values)
{
	static const char *const modes[] = { [SANDBOX_AUTO] = "auto", [SANDBOX_ON] = "on", [SANDBOX_OFF] = "off" };
	const char *word = values[OPTION_SANDBOX];
	size_t mode = SANDBOX_AUTO;

	while (word && mode < ARRAY_SIZE(modes) && strcmp(word, modes[mode]) != 0)
		mode++;
	if (mode == ARRAY_SIZE(modes))
		return why_fail(EINVAL, &options->why, "--sandbox: \"%.64s\" is not on, off or auto", word);
	if (mode == SANDBOX_ON && sandbox_refuses_on())
		return why_fail(EINVAL, &options->why, "--sandbox=on is not supported by this build: %s",
				sandbox_refuses_on());
	options->sandbox = (enum sandbox_mode)mode;
	options->user = values[OPTION_USER];
	if (options->user && options->sandbox == SANDBOX_OFF)
		return why_fail(EINVAL, &options->why, "--user and --sandbox=off: the user is a part of the sandbox");
	return 0;
}

/* Numbers of fds: digits only, what a process can have. */
static int fds_take(struct options *options, const char *const *values)
{
	const struct {
		enum option_id id;
		int *fd;
	} fds[] = { { OPTION_FD, &options->fd }, { OPTION_READY_FD, &options->ready_fd } };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		const char *word = values[fds[i].id];
		uint64_t value;

		if (!word)
			continue;
		if (decimal_parse(word, INT_MAX, &value) < 0)
			return why_fail(EINVAL, &options->why, "--%s: \"%.64s\" is not the number of a file descriptor",
					option_name(fds[i].id), word);
		*fds[i].fd = (int)value;
	}
	return 0;
}

/* What is to be done, when it is not to serve: one thing only. */
static int action_take(struct options *options, const char *const *values)
{
	static const struct {
		enum option_id id;
		enum options_result result;
	} actions[] = {
		{ OPTION_CHECK, OPTIONS_CHECK },
		{ OPTION_PRINT_CONFIG, OPTIONS_PRINT_CONFIG },
		{ OPTION_MAKE_SAFE, OPTIONS_MAKE_SAFE },
		{ OPTION_TAKE_OVER, OPTIONS_TAKE_OVER },
	};
	const char *hold = values[OPTION_MAKE_SAFE];
	enum option_id first = OPTIONS_ALL;
	uint64_t version;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!values[actions[i].id])
			continue;
		if (first != OPTIONS_ALL)
			return why_fail(EINVAL, &options->why, "--%s and --%s can not both be done", option_name(first),
					option_name(actions[i].id));
		first = actions[i].id;
		options->result = actions[i].result;
	}
	if (hold && *hold && strcmp(hold, "hold") != 0)
		return why_fail(EINVAL, &options->why, "--make-safe: \"%.64s\" is not \"hold\"", hold);
	options->hold = hold && *hold;
	if (values[OPTION_TAKE_OVER] && decimal_parse(values[OPTION_TAKE_OVER], UINT32_MAX, &version) == 0)
		options->take_over = (unsigned)version;
	return 0;
}

/* Which of the three ways of description are used, and whether what belongs to one is there. */
static int sources_take(struct options *options, const char *const *values)
{
	bool dropin = values[OPTION_SOCKET_PATH] || values[OPTION_SOCKET_COUNT] || values[OPTION_DEVICE_LIST] ||
		      values[OPTION_FD];

	options->socket_path = values[OPTION_SOCKET_PATH];
	options->socket_count = values[OPTION_SOCKET_COUNT];
	options->device_list = values[OPTION_DEVICE_LIST];
	options->config = values[OPTION_CONFIG];
	if (options->config && !config_file_supported())
		return why_fail(EINVAL, &options->why,
				"--config is not supported by this build: it was made without inih");
	if (options->socket_path && values[OPTION_FD])
		return why_fail(EINVAL, &options->why, "--socket-path and --fd: one socket is enough");
	if (!dropin && (options->words.n_guests > 0 || options->config))
		return 0;
	if (!options->device_list && (options->socket_path || values[OPTION_FD]))
		return why_fail(EINVAL, &options->why, "--device-list is missing");
	if (!options->device_list)
		return why_fail(EINVAL, &options->why,
				"no guests: --socket-path and --device-list, --guest or --config is missing");
	if (!options->socket_path && !values[OPTION_FD] && !getenv("LISTEN_FDS"))
		return why_fail(EINVAL, &options->why, "--socket-path is missing");
	return 0;
}

enum options_result options_parse(struct options *options, int argc, char **argv)
{
	/* In this order; what is wrong first is said. */
	static int (*const takers[])(struct options * options, const char *const *values) = {
		log_level_take, control_take, sandbox_take, fds_take, sources_take, action_take,
	};
	const char *const *values = options->words.values;
	int ret;

	*options = (struct options){ .result = OPTIONS_RUN, .log_level = LOG_LEVEL_INFO, .fd = -1, .ready_fd = -1 };
	ret = option_words_parse(&options->words, argc, argv, &options->why);
	if (ret != 0)
		return ret > 0 ? OPTIONS_DONE : OPTIONS_REFUSE;
	options->safe = values[OPTION_SAFE];
	options->one_off = values[OPTION_ONE_OFF];
	for (size_t i = 0; i < ARRAY_SIZE(takers) && ret == 0; i++)
		ret = takers[i](options, values);
	return ret == 0 ? options->result : OPTIONS_REFUSE;
}

void options_deinit(struct options *options)
{
	option_words_deinit(&options->words);
}

int options_wanted(const struct options *options, struct wanted *wanted, struct why *why)
{
	const struct dropin_words words = { .path = options->socket_path,
					    .fd = options->fd,
					    .count = options->socket_count,
					    .devices = options->device_list };
	int ret = 0;

	*wanted = (struct wanted){ .n_guests = 0 };
	if (words.devices)
		ret = dropin_wanted(&words, wanted, why);
	for (size_t i = 0; i < options->words.n_guests && ret == 0; i++)
		ret = guest_option_parse(options->words.guests[i], options->words.n_guests > 1 ? (unsigned)i + 1 : 0,
					 wanted, why);
	if (ret == 0 && options->config)
		ret = config_file_read(options->config, wanted, why);
	if (ret == 0 && wanted->n_guests == 0) {
		why_fail(EINVAL, why, "%s: no guests", options->config);
		ret = -EINVAL;
	}
	if (ret == -ENOMEM)
		why_fail(EINVAL, why, "out of memory");
	return ret;
}
