/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One virtual chip made of lines of several: numbers are translated here, in both directions, and nowhere else. What a
 * member does, gone or not, is its own affair: nothing of one reaches the lines of another.
 */
#include "chip/aggregate.h"

#include <errno.h>
#include <stdio.h>

#include "base/pool.h"
#include "base/util.h"
#include "chip/chip.h"
#include "chip/driver.h"

#define NOT_OURS UINT32_MAX

struct member {
	struct aggregate *aggregate;
	struct chip *chip;
	uint32_t *virtual_of; /* owned: by the member's offset; NOT_OURS: another's line */
};

struct aggregate {
	struct chip chip;
	struct member *members; /* owned */
	unsigned n_members;
	struct aggregate_line lines[];
};

static struct aggregate *aggregate_of(const struct chip *chip)
{
	return container_of(chip, struct aggregate, chip);
}

/* Members' states lie one after the other, each aligned for whatever it holds. */
static size_t state_size_of(const struct chip_found *found)
{
	return (found->state_size + 63) & ~(size_t)63;
}

size_t aggregate_state_size(const struct aggregate_member *members, unsigned n_members)
{
	size_t size = 0;

	for (unsigned i = 0; i < n_members; i++)
		size += state_size_of(members[i].found);
	return size;
}

unsigned aggregate_state_parts(const struct aggregate_member *members, unsigned n_members, size_t offset,
			       struct field_part *parts)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_members; i++) {
		const struct field_part *part = members[i].spec->driver->line_state;

		if (!part)
			continue;
		parts[n] = *part;
		parts[n].number = i;
		parts[n].offset = offset;
		parts[n++].count = members[i].found->n_lines;
		offset += state_size_of(members[i].found);
	}
	return n;
}

/* From the members. A line that is another's says nothing: it is never configured. */

/* Makes the member's offset the virtual one. */
static bool to_virtual(const struct member *member, unsigned *offset)
{
	*offset = member->virtual_of[*offset];
	return *offset != NOT_OURS;
}

static void on_fetch(void *ctx, unsigned offset, unsigned n_edges)
{
	const struct member *member = ctx;
	const struct chip_observer *observer = &member->aggregate->chip.host.observer;

	if (to_virtual(member, &offset))
		observer->fetch(observer->ctx, offset, n_edges);
}

static void on_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	const struct member *member = ctx;
	const struct chip_observer *observer = &member->aggregate->chip.host.observer;

	if (to_virtual(member, &offset))
		observer->edge(observer->ctx, offset, edge, level);
}

static void on_changed(void *ctx, unsigned offset)
{
	const struct member *member = ctx;
	const struct chip_observer *observer = &member->aggregate->chip.host.observer;

	if (to_virtual(member, &offset))
		observer->changed(observer->ctx, offset);
}

static int on_request_line(void *ctx, unsigned offset, const struct chip_line_config *config, int *fd)
{
	const struct member *member = ctx;
	const struct chip_broker *broker = &member->aggregate->chip.host.broker;

	return to_virtual(member, &offset) ? broker->request_line(broker->ctx, offset, config, fd) : -EPERM;
}

static int on_line_info(void *ctx, unsigned offset, struct chip_line_info *info)
{
	const struct member *member = ctx;
	const struct chip_broker *broker = &member->aggregate->chip.host.broker;

	return to_virtual(member, &offset) ? broker->line_info(broker->ctx, offset, info) : -EPERM;
}

static void on_drop_fd(void *ctx, unsigned offset)
{
	const struct member *member = ctx;
	const struct chip_broker *broker = &member->aggregate->chip.host.broker;

	if (to_virtual(member, &offset))
		broker->drop_fd(broker->ctx, offset);
}

static void on_drives(void *ctx, unsigned offset)
{
	const struct member *member = ctx;
	const struct chip_wires *wires = &member->aggregate->chip.host.wires;

	if (to_virtual(member, &offset))
		wires->drives(wires->ctx, offset);
}

static void on_settle_fds(void *ctx)
{
	const struct member *member = ctx;
	const struct chip_broker *broker = &member->aggregate->chip.host.broker;

	broker->settle_fds(broker->ctx);
}

/* Making it */

