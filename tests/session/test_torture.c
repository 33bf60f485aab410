/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker that is killed again and again, at any instant, under load: requests in flight, 64 armed lines, edges on their
 * way, messages. TORTURE_KILLS says how often (60), TORTURE_SEED with which numbers. The outage that a driver sees is
 * printed: from the kill to the answer of a request that is sent right after it.
 */
#include "faults.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KILLS_DEFAULT 60
#define KILLS_MAX     100000
#define ARMED	      64
#define OUTPUT	      64 /* this line and the one after it */
#define LINES	      "s66"
#define LOAD	      24  /* requests before a kill; one more follows */
#define DRIVERS	      4	  /* lines that rise before a kill */
#define KILL_SOON_US  100 /* most of the load is done by then */
#define KILL_LATE_US  600
#define OUTAGE_P99_NS (40 * 1000000ull) /* 20 are the pause of a worker that is killed time and again */
#define OUTAGE_MAX_NS (200 * 1000000ull)
/* With sanitizers, in virtual machines and on loaded computers the figures are printed and not judged. */
#define JUDGE_VARIABLE "TORTURE_JUDGE"

struct torture {
	struct session *s;
	struct outside drivers[DRIVERS], monitor;
	bool outstanding[VMM_RING_SIZE]; /* by head: a request */
	unsigned n_outstanding;
	int head_of[ARMED]; /* of the buffer that the device holds */
	unsigned fired[ARMED];
	unsigned level, toggles, edges, spurious;
	unsigned long long requests, events;
	uint64_t *outage_ns;
	unsigned n_kills;
};

static unsigned number_from(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	unsigned long value = text ? strtoul(text, NULL, 10) : otherwise;

	return value > KILLS_MAX ? KILLS_MAX : (unsigned)value;
}

static void torture_arm(struct torture *t, unsigned line)
{
	t->head_of[line] = gpio_event_send(&t->s->vmm, (uint16_t)line);
	ring_notify(&t->s->vmm.rings[VMM_EVENTQ]);
}

static void torture_begin(struct torture *t, struct session *s, unsigned kills)
{
	static const char *const names[] = { "guest0.64" };

	memset(t, 0, sizeof(*t));
	t->s = s;
	t->outage_ns = calloc(kills, sizeof(*t->outage_ns));
	assert_non_null(t->outage_ns);
	vmm_start(&s->vmm, session_socket(s));
	s->vmm.layout = RING_INDIRECT;
	for (unsigned i = 0; i < DRIVERS; i++)
		outside_open(&t->drivers[i], s->daemon.control);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(gpio_set_direction(&s->vmm, (uint16_t)(OUTPUT + i), GPIO_OUT), GPIO_OK);
	outside_open(&t->monitor, s->daemon.control);
	outside_monitor(&t->monitor, names[0]);
	for (unsigned i = 0; i < ARMED; i++) {
		assert_int_equal(gpio_set_irq_type(&s->vmm, (uint16_t)i, GPIO_IRQ_RISING), GPIO_OK);
		torture_arm(t, i);
	}
}

static void torture_end(struct torture *t)
{
	for (unsigned i = 0; i < DRIVERS; i++)
		outside_close(&t->drivers[i]);
	outside_close(&t->monitor);
	free(t->outage_ns);
}

static void request_send(struct torture *t, uint16_t type, uint16_t line, uint32_t value)
{
	uint16_t head = gpio_send(&t->s->vmm, type, line, value);

	assert_false(t->outstanding[head]);
	t->outstanding[head] = true;
	t->n_outstanding++;
	t->requests++;
}

/* The output goes up and down, and every other request is of another kind. */
static void load(struct torture *t)
{
	for (unsigned i = 0; i < LOAD; i++) {
		if (i % 2) {
			request_send(t, GPIO_GET_VALUE, OUTPUT + 1, 0);
			continue;
		}
		t->level = !t->level;
		t->toggles++;
		request_send(t, GPIO_SET_VALUE, OUTPUT, t->level);
	}
	ring_notify(&t->s->vmm.rings[VMM_REQUESTQ]);
}

/* What is not outstanding was answered twice, or never asked for. */
static bool answers_take(struct torture *t)
{
	struct ring_used used;
	bool any = false;

	while (ring_reap(&t->s->vmm.rings[VMM_REQUESTQ], &used)) {
		assert_in_range(used.id, 0, VMM_RING_SIZE - 1);
		assert_true(t->outstanding[used.id]);
		assert_int_equal(used.len, 2);
		assert_int_equal(gpio_answer_of(&t->s->vmm, used).status, GPIO_OK);
		t->outstanding[used.id] = false;
		t->n_outstanding--;
		any = true;
	}
	return any;
}

static void events_take(struct torture *t)
{
	struct vmm *vmm = &t->s->vmm;

	while (ring_has_used(&vmm->rings[VMM_EVENTQ])) {
		struct gpio_event event = gpio_event_wait(vmm);
		unsigned line = 0;

		while (line < ARMED && t->head_of[line] != event.head)
			line++;
		assert_in_range(line, 0, ARMED - 1);
		assert_int_equal(event.status, GPIO_EVENT_VALID);
		t->head_of[line] = -1;
		t->fired[line]++;
		t->events++;
		torture_arm(t, line);
	}
}

struct event_wait {
	struct torture *t;
	const unsigned *lines;
};

static bool all_fired(void *ctx)
{
	const struct event_wait *wait = ctx;

	events_take(wait->t);
	for (unsigned i = 0; i < DRIVERS; i++) {
		if (wait->t->fired[wait->lines[i]] == 0)
			return false;
	}
	return true;
}

