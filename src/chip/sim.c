/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The simulated chip. All of its state is in session memory, so that a worker's death changes no level: the next one
 * attaches to the same lines. Configuring a line again as it is configured is silent for that reason too, and a change
 * that waits for the end of its debounce time goes on waiting.
 *
 * Lines are named dummy0, dummy1, ...: the names of the program this one replaces.
 */
#include "chip/sim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/util.h"
#include "chip/sim_fields.h"
#include "chip/sim_line.h"
#include "loop/loop.h"
#include "loop/timer.h"

struct sim {
	struct chip chip;
	struct sim_line *lines;	 /* the session's */
	struct loop_timer timer; /* for all lines: it rings for the one that is due first, or too early */
	uint64_t timer_ns;	 /* when; SIM_LINE_NEVER */
	struct log_limit log_limit;
};

static struct sim *sim_of(const struct chip *chip)
{
	return container_of(chip, struct sim, chip);
}

static struct sim_line *sim_line(const struct chip *chip, unsigned offset)
{
	return &sim_of(chip)->lines[offset];
}

static void report_edge(struct sim *sim, unsigned offset, enum chip_edge edge)
{
	const struct chip_observer *observer = &sim->chip.host.observer;

	if (edge != CHIP_EDGE_NONE)
		observer->edge(observer->ctx, offset, edge, edge == CHIP_EDGE_RISING);
}

/* Debounce times */

static void timer_rang(struct loop_timer *timer);

static int wait_until(struct sim *sim, uint64_t due_ns)
{
	uint64_t now = clock_now_ns();
	int ret;

	if (due_ns >= sim->timer_ns)
		return 0;
	ret = loop_timer_set(sim->chip.host.loop, &sim->timer, due_ns > now ? due_ns - now : 0, 0, timer_rang);
	sim->timer_ns = ret < 0 ? SIM_LINE_NEVER : due_ns;
	return ret;
}

static int wait_for_lines(struct sim *sim)
{
	uint64_t first_ns = SIM_LINE_NEVER;

	for (unsigned i = 0; i < sim->chip.n_lines; i++) {
		uint64_t due_ns = sim_line_due_ns(&sim->lines[i]);

		if (due_ns < first_ns)
			first_ns = due_ns;
	}
	return wait_until(sim, first_ns);
}

static void timer_failed(struct sim *sim, int error)
{
	log_limited(&sim->log_limit, LOG_LEVEL_WARNING, sim->chip.host.tag,
		    "cannot set a timer, lines are not debounced: %s", strerror(-error));
}

static void lines_settle(struct sim *sim, uint64_t now)
{
	const struct chip_observer *observer = &sim->chip.host.observer;

	for (unsigned i = 0; i < sim->chip.n_lines; i++) {
		observer->fetch(observer->ctx, i, 1);
		report_edge(sim, i, sim_line_settle(&sim->lines[i], now));
		observer->fetch(observer->ctx, i, 0);
	}
}

static void timer_rang(struct loop_timer *timer)
{
	struct sim *sim = container_of(timer, struct sim, timer);
	int ret;

	sim->timer_ns = SIM_LINE_NEVER;
	lines_settle(sim, clock_now_ns());
	ret = wait_for_lines(sim);
	if (ret < 0) {
		timer_failed(sim, ret);
		lines_settle(sim, SIM_LINE_NEVER - 1);
	}
}

/* The line's wire, or what is made of it, changed. */
static void line_wait(struct sim *sim, unsigned offset)
{
	int ret = wait_until(sim, sim_line_due_ns(&sim->lines[offset]));

	if (ret < 0) {
		timer_failed(sim, ret);
		report_edge(sim, offset, sim_line_settle(&sim->lines[offset], SIM_LINE_NEVER - 1));
	}
}

/* The chip */

static int sim_probe(const struct chip_spec *spec, struct chip_found *found, struct why *why)
{
	found->n_lines = spec->number;
	snprintf(found->label, sizeof(found->label), "sim%u", spec->number);
	return 0;
}

static int sim_found_line_info(const struct chip_found *found, unsigned offset, struct chip_line_info *info)
{
	*info = (struct chip_line_info){ .direction = CHIP_DIRECTION_IN };
	snprintf(info->name, sizeof(info->name), "dummy%u", offset);
	return 0;
}

static void sim_detach(struct chip *chip)
{
	struct sim *sim = sim_of(chip);

	loop_timer_del(&sim->timer);
	pool_free(sim);
}

static int sim_attach(const struct chip_spec *spec, const struct chip_found *found, void *state,
		      const struct chip_host *host, struct chip **chip)
{
	struct sim *sim = pool_alloc(1, sizeof(*sim));
	uint64_t now = clock_now_ns();
	int ret;

	if (!sim)
		return -ENOMEM;
	*sim = (struct sim){
		.chip = { .driver = &sim_driver, .host = *host, .n_lines = found->n_lines },
		.lines = state,
		.timer_ns = SIM_LINE_NEVER,
	};
	/* An earlier worker may have been broken when it wrote this. */
	for (unsigned i = 0; i < found->n_lines; i++)
		sim_line_sanitize(&sim->lines[i], now);
	ret = wait_for_lines(sim);
	if (ret < 0)
		sim_detach(&sim->chip);
	else
		*chip = &sim->chip;
	return ret;
}

