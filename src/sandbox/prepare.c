/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the supervisor does at its start. It makes what is made once, and has a process enter the sandbox and report each
 * stage, so that what does not work is known, and logged once, before anything is served.
 */
#include "sandbox/prepare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "sandbox/maker.h"
#include "sandbox/privilege.h"
#include "sandbox/sandbox.h"
#include "sandbox/seccomp.h"
#include "sandbox/stage.h"

#define TAG "sandbox"

#define STAGE_BIT(stage) (1u << (stage))

/* Reports of sanitizers and of coverage are written by the process itself: to files, by calls that nothing else makes. */
#ifdef SANDBOX_INSTRUMENTED
#define STAGES_LEFT_OUT                                                                                                \
	(STAGE_BIT(SANDBOX_ROOT) | STAGE_BIT(SANDBOX_LIMITS) | STAGE_BIT(SANDBOX_LANDLOCK) | STAGE_BIT(SANDBOX_FILTER))
#else
#define STAGES_LEFT_OUT 0u
#endif

/* What became of each stage: 0, or why it is not entered. */
struct outcome {
	int32_t errors[SANDBOX_STAGES];
};

const char *sandbox_refuses_on(void)
{
	if (!sandbox_filter_supported())
		return "it was built without libseccomp";
	return STAGES_LEFT_OUT ? "it was built with sanitizers or coverage" : NULL;
}

/* Whose processes they are to be, by name. NULL: the present user's. -errno: the user that was asked for cannot be had. */
static int user_choose(struct sandbox *sandbox, const struct sandbox_options *options, const char **name,
		       struct why *why)
{
	*name = NULL;
	sandbox->stages &= ~STAGE_BIT(SANDBOX_USER);
	if (geteuid() == 0)
		*name = options->user ? options->user : SANDBOX_USER_DEFAULT;
	else if (options->user)
		return why_fail(EPERM, why, "--user: only root can run the processes as another user");
	return 0;
}

/* The same of what came of it. */
static int user_take(struct sandbox *sandbox, const struct sandbox_options *options, const struct sandbox_made *made,
		     struct why *why)
{
	if (made->user < 0)
		return options->user ? why_fail(-made->user, why, "--user: %s", made->why.text) : 0;
	sandbox->uid = made->uid;
	sandbox->gid = made->gid;
	sandbox->stages |= STAGE_BIT(SANDBOX_USER);
	return 0;
}

static void outcome_note(struct sandbox *sandbox, struct outcome *outcome, unsigned stage, int error)
{
	outcome->errors[stage] = error;
	if (error < 0)
		sandbox->stages &= ~STAGE_BIT(stage);
}

static void made_note(struct sandbox *sandbox, const struct sandbox_made *made, struct outcome *outcome)
{
	for (unsigned i = 0; i < SANDBOX_NAMESPACES; i++) {
		if (sandbox_has(sandbox, SANDBOX_NAMESPACE_FIRST + i))
			outcome_note(sandbox, outcome, SANDBOX_NAMESPACE_FIRST + i, made->namespaces[i]);
	}
	outcome_note(sandbox, outcome, SANDBOX_FILTER, made->filter);
}

/* Enters what it can, and reports each stage as soon as it is over: the last one might be the end. */
static void __attribute__((noreturn)) trier_life(const struct sandbox *sandbox, int pipe)
{
	const struct sandbox_params params = { .role = SANDBOX_WORKER, .tag = TAG };

	for (unsigned stage = 0; stage < SANDBOX_STAGES; stage++) {
		int32_t error = 0;

		if (sandbox_has(sandbox, stage))
			error = sandbox_stage_enter(sandbox, &params, stage);
		if (write(pipe, &error, sizeof(error)) != sizeof(error))
			_exit(1);
	}
	_exit(0);
}

