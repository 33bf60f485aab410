/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A simulated chip for the tests of chip/sim. */
#include "sim_fixture.h"

#include <stdlib.h>

#include "chip/chip_spec.h"

static void on_fetch(void *ctx, unsigned offset, unsigned n_edges)
{
}

static void on_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	struct sim_fixture *fixture = ctx;

	fixture->edges++;
	fixture->last_offset = offset;
	fixture->last_edge = edge;
	fixture->last_level = level;
}

static void on_changed(void *ctx, unsigned offset)
{
	struct sim_fixture *fixture = ctx;

	fixture->changes++;
	fixture->last_offset = offset;
}

static int on_request_line(void *ctx, unsigned offset, const struct chip_line_config *config, int *fd)
{
	fail();
	return -1;
}

static int on_line_info(void *ctx, unsigned offset, struct chip_line_info *info)
{
	fail();
	return -1;
}

static void on_drop_fd(void *ctx, unsigned offset)
{
	fail();
}

static void on_settle_fds(void *ctx)
{
	fail();
}

static void attach(struct sim_fixture *fixture)
{
	struct chip_host host = { .loop = &fixture->loop,
				  .tag = "test",
				  .consumer = "vhost-device-gpio:test",
				  .observer = { fixture, on_fetch, on_edge, on_changed },
				  .broker = { fixture, on_request_line, on_drop_fd, on_line_info, on_settle_fds } };

	assert_int_equal(chip_attach(&fixture->spec, &fixture->found, fixture->memory, &host, &fixture->chip), 0);
}

int sim_fixture_up(void **state)
{
	struct sim_fixture *fixture = calloc(1, sizeof(*fixture));
	struct why why;

	if (loop_init(&fixture->loop) < 0)
		return -1;
	if (chip_spec_parse("s8", 2, &fixture->spec) < 0 || chip_probe(&fixture->spec, &fixture->found, &why) < 0)
		return -1;
	fixture->memory = calloc(1, fixture->found.state_size);
	attach(fixture);
	*state = fixture;
	return 0;
}

int sim_fixture_down(void **state)
{
	struct sim_fixture *fixture = *state;

	chip_detach(fixture->chip);
	loop_deinit(&fixture->loop);
	free(fixture->memory);
	free(fixture);
	return 0;
}

void sim_fixture_restart(struct sim_fixture *fixture)
{
	chip_detach(fixture->chip);
	attach(fixture);
}
