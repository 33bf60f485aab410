/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Real chips through the program's chip interface, with no guest: what the host forces on lines, and how chips are found. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chip/aggregate.h"
#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "chip/label.h"
#include "failure.h"
#include "gpio_sim.h"
#include "kernel.h"
#include "loop/loop.h"
#include "wait.h"

#define N_LINES	    8
#define LINK	    "/dev/gpiochip-exp"
#define CONSUMER    "vhost-device-gpio:test"
#define DEBOUNCE_MS 120

struct fixture {
	struct loop loop;
	struct gpio_sim sims[2];
	struct chip_spec specs[2];
	struct chip_found found[2];
	struct chip *chip;
	const struct aggregate_line *lines; /* of an aggregate, as is memory */
	void *memory;
	char trace[64]; /* of edges: "3r1 " */
	unsigned drops;
};

static void on_fetch(void *ctx, unsigned offset, unsigned n_edges)
{
}

static void on_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	struct fixture *fixture = ctx;
	size_t len = strlen(fixture->trace);

	snprintf(fixture->trace + len, sizeof(fixture->trace) - len, "%u%c%d ", offset,
		 edge == CHIP_EDGE_RISING ? 'r' : 'f', level);
}

static void on_changed(void *ctx, unsigned offset)
{
	fail();
}

/* What the supervisor does; of an aggregate, for the member whose line it is. */
static int on_request_line(void *ctx, unsigned offset, const struct chip_line_config *config, int *fd)
{
	const struct fixture *fixture = ctx;
	const struct aggregate_line line =
		fixture->lines ? fixture->lines[offset] : (struct aggregate_line){ 0, offset };

	return chip_request_line(&fixture->specs[line.member], &fixture->found[line.member], line.offset, CONSUMER,
				 config, fd);
}

static int on_line_info(void *ctx, unsigned offset, struct chip_line_info *info)
{
	fail(); /* not asked for here */
	return -EIO;
}

static void on_drop_fd(void *ctx, unsigned offset)
{
	((struct fixture *)ctx)->drops++;
}

static void on_settle_fds(void *ctx)
{
}

static struct chip_host host_of(struct fixture *fixture)
{
	return (struct chip_host){ .loop = &fixture->loop,
				   .tag = "test",
				   .observer = { fixture, on_fetch, on_edge, on_changed },
				   .broker = { fixture, on_request_line, on_drop_fd, on_line_info, on_settle_fds } };
}

/* Turns for that long. */
static void turn(struct fixture *fixture, unsigned ms)
{
	uint64_t end = clock_ms() + ms;

	while (clock_ms() < end)
		assert_int_equal(loop_turn(&fixture->loop, 5), 0);
}

static void assert_trace(struct fixture *fixture, const char *want)
{
	assert_string_equal(fixture->trace, want);
	fixture->trace[0] = '\0';
}

static void probe(struct fixture *fixture, unsigned i)
{
	struct why why;

	if (chip_probe(&fixture->specs[i], &fixture->found[i], &why) < 0)
		fail_msg("%s: %s", fixture->specs[i].path, why.text);
}

static int setup_none(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	fixture->found[0].fd = fixture->found[1].fd = -1;
	return fixture ? loop_init(&fixture->loop) : -1;
}

static void make(struct fixture *fixture, unsigned i, const char *label)
{
	static const struct gpio_sim_line lines[] = {
		{ .offset = 5, .name = "fan", .hog = "board-hog", .hog_direction = "output-high" },
		{ .name = NULL },
	};

	gpio_sim_make(&fixture->sims[i], N_LINES, label, lines);
	gpio_sim_set_live(&fixture->sims[i], true);
}

static int setup(void **state)
{
	const int ret = setup_none(state);
	struct fixture *fixture = *state;
	const struct chip_host host = host_of(fixture);

	make(fixture, 0, "exp");
	chip_spec_number(fixture->sims[0].number, &fixture->specs[0]);
	probe(fixture, 0);
	return ret < 0 ? ret : chip_attach(&fixture->specs[0], &fixture->found[0], NULL, &host, &fixture->chip);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	chip_detach(fixture->chip);
	for (unsigned i = 0; i < 2; i++) {
		if (fixture->found[i].fd >= 0)
			close(fixture->found[i].fd);
		gpio_sim_remove(&fixture->sims[i]);
	}
	unlink(LINK);
	loop_deinit(&fixture->loop);
	free(fixture->memory);
	free(fixture);
	return 0;
}

