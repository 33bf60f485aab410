/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fairness: a guest that floods one ring, a line that never stops, requests whose answers are large. What shares the
 * process with the flood goes on: the other ring, the control socket, another guest. How long each takes with and without
 * the flood is printed; that it comes at all is what is judged.
 */
#include "abuse.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"

#define ROUNDS	   40
#define FLOOD_RING 32768
#define NAMES_MAX  (1u << 20)
#define OUTPUT	   5
#define INPUT	   3

/* A driver that makes chains available without end: as many as there may be at any time. */
struct flood {
	struct ring *ring;
	pthread_t thread;
	atomic_bool over;
	uint32_t answer_len; /* the room for an answer */
	uint64_t published;
};

/* Heads 0, 2, 4...: a request, and room for its answer, which all have in common. */
static void flood_prepare(struct flood *flood, struct vmm *vmm, uint32_t answer_len, uint16_t type, uint16_t line)
{
	struct ring *ring = &vmm->rings[VMM_REQUESTQ];
	uint64_t answer = memory_alloc(&vmm->memory, 0, answer_len, 16);

	*flood = (struct flood){ .ring = ring, .answer_len = answer_len };
	for (uint32_t i = 0; i < ring->size; i += 2) {
		struct gpio_wire_request request = { type, line, i / 2 % 2 };
		uint64_t at = ring_slot(ring, (uint16_t)i);
		struct split_desc descs[] = { { at, 8, DESC_F_NEXT, (uint16_t)(i + 1) },
					      { answer, answer_len, DESC_F_WRITE, 0 } };

		memory_write(&vmm->memory, at, &request, sizeof(request));
		memory_write(&vmm->memory, ring->desc + 16 * i, descs, sizeof(descs));
	}
	for (uint32_t i = 0; i < ring->size; i++) {
		uint16_t head = (uint16_t)(i * 2 % ring->size);

		memory_write(&vmm->memory, ring->avail + 4 + 2 * i, &head, 2);
	}
}

static void *flood_run(void *ctx)
{
	struct flood *flood = ctx;
	const struct ring *ring = flood->ring;
	const uint16_t *used = memory_at(ring->memory, ring->used + 2, 2);
	uint16_t *avail = memory_at(ring->memory, ring->avail + 2, 2);
	const uint64_t one = 1;

	while (!atomic_load(&flood->over)) {
		uint16_t idx = (uint16_t)(__atomic_load_n(used, __ATOMIC_ACQUIRE) + ring->size / 2);

		flood->published += (uint16_t)(idx - *avail);
		__atomic_store_n(avail, idx, __ATOMIC_RELEASE);
		(void)!write(ring->kick_fd, &one, sizeof(one));
		usleep(50);
	}
	return NULL;
}

static void flood_begin(struct flood *flood)
{
	assert_int_equal(pthread_create(&flood->thread, NULL, flood_run, flood), 0);
}

static void flood_end(struct flood *flood)
{
	atomic_store(&flood->over, true);
	pthread_join(flood->thread, NULL);
}

/* Times of one thing that is done again and again. */
struct times {
	uint64_t sum_ns, max_ns;
	unsigned n;
};

static void times_add(struct times *times, uint64_t start_ns)
{
	uint64_t took = clock_ns() - start_ns;

	times->sum_ns += took;
	times->n++;
	if (took > times->max_ns)
		times->max_ns = took;
}

static void times_tell(const char *what, const struct times *without, const struct times *with)
{
	print_message("%-24s mean %8.3f ms, most %8.3f ms; with the flood mean %8.3f ms, most %8.3f ms\n", what,
		      (double)without->sum_ns / without->n / 1e6, (double)without->max_ns / 1e6,
		      (double)with->sum_ns / with->n / 1e6, (double)with->max_ns / 1e6);
}

struct fairness {
	struct session *s;
	struct vmm other; /* of guest 1 */
	struct times event, get, neighbour;
};

/* From outside to the driver: the other ring. */
static void measure_event(struct fairness *f)
{
	struct vmm *vmm = &f->s->vmm;
	uint64_t start;
	uint16_t head;

	line_drive(f->s, INPUT, 0);
	head = gpio_event_send(vmm, INPUT);
	ring_notify(&vmm->rings[VMM_EVENTQ]);
	ring_wait_taken(&vmm->rings[VMM_EVENTQ]);
	start = clock_ns();
	line_drive(f->s, INPUT, 1);
	assert_event(f->s, head, GPIO_EVENT_VALID);
	times_add(&f->event, start);
}

static void measure(struct fairness *f)
{
	f->event = f->get = f->neighbour = (struct times){ 0 };
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = clock_ns();

		assert_true(line_level(f->s, INPUT) >= 0);
		times_add(&f->get, start);
		start = clock_ns();
		assert_true(gpio_get_direction(&f->other, 0) >= 0);
		times_add(&f->neighbour, start);
		measure_event(f);
	}
}

