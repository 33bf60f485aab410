/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vhost-device-gpio: a vhost-user back-end that emulates VirtIO GPIO chips. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/print_config.h"
#include "daemon/activation.h"
#include "daemon/check.h"
#include "daemon/claim.h"
#include "daemon/fd_limit.h"
#include "daemon/make_safe.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/ready_fd.h"
#include "daemon/resolve.h"
#include "daemon/supervisor.h"

#define EXIT_FAILED 1
#define EXIT_USAGE  2

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

/* One line, whatever the words that it repeats. */
static void complain(const char *text)
{
	fprintf(stderr, "%s: ", PROGRAM_NAME);
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, stderr);
	fputc('\n', stderr);
}

static void complain_all(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		complain(findings->texts[i]);
}

/* Finds the guests; conflicts are complained about. Returns the exit status. */
static int guests_find(const struct wanted *wanted, const struct resolve_how *how, struct resolved *resolved)
{
	int ret = resolve(wanted, how, resolved);

	if (ret == -ENOMEM)
		complain("out of memory");
	else
		complain_all(&resolved->conflicts);
	return ret < 0 ? EXIT_FAILED : 0;
}

/* Tries and takes the lines of all guests; complains about what can not be had. Returns the exit status. */
static int guests_claim(struct guests *guests)
{
	struct findings conflicts = { .n = 0 };
	size_t fds = FD_LIMIT_BASE;
	char why[160];
	int status = 0;

	for (size_t i = 0; i < guests->n; i++)
		fds += guest_fds_needed(&guests->guests[i]);
	if (fd_limit_raise(fds, why, sizeof(why)) < 0) {
		complain(why);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < guests->n; i++) {
		if (claim_lines(&guests->guests[i], &conflicts) < 0)
			status = EXIT_FAILED;
	}
	complain_all(&conflicts);
	findings_deinit(&conflicts);
	return status;
}

/*
 * Which guest gets which inherited socket. Looked at before anything is opened that could get the number of an fd that
 * the user only believes to be there. Returns the exit status.
 */
static int sockets_take(const struct wanted *wanted, struct activation_guest guests[GUESTS_MAX], int ready_fd)
{
	struct activation activation;
	char why[256];
	int ret = activation_init(&activation, why, sizeof(why));

	for (size_t i = 0; i < wanted->n_guests; i++) {
		const struct guest_socket *socket = &wanted->guests[i].socket;

		guests[i] = (struct activation_guest){ .name = wanted->guests[i].name,
						       .has_socket = socket->path[0] != '\0',
						       .fd = socket->fd };
	}
	if (ret == 0)
		ret = activation_assign(&activation, guests, wanted->n_guests, why, sizeof(why));
	for (size_t i = 0; i < wanted->n_guests && ret == 0 && ready_fd >= 0; i++) {
		if (guests[i].fd != ready_fd)
			continue;
		snprintf(why, sizeof(why), "--ready-fd: fd %d is the socket of guest %s", ready_fd, guests[i].name);
		ret = -EINVAL;
	}
	if (ret < 0)
		complain(why);
	activation_deinit(&activation);
	return ret < 0 ? EXIT_FAILED : 0;
}

static int guests_serve(const struct options *options, const struct wanted *wanted, struct resolved *resolved,
			int *ready_fd)
{
	struct notify notify;
	struct supervisor_start start = { .options = options,
					  .wanted = wanted,
					  .guests = &resolved->guests,
					  .notify = &notify,
					  .ready_fd = ready_fd };
	char why[512];
	int ret;

	notify_init(&notify);
	for (size_t i = 0; i < resolved->notes.n; i++)
		log_info("start", "%s", resolved->notes.texts[i]);
	ret = supervisor_run(&start, why, sizeof(why));
	if (ret < 0)
		complain(why);
	notify_deinit(&notify);
	return ret < 0 ? EXIT_FAILED : 0;
}

static int serve(const struct options *options, const struct wanted *wanted)
{
	const struct resolve_how how = { .safe = options->safe };
	struct activation_guest sockets[GUESTS_MAX];
	struct resolved resolved = { .guests.n = 0 };
	int ready_fd = options->ready_fd;
	char why[256];
	int status = 0;

	if (ready_fd >= 0 && ready_fd_take(ready_fd, why, sizeof(why)) < 0) {
		char line[sizeof(why) + 16];

		snprintf(line, sizeof(line), "--ready-fd: %s", why);
		complain(line);
		return EXIT_FAILED;
	}
	status = sockets_take(wanted, sockets, ready_fd);
	if (status == 0)
		status = guests_find(wanted, &how, &resolved);
	/* Not in wanted: it stays what the user wrote, for a reload to compare. */
	for (size_t i = 0; status == 0 && i < wanted->n_guests; i++)
		resolved.guests.guests[i].socket.fd = sockets[i].fd;
	if (status == 0)
		status = guests_claim(&resolved.guests);
	if (status == 0)
		status = guests_serve(options, wanted, &resolved, &ready_fd);
	resolved_deinit(&resolved);
	return status;
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

/* Does what can be done: a chip that is not there is no reason to leave the lines of the others as they are. */
static int config_show(const struct wanted *wanted)
{
	int ret = print_config(wanted, stdout);

	if (ret == -EINVAL)
		complain("a path has bytes that a configuration file can not hold");
	else if (ret < 0 || fflush(stdout) != 0)
		complain("standard output: can not be written");
	return ret < 0 ? EXIT_FAILED : 0;
}

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

/* What is to be done with the guests that were described. */
static int act(const struct options *options, enum options_result action)
{
	struct wanted wanted;
	char why[512];
	int status = 0;

	log_set_level(options->log_level);
	if (options_wanted(options, &wanted, why, sizeof(why)) < 0) {
		complain(why);
		status = EXIT_USAGE;
	} else if (action == OPTIONS_CHECK) {
		status = check(options, &wanted);
	} else if (action == OPTIONS_PRINT_CONFIG) {
		status = config_show(&wanted);
	} else if (action == OPTIONS_MAKE_SAFE) {
		status = make_lines_safe(options, &wanted);
	} else {
		status = serve(options, &wanted);
	}
	wanted_deinit(&wanted);
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
		status = fputs(options.text, stdout) < 0 || fflush(stdout) != 0;
	} else if (result == OPTIONS_REFUSE) {
		complain(options.text);
		status = EXIT_USAGE;
	} else {
		status = act(&options, result);
	}
	options_deinit(&options);
	return status;
}
