/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verb run: all files are read first, then gone through, one after the other. */
#include "ctl/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/output.h"
#include "bench/scenario_parse.h"
#include "board/course_run.h"
#include "board/report.h"
#include "ctl/input.h"

#define FILES_MAX 1024

struct files {
	size_t n;
	struct scenario *scenarios;    /* owned; of each file */
	struct course_result *results; /* owned */
	struct parameters parameters;
	uint64_t seed;
	FILE *junit;
	int record_fd; /* owned; -1: none */
};

/* The whole file, "-" stdin. NULL: said. */
static char *text_read(const char *path)
{
	size_t len;
	char *text = input_read(path, SCENARIO_SIZE_MAX, &len);

	if (!text || !memchr(text, '\0', len))
		return text;
	error_print("%s: no text: a zero byte", path);
	free(text);
	return NULL;
}

static bool parameters_take(struct files *files, const struct call *call)
{
	for (size_t i = 0; i < call->n_sets; i++) {
		const char *word = call->sets[i], *equals = strchr(word, '=');
		size_t len = parameter_name_len(word);

		if (equals && len == (size_t)(equals - word) &&
		    parameters_set(&files->parameters, word, len, equals + 1, true) == 0)
			continue;
		error_print("--set: \"%s\" is not NAME=VALUE", word);
		return false;
	}
	return true;
}

static bool file_read(struct files *files, const char *path)
{
	struct scenario *scenario = &files->scenarios[files->n];
	char *text = text_read(path);
	struct why why;
	bool good;

	if (!text)
		return false;
	files->results[files->n++].file = path;
	good = scenario_parse(scenario, path, text, &files->parameters, &why) == 0;
	free(text);
	if (!good)
		error_print("%s", why.text);
	else if (scenario->n_steps == 0)
		error_print("%s: no step", path);
	return good && scenario->n_steps > 0;
}

/* All files; a parameter that none of them has is a word that was meant to be another one. */
static bool files_read(struct files *files, const struct call *call)
{
	bool used[PARAMETERS_MAX] = { false };

	for (int i = 0; i < call->n_words; i++) {
		if (!file_read(files, call->words[i]))
			return false;
		for (size_t j = 0; j < files->parameters.n; j++)
			used[j] |= files->parameters.list[j].given && files->parameters.list[j].used;
		parameters_reset(&files->parameters);
	}
	for (size_t j = 0; j < files->parameters.n; j++) {
		if (used[j])
			continue;
		error_print("--set: no file has a parameter \"%s\"", files->parameters.list[j].name);
		return false;
	}
	return true;
}

static bool options_take(struct files *files, const struct call *call)
{
	const char *seed = call->options[CALL_SEED], *junit = call->options[CALL_JUNIT],
		   *record = call->options[CALL_RECORD];

	files->seed = STIMULUS_SEED;
	if (call->n_words > FILES_MAX) {
		error_print("more than %d files", FILES_MAX);
		return false;
	}
	if (seed && (decimal_parse(seed, UINT32_MAX, &files->seed) < 0 || files->seed == 0)) {
		error_print("--seed: \"%s\" is not a number from 1 to %u", seed, UINT32_MAX);
		return false;
	}
	if (record && call->n_words > 1) {
		error_print("--record takes one scenario");
		return false;
	}
	files->record_fd = record ? open(record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	if (record && files->record_fd < 0) {
		error_print("--record: %s: %s", record, strerror(errno));
		return false;
	}
	files->junit = junit ? fopen(junit, "we") : NULL;
	if (junit && !files->junit)
		error_print("--junit: %s: %s", junit, strerror(errno));
	return !junit || files->junit;
}

static bool file_run(struct files *files, struct call *call, size_t i)
{
	struct course_result *result = &files->results[i];

	if (link_open(&call->link, call->path) < 0)
		return false;
	course_run(&files->scenarios[i], &call->link, files->seed, files->record_fd, result);
	link_close(&call->link);
	if (call->options[CALL_TAP])
		report_print_tap(result, i + 1);
	else
		report_print(result);
	return output_flush();
}

static int files_run(struct files *files, struct call *call)
{
	bool passed = true;
	size_t i = 0;

	if (call->options[CALL_TAP])
		report_print_tap_plan(files->n);
	for (; i < files->n && file_run(files, call, i); i++)
		passed &= files->results[i].passed;
	if (files->junit)
		report_write_junit(files->junit, files->results, i);
	if (files->junit && fflush(files->junit) != 0) {
		error_print("--junit: %s", strerror(errno));
		passed = false;
	}
	return passed && i == files->n ? 0 : EXIT_FAILED;
}

int run_call(struct call *call)
{
	static struct files files = { .record_fd = -1 };
	int status = EXIT_USAGE;

	files.scenarios = calloc((size_t)call->n_words, sizeof(*files.scenarios));
	files.results = calloc((size_t)call->n_words, sizeof(*files.results));
	if (!files.scenarios || !files.results)
		error_print("out of memory");
	else if (parameters_take(&files, call) && files_read(&files, call) && options_take(&files, call))
		status = files_run(&files, call);
	for (size_t i = 0; i < files.n; i++)
		scenario_deinit(&files.scenarios[i]);
	if (files.junit)
		fclose(files.junit);
	if (files.record_fd >= 0)
		close(files.record_fd);
	free(files.scenarios);
	free(files.results);
	return status;
}
