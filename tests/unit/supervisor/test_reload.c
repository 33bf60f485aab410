/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Reading the configuration again, on real chips of a fake kernel: what is tried and taken when. No process is started,
 * so that a guest that leaves is gone at once. (tests/cli/test_reload.c has the processes.)
 */
#include "unit/guest/resolve_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "supervisor/reload.h"

struct outcome {
	unsigned times;
	bool changed;
	char why[128];
};

static struct loop loop;
static struct guest_set set;
static struct reload reload;
static struct settings settings;
static struct outcome outcome;
static sigset_t signals_own;
static char config_path[64];

static void on_done(void *ctx, bool changed, const char *why)
{
	outcome.times++;
	outcome.changed = changed;
	snprintf(outcome.why, sizeof(outcome.why), "%s", why ? why : "");
}

/* "DIR" in the text is the fixture's directory. */
static void config_write(const char *text)
{
	FILE *file = fopen(config_path, "we");

	assert_non_null(file);
	for (const char *at; (at = strstr(text, "DIR")); text = at + 3)
		fprintf(file, "%.*s%s", (int)(at - text), text, fixture.directory);
	fputs(text, file);
	fclose(file);
}

static unsigned fds_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void request(const char *config)
{
	outcome = (struct outcome){ .times = 0 };
	kernel.infos = 0;
	config_write(config);
	reload_request(&reload);
	assert_int_equal(outcome.times, 1);
	assert_false(reload.pending);
}

static const char *guests(void)
{
	static char text[256];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < set.n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", set.entries[i]->process.guest.name);
	return text;
}

static int setup(void **state)
{
	if (resolve_fixture_up(state) < 0 || loop_init(&loop) < 0)
		return -1;
	log_set_level(LOG_LEVEL_ERROR);
	snprintf(config_path, sizeof(config_path), "%s/conf", fixture.directory);
	settings = (struct settings){ .config = config_path, .fd = -1, .ready_fd = -1 };
	set = (struct guest_set){ .loop = &loop, .signals_own = &signals_own };
	reload_init(&reload, &settings, &set, on_done, NULL);
	return 0;
}

static int teardown(void **state)
{
	reload_deinit(&reload);
	guest_set_deinit(&set);
	loop_deinit(&loop);
	unlink(config_path);
	return resolve_fixture_down(state);
}

#define A(lines) "[guest a]\nsocket = DIR/a.sock\nlines = " lines "\n"
#define B(lines) "[guest b]\nsocket = DIR/b.sock\nlines = " lines "\n"

static void guests_come(void **state)
{
	request(A("@0{0}") B("@0{2,init=output-high}"));
	assert_true(outcome.changed);
	assert_string_equal(outcome.why, "");
	assert_string_equal(guests(), "a b ");
	/* The line with an init was taken before a worker is there. */
	assert_string_equal(kernel.offsets, "2");
	assert_int_equal(set.entries[1]->process.session.store.n, 1);
}

/* The line is held by the guest that leaves when the file is read, and free when the new one is made. */
static void a_line_goes_from_one_to_the_other(void **state)
{
	request(A("@0{0}"));
	kernel.lines[0].holder = "vhost-device-gpio:a";
	kernel.free_after = 2; /* the probe of the chip is one */
	request(B("@0{0,init=input}"));
	assert_string_equal(outcome.why, "");
	assert_string_equal(guests(), "b ");
	assert_int_equal(set.entries[0]->process.session.store.n, 1);
}

/* Somebody else was faster, which is found out when the old guest is gone: the others come all the same. */
static void a_line_that_is_not_let_go(void **state)
{
	request(A("@0{0}"));
	kernel.lines[0].holder = "vhost-device-gpio:a";
	kernel.free_after = 0;
	request(B("@0{0}"));
	assert_true(outcome.changed);
	assert_string_equal(outcome.why, "not all guests of the new configuration can be served");
	assert_string_equal(guests(), "");
}

static void a_line_that_another_holds(void **state)
{
	request(A("@0{0}"));
	kernel.lines[2].holder = "gpioset";
	request(B("@0{2}"));
	assert_false(outcome.changed);
	assert_string_equal(outcome.why, "the new configuration is refused, the old one stays");
	assert_string_equal(guests(), "a ");
	assert_false(set.entries[0]->removing);
}

static void a_line_of_one_that_stays(void **state)
{
	request(A("@0{0}"));
	request(A("@0{0}") B("@DIR/again{0}"));
	assert_false(outcome.changed);
	assert_string_equal(guests(), "a ");
	request(A("@0{0}") B("@DIR/again{2}"));
	assert_string_equal(guests(), "a b ");
}

/* What the chip cannot do is tried in the second step; the one that it is about is missing, not the others. */
static void settings_that_can_not_be_had(void **state)
{
	kernel.fail_number = GPIO_V2_LINE_SET_CONFIG_IOCTL;
	kernel.fail_errno = 524;
	request(A("@0{0,bias=pull-up}") B("@0{2}"));
	assert_string_equal(outcome.why, "not all guests of the new configuration can be served");
	assert_string_equal(guests(), "b ");
}

static void no_fd_is_left(void **state)
{
	unsigned before;

	request(A("@0{0,init=input}"));
	before = fds_open();
	for (int i = 0; i < 3; i++) {
		request(A("@0{0,init=input}") B("@1{0,init=output-low}@0{2}"));
		assert_true(fds_open() > before);
		kernel.fail_errno = EBUSY;
		request(A("@0{0,init=input}"));
		/* One that cannot be made, after its first lines and chips were there. */
		kernel.fail_request = kernel.requests + 2;
		request(A("@0{0,init=input}") B("@1{0,init=output-low}@0{2,init=input}"));
		assert_string_equal(guests(), "a ");
		kernel.fail_request = 0;
		/* One that is refused. */
		request(A("@0{0,init=input}") B("@1{0}@0{9}"));
		assert_int_equal(fds_open(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(guests_come, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_goes_from_one_to_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_that_is_not_let_go, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_that_another_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_of_one_that_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(settings_that_can_not_be_had, setup, teardown),
		cmocka_unit_test_setup_teardown(no_fd_is_left, setup, teardown),
	};

	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
