/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of chip/cdev and chip/cdev_uapi, on a fake kernel. The real kernel's turn comes in tests/e2e. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "chip/cdev_uapi.h"
#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "fake_kernel.h"
#include "loop/loop.h"

#define CONSUMER "vhost-device-gpio:a-name-that-is-too-long"

struct fixture {
	struct loop loop;
	struct chip_spec spec;
	struct chip_found found;
	struct chip *chip;
	int edges, stored_fd, drops, settled;
	char trace[64]; /* of the edges: "r1" "f0" */
	bool release_on_edge;
};

static void on_fetch(void *ctx, unsigned offset, unsigned n_edges)
{
}

static void on_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	struct fixture *fixture = ctx;
	size_t len = strlen(fixture->trace);

	assert_int_equal(offset, 2);
	fixture->edges++;
	if (len + 3 < sizeof(fixture->trace))
		snprintf(fixture->trace + len, 3, "%c%d", edge == CHIP_EDGE_RISING ? 'r' : 'f', level);
	if (fixture->release_on_edge)
		chip_release(fixture->chip, offset);
}

static void on_changed(void *ctx, unsigned offset)
{
	fail(); /* nobody else tells */
}

/* What the supervisor does. */
static int on_request_line(void *ctx, unsigned offset, const struct chip_line_config *config, int *fd)
{
	struct fixture *fixture = ctx;
	int ret = chip_request_line(&fixture->spec, &fixture->found, offset, CONSUMER, config, fd);

	assert_int_equal(offset, 2);
	if (ret == 0)
		fixture->stored_fd = *fd;
	return ret;
}

static int on_line_info(void *ctx, unsigned offset, struct chip_line_info *info)
{
	const struct fixture *fixture = ctx;

	return chip_found_line_info(&fixture->spec, &fixture->found, offset, info);
}

static void on_drop_fd(void *ctx, unsigned offset)
{
	assert_int_equal(offset, 2);
	((struct fixture *)ctx)->drops++;
}

static void on_settle_fds(void *ctx)
{
	((struct fixture *)ctx)->settled++;
}

static void fixture_attach(struct fixture *fixture)
{
	struct chip_host host = { .loop = &fixture->loop,
				  .tag = "test",
				  .observer = { fixture, on_fetch, on_edge, on_changed },
				  .broker = { fixture, on_request_line, on_drop_fd, on_line_info, on_settle_fds } };

	assert_int_equal(chip_attach(&fixture->spec, &fixture->found, NULL, &host, &fixture->chip), 0);
}

static int fixture_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct why why;

	log_set_level(LOG_LEVEL_ERROR);
	kernel_boot();
	chip_spec_parse("0", 1, &fixture->spec);
	strcpy(fixture->spec.path, "/dev/null");
	if (loop_init(&fixture->loop) < 0 || chip_probe(&fixture->spec, &fixture->found, &why) < 0)
		return -1;
	fixture->stored_fd = -1;
	fixture_attach(fixture);
	*state = fixture;
	return 0;
}

static int fixture_down(void **state)
{
	struct fixture *fixture = *state;

	chip_detach(fixture->chip);
	loop_deinit(&fixture->loop);
	close(fixture->found.fd);
	kernel_halt();
	free(fixture);
	return 0;
}

static int configure(struct fixture *fixture, enum chip_direction direction, uint8_t value, enum chip_edge edges)
{
	return chip_configure(fixture->chip, 2,
			      &(struct chip_line_config){ .direction = direction, .value = value, .edges = edges });
}

static void turn(struct fixture *fixture)
{
	assert_int_equal(loop_turn(&fixture->loop, 0), 0);
}

#define EDGE_RISING  GPIO_V2_LINE_FLAG_EDGE_RISING
#define EDGE_FALLING GPIO_V2_LINE_FLAG_EDGE_FALLING

