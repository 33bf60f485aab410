/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The dirty log of a migration: which pages are marked, when, and what logs are refused. */
#include "chain.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	   4096ull
#define LOG_OFFSET 0x2000ull
#define LOG_SIZE   ((MEMORY_DEFAULT_BASE + 2 * MEMORY_DEFAULT_SIZE) / PAGE / 8)
#define RINGS_AT   0x10000000ull /* where the rings are in the log: in no region of memory */

struct dirty_log {
	int fd;
	uint8_t *bits, *want;
	uint64_t size;
};

static void log_make(struct dirty_log *log, uint64_t size)
{
	log->size = size;
	log->fd = memfd_create("log", MFD_CLOEXEC);
	assert_return_code(ftruncate(log->fd, (off_t)(LOG_OFFSET + size)), 0);
	log->bits =
		(uint8_t *)mmap(NULL, LOG_OFFSET + size, PROT_READ | PROT_WRITE, MAP_SHARED, log->fd, 0) + LOG_OFFSET;
	log->want = calloc(1, size);
	assert_non_null(log->want);
}

static void log_free(struct dirty_log *log)
{
	munmap(log->bits - LOG_OFFSET, LOG_OFFSET + log->size);
	close(log->fd);
	free(log->want);
}

static void want(struct dirty_log *log, uint64_t addr, uint64_t len)
{
	for (uint64_t page = addr / PAGE; page <= (addr + len - 1) / PAGE; page++)
		log->want[page / 8] |= (uint8_t)(1u << page % 8);
}

/* The bits are exactly those; then all are cleared. */
#define assert_log(log)                                                                                                \
	do {                                                                                                           \
		assert_memory_equal((log)->bits, (log)->want, (log)->size);                                            \
		log_clear(log);                                                                                        \
	} while (0)

static void log_clear(struct dirty_log *log)
{
	memset(log->bits, 0, log->size);
	memset(log->want, 0, log->size);
}

/* SET_LOG_BASE; false: the connection was closed. */
static bool set_log_base(struct session *s, uint64_t size, uint64_t offset, int fd)
{
	struct vu_log payload = { .size = size, .offset = offset };
	enum outcome outcome = message_set_log_base(&s->vmm.connection, &payload, fd);

	assert_int_not_equal(outcome, OUTCOME_REFUSED);
	return outcome == OUTCOME_OK;
}

static uint64_t ring_log_addr(unsigned index)
{
	/* The index and half of the entries on one page, the others and avail_event on the next. */
	return RINGS_AT + index * 0x100000 + PAGE - 1024;
}

static void set_ring_log(struct session *s, unsigned index, bool on)
{
	struct vu_addr addr = vmm_ring_addr(&s->vmm, index);

	addr.flags = on ? VU_VRING_F_LOG : 0;
	addr.log = ring_log_addr(index);
	assert_ok(message_set_vring_addr(&s->vmm.connection, &addr));
}

static void set_log_all(struct session *s, bool on)
{
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES,
				   s->vmm.features | (on ? FEATURE(VHOST_F_LOG_ALL) : 0)));
}

/* As QEMU starts and ends it: features, then the address of each ring. */
static void set_logging(struct session *s, bool on)
{
	set_log_all(s, on);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		set_ring_log(s, i, on);
}

/* What the device writes in a used ring for the entries from this index on. */
static void want_used(struct session *s, struct dirty_log *log, unsigned index, uint16_t from, unsigned n)
{
	const struct ring *ring = &s->vmm.rings[index];
	uint64_t at = ring_log_addr(index);

	for (unsigned i = 0; i < n; i++)
		want(log, at + 4 + 8ull * ((uint16_t)(from + i) % ring->size), 8);
	want(log, at + 2, 2);
	if (ring->event_idx)
		want(log, at + 4 + 8ull * ring->size, 2);
}

static void request(struct session *s, struct dirty_log *log)
{
	uint64_t slot = ring_next_slot(&s->vmm.rings[0]);

	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
	if (log)
		want(log, slot + 8, 2);
	assert_true(message_sync(&s->vmm.connection)); /* avail_event is written after the answer */
}

static void exactly_what_is_written(void **state)
{
	struct session *s = *state;
	struct dirty_log log;

	log_make(&log, LOG_SIZE);
	request(s, NULL);
	assert_log(&log);
	assert_true(set_log_base(s, log.size, LOG_OFFSET, log.fd));
	request(s, NULL);
	assert_log(&log);
	set_logging(s, true);
	assert_log(&log);
	for (unsigned i = 0; i < 300; i++) {
		uint16_t from = s->vmm.rings[0].used_idx;

		request(s, &log);
		want_used(s, &log, 0, from, 1);
		assert_log(&log);
	}
	log_free(&log);
}

