/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A random driver against a model: requests in batches, event buffers, edges, pauses. The same sequence runs over a
 * split and over a packed ring; what comes back is what the model says, each chain once, and the same over both.
 *
 * The model knows lines whose interrupt is off, or on a rising edge: type x latched x held, see VirtIO 1.3, 5.18.7.
 * TEST_SEED in the environment runs another sequence.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#define N_LINES	  8
#define RING_SIZE 32
#define STEPS	  1500
#define BATCH_MAX 6

struct model_line {
	uint8_t direction;
	uint8_t value; /* remembered for an output */
	uint8_t outside;
	bool rising; /* the interrupt's type; else NONE */
	bool latched;
	bool held;
	uint16_t head;
};

struct model {
	struct session *s;
	struct model_line lines[N_LINES];
	unsigned takeovers;
	uint64_t random;
	uint64_t trace; /* of all that came back, without heads: they are the ring's affair */
};

static unsigned pick(struct model *m, unsigned n)
{
	m->random = m->random * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(m->random >> 33) % n;
}

static void trace(struct model *m, unsigned what)
{
	m->trace = (m->trace ^ what) * 1099511628211ull;
}

/* The next used event buffer is that of this line. */
static void expect_event(struct model *m, unsigned line, uint8_t status)
{
	assert_event(m->s, m->lines[line].head, status);
	m->lines[line].held = false;
	trace(m, 0x100 + 2 * line + status);
}

static uint8_t level(const struct model_line *line)
{
	return line->direction == GPIO_OUT ? line->value : line->outside;
}

struct request {
	uint16_t type, line, head;
	uint32_t value;
	struct gpio_answer want;
};

/* What the model says to a request; the device is asked later. */
static void model_request(struct model *m, struct request *r)
{
	struct model_line *line = &m->lines[r->line % N_LINES];
	bool there = r->line < N_LINES;

	r->want = (struct gpio_answer){ GPIO_ERR, 0, 2 };
	if (!there)
		return;
	switch (r->type) {
	case GPIO_GET_DIRECTION:
		r->want = (struct gpio_answer){ GPIO_OK, line->direction, 2 };
		break;
	case GPIO_SET_DIRECTION:
		/* An armed line does not become an output. */
		if (line->rising && r->value == GPIO_OUT)
			break;
		line->direction = (uint8_t)r->value;
		if (line->direction == GPIO_NONE)
			line->value = 0;
		else if (line->direction == GPIO_OUT)
			line->outside = 0; /* what drove it from outside has lost */
		r->want.status = GPIO_OK;
		break;
	case GPIO_GET_VALUE:
		if (line->direction != GPIO_NONE)
			r->want = (struct gpio_answer){ GPIO_OK, level(line), 2 };
		break;
	case GPIO_SET_VALUE:
		line->value = (uint8_t)r->value;
		r->want.status = GPIO_OK;
		break;
	default:
		break;
	}
}

static void random_request(struct model *m, struct request *r)
{
	static const uint16_t types[] = { GPIO_GET_DIRECTION, GPIO_SET_DIRECTION, GPIO_GET_VALUE, GPIO_SET_VALUE, 77 };

	*r = (struct request){ .type = types[pick(m, 5)], .line = (uint16_t)pick(m, N_LINES + 1) };
	/* Lines of the upper half have interrupts, the others directions and values. */
	if (r->type == GPIO_SET_DIRECTION || r->type == GPIO_SET_VALUE)
		r->line = r->line % (N_LINES / 2);
	r->value = r->type == GPIO_SET_DIRECTION ? pick(m, 3) : pick(m, 2);
}

/* Several requests in one kick, in the chain layouts that both formats have. */
static void step_requests(struct model *m)
{
	struct vmm *vmm = &m->s->vmm;
	struct ring *ring = &vmm->rings[VMM_REQUESTQ];
	unsigned n = 1 + pick(m, BATCH_MAX);
	struct request requests[BATCH_MAX];

	for (unsigned i = 0; i < n; i++) {
		random_request(m, &requests[i]);
		vmm->layout = pick(m, 2) ? RING_INDIRECT : RING_DIRECT;
		requests[i].head = gpio_send(vmm, requests[i].type, requests[i].line, requests[i].value);
	}
	ring_notify(ring);
	for (unsigned i = 0; i < n; i++) {
		struct ring_used used = ring_wait(ring);
		struct gpio_answer answer = gpio_answer_of(vmm, used);

		model_request(m, &requests[i]);
		assert_int_equal(used.id, requests[i].head);
		assert_int_equal(answer.status, requests[i].want.status);
		assert_int_equal(answer.value, requests[i].want.value);
		assert_int_equal(answer.used_len, requests[i].want.used_len);
		trace(m, answer.status * 256u + answer.value);
	}
}

