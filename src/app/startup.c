/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How the program comes to serve: what was inherited, which of the three paths, and what each has for the supervisor. */
#include "app/startup.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/load.h"
#include "base/error.h"
#include "base/log.h"
#include "guest/reserve_lines.h"
#include "handover/handover.h"
#include "process/fd_limit.h"
#include "sandbox/prepare.h"
#include "sandbox/sandbox.h"
#include "service/activation.h"
#include "service/ready_fd.h"
#include "service/sd_notify.h"
#include "supervisor/handover_guest.h"
#include "supervisor/supervisor.h"

struct startup {
	struct settings *settings; /* the caller's */
	int (*path)(struct startup *startup);
	struct program program;
	struct activation activation;
	struct handover left; /* what an earlier program has left to this one */
	bool stored;	      /* the service manager has a bundle of what was left, be it empty by now */
};

static int fail(const struct why *why)
{
	error_print("%s", why->text);
	return EXIT_FAILED;
}

/* Reserves the lines of all guests. */
static int guests_reserve(struct guests *guests)
{
	struct diagnostics conflicts = { .n = 0 };
	size_t fds = FD_LIMIT_BASE;
	struct why why;
	int status = 0;

	for (size_t i = 0; i < guests->n; i++)
		fds += guest_fds_needed(&guests->guests[i]);
	if (fd_limit_raise(fds, &why) < 0)
		return fail(&why);
	for (size_t i = 0; i < guests->n; i++) {
		if (reserve_lines(&guests->guests[i], &conflicts) < 0)
			status = EXIT_FAILED;
	}
	diagnostics_print(&conflicts);
	diagnostics_deinit(&conflicts);
	return status;
}

/* *sockets is the caller's, also after a failure. */
static int sockets_new(size_t n, struct activation_guest **sockets)
{
	*sockets = calloc(n + 1, sizeof(**sockets));
	if (*sockets)
		return 0;
	error_print("out of memory");
	return EXIT_FAILED;
}

/*
 * Which guest gets which inherited socket. Looked at before anything is opened that could get the number of an fd that
 * the user only believes to be there.
 */
static int sockets_take(struct activation *activation, const struct guest_configs *configs,
			struct activation_guest *guests, int ready_fd)
{
	struct why why;
	int ret;

	for (size_t i = 0; i < configs->n_guests; i++) {
		const struct guest_socket *socket = &configs->guests[i].socket;

		if (activation->n_fds == 0 && !socket->path[0] && socket->fd < 0) {
			error_print("%s: the guest has no socket (socket or fd), and socket activation gave none",
				    configs->guests[i].where[0] ? configs->guests[i].where : configs->guests[i].name);
			return EXIT_USAGE;
		}
		guests[i] = (struct activation_guest){ .name = configs->guests[i].name,
						       .has_socket = socket->path[0] != '\0',
						       .fd = socket->fd };
	}
	ret = activation_assign(activation, guests, configs->n_guests, &why);
	for (size_t i = 0; i < configs->n_guests && ret == 0 && ready_fd >= 0; i++) {
		if (guests[i].fd == ready_fd)
			ret = why_fail(EINVAL, &why, "--ready-fd: fd %d is the socket of guest %s", ready_fd,
				       guests[i].name);
	}
	return ret < 0 ? fail(&why) : 0;
}

/* ready_fd: -1: not given. */
static int ready_fd_check(int ready_fd)
{
	struct why why;

	if (ready_fd < 0 || ready_fd_take(ready_fd, &why) == 0)
		return 0;
	error_print("--ready-fd: %s", why.text);
	return EXIT_FAILED;
}

/* What to serve is in start; the rest of it is made here. */
static int supervise(const struct startup *startup, struct supervisor_start start, int ready_fd)
{
	struct sd_notify notify;
	struct why why;
	int ret;

	sd_notify_init(&notify);
	start.settings = startup->settings;
	start.program = &startup->program;
	start.stored = startup->stored;
	start.notify = &notify;
	start.ready_fd = &ready_fd;
	ret = supervisor_run(&start, &why);
	sd_notify_deinit(&notify);
	return ret < 0 ? fail(&why) : 0;
}

