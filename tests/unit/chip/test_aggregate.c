/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of chip/aggregate: two chips that write down what is asked of them, and a simulated one. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "chip/aggregate.h"
#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "chip/driver.h"

/* A chip all of whose state is in session memory: so the test finds it, and sees where it lies. */
struct part {
	struct chip chip;
	char name;
	int error; /* of every operation */
	bool detached;
};

static char journal[512];
static int attach_error; /* of the next one named 'b' */

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
	size_t len = strlen(journal);
	va_list args;

	va_start(args, format);
	vsnprintf(journal + len, sizeof(journal) - len, format, args);
	va_end(args);
}

static void assert_journal(const char *want)
{
	assert_string_equal(journal, want);
	journal[0] = '\0';
}

static struct part *part_of(struct chip *chip)
{
	return container_of(chip, struct part, chip);
}

static int part_attach(const struct chip_spec *spec, const struct chip_found *found, void *state,
		       const struct chip_host *host, struct chip **chip)
{
	struct part *part = state;

	if (spec->path[0] == 'b' && attach_error)
		return attach_error;
	*part = (struct part){ .chip = { .driver = spec->driver, .host = *host, .n_lines = found->n_lines },
			       .name = spec->path[0] };
	*chip = &part->chip;
	return 0;
}

static void part_detach(struct chip *chip)
{
	part_of(chip)->detached = true;
	note("%c:detach ", part_of(chip)->name);
}

static void part_replugged(struct chip *chip)
{
	note("%c:back ", part_of(chip)->name);
	chip->host.broker.drop_fd(chip->host.broker.ctx, 2);
	chip->host.broker.settle_fds(chip->host.broker.ctx);
}

static int part_info(struct chip *chip, unsigned offset, struct chip_line_info *info)
{
	*info = (struct chip_line_info){ .used = false };
	snprintf(info->name, sizeof(info->name), "%c%u", part_of(chip)->name, offset);
	return part_of(chip)->error;
}

static int part_configure(struct chip *chip, unsigned offset, const struct chip_line_config *config)
{
	int fd = -1;

	note("%c%u:config%u ", part_of(chip)->name, offset, config->value);
	if (part_of(chip)->error == 0) {
		assert_int_equal(chip->host.broker.request_line(chip->host.broker.ctx, offset, config, &fd), 0);
		assert_int_equal(fd, 50);
	}
	return part_of(chip)->error;
}

static int part_adopt(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd)
{
	note("%c%u:adopt%d ", part_of(chip)->name, offset, fd);
	return part_of(chip)->error;
}

static void part_release(struct chip *chip, unsigned offset)
{
	note("%c%u:release ", part_of(chip)->name, offset);
}

static void part_settle(struct chip *chip)
{
	note("%c:settle ", part_of(chip)->name);
}

static int part_get(struct chip *chip, unsigned offset)
{
	note("%c%u:get ", part_of(chip)->name, offset);
	return part_of(chip)->error < 0 ? part_of(chip)->error : (int)(offset & 1);
}

static int part_set(struct chip *chip, unsigned offset, uint8_t value)
{
	note("%c%u:set%u ", part_of(chip)->name, offset, value);
	return part_of(chip)->error;
}

static const struct chip_driver part_driver = {
	.name = "part",
	.attach = part_attach,
	.detach = part_detach,
	.replugged = part_replugged,
	.line_info = part_info,
	.configure = part_configure,
	.adopt = part_adopt,
	.release = part_release,
	.settle = part_settle,
	.get = part_get,
	.set = part_set,
};

/* The virtual chip: lines 0 to 6 are b2, a7, a0, s3, b0, s0, a1. */
enum { A, B, S, MEMBERS };
static const struct aggregate_line lines[] = { { B, 2 }, { A, 7 }, { A, 0 }, { S, 3 }, { B, 0 }, { S, 0 }, { A, 1 } };
#define N_LINES ARRAY_SIZE(lines)

struct fixture {
	struct chip_spec specs[MEMBERS];
	struct chip_found found[MEMBERS];
	struct aggregate_member members[MEMBERS];
	void *state;
	struct part *a, *b;
	struct chip *chip;
};

static void on_fetch(void *ctx, unsigned offset, unsigned n_edges)
{
}

static void on_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	note("edge%u%c%d ", offset, edge == CHIP_EDGE_RISING ? 'r' : 'f', level);
}

static void on_changed(void *ctx, unsigned offset)
{
	note("changed%u ", offset);
}

static int on_request_line(void *ctx, unsigned offset, const struct chip_line_config *config, int *fd)
{
	note("request%u=%u ", offset, config->value);
	*fd = 50;
	return 0;
}

static int on_line_info(void *ctx, unsigned offset, struct chip_line_info *info)
{
	note("info%u ", offset);
	*info = (struct chip_line_info){ .used = true };
	return -EXDEV;
}

static void on_drop_fd(void *ctx, unsigned offset)
{
	note("drop%u ", offset);
}

static void on_settle_fds(void *ctx)
{
	assert_non_null(ctx);
	note("settle-fds ");
}

