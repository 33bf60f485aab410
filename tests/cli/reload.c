/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A daemon with a configuration file that is changed and read again. */
#include "reload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpio.h"
#include "proc.h"

struct run daemon_run;
struct vmm vmm;
pid_t stays;

void config_write(const char *text)
{
	FILE *file = fopen("guests.conf.new", "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	/* The daemon may be reading what was there. */
	assert_int_equal(rename("guests.conf.new", "guests.conf"), 0);
}

void start(const char *config, const char *words)
{
	start_with(config, words, NULL, NULL);
}

void start_with(const char *config, const char *words, void (*prepare)(void *ctx), void *ctx)
{
	config_write(config);
	run_start_with(&daemon_run, "daemon", "VHOST_DEVICE_GPIO", words, prepare, ctx);
	stays = child_wait(&daemon_run, "vgpio:stays", 0);
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "stays.sock");
	assert_int_equal(gpio_set_value(&vmm, 3, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&vmm, 3, GPIO_OUT), GPIO_OK);
}

void stop(void)
{
	assert_int_equal(child_named(&daemon_run, "vgpio:stays"), stays);
	assert_int_equal(gpio_get_value(&vmm, 3), 1);
	vmm_deinit(&vmm);
	daemon_down(&daemon_run);
}

unsigned logged(const char *text)
{
	const char *at = run_said(&daemon_run);
	unsigned n = 0;

	for (; (at = strstr(at, text)); at++)
		n++;
	return n;
}

struct log_search {
	const char *text;
	unsigned times;
};

static bool is_logged(void *ctx)
{
	const struct log_search *search = ctx;

	return logged(search->text) >= search->times;
}

void wait_logged(const char *text, unsigned times)
{
	struct log_search search = { text, times };

	if (!wait_for(is_logged, &search, FIXTURE_MS))
		fail_msg("\"%s\" is not there %u times: %s", text, times, run_err(&daemon_run));
}

static unsigned reloads_done(void)
{
	return logged("info: reload: ") + logged("error: reload: not all guests");
}

static unsigned reloads_refused(void)
{
	return logged("error: reload: the new configuration");
}

static void reload_only(const char *config)
{
	unsigned done = reloads_done(), refused = reloads_refused();
	uint64_t end = clock_ms() + FIXTURE_MS;

	config_write(config);
	kill(daemon_run.pid, SIGHUP);
	while (reloads_done() == done && reloads_refused() == refused) {
		if (clock_ms() > end)
			fail_msg("no end of the reload: %s", run_err(&daemon_run));
		sleep_ms(2);
	}
}

void reload(const char *config)
{
	pid_t control = child_wait(&daemon_run, "vgpio:control", 0);
	unsigned done = reloads_done();

	reload_only(config);
	if (reloads_done() > done)
		child_wait(&daemon_run, "vgpio:control", control);
}

void reload_unchanged(const char *config)
{
	pid_t control = child_wait(&daemon_run, "vgpio:control", 0);

	reload_only(config);
	proc_wait_quiet(daemon_run.pid);
	assert_int_equal(child_named(&daemon_run, "vgpio:control"), control);
}

/* Which guests vgpioctl sees; none while the control process is being replaced. */
static const char *guests_seen(void)
{
	static char text[256];
	struct run run;
	size_t used = 0;
	char *rest;

	text[0] = '\0';
	if (ctl(&run, "info") != 0)
		return text;
	rest = strdup(run_out(&run));
	for (char *line = strtok(rest, "\n"); line; line = strtok(NULL, "\n")) {
		if (strstr(line, " - "))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s ", (int)strcspn(line, " "),
						 line);
	}
	free(rest);
	return text;
}

void check_guests(const char *names)
{
	assert_string_equal(guests_seen(), names);
}

static bool are_seen(void *ctx)
{
	return strcmp(guests_seen(), ctx) == 0;
}

void wait_guests(const char *names)
{
	if (!wait_for(are_seen, (void *)(uintptr_t)names, FIXTURE_MS))
		fail_msg("vgpioctl sees \"%s\", not \"%s\": %s", guests_seen(), names, run_err(&daemon_run));
}