static void configure(struct fixture *fixture, unsigned line, enum chip_direction direction, uint8_t value,
		      struct chip_line_settings settings)
{
	const struct chip_line_config config = { .direction = direction,
						 .value = value,
						 .edges = direction == CHIP_DIRECTION_IN ? CHIP_EDGE_BOTH
											 : CHIP_EDGE_NONE,
						 .settings = settings };

	assert_int_equal(chip_configure(fixture->chip, line, &config), 0);
}

static void assert_pull(struct fixture *fixture, unsigned line, const char *want)
{
	char path[200], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/sim_gpio%u/pull", fixture->sims[0].sysfs, line);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, want);
}

static void bias_is_on_the_pull(void **state)
{
	struct fixture *fixture = *state;
	const struct chip_line_settings up = { .bias = CHIP_BIAS_PULL_UP }, down = { .bias = CHIP_BIAS_PULL_DOWN };

	assert_pull(fixture, 2, "pull-down");
	configure(fixture, 2, CHIP_DIRECTION_IN, 0, up);
	assert_pull(fixture, 2, "pull-up");
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 2), 1);
	assert_int_equal(chip_get(fixture->chip, 2), 1);
	configure(fixture, 2, CHIP_DIRECTION_IN, 0, down);
	assert_pull(fixture, 2, "pull-down");
	assert_int_equal(chip_get(fixture->chip, 2), 0);
	configure(fixture, 2, CHIP_DIRECTION_IN, 0, up);
	configure(fixture, 2, CHIP_DIRECTION_IN, 0, (struct chip_line_settings){ .bias = CHIP_BIAS_AS_IS });
	assert_pull(fixture, 2, "pull-up");
}

static void active_low_inverts(void **state)
{
	struct fixture *fixture = *state;
	const struct chip_line_settings settings = { .active_low = true };

	configure(fixture, 0, CHIP_DIRECTION_OUT, 1, settings);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 0), 0);
	assert_int_equal(chip_get(fixture->chip, 0), 1);
	assert_int_equal(chip_set(fixture->chip, 0, 0), 0);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 0), 1);
	assert_int_equal(chip_get(fixture->chip, 0), 0);

	gpio_sim_drive(&fixture->sims[0], 1, true);
	configure(fixture, 1, CHIP_DIRECTION_IN, 0, settings);
	assert_int_equal(chip_get(fixture->chip, 1), 0);
	gpio_sim_drive(&fixture->sims[0], 1, false);
	turn(fixture, 50);
	assert_trace(fixture, "1r1 ");
	assert_int_equal(chip_get(fixture->chip, 1), 1);
	gpio_sim_drive(&fixture->sims[0], 1, true);
	turn(fixture, 50);
	assert_trace(fixture, "1f0 ");
}

/* gpio-sim has no such hardware: the kernel makes the line an input when it is to let go. */
static void drives_that_let_go(void **state)
{
	struct fixture *fixture = *state;
	const struct chip_line_settings drain = { .drive = CHIP_DRIVE_OPEN_DRAIN },
					source = { .drive = CHIP_DRIVE_OPEN_SOURCE };

	for (unsigned up = 0; up < 2; up++) {
		gpio_sim_drive(&fixture->sims[0], up, up);
		configure(fixture, up, CHIP_DIRECTION_OUT, 1, drain);
		assert_int_equal(gpio_sim_level(&fixture->sims[0], up), up);
		assert_int_equal(chip_get(fixture->chip, up), up);
		assert_int_equal(chip_set(fixture->chip, up, 0), 0);
		assert_int_equal(gpio_sim_level(&fixture->sims[0], up), 0);

		gpio_sim_drive(&fixture->sims[0], 2 + up, up);
		configure(fixture, 2 + up, CHIP_DIRECTION_OUT, 0, source);
		assert_int_equal(gpio_sim_level(&fixture->sims[0], 2 + up), up);
		assert_int_equal(chip_get(fixture->chip, 2 + up), up);
		assert_int_equal(chip_set(fixture->chip, 2 + up, 1), 0);
		assert_int_equal(gpio_sim_level(&fixture->sims[0], 2 + up), 1);
	}
}

