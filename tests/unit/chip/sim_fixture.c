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
	struct sim_bench *bench = ctx;

	bench->edges++;
	bench->last_offset = offset;
	bench->last_edge = edge;
	bench->last_level = level;
}

static void on_changed(void *ctx, unsigned offset)
{
	struct sim_bench *bench = ctx;

	bench->changes++;
	bench->last_offset = offset;
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

static void attach(struct sim_bench *bench)
{
	struct chip_host host = { .loop = &bench->loop,
				  .tag = "test",
				  .consumer = "vhost-device-gpio:test",
				  .observer = { bench, on_fetch, on_edge, on_changed },
				  .broker = { bench, on_request_line, on_drop_fd, on_line_info, on_settle_fds } };

	assert_int_equal(chip_attach(&bench->spec, &bench->found, bench->memory, &host, &bench->chip), 0);
}

int sim_bench_up(void **state)
{
	struct sim_bench *bench = calloc(1, sizeof(*bench));
	struct why why;

	if (loop_init(&bench->loop) < 0)
		return -1;
	if (chip_spec_parse("s8", 2, &bench->spec) < 0 || chip_probe(&bench->spec, &bench->found, &why) < 0)
		return -1;
	bench->memory = calloc(1, bench->found.state_size);
	attach(bench);
	*state = bench;
	return 0;
}

int sim_bench_down(void **state)
{
	struct sim_bench *bench = *state;

	chip_detach(bench->chip);
	loop_deinit(&bench->loop);
	free(bench->memory);
	free(bench);
	return 0;
}

void sim_bench_restart(struct sim_bench *bench)
{
	chip_detach(bench->chip);
	attach(bench);
}