static int sim_line_info(struct chip *chip, unsigned offset, struct chip_line_info *info)
{
	const struct sim_line *line = sim_line(chip, offset);

	*info = (struct chip_line_info){
		.used = line->role != SIM_ROLE_NONE,
		.direction = line->role == SIM_ROLE_OUT ? CHIP_DIRECTION_OUT : CHIP_DIRECTION_IN,
	};
	snprintf(info->name, sizeof(info->name), "dummy%u", offset);
	if (info->used)
		snprintf(info->consumer, sizeof(info->consumer), "%s", chip->host.consumer);
	return 0;
}

/* Any change of the line, of which this was before, is done. */
static void line_done(struct sim *sim, unsigned offset, const struct sim_line *before)
{
	const struct chip_wires *wires = &sim->chip.host.wires;
	struct sim_line *line = &sim->lines[offset];

	sim_line_count(line, before);
	if (wires->drives && sim_line_drives(line) != sim_line_drives(before))
		wires->drives(wires->ctx, offset);
}

/* A level that the new bias made is nobody's but ours to tell: its user does not know that there is a wire. */
static int sim_configure(struct chip *chip, unsigned offset, const struct chip_line_config *config)
{
	struct sim_line *line = sim_line(chip, offset), before = *line;

	sim_line_configure(line, config, clock_now_ns());
	line_done(sim_of(chip), offset, &before);
	line_wait(sim_of(chip), offset);
	if (line->pull != before.pull && !sim_line_is_driven(line) && sim_line_level(line) != sim_line_level(&before))
		chip->host.observer.changed(chip->host.observer.ctx, offset);
	return 0;
}

static int sim_adopt(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd)
{
	return sim_configure(chip, offset, config);
}

static void sim_release(struct chip *chip, unsigned offset)
{
	const struct sim_line before = *sim_line(chip, offset);

	sim_line_release(sim_line(chip, offset));
	line_done(sim_of(chip), offset, &before);
}

static int sim_get(struct chip *chip, unsigned offset)
{
	return sim_line_value(sim_line(chip, offset));
}

static int sim_set(struct chip *chip, unsigned offset, uint8_t value)
{
	struct sim_line *line = sim_line(chip, offset), before = *line;

	if (line->role != SIM_ROLE_OUT)
		return -EPERM;
	line->value = value != 0;
	line_done(sim_of(chip), offset, &before);
	return 0;
}

/* The outside */

static int sim_outside_level(const struct chip *chip, unsigned offset)
{
	const struct sim_line *line = sim_line(chip, offset);

	return sim_line_conflicts(line) ? -ENOTUNIQ : sim_line_level(line);
}

/* The outside or a wire is about to do something, and has: tells the chip's user what can be seen of it. */

static void outside_begin(struct chip *chip, unsigned offset)
{
	chip->host.observer.fetch(chip->host.observer.ctx, offset, 1);
}

static void outside_end(struct chip *chip, unsigned offset, const struct sim_line *before, bool moved,
			enum chip_edge edge)
{
	const struct chip_observer *observer = &chip->host.observer;

	line_done(sim_of(chip), offset, before);
	if (moved) {
		line_wait(sim_of(chip), offset);
		report_edge(sim_of(chip), offset, edge);
	}
	observer->fetch(observer->ctx, offset, 0);
	if (moved || sim_line_conflicts(sim_line(chip, offset)) != sim_line_conflicts(before))
		observer->changed(observer->ctx, offset);
}

static void sim_outside(struct chip *chip, unsigned offset, enum sim_outside outside, enum chip_pull pull)
{
	struct sim_line *line = sim_line(chip, offset), before = *line;
	enum chip_edge edge;
	bool moved;

	outside_begin(chip, offset);
	moved = sim_line_outside(line, outside, pull, clock_now_ns(), &edge);
	outside_end(chip, offset, &before, moved, edge);
}

static void sim_wire_end(const struct chip *chip, unsigned offset, struct chip_wire_end *end)
{
	const struct sim_line *line = sim_line(chip, offset);

	*end = (struct chip_wire_end){ sim_line_drives(line), sim_line_conflicts(line), line->conflicts };
}

static void sim_wire(struct chip *chip, unsigned offset, uint8_t wired)
{
	struct sim_line *line = sim_line(chip, offset), before = *line;
	enum chip_edge edge;
	bool moved;

	if (line->wired == wired)
		return;
	outside_begin(chip, offset);
	moved = sim_line_wire(line, wired, clock_now_ns(), &edge);
	outside_end(chip, offset, &before, moved, edge);
}

static int sim_outside_drive(struct chip *chip, unsigned offset, bool level)
{
	const struct sim_line *line = sim_line(chip, offset);

	if (line->role == SIM_ROLE_OUT && line->drive == CHIP_DRIVE_PUSH_PULL)
		return -EBUSY;
	sim_outside(chip, offset, level ? SIM_OUTSIDE_HIGH : SIM_OUTSIDE_LOW, (enum chip_pull)line->pull);
	return 0;
}

static int sim_outside_pull(struct chip *chip, unsigned offset, enum chip_pull pull)
{
	sim_outside(chip, offset, SIM_OUTSIDE_NONE, pull);
	return 0;
}

const struct chip_driver sim_driver = {
	.name = "sim",
	.line_state = &sim_line_part,
	.probe = sim_probe,
	.found_line_info = sim_found_line_info,
	.attach = sim_attach,
	.detach = sim_detach,
	.line_info = sim_line_info,
	.configure = sim_configure,
	.adopt = sim_adopt,
	.release = sim_release,
	.get = sim_get,
	.set = sim_set,
	.outside_level = sim_outside_level,
	.outside_drive = sim_outside_drive,
	.outside_pull = sim_outside_pull,
	.wire_end = sim_wire_end,
	.wire = sim_wire,
};