static int attach(struct fixture *fixture, const struct aggregate_line *of, unsigned n)
{
	const struct chip_host host = { .tag = "t",
					.consumer = "c",
					.observer = { fixture, on_fetch, on_edge, on_changed },
					.broker = { fixture, on_request_line, on_drop_fd, on_line_info,
						    on_settle_fds } };

	return aggregate_attach(fixture->members, MEMBERS, of, n, fixture->state, &host, &fixture->chip);
}

static void member(struct fixture *fixture, unsigned i, const char *path, unsigned n_lines)
{
	fixture->specs[i] = (struct chip_spec){ .driver = &part_driver };
	snprintf(fixture->specs[i].path, sizeof(fixture->specs[i].path), "%s", path);
	fixture->found[i] = (struct chip_found){ .fd = -1, .n_lines = n_lines, .state_size = sizeof(struct part) };
}

static int fixture_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct why why;

	journal[0] = '\0';
	attach_error = 0;
	member(fixture, A, "a", 8);
	member(fixture, B, "b", 3);
	chip_spec_sim(4, &fixture->specs[S]);
	if (chip_probe(&fixture->specs[S], &fixture->found[S], &why) < 0)
		return -1;
	for (unsigned i = 0; i < MEMBERS; i++)
		fixture->members[i] = (struct aggregate_member){ &fixture->specs[i], &fixture->found[i] };
	/* A state that is not a round number of anything does not shift the next one off its alignment. */
	fixture->found[A].state_size++;
	fixture->state = aligned_alloc(64, aggregate_state_size(fixture->members, MEMBERS));
	memset(fixture->state, 0, aggregate_state_size(fixture->members, MEMBERS));
	fixture->a = fixture->state;
	fixture->b = (struct part *)((char *)fixture->state + aggregate_state_size(fixture->members, 1));
	*state = fixture;
	return attach(fixture, lines, N_LINES);
}

static int fixture_down(void **state)
{
	struct fixture *fixture = *state;

	chip_detach(fixture->chip);
	free(fixture->state);
	free(fixture);
	return 0;
}

static void states_lie_apart(void **state)
{
	struct fixture *fixture = *state;
	size_t sizes[MEMBERS + 1];

	for (unsigned i = 0; i <= MEMBERS; i++)
		sizes[i] = aggregate_state_size(fixture->members, i);
	assert_int_equal(sizes[0], 0);
	for (unsigned i = 0; i < MEMBERS; i++) {
		assert_true(sizes[i + 1] - sizes[i] >= fixture->found[i].state_size);
		assert_int_equal(sizes[i + 1] % 64, 0);
	}
	assert_int_equal(fixture->a->name, 'a');
	assert_int_equal(fixture->b->name, 'b');
	assert_int_equal(chip_n_lines(fixture->chip), N_LINES);
}

static void down_to_the_member(void **state)
{
	struct fixture *fixture = *state;
	struct chip_line_config config = { .direction = CHIP_DIRECTION_OUT, .value = 1 };
	struct chip_line_info info;

	assert_int_equal(chip_configure(fixture->chip, 1, &config), 0);
	assert_journal("a7:config1 request1=1 ");
	assert_int_equal(chip_configure(fixture->chip, 0, &config), 0);
	assert_journal("b2:config1 request0=1 ");
	assert_int_equal(chip_adopt(fixture->chip, 4, &config, 9), 0);
	assert_int_equal(chip_set(fixture->chip, 2, 1), 0);
	assert_int_equal(chip_get(fixture->chip, 6), 1);
	assert_int_equal(chip_get(fixture->chip, 2), 0);
	chip_release(fixture->chip, 1);
	assert_journal("b0:adopt9 a0:set1 a1:get a0:get a7:release ");
	chip_settle(fixture->chip);
	assert_journal("a:settle b:settle ");
	for (unsigned i = 0; i < N_LINES; i++) {
		static const char *const names[] = { "b2", "a7", "a0", "dummy3", "b0", "dummy0", "a1" };

		assert_int_equal(chip_line_info(fixture->chip, i, &info), 0);
		assert_string_equal(info.name, names[i]);
	}
}