static void debounced(void **state)
{
	struct fixture *fixture = *state;

	configure(fixture, 6, CHIP_DIRECTION_IN, 0, (struct chip_line_settings){ .debounce_us = DEBOUNCE_MS * 1000 });
	gpio_sim_drive(&fixture->sims[0], 6, true);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 6), 1);
	assert_int_equal(chip_get(fixture->chip, 6), 0);
	gpio_sim_drive(&fixture->sims[0], 6, false);
	turn(fixture, 3 * DEBOUNCE_MS);
	assert_trace(fixture, "");
	gpio_sim_drive(&fixture->sims[0], 6, true);
	turn(fixture, 3 * DEBOUNCE_MS);
	assert_trace(fixture, "6r1 ");
	assert_int_equal(chip_get(fixture->chip, 6), 1);
	/* Without the setting the next pulse is seen. */
	configure(fixture, 6, CHIP_DIRECTION_IN, 0, (struct chip_line_settings){ .debounce_us = 0 });
	gpio_sim_drive(&fixture->sims[0], 6, false);
	gpio_sim_drive(&fixture->sims[0], 6, true);
	turn(fixture, 50);
	assert_trace(fixture, "6f0 6r1 ");
}

static void claimed_line_is_held(void **state)
{
	struct fixture *fixture = *state;
	const struct chip_line_config config = { .direction = CHIP_DIRECTION_OUT,
						 .value = 1,
						 .settings = { .active_low = true } };
	struct chip_line_info info;
	int fd, none, kernel = kernel_open(fixture->sims[0].path);

	gpio_sim_drive(&fixture->sims[0], 1, true);
	assert_int_equal(chip_request_line(&fixture->specs[0], &fixture->found[0], 1, CONSUMER, &config, &fd), 0);
	assert_true(fd >= 0);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 1), 0);
	assert_string_equal(kernel_line(kernel, 1).consumer, CONSUMER);
	assert_int_equal(chip_found_line_info(&fixture->specs[0], &fixture->found[0], 1, &info), 0);
	assert_true(info.used);
	assert_string_equal(info.consumer, CONSUMER);
	assert_int_equal(info.direction, CHIP_DIRECTION_OUT);
	/* Held by the kernel, and by another process. */
	assert_int_equal(chip_request_line(&fixture->specs[0], &fixture->found[0], 1, CONSUMER, &config, &none),
			 -EBUSY);
	assert_int_equal(chip_found_line_info(&fixture->specs[0], &fixture->found[0], 5, &info), 0);
	assert_string_equal(info.consumer, "board-hog");
	assert_string_equal(info.name, "fan");

	/* A worker takes it over, and the wire does not move. */
	kernel_watch(kernel, 1);
	assert_int_equal(chip_adopt(fixture->chip, 1, &config, fd), 0);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 1), 0);
	assert_int_equal(kernel_changes(kernel).released, 0);
	assert_int_equal(chip_get(fixture->chip, 1), 1);
	close(kernel);
}

static int try_line(struct fixture *fixture, unsigned line, struct chip_line_settings settings)
{
	return chip_try_settings(&fixture->specs[0], &fixture->found[0], line, CONSUMER, &settings);
}