static bool all_answered(void *ctx)
{
	struct torture *t = ctx;

	answers_take(t);
	return t->n_outstanding == 0;
}

static void drive(struct torture *t, unsigned driver, unsigned line, int level, bool waits)
{
	char name[32];

	snprintf(name, sizeof(name), "guest0.%u", line);
	if (waits)
		outside_set(&t->drivers[driver], name, level);
	else
		outside_set_async(&t->drivers[driver], name, level);
}

/* Any message; half of the time in two halves. Its reply is read after the kill. */
static void message_begin(struct torture *t)
{
	const struct vu_header header = { VU_GET_FEATURES, VU_VERSION, 0 };

	assert_true(connection_send_bytes(&t->s->vmm.connection, &header, sizeof(header), NULL, 0));
}

static void message_end(struct torture *t)
{
	uint64_t features;

	assert_true(connection_receive_reply(&t->s->vmm.connection, VU_GET_FEATURES, &features, sizeof(features)));
	assert_int_equal(features, VMM_OFFERED);
}

static void kill_once(struct torture *t, pid_t worker)
{
	uint64_t start;

	usleep((unsigned)rand() % (rand() % 2 ? KILL_SOON_US : KILL_LATE_US));
	start = clock_ns();
	assert_int_equal(kill(worker, SIGKILL), 0);
	request_send(t, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(&t->s->vmm.rings[VMM_REQUESTQ]);
	while (t->n_outstanding > 0) {
		if (!answers_take(t))
			usleep(20);
		if (clock_ns() - start > WAIT_MS * 1000000ull) {
			daemon_show_log(&t->s->daemon);
			fail_msg("%u requests are lost", t->n_outstanding);
		}
	}
	t->outage_ns[t->n_kills++] = clock_ns() - start;
}

/* Every line that rose fired; the others did not. More than once is the spurious edge of a death while it was fetched. */
static void events_judge(struct torture *t, const unsigned *lines)
{
	struct event_wait wait = { t, lines };

	if (!wait_for(all_fired, &wait, WAIT_MS)) {
		daemon_show_log(&t->s->daemon);
		fail_msg("an edge is lost at kill %u", t->n_kills);
	}
	assert_true(wait_for(all_answered, t, WAIT_MS));
	for (unsigned i = 0; i < DRIVERS; i++) {
		drive(t, i, lines[i], 0, true);
		events_take(t);
		t->spurious += t->fired[lines[i]] - 1;
		t->fired[lines[i]] = 0;
	}
	for (unsigned i = 0; i < ARMED; i++)
		assert_int_equal(t->fired[i], 0);
}

static void torture_round(struct torture *t)
{
	pid_t worker = daemon_worker(&t->s->daemon, 0);
	unsigned lines[DRIVERS], first = (unsigned)rand() % ARMED;

	for (unsigned i = 0; i < DRIVERS; i++)
		lines[i] = (first + 7 * i) % ARMED;
	for (unsigned i = 0; i < DRIVERS; i++)
		drive(t, i, lines[i], 1, false);
	message_begin(t);
	load(t);
	kill_once(t, worker);
	message_end(t);
	for (unsigned i = 0; i < DRIVERS; i++)
		outside_set_finish(&t->drivers[i]);
	events_judge(t, lines);
	t->edges += outside_edges(&t->monitor, 0);
}

static int compare_ns(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void outage_tell(struct torture *t)
{
	const uint64_t *ns = t->outage_ns;
	unsigned n = t->n_kills;
	uint64_t p99, max;

	qsort(t->outage_ns, n, sizeof(*t->outage_ns), compare_ns);
	p99 = ns[(n - 1) * 99 / 100];
	max = ns[n - 1];
	print_message("%u kills, %s rings: %llu requests and %llu events, none lost, none twice; %u spurious edges\n",
		      n, ring_is_packed(&t->s->vmm.rings[0]) ? "packed" : "split", t->requests, t->events, t->spurious);
	print_message("outage in ms: median %.1f, 99 %% %.1f, largest %.1f\n", (double)ns[n / 2] / 1e6,
		      (double)p99 / 1e6, (double)max / 1e6);
	if (!getenv(JUDGE_VARIABLE))
		return;
	assert_in_range(p99, 0, OUTAGE_P99_NS);
	assert_in_range(max, 0, OUTAGE_MAX_NS);
}

static void killed_at_any_instant(void **state)
{
	unsigned kills = number_from("TORTURE_KILLS", KILLS_DEFAULT);
	struct torture t;

	srand(number_from("TORTURE_SEED", 1));
	torture_begin(&t, *state, kills);
	for (unsigned i = 0; i < kills; i++)
		torture_round(&t);
	assert_int_equal(outside_get(&t.drivers[0], "guest0.64"), t.level);
	/* An output that goes back and forth again shows as two more. */
	assert_in_range(t.edges + session_edges(t.s, &t.monitor), 1, t.toggles);
	assert_true(connection_silent(&t.s->vmm.connection, 5));
	outage_tell(&t);
	torture_end(&t);
}

static int setup(void **state)
{
	faults_open();
	return session_mortal(state, session_setup_with(state, LINES, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("S-01 S-02 S-03 S-04 S-07 S-09 S-10", killed_at_any_instant, setup, faults_teardown),
	};

	return session_run("torture", tests, sizeof(tests) / sizeof(tests[0]));
}
