/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --make-safe: every line into its on-disconnect state. */
#include "app/make_safe.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"

static void failure_log(const struct guest *guest, const struct line_rules *rules, int error)
{
	const struct guest_chip *chip = &guest->chips[rules->chip];
	struct chip_line_info info;

	if (error == -EBUSY && chip_found_line_info(&chip->spec, &chip->found, rules->offset, &info) == 0)
		log_error(guest->name, "%s line %u cannot be made safe: it is held by \"%s\"", chip->spec.path,
			  rules->offset, info.consumer);
	else
		log_error(guest->name, "%s line %u cannot be made safe: %s", chip->spec.path, rules->offset,
			  chip_strerror(error));
}

/* The fd is left to the process's end, which is when the line is let go. */
static bool line_make_safe(const struct guest *guest, unsigned line)
{
	const struct line_rules *rules = &guest->lines[line];
	const struct guest_chip *chip = &guest->chips[rules->chip];
	const struct chip_line_config config = line_rules_idle_config(rules, rules->on_disconnect);
	char consumer[CHIP_NAME_MAX];
	int fd, ret;

	/* What a guest left nobody knows any more: "hold" has nothing to do. */
	if (rules->on_disconnect == LINE_IDLE_RELEASED || rules->on_disconnect == LINE_IDLE_HOLD)
		return true;
	guest_consumer(guest, consumer);
	ret = chip_request_line(&chip->spec, &chip->found, rules->offset, consumer, &config, &fd);
	if (ret < 0)
		failure_log(guest, rules, ret);
	return ret == 0;
}

unsigned make_safe(const struct guests *guests)
{
	unsigned failed = 0;

	for (size_t i = 0; i < guests->n; i++) {
		for (unsigned line = 0; line < guests->guests[i].n_lines; line++)
			failed += !line_make_safe(&guests->guests[i], line);
	}
	return failed;
}

static void hold_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

void make_safe_hold_prepare(void)
{
	sigset_t set;

	hold_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void make_safe_hold(void)
{
	sigset_t set;
	int signo;

	hold_signals(&set);
	log_info("make-safe", "holding the lines");
	sigwait(&set, &signo);
}
