/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vhost-device-gpio: a vhost-user back-end that emulates VirtIO GPIO chips. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "app/check.h"
#include "app/make_safe.h"
#include "app/startup.h"
#include "app/usage.h"
#include "base/log.h"
#include "config/print_config.h"
#include "guest/resolve.h"
#include "options/settings.h"

/* With one of fds 0 to 2 closed, a socket of ours would take its number, and the log would be written to it. */
static void stdio_ensure(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int check(const struct options *options, const struct wanted *wanted)
{
	const struct resolve_how how = { .safe = options->safe, .check = true };
	struct resolved resolved;
	int ret = resolve(wanted, &how, &resolved);

	if (ret == -ENOMEM)
		complain("out of memory");
	else
		check_print(&resolved, stdout);
	resolved_deinit(&resolved);
	return ret < 0 || fflush(stdout) != 0 ? EXIT_FAILED : 0;
}

static int config_show(const struct wanted *wanted)
{
	int ret = print_config(wanted, stdout);

	if (ret == 0 && fflush(stdout) != 0)
		ret = -EIO;
	if (ret < 0)
		complain(ret == -EINVAL ? "a path has bytes that a configuration file can not hold"
					: "standard output can not be written");
	return ret < 0 ? EXIT_FAILED : 0;
}

/* Does what can be done: a chip that is not there is no reason to leave the lines of the others as they are. */
static int make_lines_safe(const struct options *options, const struct wanted *wanted)
{
	const struct resolve_how how = { .safe = options->safe, .any_holder = true };
	struct resolved resolved;
	int status = 0;

	if (options->hold)
		make_safe_hold_prepare();
	if (guests_find(wanted, &how, &resolved) != 0)
		status = EXIT_FAILED;
	if (make_safe(&resolved.guests) > 0)
		status = EXIT_FAILED;
	if (options->hold)
		make_safe_hold();
	resolved_deinit(&resolved);
	return status;
}

/* What is to be done with the guests that were described. launch: to serve; else NULL. */
static int act(const struct options *options, enum options_result action, struct launch *launch)
{
	struct wanted wanted;
	struct why why;
	int status = 0;

	if (options_wanted(options, &wanted, &why) < 0) {
		complain(why.text);
		status = EXIT_USAGE;
	} else if (action == OPTIONS_CHECK) {
		status = check(options, &wanted);
	} else if (action == OPTIONS_PRINT_CONFIG) {
		status = config_show(&wanted);
	} else if (action == OPTIONS_TAKE_OVER) {
		status = launch_can_take_over(options);
	} else if (action == OPTIONS_MAKE_SAFE) {
		status = make_lines_safe(options, &wanted);
	} else {
		status = launch_serve(launch, &wanted);
	}
	wanted_deinit(&wanted);
	return status;
}

static int serve(const struct options *options, int argc, char **argv)
{
	struct launch launch;
	int status = launch_open(&launch, options, argc, argv);

	if (status == 0)
		status = launch_has_left(&launch) ? launch_go_on(&launch) : act(options, OPTIONS_RUN, &launch);
	launch_close(&launch);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	enum options_result result;
	int status = 0;

	stdio_ensure();
	result = options_parse(&options, argc, argv);
	if (result == OPTIONS_DONE) {
		option_print(options.words.print, stdout);
		status = fflush(stdout) != 0;
	} else if (result == OPTIONS_REFUSE) {
		complain(options.why.text);
		status = EXIT_USAGE;
	} else {
		log_set_level(options.log_level);
		status = result == OPTIONS_RUN ? serve(&options, argc, argv) : act(&options, result, NULL);
	}
	options_deinit(&options);
	return status;
}