static unsigned irq_line(struct model *m)
{
	return N_LINES / 2 + pick(m, N_LINES / 2);
}

static void step_type(struct model *m)
{
	unsigned n = irq_line(m);
	struct model_line *line = &m->lines[n];
	bool rising = pick(m, 3) > 0;

	assert_int_equal(gpio_set_irq_type(&m->s->vmm, (uint16_t)n, rising ? GPIO_IRQ_RISING : GPIO_IRQ_NONE), GPIO_OK);
	if (line->rising && !rising && line->held)
		expect_event(m, n, GPIO_EVENT_INVALID);
	if (!rising)
		line->latched = false;
	line->rising = rising;
}

static void step_unmask(struct model *m)
{
	unsigned n = irq_line(m);
	struct model_line *line = &m->lines[n];

	/* Buffers of a line whose interrupt is off, and second buffers: see test_irq and test_eventq. */
	if (line->held || !line->rising)
		return;
	m->s->vmm.layout = pick(m, 2) ? RING_INDIRECT : RING_DIRECT;
	line->head = gpio_unmask(&m->s->vmm, (uint16_t)n);
	line->held = true;
	if (line->latched) {
		line->latched = false;
		expect_event(m, n, GPIO_EVENT_VALID);
	}
}

static void step_edge(struct model *m)
{
	unsigned n = pick(m, N_LINES);
	struct model_line *line = &m->lines[n];
	uint8_t to = (uint8_t)pick(m, 2);
	bool rose = to && !line->outside;

	if (line->direction == GPIO_OUT)
		return;
	line_drive(m->s, n, to);
	line->outside = to;
	if (!line->rising || !rose)
		return;
	if (line->held)
		expect_event(m, n, GPIO_EVENT_VALID);
	else
		line->latched = true;
}

/* A ring runs again when its kick was seen: before, the other one may be ahead of it. */
static void step_pause(struct model *m)
{
	struct vmm *vmm = &m->s->vmm;

	vmm_stop(vmm);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		assert_int_equal(vmm->base[i], ring_base(&vmm->rings[i]));
		if (pick(m, 4) == 0)
			ring_move(&vmm->rings[i]);
	}
	vmm_resume(vmm);
	session_settle(m->s);
}

/* Two in each sequence: others have their turn. */
static void step_takeover(struct model *m)
{
	if (m->takeovers == 2)
		return;
	m->takeovers++;
	daemon_kill_worker(&m->s->daemon, 0);
	assert_int_equal(gpio_get_direction(&m->s->vmm, 0), m->lines[0].direction);
}

static uint64_t run_model(struct session *s, uint64_t seed, bool packed)
{
	struct model m = { .s = s, .random = seed };

	vmm_deinit(&s->vmm);
	vmm_init(&s->vmm, RING_SIZE);
	vmm_start_with(&s->vmm, session_socket(s),
		       packed ? VMM_FEATURES | FEATURE(VIRTIO_F_RING_PACKED) : VMM_FEATURES);
	for (unsigned line = 0; line < N_LINES; line++) {
		line_drive(s, line, 0);
		if (line >= N_LINES / 2) {
			assert_int_equal(gpio_set_direction(&s->vmm, (uint16_t)line, GPIO_IN), GPIO_OK);
			m.lines[line].direction = GPIO_IN;
		}
	}
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned what = pick(&m, 64);

		if (what < 24)
			step_requests(&m);
		else if (what < 30)
			step_type(&m);
		else if (what < 44)
			step_unmask(&m);
		else if (what < 60)
			step_edge(&m);
		else if (what < 63)
			step_pause(&m);
		else
			step_takeover(&m);
	}
	assert_no_event(s);
	return m.trace;
}

static void both_formats_do_the_same(void **state)
{
	const char *seed_text = getenv("TEST_SEED");
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : 20240607;
	struct session *s = *state;
	uint64_t split, packed;

	simulated_only("it is about rings");
	print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
	s->workers_may_die = true;
	split = run_model(s, seed, false);
	packed = run_model(s, seed, true);
	assert_int_equal(split, packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("P-06 P-07 P-15 S-01 V-60", both_formats_do_the_same, session_setup, session_teardown),
	};

	return session_run("model", tests, sizeof(tests) / sizeof(tests[0]));
}