static void up_with_the_virtual_number(void **state)
{
	struct fixture *fixture = *state;
	const struct chip_host *a = &fixture->a->chip.host, *b = &fixture->b->chip.host;
	const struct chip_line_config config = { .value = 1 };
	struct chip_line_info info;
	int fd = -1;

	assert_string_equal(a->consumer, "c");
	assert_string_equal(a->tag, "t");
	a->observer.edge(a->observer.ctx, 7, CHIP_EDGE_RISING, true);
	b->observer.edge(b->observer.ctx, 2, CHIP_EDGE_FALLING, false);
	b->observer.changed(b->observer.ctx, 0);
	assert_int_equal(a->broker.request_line(a->broker.ctx, 0, &config, &fd), 0);
	assert_int_equal(fd, 50);
	a->broker.drop_fd(a->broker.ctx, 1);
	assert_int_equal(b->broker.line_info(b->broker.ctx, 0, &info), -EXDEV);
	assert_true(info.used);
	b->broker.settle_fds(b->broker.ctx);
	assert_journal("edge1r1 edge0f0 changed4 request2=1 drop6 info4 settle-fds ");
	/* Lines of these chips that are others'. */
	a->observer.edge(a->observer.ctx, 5, CHIP_EDGE_RISING, true);
	b->observer.edge(b->observer.ctx, 1, CHIP_EDGE_RISING, true);
	b->observer.changed(b->observer.ctx, 1);
	assert_int_equal(a->broker.request_line(a->broker.ctx, 6, &config, &fd), -EPERM);
	assert_int_equal(b->broker.line_info(b->broker.ctx, 1, &info), -EPERM);
	b->broker.drop_fd(b->broker.ctx, 1);
	assert_journal("");
}

static void one_is_gone(void **state)
{
	struct fixture *fixture = *state;
	struct chip_line_config config = { .direction = CHIP_DIRECTION_IN };

	fixture->b->error = -ENODEV;
	for (unsigned i = 0; i < N_LINES; i++) {
		int want = lines[i].member == B ? -ENODEV : 0;

		assert_int_equal(chip_configure(fixture->chip, i, &config), want);
		assert_true(want ? chip_get(fixture->chip, i) == want : chip_get(fixture->chip, i) >= 0);
	}
	journal[0] = '\0';
	aggregate_replugged(fixture->chip, B);
	assert_journal("b:back drop0 settle-fds ");
	aggregate_replugged(fixture->chip, A);
	assert_journal("a:back settle-fds "); /* a2 is another's */
	aggregate_replugged(fixture->chip, S);
	assert_journal("");
}

static void outside_of_the_simulated(void **state)
{
	struct fixture *fixture = *state;
	struct chip_line_config both = { .direction = CHIP_DIRECTION_IN, .edges = CHIP_EDGE_BOTH };

	for (unsigned i = 0; i < N_LINES; i++) {
		bool simulated = lines[i].member == S;

		assert_int_equal(chip_is_simulated(fixture->chip, i), simulated);
		assert_int_equal(chip_outside_level(fixture->chip, i), simulated ? 0 : -EPERM);
		assert_int_equal(chip_outside_drive(fixture->chip, i, false), simulated ? 0 : -EPERM);
		assert_int_equal(chip_outside_pull(fixture->chip, i, CHIP_PULL_DOWN), simulated ? 0 : -EPERM);
	}
	assert_int_equal(chip_configure(fixture->chip, 3, &both), 0);
	chip_outside_drive(fixture->chip, 3, true);
	assert_journal("edge3r1 changed3 ");
	assert_int_equal(chip_outside_level(fixture->chip, 3), 1);
	assert_int_equal(chip_get(fixture->chip, 3), 1);
	assert_int_equal(chip_outside_level(fixture->chip, 5), 0);
	chip_outside_pull(fixture->chip, 5, CHIP_PULL_UP);
	assert_journal("changed5 ");
}

static void named_as_the_host_knows_it(void **state)
{
	struct fixture *fixture = *state;
	char text[32];

	chip_line_where(fixture->chip, 1, text, sizeof(text));
	assert_string_equal(text, "a line 7");
	chip_line_where(fixture->chip, 3, text, sizeof(text));
	assert_string_equal(text, "s4 line 3");
	chip_line_where(fixture->chip, 1, text, 4);
	assert_string_equal(text, "a l");
}

static void what_cannot_be(void **state)
{
	static const struct aggregate_line twice[] = { { A, 1 }, { B, 1 }, { A, 1 } }, beyond = { B, 3 },
					   nobody = { MEMBERS, 0 };
	struct fixture *fixture = *state;

	chip_detach(fixture->chip);
	assert_journal("a:detach b:detach ");
	assert_int_equal(attach(fixture, twice, 3), -EINVAL);
	assert_journal("a:detach b:detach ");
	assert_int_equal(attach(fixture, &beyond, 1), -EINVAL);
	assert_int_equal(attach(fixture, &nobody, 1), -EINVAL);
	assert_int_equal(attach(fixture, twice, 0), -ERANGE);
	journal[0] = '\0';
	attach_error = -EMFILE;
	assert_int_equal(attach(fixture, lines, N_LINES), -EMFILE);
	assert_journal("a:detach ");
	attach_error = 0;
	assert_int_equal(attach(fixture, lines, N_LINES), 0);
}

#define AGGREGATE_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AGGREGATE_TEST(states_lie_apart),
		AGGREGATE_TEST(down_to_the_member),
		AGGREGATE_TEST(up_with_the_virtual_number),
		AGGREGATE_TEST(one_is_gone),
		AGGREGATE_TEST(outside_of_the_simulated),
		AGGREGATE_TEST(named_as_the_host_knows_it),
		AGGREGATE_TEST(what_cannot_be),
	};

	return cmocka_run_group_tests_name("chip/aggregate", tests, NULL, NULL);
}