/* An output that nobody holds, as a boot loader leaves it: high. gpio-sim gives a line that is let go to its pull. */
static void tried_line_stays_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	int kernel = kernel_open(fixture->sims[0].path);
	struct kernel_changes changes;

	gpio_sim_drive(&fixture->sims[0], 2, true);
	configure(fixture, 2, CHIP_DIRECTION_OUT, 1, (struct chip_line_settings){ .bias = CHIP_BIAS_AS_IS });
	chip_release(fixture->chip, 2);
	kernel_watch(kernel, 2);
	assert_int_equal(try_line(fixture, 2, (struct chip_line_settings){ .bias = CHIP_BIAS_PULL_UP }), 0);
	changes = kernel_changes(kernel);
	assert_int_equal(changes.requested, 1);
	assert_int_equal(changes.configured, 1);
	assert_int_equal(changes.released, 1);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 2), 1);
	assert_int_equal(try_line(fixture, 2,
				  (struct chip_line_settings){ .active_low = true,
							       .bias = CHIP_BIAS_PULL_UP,
							       .drive = CHIP_DRIVE_OPEN_DRAIN,
							       .debounce_us = 1000 }),
			 0);
	assert_int_equal(kernel_changes(kernel).configured, 0);
	assert_true(kernel_line(kernel, 2).flags & GPIO_V2_LINE_FLAG_OUTPUT);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 2), 1);
	assert_int_equal(kernel_line(kernel, 2).flags & GPIO_V2_LINE_FLAG_USED, 0);

	/* An input; and one that is not free. */
	assert_int_equal(try_line(fixture, 3, (struct chip_line_settings){ .debounce_us = 1000 }), 0);
	assert_true(kernel_line(kernel, 3).flags & GPIO_V2_LINE_FLAG_INPUT);
	assert_int_equal(kernel_line(kernel, 3).flags & GPIO_V2_LINE_FLAG_USED, 0);
	assert_int_equal(try_line(fixture, 5, (struct chip_line_settings){ .debounce_us = 1000 }), -EBUSY);
	close(kernel);
}

static void attach_two(struct fixture *fixture, const struct aggregate_line *lines, unsigned n)
{
	const struct chip_host host = host_of(fixture);
	struct aggregate_member members[2];

	for (unsigned i = 0; i < 2; i++) {
		make(fixture, i, i == 0 ? "left" : "right");
		chip_spec_number(fixture->sims[i].number, &fixture->specs[i]);
		probe(fixture, i);
		members[i] = (struct aggregate_member){ &fixture->specs[i], &fixture->found[i] };
	}
	fixture->lines = lines;
	fixture->memory = calloc(1, aggregate_state_size(members, 2) + 1);
	assert_int_equal(aggregate_attach(members, 2, lines, n, fixture->memory, &host, &fixture->chip), 0);
}

static void two_chips_are_one(void **state)
{
	static const struct aggregate_line lines[] = { { 1, 7 }, { 0, 2 }, { 0, 0 }, { 1, 0 } };
	const struct chip_line_settings none = { .active_low = false };
	struct fixture *fixture = *state;
	char where[64], want[64];
	struct chip_found now;

	attach_two(fixture, lines, 4);
	configure(fixture, 0, CHIP_DIRECTION_OUT, 1, none);
	configure(fixture, 1, CHIP_DIRECTION_OUT, 1, none);
	configure(fixture, 2, CHIP_DIRECTION_IN, 0, none);
	configure(fixture, 3, CHIP_DIRECTION_IN, 0, (struct chip_line_settings){ .active_low = true });
	assert_int_equal(gpio_sim_level(&fixture->sims[1], 7), 1);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 2), 1);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 7), 0);
	gpio_sim_drive(&fixture->sims[0], 0, true);
	turn(fixture, 50);
	gpio_sim_drive(&fixture->sims[1], 0, true);
	turn(fixture, 50);
	assert_trace(fixture, "2r1 3f0 ");
	assert_int_equal(chip_get(fixture->chip, 2), 1);
	assert_int_equal(chip_get(fixture->chip, 3), 0);
	chip_line_where(fixture->chip, 0, where, sizeof(where));
	snprintf(want, sizeof(want), "%s line 7", fixture->sims[1].path);
	assert_string_equal(where, want);

	/* One goes: the other's lines do not notice. Back, it is taken for the same one, and its lines are released. */
	gpio_sim_set_live(&fixture->sims[1], false);
	turn(fixture, 50);
	assert_int_equal(chip_set(fixture->chip, 0, 0), -ENODEV);
	assert_int_equal(chip_get(fixture->chip, 3), -ENODEV);
	assert_int_equal(chip_set(fixture->chip, 1, 0), 0);
	assert_int_equal(gpio_sim_level(&fixture->sims[0], 2), 0);
	assert_true(chip_is_gone(&fixture->specs[1], &fixture->found[1]));
	assert_false(chip_is_gone(&fixture->specs[0], &fixture->found[0]));
	gpio_sim_set_live(&fixture->sims[1], true);
	assert_int_equal(chip_find_replugged(&fixture->specs[1], &fixture->found[1], fixture->sims[0].path, &now),
			 -ENODEV);
	assert_int_equal(chip_find_replugged(&fixture->specs[1], &fixture->found[1], fixture->sims[1].path, &now), 0);
	close(fixture->found[1].fd);
	fixture->found[1] = now;
	aggregate_replugged(fixture->chip, 1);
	assert_int_equal(fixture->drops, 2);
	assert_int_equal(chip_get(fixture->chip, 0), -EPERM);
	configure(fixture, 0, CHIP_DIRECTION_OUT, 1, none);
	assert_int_equal(gpio_sim_level(&fixture->sims[1], 7), 1);
	gpio_sim_drive(&fixture->sims[0], 0, false);
	turn(fixture, 50);
	assert_trace(fixture, "2f0 ");
}