static void fairness_begin(struct fairness *f, struct session *s)
{
	memset(f, 0, sizeof(*f));
	f->s = s;
	vmm_init(&f->other, 0);
	vmm_start(&f->other, s->daemon.sockets[1]);
	/* Before the flood takes the requests' ring for its own. */
	assert_int_equal(gpio_set_direction(&s->vmm, OUTPUT, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_irq_type(&s->vmm, INPUT, GPIO_IRQ_RISING), GPIO_OK);
}

/* Guest 0 is flooded with these requests over its ring of requests. */
static void flooded(struct session *s, unsigned ring_size, uint32_t answer_len, uint16_t type)
{
	struct abuse before = abuse_before(s);
	struct fairness f, quiet;
	struct flood flood;

	vmm_deinit(&s->vmm);
	vmm_init(&s->vmm, ring_size);
	vmm_start(&s->vmm, session_socket(s));
	fairness_begin(&f, s);
	measure(&f);
	quiet = f;
	vmm_ring_stop(&s->vmm, VMM_REQUESTQ);
	ring_reset(&s->vmm.rings[VMM_REQUESTQ]);
	flood_prepare(&flood, &s->vmm, answer_len, type, OUTPUT);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, 0);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	flood_begin(&flood);
	measure(&f);
	flood_end(&flood);
	times_tell("an edge to its event", &quiet.event, &f.event);
	times_tell("the control socket", &quiet.get, &f.get);
	times_tell("another guest's request", &quiet.neighbour, &f.neighbour);
	print_message("%llu requests were made available meanwhile\n", (unsigned long long)flood.published);
	assert_true(flood.published > s->vmm.rings[0].size / 2);
	vmm_deinit(&f.other);
	abuse_then_served(s, &before);
	assert_true(daemon_workers_same(&s->daemon));
}

static void requests_without_end(void **state)
{
	flooded(*state, 1024, 2, GPIO_GET_VALUE);
}

static void requests_without_end_in_a_large_ring(void **state)
{
	flooded(*state, FLOOD_RING, 2, GPIO_GET_VALUE);
}

/* Each is a change that a monitor is told of, over the port that the control socket's requests take. */
static void changes_without_end(void **state)
{
	struct session *s = *state;
	struct outside monitor;

	outside_open(&monitor, s->daemon.control);
	outside_monitor(&monitor, "guest0.5");
	flooded(s, FLOOD_RING, 2, GPIO_SET_VALUE);
	outside_close(&monitor);
}

static bool knows_names(void *ctx)
{
	static const char request[] = "{\"cmd\":\"get\",\"lines\":[\"guest0.3\"]}\n";
	const struct session *s = ctx;
	struct connection client;
	char reply[256];
	ssize_t n = 0;

	connection_open(&client, s->daemon.control);
	connection_send_bytes(&client, request, sizeof(request) - 1, NULL, 0);
	if (wait_readable(client.fd, WAIT_MS))
		n = recv(client.fd, reply, sizeof(reply) - 1, 0);
	connection_close(&client);
	reply[n > 0 ? n : 0] = '\0';
	return strstr(reply, "\"ok\":true");
}

/* All names of many lines are most of a MiB; a ring holds 16384 such requests. */
static void names_without_end(void **state)
{
	assert_true(wait_for(knows_names, *state, WAIT_MS));
	flooded(*state, FLOOD_RING, NAMES_MAX, GPIO_GET_LINE_NAMES);
}

struct edges {
	struct session *s;
	pthread_t thread;
	atomic_bool over;
	unsigned n;
};

static void *edges_run(void *ctx)
{
	struct edges *edges = ctx;
	struct outside outside;

	outside_open(&outside, edges->s->daemon.control);
	while (!atomic_load(&edges->over))
		outside_set(&outside, "guest0.3", (int)(++edges->n % 2));
	outside_close(&outside);
	return NULL;
}

static void measure_requests(struct session *s, struct times *times)
{
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	struct ring_used used;

	for (unsigned i = 0; i < 200; i++) {
		uint64_t start = clock_ns();

		assert_true(gpio_get_direction(&s->vmm, 0) >= 0);
		times_add(times, start);
		while (ring_reap(eventq, &used)) {
			gpio_event_send(&s->vmm, INPUT);
			ring_notify(eventq);
		}
		usleep(200);
	}
}

/* One line that rises and falls as fast as its outside can make it, unmasked again at once. */
static void edges_without_end(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	struct times without = { 0 }, with = { 0 };
	struct edges edges = { .s = s };

	session_reconnect(s);
	measure_requests(s, &without);
	gpio_arm(&s->vmm, INPUT, GPIO_IRQ_BOTH);
	assert_int_equal(pthread_create(&edges.thread, NULL, edges_run, &edges), 0);
	measure_requests(s, &with);
	atomic_store(&edges.over, true);
	pthread_join(edges.thread, NULL);
	times_tell("a request", &without, &with);
	print_message("%u edges meanwhile\n", edges.n);
	assert_true(edges.n > 2);
	abuse_then_served(s, &before);
}

static int setup(void **state)
{
	return session_setup_with(state, "s8:s8", 0);
}

static int setup_names(void **state)
{
	return session_setup_with(state, "s65535:s8", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_without_end, setup, session_teardown),
		cmocka_unit_test_setup_teardown(requests_without_end_in_a_large_ring, setup, session_teardown),
		cmocka_unit_test_setup_teardown(changes_without_end, setup, session_teardown),
		cmocka_unit_test_setup_teardown(names_without_end, setup_names, session_teardown),
		cmocka_unit_test_setup_teardown(edges_without_end, setup, session_teardown),
	};

	return session_run("abuse flood", tests, sizeof(tests) / sizeof(tests[0]));
}