/* Whatever page differs from what it was is marked: the front-end copies nothing else. */
static void every_page_that_changed_is_marked(void **state)
{
	struct session *s = *state;
	struct memory *memory = &s->vmm.memory;
	struct ring *ring = &s->vmm.rings[0];
	struct dirty_log log;
	struct vu_addr addr;
	uint8_t *before = malloc(2 * MEMORY_DEFAULT_SIZE);

	log_make(&log, LOG_SIZE);
	assert_non_null(before);
	assert_true(set_log_base(s, log.size, LOG_OFFSET, log.fd));
	set_log_all(s, true);
	addr = vmm_ring_addr(&s->vmm, 0);
	addr.flags = VU_VRING_F_LOG;
	addr.log = ring->used;
	assert_ok(message_set_vring_addr(&s->vmm.connection, &addr));
	for (unsigned i = 0; i < 64; i++)
		gpio_send(&s->vmm, GPIO_GET_DIRECTION, (uint16_t)(i % 8), 0);
	for (unsigned i = 0; i < 2; i++)
		memcpy(before + i * MEMORY_DEFAULT_SIZE, memory->regions[i].map, MEMORY_DEFAULT_SIZE);
	ring_kick(ring);
	while (ring_used_idx(ring) != 64)
		sleep_ms(1);
	assert_true(message_sync(&s->vmm.connection));
	for (uint64_t page = 0; page < 2 * MEMORY_DEFAULT_SIZE / PAGE; page++) {
		uint64_t guest = MEMORY_DEFAULT_BASE + page * PAGE;
		bool changed = memcmp(before + page * PAGE, memory_at(memory, guest, PAGE), PAGE) != 0;
		bool marked = log.bits[guest / PAGE / 8] & 1u << guest / PAGE % 8;

		assert_int_equal(marked, changed);
	}
	log_free(&log);
	free(before);
}