/* -errno: no process to do it. */
static int stages_try(struct sandbox *sandbox, struct outcome *outcome)
{
	int fds[2];
	pid_t pid;
	int ret;

	if (pipe(fds) < 0)
		return -errno;
	pid = fork();
	ret = pid < 0 ? -errno : 0;
	if (pid == 0)
		trier_life(sandbox, fds[1]);
	fd_close(&fds[1]);
	for (unsigned stage = 0; stage < SANDBOX_STAGES && pid > 0; stage++) {
		int32_t error;

		if (read(fds[0], &error, sizeof(error)) != sizeof(error))
			error = -ESRCH;
		if (sandbox_has(sandbox, stage))
			outcome_note(sandbox, outcome, stage, error);
	}
	fd_close(&fds[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return ret;
}

/* Nobody enters a namespace whose stage is not there: its fd is nothing to have. */
static void namespaces_close_unused(struct sandbox *sandbox)
{
	for (unsigned i = 0; i < SANDBOX_NAMESPACES; i++) {
		if (!sandbox_has(sandbox, SANDBOX_NAMESPACE_FIRST + i))
			fd_close(&sandbox->namespace_fds[i]);
	}
}

static int stages_find(struct sandbox *sandbox, const struct sandbox_options *options, struct outcome *outcome,
		       struct why *why)
{
	struct sandbox_made made;
	const char *user;
	int ret = user_choose(sandbox, options, &user, why);

	if (ret < 0)
		return ret;
	ret = sandbox_make(sandbox, user, &made);
	if (ret == 0 && user) {
		ret = user_take(sandbox, options, &made, why);
		if (ret < 0)
			return ret;
	}
	if (ret == 0) {
		made_note(sandbox, &made, outcome);
		ret = stages_try(sandbox, outcome);
	}
	/* That says nothing about the sandbox: with "auto", too, nobody is to go on without it. */
	if (ret < 0)
		return why_fail(-ret, why, "no process to try the sandbox in: %s", strerror(-ret));
	namespaces_close_unused(sandbox);
	return 0;
}

static void text_add(char *text, size_t size, const char *name, const char *reason)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s%s%s%s", len ? ", " : "", name, reason ? " (" : "", reason ? reason : "",
		 reason ? ")" : "");
}

/* Writes down what there is and what there is not. False: something that should work does not. */
static bool outcome_judge(struct sandbox *sandbox, const struct outcome *outcome, struct why *why)
{
	bool good = true;

	for (unsigned stage = 0; stage < SANDBOX_STAGES; stage++) {
		const char *name = sandbox_stage_name(stage);
		int error = outcome->errors[stage];
		const char *reason = sandbox_stage_reason(stage, error);
		bool lacks = sandbox_stage_lacks(stage, error);

		if (sandbox_has(sandbox, stage))
			text_add(sandbox->with, sizeof(sandbox->with), name, NULL);
		if (error == 0)
			continue;
		log_debug(TAG, "%s: %s", name, strerror(-error));
		text_add(sandbox->without, sizeof(sandbox->without), name, reason);
		if (!lacks && good)
			why_fail(EINVAL, why, "--sandbox=on: %s: %s", name, reason);
		good = good && lacks;
	}
	return good;
}

void sandbox_log(const struct sandbox *sandbox)
{
	if (sandbox->mode == SANDBOX_OFF) {
		log_warning(TAG, "off: whoever takes over a guest's process can do what this user can");
		return;
	}
	log_info(TAG, "%s", sandbox->with);
	if (sandbox->without[0])
		log_warning(TAG, "without %s", sandbox->without);
	if (STAGES_LEFT_OUT)
		log_info(TAG, "without root, limits, landlock and system calls: not in this build, %s",
			 sandbox_refuses_on());
	if (geteuid() == 0 && !sandbox_has(sandbox, SANDBOX_USER))
		log_info(TAG, "guests' processes run as root%s",
			 sandbox->uid == 0 ? ": there is no user " SANDBOX_USER_DEFAULT : "");
}

/* To enter them, as long as there is no user namespace that they belong to. */
static bool namespaces_take_privilege(const struct sandbox *sandbox)
{
	const uint32_t namespaces = STAGE_BIT(SANDBOX_NETWORK) | STAGE_BIT(SANDBOX_IPC) | STAGE_BIT(SANDBOX_ROOT);

	return !sandbox_has(sandbox, SANDBOX_USER_NAMESPACE) && sandbox->stages & namespaces;
}

int sandbox_prepare(struct sandbox *sandbox, const struct sandbox_options *options, struct why *why)
{
	struct outcome outcome = { .errors = { 0 } };
	int ret;

	*sandbox = (struct sandbox)SANDBOX_NONE;
	if (options->mode == SANDBOX_OFF)
		return 0;
	sandbox->mode = options->mode;
	sandbox->stages = (STAGE_BIT(SANDBOX_STAGES) - 1) & ~STAGES_LEFT_OUT;
	ret = stages_find(sandbox, options, &outcome, why);
	if (ret < 0) {
		sandbox_deinit(sandbox);
		return ret;
	}
	/* It was asked for by name: nobody is to believe that it is there. */
	if (options->user && outcome.errors[SANDBOX_USER] < 0 && sandbox->mode == SANDBOX_AUTO) {
		sandbox_deinit(sandbox);
		return why_fail(EPERM, why, "--user: %s", strerror(-outcome.errors[SANDBOX_USER]));
	}
	if (!outcome_judge(sandbox, &outcome, why) && sandbox->mode == SANDBOX_ON) {
		sandbox_deinit(sandbox);
		return -EPERM;
	}
	ret = sandbox_keep_least(namespaces_take_privilege(sandbox));
	if (ret < 0 && sandbox->mode == SANDBOX_AUTO) {
		text_add(sandbox->without, sizeof(sandbox->without), "the supervisor's share", strerror(-ret));
		return 0;
	}
	return ret < 0 ? why_fail(-ret, why, "--sandbox=on: the supervisor's share: %s", strerror(-ret)) : 0;
}