/* Each guest gets its socket from sockets. */
static int configs_serve(struct startup *startup, const struct guest_configs *configs,
			 const struct activation_guest *sockets)
{
	const struct resolve_params params = { .safe = startup->settings->safe };
	struct diagnostics conflicts = { .n = 0 };
	struct resolved resolved;
	struct wire_list wires = { .n = 0 };
	int status = load_guests(startup->settings, configs, &params, &resolved);

	if (status == 0)
		status = load_wires(configs, &resolved.guests, &wires, &conflicts);
	diagnostics_print(&conflicts);
	diagnostics_deinit(&conflicts);
	/* Not in configs: it stays what the user wrote, for a reload to compare. */
	for (size_t i = 0; status == 0 && i < configs->n_guests; i++)
		resolved.guests.guests[i].socket.fd = sockets[i].fd;
	if (status == 0)
		status = guests_reserve(&resolved.guests);
	for (size_t i = 0; status == 0 && i < resolved.notes.n; i++)
		log_info("start", "%s", resolved.notes.texts[i]);
	if (status == 0)
		status = supervise(
			startup,
			(struct supervisor_start){ .configs = configs, .guests = &resolved.guests, .wires = &wires },
			startup->settings->ready_fd);
	wire_list_deinit(&wires);
	resolved_deinit(&resolved);
	return status;
}

static int path_fresh(struct startup *startup)
{
	struct activation_guest *sockets = NULL;
	struct guest_configs configs;
	int ready_fd = startup->settings->ready_fd;
	int status = load_configs(startup->settings, &configs);

	settings_forget_text(startup->settings);
	if (status == 0)
		status = ready_fd_check(ready_fd);
	if (status == 0)
		status = sockets_new(configs.n_guests, &sockets);
	if (status == 0)
		status = sockets_take(&startup->activation, &configs, sockets, ready_fd);
	if (status == 0)
		status = configs_serve(startup, &configs, sockets);
	free(sockets);
	guest_configs_deinit(&configs);
	return status;
}

/* Of the settings, what they say of guests is for a later reload. */
static int left_serve(struct startup *startup, int ready_fd)
{
	int status = ready_fd_check(ready_fd);

	settings_forget_text(startup->settings);
	if (startup->settings->file_why.text[0])
		log_warning("start", "%s; what [daemon] says is left out", startup->settings->file_why.text);
	/* Sockets of socket activation: the guests that they were for have theirs. */
	if (status == 0)
		activation_close(&startup->activation);
	return status == 0 ? supervise(startup, (struct supervisor_start){ .handover = &startup->left }, ready_fd)
			   : status;
}

/* The --ready-fd was the business of an earlier program of this process. */
static int path_exec(struct startup *startup)
{
	return left_serve(startup, -1);
}

static int path_stored(struct startup *startup)
{
	return left_serve(startup, startup->settings->ready_fd);
}

/*
 * What an earlier program has left: first of all, because its fds have numbers that nothing else may take, and before
 * the configuration, which guests that are served do not depend on.
 */
static int startup_open(struct startup *startup, int argc, char **argv)
{
	struct why why;
	int bundle;

	if (handover_take(&startup->left) > 0)
		startup->path = path_exec;
	if (program_note(&startup->program, argc, argv) < 0) {
		error_print("out of memory");
		return EXIT_FAILED;
	}
	if (startup->path == path_exec) {
		activation_forget();
		return 0;
	}
	if (activation_init(&startup->activation, &why) < 0)
		return fail(&why);
	/* One that was emptied before may be there, too, when the manager did not hear of it. */
	while ((bundle = activation_take(&startup->activation, HANDOVER_STORED_NAME)) >= 0) {
		if (startup->path != path_stored && handover_take_stored(&startup->left, bundle) > 0)
			startup->path = path_stored;
		close(bundle);
		startup->stored = true;
	}
	return 0;
}

int startup_run(struct settings *settings, int argc, char **argv)
{
	struct startup startup = { .settings = settings, .path = path_fresh };
	int status = startup_open(&startup, argc, argv);

	if (status == 0)
		status = startup.path(&startup);
	handover_deinit(&startup.left);
	activation_deinit(&startup.activation);
	program_forget(&startup.program);
	return status;
}

/* Rather than that a guest's session ends. */
static bool sessions_look(const struct handover *handover, struct why *why)
{
	for (unsigned i = 0; i < handover->n_guests; i++) {
		if (handover_guest_look(&handover->guests[i], why) < 0)
			return false;
	}
	return true;
}

int startup_can_take_over(const struct settings *settings)
{
	struct sandbox sandbox = SANDBOX_NONE;
	struct handover handover;
	struct why why;
	int status = EXIT_FAILED;

	if (handover_look(settings->take_over, &handover, &why) == 0 && sessions_look(&handover, &why))
		status = sandbox_prepare(&sandbox, &settings->sandbox, &why) < 0 ? fail(&why) : 0;
	else
		error_print("cannot take over: %s", why.text);
	handover_deinit(&handover);
	sandbox_deinit(&sandbox);
	return status;
}
