/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the words of the command line mean. */
#include "options/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
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

static enum options_result refuse(struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static enum options_result refuse(struct options *options, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(options->text, sizeof(options->text), format, args);
	va_end(args);
	return OPTIONS_REFUSE;
}

static enum options_result log_level_take(struct options *options, const char *const *values)
{
	const char *word = values[OPTION_LOG_LEVEL];

	if (word && log_level_parse(word, &options->log_level) < 0)
		return refuse(options, "--log-level: \"%.64s\" is not error, warning, info or debug", word);
	return OPTIONS_RUN;
}

static enum options_result control_take(struct options *options, const char *const *values)
{
	const char *path = values[OPTION_CONTROL];

	if (!path)
		return OPTIONS_RUN;
	if (!control_supported())
		return refuse(options, "--control is not supported by this build: it was made without jansson");
	if (!*path)
		return refuse(options, "--control: empty");
	if (strlen(path) >= sizeof(options->control_path))
		return refuse(options, "--control: the path has %zu bytes, a socket path has at most %zu", strlen(path),
			      sizeof(options->control_path) - 1);
	snprintf(options->control_path, sizeof(options->control_path), "%s", path);
	return OPTIONS_RUN;
}

static enum options_result sandbox_take(struct options *options, const char *const *values)
{
	static const char *const modes[] = { [SANDBOX_AUTO] = "auto", [SANDBOX_ON] = "on", [SANDBOX_OFF] = "off" };
	const char *word = values[OPTION_SANDBOX];
	size_t mode = SANDBOX_AUTO;

	while (word && mode < ARRAY_SIZE(modes) && strcmp(word, modes[mode]) != 0)
		mode++;
	if (mode == ARRAY_SIZE(modes))
		return refuse(options, "--sandbox: \"%.64s\" is not on, off or auto", word);
	if (mode == SANDBOX_ON && sandbox_refuses_on())
		return refuse(options, "--sandbox=on is not supported by this build: %s", sandbox_refuses_on());
	options->sandbox = (enum sandbox_mode)mode;
	options->user = values[OPTION_USER];
	if (options->user && options->sandbox == SANDBOX_OFF)
		return refuse(options, "--user and --sandbox=off: the user is a part of the sandbox");
	return OPTIONS_RUN;
}

/* Numbers of fds: digits only, what a process can have. */
static enum options_result fds_take(struct options *options, const char *const *values)
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
			return refuse(options, "--%s: \"%.64s\" is not the number of a file descriptor",
				      option_name(fds[i].id), word);
		*fds[i].fd = (int)value;
	}
	return OPTIONS_RUN;
}

/* What is to be done, when it is not to serve: one thing only. */
static enum options_result action_take(struct options *options, const char *const *values)
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
	enum options_result result = OPTIONS_RUN;
	enum option_id first = OPTIONS_ALL;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!values[actions[i].id])
			continue;
		if (first != OPTIONS_ALL)
			return refuse(options, "--%s and --%s can not both be done", option_name(first),
				      option_name(actions[i].id));
		first = actions[i].id;
		result = actions[i].result;
	}
	if (hold && *hold && strcmp(hold, "hold") != 0)
		return refuse(options, "--make-safe: \"%.64s\" is not \"hold\"", hold);
	options->hold = hold && *hold;
	options->take_over = values[OPTION_TAKE_OVER] ? (unsigned)strtoul(values[OPTION_TAKE_OVER], NULL, 10) : 0;
	return result;
}

/* Which of the three ways of description are used, and whether what belongs to one is there. */
static enum options_result sources_take(struct options *options, const char *const *values)
{
	bool dropin = values[OPTION_SOCKET_PATH] || values[OPTION_SOCKET_COUNT] || values[OPTION_DEVICE_LIST] ||
		      values[OPTION_FD];

	options->socket_path = values[OPTION_SOCKET_PATH];
	options->socket_count = values[OPTION_SOCKET_COUNT];
	options->device_list = values[OPTION_DEVICE_LIST];
	options->config = values[OPTION_CONFIG];
	if (options->config && !config_file_supported())
		return refuse(options, "--config is not supported by this build: it was made without inih");
	if (options->socket_path && values[OPTION_FD])
		return refuse(options, "--socket-path and --fd: one socket is enough");
	if (!dropin && (options->words.n_guests > 0 || options->config))
		return OPTIONS_RUN;
	if (!options->device_list && (options->socket_path || values[OPTION_FD]))
		return refuse(options, "--device-list is missing");
	if (!options->device_list)
		return refuse(options, "no guests: --socket-path and --device-list, --guest or --config is missing");
	if (!options->socket_path && !values[OPTION_FD] && !getenv("LISTEN_FDS"))
		return refuse(options, "--socket-path is missing");
	return OPTIONS_RUN;
}

enum options_result options_parse(struct options *options, int argc, char **argv)
{
	/* In this order; what is wrong first is said. */
	static enum options_result (*const takers[])(struct options * options, const char *const *values) = {
		log_level_take, control_take, sandbox_take, fds_take, sources_take, action_take,
	};
	const char *const *values = options->words.values;
	enum options_result result = OPTIONS_RUN;
	int ret;

	*options = (struct options){ .log_level = LOG_LEVEL_INFO, .fd = -1, .ready_fd = -1 };
	ret = option_words_parse(&options->words, argc, argv, options->text, sizeof(options->text));
	if (ret != 0)
		return ret > 0 ? OPTIONS_DONE : OPTIONS_REFUSE;
	options->safe = values[OPTION_SAFE];
	options->one_off = values[OPTION_ONE_OFF];
	for (size_t i = 0; i < ARRAY_SIZE(takers) && result == OPTIONS_RUN; i++)
		result = takers[i](options, values);
	return result;
}

void options_deinit(struct options *options)
{
	option_words_deinit(&options->words);
}

int options_wanted(const struct options *options, struct wanted *wanted, char *why, size_t why_size)
{
	const struct dropin_words words = { .path = options->socket_path,
					    .fd = options->fd,
					    .count = options->socket_count,
					    .devices = options->device_list };
	int ret = 0;

	*wanted = (struct wanted){ .n_guests = 0 };
	if (words.devices)
		ret = dropin_wanted(&words, wanted, why, why_size);
	for (size_t i = 0; i < options->words.n_guests && ret == 0; i++)
		ret = guest_option_parse(options->words.guests[i], options->words.n_guests > 1 ? (unsigned)i + 1 : 0,
					 wanted, why, why_size);
	if (ret == 0 && options->config)
		ret = config_file_read(options->config, wanted, why, why_size);
	if (ret == 0 && wanted->n_guests == 0) {
		snprintf(why, why_size, "%s: no guests", options->config);
		ret = -EINVAL;
	}
	if (ret == -ENOMEM)
		snprintf(why, why_size, "out of memory");
	return ret;
}
