/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Lines for workers: asked for over the keeper channel, requested and kept by the supervisor. */
#include "supervisor/line_broker.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/scm.h"
#include "chip/chip_spec.h"
#include "worker/session_layout.h"

static const struct guest_chip *chip_of(const struct guest *guest, uint32_t line)
{
	return &guest->chips[guest->lines[line].chip];
}

/* Also an input with a value or an output with edges says that nobody of ours asks. */
static bool is_sound(const struct guest *guest, const struct keeper_question *question)
{
	if (question->line >= guest->n_lines || chip_spec_is_sim(&chip_of(guest, question->line)->spec) ||
	    question->reserved != 0)
		return false;
	if (question->type == KEEPER_LINE && question->direction == CHIP_DIRECTION_OUT)
		return question->value <= 1 && question->edges == CHIP_EDGE_NONE;
	if (question->type == KEEPER_LINE && question->direction == CHIP_DIRECTION_IN)
		return question->value == 0 && question->edges <= CHIP_EDGE_BOTH;
	return question->type == KEEPER_INFO && question->direction == 0 && question->value == 0 &&
	       question->edges == 0;
}

/* *fd is the set's. */
static int line_request(const struct guest *guest, struct kept_set *kept, const struct keeper_question *question,
			int *fd)
{
	const struct guest_chip *chip = chip_of(guest, question->line);
	const struct line_rules *rules = &guest->lines[question->line];
	const struct chip_line_config config = { .direction = question->direction,
						 .value = question->value,
						 .edges = question->edges,
						 .settings = rules->settings };
	char consumer[CHIP_NAME_MAX];
	int ret;

	guest_consumer(guest, consumer);
	ret = chip_request_line(&chip->spec, &chip->found, rules->offset, consumer, &config, fd);
	if (ret < 0)
		return ret;
	ret = kept_put(kept, worker_line_key(question->line), *fd);
	if (ret < 0)
		fd_close(fd);
	return ret;
}

static int line_look(const struct guest *guest, uint32_t line, struct keeper_answer *answer)
{
	const struct guest_chip *chip = chip_of(guest, line);
	struct chip_line_info info;
	int ret = chip_found_line_info(&chip->spec, &chip->found, guest->lines[line].offset, &info);

	if (ret < 0)
		return ret;
	memcpy(answer->name, info.name, sizeof(answer->name));
	memcpy(answer->consumer, info.consumer, sizeof(answer->consumer));
	answer->used = info.used;
	answer->direction = (uint8_t)info.direction;
	return 0;
}

/* A worker that is dying hears nothing, and its end comes by itself. One that leaves no room does not wait for answers. */
static int answer_send(int channel, const struct keeper_answer *answer, int fd)
{
	ssize_t len = scm_send(channel, answer, sizeof(*answer), &fd, fd >= 0, MSG_DONTWAIT);

	if (len == -EPIPE || len == -ECONNRESET)
		return 0;
	return len == -EAGAIN ? -ENOBUFS : len < 0 ? (int)len : 0;
}

int line_broker_answer(const struct guest *guest, struct kept_set *kept, const struct keeper_question *question,
		       int channel)
{
	struct keeper_answer answer = { .type = KEEPER_ANSWER };
	int fd = -1;
	int ret;

	if (!is_sound(guest, question))
		return -EPROTO;
	answer.error = question->type == KEEPER_LINE ? line_request(guest, kept, question, &fd)
						     : line_look(guest, question->line, &answer);
	ret = answer_send(channel, &answer, fd);
	/* Other workers may have used up what is under way of a user's fds (unix(7)): this one has not done it. */
	if (ret == -ETOOMANYREFS) {
		kept_drop(kept, worker_line_key(question->line));
		answer.error = ret;
		ret = answer_send(channel, &answer, -1);
	}
	return ret;
}