static void events_are_marked_when_they_happen(void **state)
{
	struct session *s = *state;
	struct dirty_log log;
	uint16_t head, from;

	log_make(&log, LOG_SIZE);
	assert_true(set_log_base(s, log.size, LOG_OFFSET, log.fd));
	head = gpio_arm(&s->vmm, 3, GPIO_IRQ_RISING);
	set_logging(s, true);
	assert_log(&log);
	from = s->vmm.rings[1].used_idx;
	line_drive(s, 3, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_true(message_sync(&s->vmm.connection));
	want(&log, ring_slot(&s->vmm.rings[1], head) + 2, 1);
	want(&log, ring_log_addr(1) + 4 + 8ull * from, 8);
	want(&log, ring_log_addr(1) + 2, 2);
	assert_log(&log);
	log_free(&log);
}

static void data_and_rings_are_switched_apart(void **state)
{
	struct session *s = *state;
	struct dirty_log log;
	uint16_t from;

	log_make(&log, LOG_SIZE);
	assert_true(set_log_base(s, log.size, LOG_OFFSET, log.fd));
	/* the feature without the flag */
	set_log_all(s, true);
	request(s, &log);
	assert_log(&log);
	/* and the flag */
	set_ring_log(s, 0, true);
	from = s->vmm.rings[0].used_idx;
	request(s, &log);
	want_used(s, &log, 0, from, 1);
	assert_log(&log);
	set_ring_log(s, 0, false);
	request(s, &log);
	assert_log(&log);
	/* the flag without the feature */
	set_ring_log(s, 0, true);
	set_log_all(s, false);
	request(s, NULL);
	assert_log(&log);
	log_free(&log);
}

/* A daemon that tells when it stops a ring. */
static int setup_debug(void **state)
{
	int r;

	setenv("TEST_LOG_LEVEL", "debug", 1);
	r = session_setup_started(state);
	unsetenv("TEST_LOG_LEVEL");
	return r;
}

static void switched_under_load(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	struct dirty_log log;
	uint16_t head;

	log_make(&log, LOG_SIZE);
	assert_true(set_log_base(s, log.size, LOG_OFFSET, log.fd));
	head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	for (unsigned round = 0; round < session_rounds(200, 50); round++) {
		for (unsigned i = 0; i < 32; i++)
			gpio_send(&s->vmm, GPIO_GET_DIRECTION, 1, 0);
		ring_notify(ring);
		set_logging(s, round % 2 == 0);
		for (unsigned i = 0; i < 32; i++) {
			struct gpio_answer answer = gpio_answer_of(&s->vmm, ring_wait(ring));

			assert_int_equal(answer.status, GPIO_OK);
			assert_int_equal(answer.value, GPIO_IN);
		}
	}
	/* Neither reset nor stopped: the buffer is held, and the interrupt still armed. */
	assert_no_event(s);
	line_drive(s, 0, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_int_equal(daemon_logged(&s->daemon, "reset"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "stopped at"), 0);
	vmm_stop(&s->vmm);
	assert_int_equal(daemon_logged(&s->daemon, "stopped at"), VMM_RINGS);
	log_free(&log);
}

static void log_fd_is_signalled(void **state)
{
	struct session *s = *state;
	struct dirty_log log;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t n;

	log_make(&log, LOG_SIZE);
	assert_true(set_log_base(s, log.size, LOG_OFFSET, log.fd));
	assert_ok(message_send(&s->vmm.connection, VU_SET_LOG_FD, NULL, 0, &fd, 1));
	request(s, NULL);
	assert_false(wait_readable(fd, SILENT_MS));
	set_logging(s, true);
	request(s, NULL);
	assert_true(wait_readable(fd, WAIT_MS));
	assert_int_equal(read(fd, &n, sizeof(n)), sizeof(n));
	/* nothing new */
	request(s, NULL);
	assert_false(wait_readable(fd, SILENT_MS));
	assert_int_not_equal(message_send(&s->vmm.connection, VU_SET_LOG_FD, NULL, 0, NULL, 0), OUTCOME_OK);
	close(fd);
	log_free(&log);
}

static void a_log_that_is_none_is_refused(void **state)
{
	static const struct {
		uint64_t size, offset;
	} bad[] = {
		{ 0, LOG_OFFSET },
		{ LOG_SIZE + 1, LOG_OFFSET },
		{ LOG_SIZE, LOG_OFFSET + 1 },
		{ LOG_SIZE, LOG_OFFSET + LOG_SIZE },
		{ UINT64_MAX, LOG_OFFSET },
		{ 16, UINT64_MAX - 7 },
		{ 1ull << 62, 0 },
	};
	struct session *s = *state;
	struct dirty_log log;
	int event = eventfd(0, EFD_CLOEXEC);
	int read_only;
	char path[32];

	log_make(&log, LOG_SIZE);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(set_log_base(s, bad[i].size, bad[i].offset, log.fd));
		session_reconnect(s);
	}
	assert_false(set_log_base(s, LOG_SIZE, LOG_OFFSET, event));
	session_reconnect(s);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", log.fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	assert_false(set_log_base(s, LOG_SIZE, LOG_OFFSET, read_only));
	session_reconnect(s);
	assert_serving(s);
	close(event);
	close(read_only);
	log_free(&log);
}

static void a_log_that_is_too_small_is_not_left(void **state)
{
	struct session *s = *state;
	struct dirty_log log;
	uint16_t from;

	/* It has the rings, and no memory. */
	log_make(&log, (RINGS_AT + 0x1000000) / PAGE / 8);
	assert_true(set_log_base(s, log.size, LOG_OFFSET, log.fd));
	set_logging(s, true);
	from = s->vmm.rings[0].used_idx;
	for (unsigned i = 0; i < 10; i++)
		request(s, NULL);
	want_used(s, &log, 0, from, 10);
	assert_log(&log);
	assert_int_equal(daemon_logged(&s->daemon, "dirty log too small"), 1);
	log_free(&log);
}

static void it_outlives_the_worker(void **state)
{
	struct session *s = *state;
	struct dirty_log log;
	uint16_t from;

	s->workers_may_die = true;
	log_make(&log, LOG_SIZE);
	assert_true(set_log_base(s, log.size, LOG_OFFSET, log.fd));
	set_logging(s, true);
	request(s, NULL);
	log_clear(&log);
	session_take_over(s);
	assert_true(message_sync(&s->vmm.connection));
	log_clear(&log);
	from = s->vmm.rings[0].used_idx;
	request(s, &log);
	want_used(s, &log, 0, from, 1);
	assert_log(&log);
	/* A log that shrank meanwhile cannot be kept up: better no device than a migration that lacks pages. */
	assert_return_code(ftruncate(log.fd, 0), 0);
	session_take_over(s);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	close(log.fd);
	free(log.want);
	session_reconnect(s);
	assert_serving(s);
}

static void nothing_is_left_of_it(void **state)
{
	struct session *s = *state;
	struct dirty_log log;
	unsigned before;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	log_make(&log, LOG_SIZE);
	assert_serving(s);
	before = proc_fds(session_worker(s));
	for (unsigned i = 0; i < 3; i++)
		assert_true(set_log_base(s, log.size, LOG_OFFSET, log.fd));
	/* The file is mapped, its fd is with the supervisor. */
	assert_fds(session_worker(s), before);
	assert_int_equal(proc_maps(session_worker(s), "memfd:log"), 1);
	assert_ok(message_send(&s->vmm.connection, VU_SET_LOG_FD, NULL, 0, &fd, 1));
	assert_fds(session_worker(s), before + 1);
	set_logging(s, true);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_int_equal(proc_maps(session_worker(s), "memfd:log"), 0);
	session_reconnect(s);
	log_clear(&log);
	request(s, NULL);
	assert_log(&log);
	assert_fds(session_worker(s), before);
	close(fd);
	log_free(&log);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("F-13 PF-01 V-88", exactly_what_is_written),
		ROW_TEST_FIXTURE("V-88", exactly_what_is_written, session_setup_plain, session_teardown),
		STARTED("V-88", every_page_that_changed_is_marked),
		STARTED("V-88", events_are_marked_when_they_happen),
		STARTED("V-89", data_and_rings_are_switched_apart),
		ROW_TEST_FIXTURE("V-89", switched_under_load, setup_debug, session_teardown),
		STARTED("V-90", log_fd_is_signalled),
		STARTED("V-88", a_log_that_is_none_is_refused),
		STARTED("V-88", a_log_that_is_too_small_is_not_left),
		STARTED("V-88", it_outlives_the_worker),
		STARTED("V-88", nothing_is_left_of_it),
	};

	return session_run("dirty_log", tests, sizeof(tests) / sizeof(tests[0]));
}