/* The kernel refuses padding that is not zero, and a flag or attribute that the direction does not have. */
static void config_to_uapi(void **state)
{
	static const struct {
		struct chip_line_settings settings;
		uint64_t flags, out_flags;
		uint32_t debounce_us;
	} settings[] = {
		{ .flags = 0 },
		{ { .active_low = true }, .flags = GPIO_V2_LINE_FLAG_ACTIVE_LOW },
		{ { .bias = CHIP_BIAS_DISABLED }, .flags = GPIO_V2_LINE_FLAG_BIAS_DISABLED },
		{ { .bias = CHIP_BIAS_PULL_UP }, .flags = GPIO_V2_LINE_FLAG_BIAS_PULL_UP },
		{ { .bias = CHIP_BIAS_PULL_DOWN }, .flags = GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN },
		{ { .drive = CHIP_DRIVE_OPEN_DRAIN }, .out_flags = GPIO_V2_LINE_FLAG_OPEN_DRAIN },
		{ { .drive = CHIP_DRIVE_OPEN_SOURCE }, .out_flags = GPIO_V2_LINE_FLAG_OPEN_SOURCE },
		{ { .debounce_us = UINT32_MAX }, .debounce_us = UINT32_MAX },
		{ { .active_low = true,
		    .bias = CHIP_BIAS_PULL_UP,
		    .drive = CHIP_DRIVE_OPEN_DRAIN,
		    .debounce_us = 5000 },
		  .flags = GPIO_V2_LINE_FLAG_ACTIVE_LOW | GPIO_V2_LINE_FLAG_BIAS_PULL_UP,
		  .out_flags = GPIO_V2_LINE_FLAG_OPEN_DRAIN,
		  .debounce_us = 5000 },
	};
	static const uint64_t edges[] = { 0, EDGE_RISING, EDGE_FALLING, EDGE_RISING | EDGE_FALLING };
	struct gpio_v2_line_config uapi, want;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		for (uint8_t n = 0; n < 4; n++) {
			struct chip_line_config config = { CHIP_DIRECTION_IN, n & 1, n, settings[i].settings };

			memset(&want, 0, sizeof(want));
			want.flags = GPIO_V2_LINE_FLAG_INPUT | settings[i].flags | edges[n];
			want.num_attrs = settings[i].debounce_us > 0;
			want.attrs[0].mask = settings[i].debounce_us > 0;
			want.attrs[0].attr.id = settings[i].debounce_us > 0 ? GPIO_V2_LINE_ATTR_ID_DEBOUNCE : 0;
			want.attrs[0].attr.debounce_period_us = settings[i].debounce_us;
			memset(&uapi, 0xaa, sizeof(uapi));
			cdev_config_to_uapi(&config, &uapi);
			assert_memory_equal(&uapi, &want, sizeof(want));

			config.direction = CHIP_DIRECTION_OUT;
			memset(&want, 0, sizeof(want));
			want.flags = GPIO_V2_LINE_FLAG_OUTPUT | settings[i].flags | settings[i].out_flags;
			want.num_attrs = 1;
			want.attrs[0].mask = 1;
			want.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
			want.attrs[0].attr.values = n & 1;
			memset(&uapi, 0xaa, sizeof(uapi));
			cdev_config_to_uapi(&config, &uapi);
			assert_memory_equal(&uapi, &want, sizeof(want));
		}
	}
}

static void probing(void **state)
{
	struct fixture *fixture = *state;
	struct chip_found found;
	struct why why;
	static const struct {
		unsigned long number;
		int error;
		const char *why;
	} cases[] = {
		{ GPIO_GET_CHIPINFO_IOCTL, ENOTTY, "not a GPIO chip" },
		{ GPIO_GET_CHIPINFO_IOCTL, ENODEV, "No such device" },
		{ GPIO_V2_GET_LINEINFO_IOCTL, EINVAL,
		  "the kernel lacks GPIO uAPI v2 (Linux 5.10 or later is required)" },
		{ GPIO_V2_GET_LINEINFO_IOCTL, ENOTTY,
		  "the kernel lacks GPIO uAPI v2 (Linux 5.10 or later is required)" },
		{ GPIO_V2_GET_LINEINFO_IOCTL, EPERM, "Operation not permitted" },
	};

	assert_int_equal(fixture->found.n_lines, KERNEL_LINES);
	assert_int_equal(fixture->found.state_size, 0);
	assert_int_equal(strlen(fixture->found.label), CHIP_NAME_MAX - 1);
	assert_int_equal(fcntl(fixture->found.fd, F_GETFD), FD_CLOEXEC);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kernel.fail_number = cases[i].number;
		kernel.fail_errno = cases[i].error;
		assert_int_equal(chip_probe(&fixture->spec, &found, &why), -cases[i].error);
		assert_string_equal(why.text, cases[i].why);
		assert_int_equal(found.fd, -1);
	}
	kernel.fail_number = 0;
	kernel.n_lines = 0;
	assert_int_equal(chip_probe(&fixture->spec, &found, &why), -ERANGE);
	assert_string_equal(why.text, "has no lines");
	assert_int_equal(found.fd, -1);
	kernel.n_lines = 65536;
	assert_int_equal(chip_probe(&fixture->spec, &found, &why), -ERANGE);
	assert_string_equal(why.text, "has more than 65535 lines");
	assert_int_equal(found.fd, -1);
}