static void by_label_and_by_link(void **state)
{
	struct fixture *fixture = *state;
	struct gpio_sim *sim = &fixture->sims[0];
	struct chip_found twin;
	struct why why;

	make(fixture, 0, "exp");
	make(fixture, 1, "decoy");
	assert_int_equal(symlink(sim->path, LINK), 0);
	assert_int_equal(chip_spec_path(LINK, &fixture->specs[0]), 0);
	probe(fixture, 0);
	assert_string_equal(fixture->found[0].label, "exp");
	/* The link is no second chip of that label. */
	assert_int_equal(chip_label_find(LABEL_DIRECTORY, "exp", &fixture->specs[1], &why), 0);
	probe(fixture, 1);
	assert_true(chip_found_same(&fixture->found[0], &fixture->found[1]));
	chip_spec_number(fixture->sims[1].number, &fixture->specs[1]);
	close(fixture->found[1].fd);
	probe(fixture, 1);
	assert_false(chip_found_same(&fixture->found[0], &fixture->found[1]));
	assert_int_equal(chip_label_find(LABEL_DIRECTORY, "ex", &fixture->specs[1], &why), -ENODEV);
	assert_non_null(strstr(why.text, "no chip has this label (found: "));
	assert_non_null(strstr(why.text, "\"exp\""));
	assert_non_null(strstr(why.text, "\"decoy\""));

	/* Its number is taken by another while it is away. */
	gpio_sim_set_live(sim, false);
	gpio_sim_set_live(&fixture->sims[1], false);
	gpio_sim_set_live(&fixture->sims[1], true);
	gpio_sim_set_live(sim, true);
	assert_int_equal(chip_find_replugged(&fixture->specs[0], &fixture->found[0], fixture->sims[1].path, &twin),
			 -ENODEV);
	assert_int_equal(chip_find_replugged(&fixture->specs[0], &fixture->found[0], sim->path, &twin), 0);
	close(twin.fd);
	assert_int_equal(chip_label_find(LABEL_DIRECTORY, "exp", &fixture->specs[0], &why), 0);
	assert_int_equal(chip_probe(&fixture->specs[0], &twin, &why), 0);
	close(twin.fd);
	assert_string_not_equal(fixture->specs[0].path, fixture->sims[1].path);
}

static void label_of_two(void **state)
{
	struct fixture *fixture = *state;
	unsigned low, high;
	struct why why;
	char want[160];

	make(fixture, 0, "twin");
	make(fixture, 1, "twin");
	low = fixture->sims[0].number < fixture->sims[1].number ? 0 : 1;
	high = 1 - low;
	assert_int_equal(chip_label_find(LABEL_DIRECTORY, "twin", &fixture->specs[0], &why), -ENOTUNIQ);
	snprintf(want, sizeof(want), "two chips have this label: %s and %s", fixture->sims[low].path,
		 fixture->sims[high].path);
	assert_string_equal(why.text, want);
}

static void fail_test(const char *text)
{
	fail_msg("%s", text);
}

#define WITH(fn, setup) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(bias_is_on_the_pull, setup),    WITH(active_low_inverts, setup),
		WITH(drives_that_let_go, setup),     WITH(debounced, setup),
		WITH(claimed_line_is_held, setup),   WITH(tried_line_stays_as_it_was, setup),
		WITH(two_chips_are_one, setup_none), WITH(by_label_and_by_link, setup_none),
		WITH(label_of_two, setup_none),
	};

	failure_set_handler(fail_test);
	return cmocka_run_group_tests_name("cdev_chip", tests, NULL, NULL);
}