static void aggregate_detach(struct chip *chip)
{
	struct aggregate *aggregate = aggregate_of(chip);

	for (unsigned i = 0; i < aggregate->n_members; i++) {
		chip_detach(aggregate->members[i].chip);
		pool_free(aggregate->members[i].virtual_of);
	}
	pool_free(aggregate->members);
	pool_free(aggregate);
}

static int member_attach(struct aggregate *aggregate, const struct aggregate_member *of, void *state)
{
	struct member *member = &aggregate->members[aggregate->n_members];
	struct chip_host host = aggregate->chip.host;

	*member = (struct member){ .aggregate = aggregate };
	member->virtual_of = pool_alloc(1, of->found->n_lines * sizeof(*member->virtual_of));
	if (!member->virtual_of)
		return -ENOMEM;
	aggregate->n_members++;
	for (unsigned i = 0; i < of->found->n_lines; i++)
		member->virtual_of[i] = NOT_OURS;
	host.observer = (struct chip_observer){ member, on_fetch, on_edge, on_changed };
	host.broker = (struct chip_broker){ member, on_request_line, on_drop_fd, on_line_info, on_settle_fds };
	if (host.wires.drives)
		host.wires = (struct chip_wires){ member, on_drives };
	return chip_attach(of->spec, of->found, state, &host, &member->chip);
}

static int line_add(struct aggregate *aggregate, unsigned offset, const struct aggregate_line *line)
{
	const struct member *member = &aggregate->members[line->member];

	if (line->member >= aggregate->n_members || line->offset >= chip_n_lines(member->chip) ||
	    member->virtual_of[line->offset] != NOT_OURS)
		return -EINVAL;
	member->virtual_of[line->offset] = offset;
	aggregate->lines[offset] = *line;
	return 0;
}

static int aggregate_fill(struct aggregate *aggregate, const struct aggregate_member *members, unsigned n_members,
			  const struct aggregate_line *lines, void *state)
{
	char *at = state;
	int ret = 0;

	aggregate->members = pool_alloc(n_members, sizeof(*aggregate->members));
	if (!aggregate->members)
		return -ENOMEM;
	for (unsigned i = 0; i < n_members && ret == 0; i++) {
		ret = member_attach(aggregate, &members[i], at);
		at += state_size_of(members[i].found);
	}
	for (unsigned i = 0; i < aggregate->chip.n_lines && ret == 0; i++)
		ret = line_add(aggregate, i, &lines[i]);
	return ret;
}

static const struct chip_driver driver_aggregate;

int aggregate_attach(const struct aggregate_member *members, unsigned n_members, const struct aggregate_line *lines,
		     unsigned n_lines, void *state, const struct chip_host *host, struct chip **chip)
{
	struct aggregate *aggregate;
	int ret;

	if (n_lines == 0 || n_lines > CHIP_LINES_MAX)
		return -ERANGE;
	aggregate = pool_alloc(1, sizeof(*aggregate) + n_lines * sizeof(aggregate->lines[0]));
	if (!aggregate)
		return -ENOMEM;
	aggregate->chip = (struct chip){ .driver = &driver_aggregate, .host = *host, .n_lines = n_lines };
	ret = aggregate_fill(aggregate, members, n_members, lines, state);
	if (ret < 0)
		aggregate_detach(&aggregate->chip);
	else
		*chip = &aggregate->chip;
	return ret;
}

void aggregate_replugged(struct chip *chip, unsigned member)
{
	chip_replugged(aggregate_of(chip)->members[member].chip);
}

/* To the members */

static struct chip *aggregate_member(const struct chip *chip, unsigned *offset)
{
	const struct aggregate *aggregate = aggregate_of(chip);
	const struct aggregate_line *line = &aggregate->lines[*offset];

	*offset = line->offset;
	return aggregate->members[line->member].chip;
}

static void aggregate_settle(struct chip *chip)
{
	const struct aggregate *aggregate = aggregate_of(chip);

	for (unsigned i = 0; i < aggregate->n_members; i++)
		chip_settle(aggregate->members[i].chip);
}

static const struct chip_driver driver_aggregate = {
	.name = "aggregate",
	.detach = aggregate_detach,
	.member = aggregate_member,
	.settle = aggregate_settle,
};