static void line_info(void **state)
{
	struct fixture *fixture = *state;
	struct chip_line_info info;

	assert_int_equal(chip_line_info(fixture->chip, 3, &info), 0);
	assert_string_equal(info.name, "line 3");
	assert_string_equal(info.consumer, "somebody");
	assert_true(info.used);
	assert_int_equal(info.direction, CHIP_DIRECTION_OUT);
	kernel.eintr = 2;
	assert_int_equal(chip_line_info(fixture->chip, 0, &info), 0);
	assert_false(info.used);
	assert_int_equal(info.direction, CHIP_DIRECTION_IN);
	kernel.fail_number = GPIO_V2_GET_LINEINFO_IOCTL;
	kernel.fail_errno = ENODEV;
	assert_int_equal(chip_line_info(fixture->chip, 0, &info), -ENODEV);
}

static void output_in_one_step(void **state)
{
	struct fixture *fixture = *state;
	int fd;

	assert_int_equal(chip_get(fixture->chip, 2), -EPERM);
	assert_int_equal(chip_set(fixture->chip, 2, 1), -EPERM);
	assert_int_equal(configure(fixture, CHIP_DIRECTION_OUT, 1, CHIP_EDGE_NONE), 0);
	assert_int_equal(kernel.request.num_lines, 1);
	assert_int_equal(kernel.request.offsets[0], 2);
	assert_string_equal(kernel.request.consumer, "vhost-device-gpio:a-name-that-i");
	assert_int_equal(kernel.config.flags, GPIO_V2_LINE_FLAG_OUTPUT);
	assert_int_equal(kernel.config.attrs[0].attr.values, 1);
	assert_true(fixture->stored_fd >= 0);
	assert_true(fcntl(fixture->stored_fd, F_GETFL) & O_NONBLOCK);
	fd = fixture->stored_fd;

	kernel.bits = 1;
	assert_int_equal(chip_get(fixture->chip, 2), 1);
	kernel.bits = ~1ull;
	assert_int_equal(chip_get(fixture->chip, 2), 0);
	assert_int_equal(chip_set(fixture->chip, 2, 1), 0);
	assert_int_equal(kernel.set.mask & kernel.set.bits, 1);
	assert_int_equal(chip_set(fixture->chip, 2, 0), 0);
	assert_int_equal(kernel.set.bits, 0);

	/* Reconfigured in place: no second request, no release in between. */
	assert_int_equal(configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_NONE), 0);
	assert_int_equal(configure(fixture, CHIP_DIRECTION_OUT, 0, CHIP_EDGE_NONE), 0);
	assert_int_equal(kernel.requests, 1);
	assert_int_equal(kernel.configs, 2);
	assert_int_equal(fixture->drops, 0);
	chip_release(fixture->chip, 2);
	chip_release(fixture->chip, 2);
	assert_int_equal(fixture->drops, 1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void edges_come(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_BOTH), 0);
	turn(fixture);
	assert_string_equal(fixture->trace, "");
	kernel_events("rfr");
	turn(fixture);
	assert_string_equal(fixture->trace, "r1f0r1");
	/* In batches of 16; what is no edge is left out. */
	fixture->edges = 0;
	kernel_events("rrrrrrrr\x07\x07rrrrrrrrrr");
	turn(fixture);
	assert_int_equal(fixture->edges, 14);
	turn(fixture);
	assert_int_equal(fixture->edges, 18);
}

static void edges_are_forgotten(void **state)
{
	struct fixture *fixture = *state;

	configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_RISING);
	kernel_events("rrr");
	kernel.meanwhile = "r";
	assert_int_equal(configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_NONE), 0);
	turn(fixture);
	assert_int_equal(configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_RISING), 0);
	turn(fixture);
	assert_int_equal(fixture->edges, 0);
	kernel_events("r");
	assert_int_equal(configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_BOTH), 0);
	turn(fixture);
	assert_int_equal(fixture->edges, 0);
	kernel_events("f");
	turn(fixture);
	assert_string_equal(fixture->trace, "f0");
	kernel_events("f");
	configure(fixture, CHIP_DIRECTION_OUT, 0, CHIP_EDGE_NONE);
	kernel_events("f"); /* there should be none, but nobody listens either */
	turn(fixture);
	assert_int_equal(fixture->edges, 1);
}

/* The copy of a released line's fd is closed a moment later than ours. */
static void settles_what_was_released(void **state)
{
	struct fixture *fixture = *state;

	chip_settle(fixture->chip);
	assert_int_equal(configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_NONE), 0);
	chip_settle(fixture->chip);
	assert_int_equal(fixture->settled, 0);
	chip_release(fixture->chip, 2);
	chip_settle(fixture->chip);
	chip_settle(fixture->chip);
	assert_int_equal(fixture->settled, 1);
}

static void released_by_its_edge(void **state)
{
	struct fixture *fixture = *state;

	configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_BOTH);
	kernel_events("rfrf");
	fixture->release_on_edge = true;
	turn(fixture);
	turn(fixture);
	assert_int_equal(fixture->edges, 1);
	assert_int_equal(fixture->drops, 1);
}

