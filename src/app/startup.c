/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How the program comes to serve. */
#include "app/startup.h"

#include <errno.h>
#include <unistd.h>

#include "app/usage.h"
#include "base/log.h"
#include "guest/reserve_lines.h"
#include "process/fd_limit.h"
#include "service/ready_fd.h"
#include "service/sd_notify.h"
#include "supervisor/supervisor.h"

/*
 * What an earlier program has left: first of all, because its fds have numbers that nothing else may take, and before
 * the configuration, which guests that are served do not depend on.
 */
int launch_open(struct launch *launch, const struct options *options, int argc, char **argv)
{
	struct why why;
	int carrier;
	bool upgraded;

	*launch = (struct launch){ .options = options, .sandbox = SANDBOX_NONE };
	upgraded = handover_take(&launch->left) > 0;
	if (program_note(&launch->program, argc, argv) < 0) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	if (upgraded) {
		activation_forget();
		return 0;
	}
	if (activation_init(&launch->activation, &why) < 0) {
		complain(why.text);
		return EXIT_FAILED;
	}
	/* One that was emptied before may be there, too, when the manager did not hear of it. */
	while ((carrier = activation_take(&launch->activation, HANDOVER_STORED_NAME)) >= 0) {
		if (!launch->left.bytes)
			handover_take_stored(&launch->left, carrier);
		close(carrier);
		launch->stored = true;
	}
	return 0;
}

void launch_close(struct launch *launch)
{
	sandbox_deinit(&launch->sandbox);
	handover_left_deinit(&launch->left);
	activation_deinit(&launch->activation);
	program_forget(&launch->program);
}

bool launch_has_left(const struct launch *launch)
{
	return launch->left.bytes;
}

int guests_find(const struct wanted *wanted, const struct resolve_how *how, struct resolved *resolved)
{
	int ret = resolve(wanted, how, resolved);

	if (ret == -ENOMEM)
		complain("out of memory");
	else
		complain_all(&resolved->conflicts);
	return ret < 0 ? EXIT_FAILED : 0;
}

/* Tries and takes the lines of all guests. */
static int guests_claim(struct guests *guests)
{
	struct findings conflicts = { .n = 0 };
	size_t fds = FD_LIMIT_BASE;
	struct why why;
	int status = 0;

	for (size_t i = 0; i < guests->n; i++)
		fds += guest_fds_needed(&guests->guests[i]);
	if (fd_limit_raise(fds, &why) < 0) {
		complain(why.text);
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
 * the user only believes to be there.
 */
static int sockets_take(struct activation *activation, const struct wanted *wanted,
			struct activation_guest guests[GUESTS_MAX], int ready_fd)
{
	struct why why;
	int ret;

	for (size_t i = 0; i < wanted->n_guests; i++) {
		const struct guest_socket *socket = &wanted->guests[i].socket;

		guests[i] = (struct activation_guest){ .name = wanted->guests[i].name,
						       .has_socket = socket->path[0] != '\0',
						       .fd = socket->fd };
	}
	ret = activation_assign(activation, guests, wanted->n_guests, &why);
	for (size_t i = 0; i < wanted->n_guests && ret == 0 && ready_fd >= 0; i++) {
		if (guests[i].fd != ready_fd)
			continue;
		ret = why_fail(EINVAL, &why, "--ready-fd: fd %d is the socket of guest %s", ready_fd, guests[i].name);
	}
	if (ret < 0)
		complain(why.text);
	return ret < 0 ? EXIT_FAILED : 0;
}

/* ready_fd: -1: not given. */
static int ready_fd_check(int ready_fd)
{
	struct why why;

	if (ready_fd < 0 || ready_fd_take(ready_fd, &why) == 0)
		return 0;
	why_fail(EINVAL, &why, "--ready-fd: %s", why.text);
	complain(why.text);
	return EXIT_FAILED;
}

static int sandbox_open(struct sandbox *sandbox, const struct options *options)
{
	const struct sandbox_wish wish = { .mode = options->sandbox, .user = options->user };
	struct why why;

	if (sandbox_prepare(sandbox, &wish, &why) == 0)
		return 0;
	complain(why.text);
	return EXIT_FAILED;
}

/* The caller has set everything of start but notify and ready_fd. */
static int supervise(struct supervisor_start start, int ready_fd)
{
	struct notify notify;
	struct why why;
	int ret;

	notify_init(&notify);
	start.notify = &notify;
	start.ready_fd = &ready_fd;
	ret = supervisor_run(&start, &why);
	if (ret < 0)
		complain(why.text);
	notify_deinit(&notify);
	return ret < 0 ? EXIT_FAILED : 0;
}

static int guests_serve(const struct launch *launch, const struct wanted *wanted, struct resolved *resolved)
{
	struct supervisor_start start = {
		.options = launch->options,
		.program = &launch->program,
		.sandbox = &launch->sandbox,
		.stored = launch->stored,
		.wanted = wanted,
		.guests = &resolved->guests,
	};

	for (size_t i = 0; i < resolved->notes.n; i++)
		log_info("start", "%s", resolved->notes.texts[i]);
	return supervise(start, launch->options->ready_fd);
}

int launch_serve(struct launch *launch, const struct wanted *wanted)
{
	const struct options *options = launch->options;
	const struct resolve_how how = { .safe = options->safe };
	struct activation_guest sockets[GUESTS_MAX];
	struct resolved resolved = { .guests.n = 0 };
	int ready_fd = options->ready_fd;
	int status = ready_fd_check(ready_fd);

	if (status == 0)
		status = sockets_take(&launch->activation, wanted, sockets, ready_fd);
	if (status == 0)
		status = sandbox_open(&launch->sandbox, options);
	if (status == 0)
		status = guests_find(wanted, &how, &resolved);
	/* Not in wanted: it stays what the user wrote, for a reload to compare. */
	for (size_t i = 0; status == 0 && i < wanted->n_guests; i++)
		resolved.guests.guests[i].socket.fd = sockets[i].fd;
	if (status == 0)
		status = guests_claim(&resolved.guests);
	if (status == 0)
		status = guests_serve(launch, wanted, &resolved);
	resolved_deinit(&resolved);
	return status;
}

int launch_go_on(struct launch *launch)
{
	struct supervisor_start start = { .options = launch->options,
					  .program = &launch->program,
					  .sandbox = &launch->sandbox,
					  .handover = &launch->left.handover,
					  .stored = launch->stored };
	/* After an exec it was the business of an earlier program of this process. */
	int ready_fd = launch->stored ? launch->options->ready_fd : -1;

	if (ready_fd_check(ready_fd) != 0 || sandbox_open(&launch->sandbox, launch->options) != 0)
		return EXIT_FAILED;
	/* Sockets of socket activation: the guests that they were for have theirs. */
	activation_close(&launch->activation);
	return supervise(start, ready_fd);
}

int launch_can_take_over(const struct options *options)
{
	struct sandbox sandbox = SANDBOX_NONE;
	unsigned version = options->take_over;
	struct why why;

	if (version == HANDOVER_VERSION) {
		int status = sandbox_open(&sandbox, options);

		sandbox_deinit(&sandbox);
		return status;
	}
	why_fail(EINVAL, &why, "cannot take over: the running program's handover has version %u, this one's has %u",
		 version, HANDOVER_VERSION);
	complain(why.text);
	return EXIT_FAILED;
}
