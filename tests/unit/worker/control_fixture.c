/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A worker's control channel. */
#include "control_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chip/chip_spec.h"
#include "gpio/lines_attach.h"

static void on_lines_changed(void *ctx, uint16_t line)
{
	struct fixture *fixture = ctx;

	control_server_line_changed(fixture->server, line);
}

void on_irq(void *ctx, uint16_t line, enum irq_action action)
{
}

int none_kept(void *ctx, unsigned offset)
{
	return -1;
}

int fixture_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct chip_host chip_host = {
		.loop = &fixture->loop, .tag = "test", .consumer = "test", .observer = lines_observer(&fixture->lines)
	};
	const struct lines_host lines_host = { .irq = on_irq, .changed = on_lines_changed, .changed_ctx = fixture };
	struct chip_spec spec;
	struct chip_found found;
	struct why why;
	int fds[2];

	assert_int_equal(chip_spec_parse("s8", 2, &spec), 0);
	assert_int_equal(chip_probe(&spec, &found, &why), 0);
	assert_int_equal(loop_init(&fixture->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	fixture->ours = fds[0];
	fixture->workers = fds[1];
	fixture->state = calloc(1, found.state_size);
	assert_int_equal(chip_attach(&spec, &found, fixture->state, &chip_host, &fixture->chip), 0);
	for (unsigned i = 0; i < LINES; i++)
		snprintf(fixture->rules[i].name, sizeof(fixture->rules[i].name), "dummy%u", i);
	assert_int_equal(lines_attach(&fixture->lines, fixture->chip, "test", fixture->rules, LINES_BEGIN_RESUME,
				      fixture->line_state, &lines_host, none_kept, NULL),
			 0);
	assert_int_equal(
		control_server_attach(&fixture->server, &fixture->loop, fixture->workers, &fixture->lines, "test"), 0);
	*state = fixture;
	return 0;
}

int fixture_down(void **state)
{
	struct fixture *fixture = *state;

	control_server_detach(fixture->server);
	lines_detach(&fixture->lines);
	chip_detach(fixture->chip);
	loop_deinit(&fixture->loop);
	close(fixture->ours);
	close(fixture->workers);
	free(fixture->state);
	free(fixture);
	return 0;
}

bool next(struct fixture *fixture, struct control_channel_reply *reply)
{
	ssize_t len = recv(fixture->ours, reply, sizeof(*reply), MSG_DONTWAIT);

	if (len < 0)
		return false;
	assert_int_equal(len, sizeof(*reply));
	return true;
}

struct control_channel_reply expect(struct fixture *fixture, enum control_channel_type type)
{
	struct control_channel_reply reply;

	assert_true(next(fixture, &reply));
	assert_int_equal(reply.type, type);
	return reply;
}

void ask(struct fixture *fixture, uint32_t type, uint32_t line, uint32_t value)
{
	struct control_channel_request request = {
		.type = type, .id = ++fixture->last_id, .line = line, .value = value
	};

	assert_int_equal(send(fixture->ours, &request, sizeof(request), 0), sizeof(request));
	assert_int_equal(loop_turn(&fixture->loop, 0), 0);
}

struct control_channel_reply ask_reply(struct fixture *fixture, uint32_t type, uint32_t line, uint32_t value)
{
	struct control_channel_reply reply;

	ask(fixture, type, line, value);
	reply = expect(fixture, type);
	assert_int_equal(reply.id, fixture->last_id);
	return reply;
}

void guest_drives(struct fixture *fixture, uint16_t line, uint32_t level)
{
	const struct gpio_request set = { GPIO_MSG_SET_VALUE, line, level };
	const struct gpio_request out = { GPIO_MSG_SET_DIRECTION, line, GPIO_DIRECTION_OUT };

	assert_int_equal(lines_request(&fixture->lines, &set).status, GPIO_STATUS_OK);
	assert_int_equal(lines_request(&fixture->lines, &out).status, GPIO_STATUS_OK);
}