static void chip_goes_away(void **state)
{
	struct fixture *fixture = *state;

	configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_BOTH);
	kernel_events("r");
	kernel_halt();
	turn(fixture);
	assert_string_equal(fixture->trace, "r1");
	turn(fixture);
	/* Nothing is ready any more: the loop would wait. */
	assert_int_equal(loop_turn(&fixture->loop, 1), 0);
	assert_int_equal(fixture->loop.n_ready, 0);
	kernel.fail_number = GPIO_V2_LINE_GET_VALUES_IOCTL;
	kernel.fail_errno = ENODEV;
	assert_int_equal(chip_get(fixture->chip, 2), -ENODEV);
	chip_release(fixture->chip, 2);
	assert_int_equal(fixture->drops, 1);
}

static void kernel_refuses(void **state)
{
	struct fixture *fixture = *state;

	kernel.fail_number = GPIO_V2_GET_LINE_IOCTL;
	kernel.fail_errno = EBUSY;
	assert_int_equal(configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_NONE), -EBUSY);
	assert_int_equal(fixture->stored_fd, -1);
	assert_int_equal(chip_get(fixture->chip, 2), -EPERM);
	kernel.fail_number = 0;
	configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_NONE);
	kernel.fail_number = GPIO_V2_LINE_SET_CONFIG_IOCTL;
	kernel.fail_errno = ENXIO;
	assert_int_equal(configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_RISING), -ENXIO);
	kernel_events("r"); /* not watched */
	turn(fixture);
	assert_int_equal(fixture->edges, 0);
	kernel.fail_number = GPIO_V2_LINE_SET_VALUES_IOCTL;
	kernel.fail_errno = EIO;
	assert_int_equal(chip_set(fixture->chip, 2, 1), -EIO);
	assert_int_equal(fixture->drops, 0);
}

static void successor_adopts(void **state)
{
	struct fixture *fixture = *state;
	struct chip_line_config config = { .direction = CHIP_DIRECTION_IN, .edges = CHIP_EDGE_RISING };
	int stored;

	configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_RISING);
	stored = fcntl(fixture->stored_fd, F_DUPFD_CLOEXEC, 0);
	kernel_events("r");
	chip_detach(fixture->chip);
	assert_int_equal(fixture->drops, 0);
	fixture_attach(fixture);
	assert_int_equal(chip_adopt(fixture->chip, 2, &config, stored), 0);
	assert_int_equal(kernel.requests, 1);
	turn(fixture);
	assert_string_equal(fixture->trace, "r1");
	chip_release(fixture->chip, 2);
	assert_int_equal(fixture->drops, 1);
	assert_int_equal(fcntl(stored, F_GETFD), -1);
}

static void successor_cannot_adopt(void **state)
{
	struct fixture *fixture = *state;
	struct chip_line_config config = { .direction = CHIP_DIRECTION_IN, .edges = CHIP_EDGE_RISING };
	int stored;

	configure(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_NONE);
	stored = fcntl(fixture->stored_fd, F_DUPFD_CLOEXEC, 0);
	chip_detach(fixture->chip);
	fixture_attach(fixture);
	kernel.fail_number = GPIO_V2_LINE_SET_CONFIG_IOCTL;
	kernel.fail_errno = ENODEV;
	assert_int_equal(chip_adopt(fixture->chip, 2, &config, stored), -ENODEV);
	assert_int_equal(fixture->drops, 1);
	assert_int_equal(fcntl(stored, F_GETFD), -1);
	assert_int_equal(chip_get(fixture->chip, 2), -EPERM);
}

#define CDEV_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("G-25 G-53", config_to_uapi),
		CDEV_TEST("G-02", probing),
		cmocka_unit_test_setup_teardown(line_info, fixture_up, fixture_down),
		CDEV_TEST("G-25 G-27 G-30", output_in_one_step),
		CDEV_TEST("G-53", edges_come),
		CDEV_TEST("G-64", edges_are_forgotten),
		ROW_TEST_FIXTURE("G-35", settles_what_was_released, fixture_up, fixture_down),
		cmocka_unit_test_setup_teardown(released_by_its_edge, fixture_up, fixture_down),
		cmocka_unit_test_setup_teardown(chip_goes_away, fixture_up, fixture_down),
		CDEV_TEST("G-39", kernel_refuses),
		CDEV_TEST("G-92", successor_adopts),
		cmocka_unit_test_setup_teardown(successor_cannot_adopt, fixture_up, fixture_down),
	};

	return cmocka_run_group_tests_name("chip/cdev", tests, NULL, NULL);
}
