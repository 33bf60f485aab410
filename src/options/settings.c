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

#include "base/account.h"
#include "base/decimal.h"
#include "base/util.h"
#include "config/compat_options.h"
#include "config/file/config_file.h"
#include "config/file/config_text.h"
#include "config/guest_option.h"
#include "config/lines_print.h"
#include "config/time_word.h"
#include "control/control.h"
#include "sandbox/prepare.h"
#include "wires/wire_words.h"

const char *settings_word_name(const struct settings *settings, enum option_id id, char name[SETTINGS_NAME_SIZE])
{
	snprintf(name, SETTINGS_NAME_SIZE, "--%s", cli_option_name(id));
	for (unsigned i = 0; i < DAEMON_WORDS_N && !settings->cli.values[id]; i++) {
		if (settings->file.of[i].value && strcmp(daemon_word_key(i), cli_option_name(id)) == 0)
			snprintf(name, SETTINGS_NAME_SIZE, "%s: %s", settings->file.of[i].where, daemon_word_key(i));
	}
	return name;
}

/* what begins with the reason: "\"loud\" is not ...". */
static int refuse(struct settings *settings, enum option_id id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(struct settings *settings, enum option_id id, const char *format, ...)
{
	char name[SETTINGS_NAME_SIZE], text[sizeof(settings->why.text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return why_fail(EINVAL, &settings->why, "%s: %s", settings_word_name(settings, id, name), text);
}

static int log_level_take(struct settings *settings, const char *const *values)
{
	const char *word = values[OPTION_LOG_LEVEL];

	if (word && log_level_parse(word, &settings->log_level) < 0)
		return refuse(settings, OPTION_LOG_LEVEL, "\"%.64s\" is not error, warning, info or debug", word);
	return 0;
}

static int mode_take(struct settings *settings, enum option_id id, const char *word, bool *has, mode_t *mode)
{
	*has = word != NULL;
	if (word && file_mode_parse(word, mode, &settings->why) < 0)
		return refuse(settings, id, "%s", settings->why.text);
	return 0;
}

static int group_take(struct settings *settings, enum option_id id, const char *word, bool *has, gid_t *group)
{
	*has = word != NULL;
	if (word && group_parse(word, group, &settings->why) < 0)
		return refuse(settings, id, "%s", settings->why.text);
	return 0;
}

static int control_rights_take(struct settings *settings, const char *const *values)
{
	static const enum option_id ids[] = { OPTION_CONTROL_MODE, OPTION_CONTROL_GROUP };
	struct guest_socket *control = &settings->control;
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		if (values[ids[i]] && !control->path[0])
			return refuse(settings, ids[i], "needs the path of the socket (control)");
	}
	ret = mode_take(settings, ids[0], values[ids[0]], &control->has_mode, &control->mode);
	return ret == 0 ? group_take(settings, ids[1], values[ids[1]], &control->has_group, &control->group) : ret;
}

static int control_take(struct settings *settings, const char *const *values)
{
	const char *path = values[OPTION_CONTROL];
	struct guest_socket *control = &settings->control;

	*control = (struct guest_socket){ .fd = -1 };
	if (path && !control_supported())
		return why_fail(EINVAL, &settings->why,
				"--control is not supported by this build (made without jansson)");
	if (path && !*path)
		return refuse(settings, OPTION_CONTROL, "empty");
	if (path && strlen(path) >= sizeof(control->path))
		return refuse(settings, OPTION_CONTROL, "the path is too long (%zu bytes, at most %zu)", strlen(path),
			      sizeof(control->path) - 1);
	if (path)
		snprintf(control->path, sizeof(control->path), "%s", path);
	return control_rights_take(settings, values);
}

/* What guests get that say nothing else. */
static int defaults_take(struct settings *settings, const char *const *values)
{
	const struct time_range range = { 0, BUSY_POLL_MAX_US };
	struct guest_defaults *defaults = &settings->defaults;
	const char *time = values[OPTION_BUSY_POLL];
	bool given = settings->cli.values[OPTION_BUSY_POLL];
	int ret = mode_take(settings, OPTION_SOCKET_MODE, values[OPTION_SOCKET_MODE], &defaults->has_mode,
			    &defaults->mode);

	if (ret == 0)
		ret = group_take(settings, OPTION_SOCKET_GROUP, values[OPTION_SOCKET_GROUP], &defaults->has_group,
				 &defaults->group);
	if (ret == 0 && time)
		ret = time_read(given ? "command line" : settings->file.of[DAEMON_BUSY_POLL].where, "busy-poll", time,
				strlen(time), &range, &defaults->busy_poll_us, &settings->why);
	return ret;
}

static int sandbox_take(struct settings *settings, const char *const *values)
{
	static const char *const modes[] = { [SANDBOX_AUTO] = "auto", [SANDBOX_ON] = "on", [SANDBOX_OFF] = "off" };
	const char *word = values[OPTION_SANDBOX];
	size_t mode = SANDBOX_AUTO;

	while (word && mode < ARRAY_SIZE(modes) && strcmp(word, modes[mode]) != 0)
		mode++;
	if (mode == ARRAY_SIZE(modes))
		return refuse(settings, OPTION_SANDBOX, "\"%.64s\" is not on, off or auto", word);
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

/* What may stand in a file, too. */
static int options_take(struct settings *settings, const char *const *values)
{
	/* In this order; what is wrong first is said. */
	static int (*const takers[])(struct settings * settings, const char *const *values) = {
		log_level_take,
		control_take,
		sandbox_take,
		defaults_take,
	};
	int ret = 0;

	settings->safe = values[OPTION_SAFE];
	for (size_t i = 0; i < ARRAY_SIZE(takers) && ret == 0; i++)
		ret = takers[i](settings, values);
	return ret;
}

static enum option_id option_of(enum daemon_word word)
{
	enum option_id id = 0;

	while (strcmp(cli_option_name(id), daemon_word_key(word)) != 0)
		id++;
	return id;
}

/* [daemon], for what the command line does not say. */
static int file_take(struct settings *settings)
{
	const char *values[OPTIONS_ALL];
	int ret = config_text_read(settings->config, &settings->text, &settings->file_why);

	if (ret == 0)
		ret = config_file_daemon(settings->config, settings->text, &settings->file, &settings->file_why);
	if (ret < 0)
		return ret;
	memcpy(values, settings->cli.values, sizeof(values));
	for (enum daemon_word i = 0; i < DAEMON_WORDS_N; i++) {
		if (!values[option_of(i)])
			values[option_of(i)] = settings->file.of[i].value;
	}
	ret = options_take(settings, values);
	if (ret < 0)
		settings->file_why = settings->why;
	else
		memcpy(settings->values, values, sizeof(values));
	return ret;
}

/*
 * What is wrong with the file does not end a program that has guests to go on with: the command line is good by itself,
 * and settings_guests() refuses the file. Its text is read once: it may come from a pipe.
 */
static void file_try(struct settings *settings)
{
	if (!settings->config || file_take(settings) == 0)
		return;
	daemon_words_deinit(&settings->file);
	options_take(settings, settings->values);
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
	static int (*const takers[])(struct settings * settings, const char *const *values) = {
		options_take,
		fds_take,
		sources_take,
		action_take,
	};
	int ret;

	*settings = (struct settings){ .action = SETTINGS_RUN, .log_level = LOG_LEVEL_INFO, .fd = -1, .ready_fd = -1 };
	ret = cli_parse(&settings->cli, argc, argv, &settings->why);
	if (ret != 0)
		return ret > 0 ? SETTINGS_PRINT : SETTINGS_REFUSE;
	memcpy(settings->values, settings->cli.values, sizeof(settings->values));
	settings->handover = settings->values[OPTION_PRINT_HANDOVER];
	if (settings->handover)
		return SETTINGS_PRINT_HANDOVER;
	if (settings->values[OPTION_LIST_CHIPS])
		return SETTINGS_LIST_CHIPS;
	settings->one_off = settings->values[OPTION_ONE_OFF];
	for (size_t i = 0; i < ARRAY_SIZE(takers) && ret == 0; i++)
		ret = takers[i](settings, settings->values);
	if (ret < 0)
		return SETTINGS_REFUSE;
	file_try(settings);
	return settings->action;
}

void settings_forget_text(struct settings *settings)
{
	free(settings->text);
	settings->text = NULL;
}

void settings_deinit(struct settings *settings)
{
	settings_forget_text(settings);
	daemon_words_deinit(&settings->file);
	cli_deinit(&settings->cli);
}

/* Those of the command line, beside those of a file. What they join is looked up later. */
static int wires_take(const struct settings *settings, struct guest_configs *configs, struct why *why)
{
	struct wire_words words;
	int ret = guest_configs_add_line_wires(configs, why);

	for (size_t i = 0; i < settings->cli.n_wires && ret == 0; i++)
		ret = guest_configs_add_wire(configs, "--wire", settings->cli.wires[i]);
	if (ret == -E2BIG)
		return why_fail(EINVAL, why, "more than %d wires", CONFIG_WIRES_MAX);
	for (size_t i = 0; i < configs->n_wires && ret == 0; i++)
		ret = wire_words_parse(configs->wires[i].where, configs->wires[i].text, &words, why);
	return ret;
}

int settings_print_daemon(const struct settings *settings, FILE *file)
{
	const char *values[DAEMON_WORDS_N];

	for (enum daemon_word i = 0; i < DAEMON_WORDS_N; i++) {
		values[i] = settings->values[option_of(i)];
		if (values[i] && !path_is_text(values[i]))
			return -EINVAL;
	}
	daemon_words_print(values, file);
	return 0;
}

/* The file: what it says of guests, and whether [daemon] is what it was at the start. */
static int file_guests(const struct settings *settings, struct guest_configs *configs, struct why *why)
{
	int ret = settings->text ? config_file_parse(settings->config, settings->text, configs, why)
				 : config_file_read(settings->config, configs, why);

	if (ret == 0 && settings->text && settings->file_why.text[0])
		return why_fail(EINVAL, why, "%s", settings->file_why.text);
	if (ret == 0 && !settings->text && !daemon_words_equal(&configs->daemon, &settings->file))
		log_info("config", "%s: [daemon] has changed: that takes effect at the next start or upgrade",
			 settings->config);
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
		ret = file_guests(settings, configs, why);
	if (ret == 0)
		guest_configs_default(configs, &settings->defaults);
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
