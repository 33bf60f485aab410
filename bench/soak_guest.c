/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest of the soak: rounds of valid load, and the choice between them and hostile ones. */
#include "soak_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failure.h"
#include "gpio.h"
#include "wait.h"

#define STEPS_MAX      60
#define BATCH_MAX      12
#define STEP_PAUSE_US  4000
#define STATE_SIZE_MAX (4 << 20)
#define RING_SIZE      4096 /* of the largest rings */
#define RING_SIZE_MAX  32768

/* splitmix64, by Sebastiano Vigna: good enough, and a seed tells the whole sequence. */
uint32_t soak_pick(struct soak_guest *guest, uint32_t n)
{
	uint64_t z = guest->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

bool soak_chance(struct soak_guest *guest, uint32_t n)
{
	return soak_pick(guest, n) == 0;
}

const char *soak_socket(const struct soak_guest *guest)
{
	return guest->daemon->sockets[guest->number];
}

static uint64_t random_features(struct soak_guest *guest)
{
	static const unsigned optional[] = { VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_RING_PACKED };
	uint64_t features = VMM_FEATURES | FEATURE(VIRTIO_F_RING_PACKED);

	for (unsigned i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
		if (soak_chance(guest, 2))
			features &= ~FEATURE(optional[i]);
	}
	if (soak_chance(guest, 8))
		features &= ~FEATURE(VIRTIO_GPIO_F_IRQ);
	return features;
}

static void connect_vmm(struct soak_guest *guest, uint64_t features)
{
	struct vmm *vmm = &guest->vmm;
	bool indirect = features & FEATURE(VIRTIO_F_INDIRECT_DESC);

	vmm_connect(vmm, soak_socket(guest));
	vmm_negotiate(vmm, features, VMM_PROTOCOL_FEATURES);
	vmm->layout = indirect && soak_chance(guest, 2) ? RING_INDIRECT : RING_DIRECT;
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm->rings[i].direct_only = !indirect;
	vmm_send_memory(vmm);
}

static void start_rings(struct soak_guest *guest, bool go_on)
{
	struct vmm *vmm = &guest->vmm;

	for (unsigned i = 0; i < VMM_RINGS; i++) {
		struct ring *ring = &vmm->rings[i];

		vmm_ring_setup(vmm, i, go_on ? ring_used_idx(ring) : ring_first_base(ring));
		vmm_ring_enable(vmm, i, true);
		ring_kick(ring);
	}
}

void soak_start(struct soak_guest *guest)
{
	static const unsigned sizes[] = { 32, 64, 128, 256, 1024, RING_SIZE };

	vmm_init(&guest->vmm, sizes[soak_pick(guest, 6)]);
	guest->vmm.wants_inband = soak_chance(guest, 4);
	memset(guest->held, 0, sizeof(guest->held));
	connect_vmm(guest, random_features(guest));
	start_rings(guest, false);
}

void soak_stop(struct soak_guest *guest)
{
	vmm_deinit(&guest->vmm);
}

static void step_requests(struct soak_guest *guest)
{
	static const uint16_t types[] = { GPIO_GET_DIRECTION, GPIO_SET_DIRECTION, GPIO_GET_VALUE, GPIO_SET_VALUE, 77 };
	struct ring *ring = &guest->vmm.rings[VMM_REQUESTQ];
	unsigned n = 1 + soak_pick(guest, BATCH_MAX);

	for (unsigned i = 0; i < n; i++) {
		uint16_t type = types[soak_pick(guest, 5)];
		uint16_t line = (uint16_t)(SOAK_INPUTS + soak_pick(guest, SOAK_LINES - SOAK_INPUTS + 1));

		gpio_send(&guest->vmm, type, line, soak_pick(guest, 4));
	}
	ring_notify(ring);
	for (unsigned i = 0; i < n; i++) {
		struct gpio_answer answer = gpio_answer_of(&guest->vmm, ring_wait(ring));

		if (answer.used_len != 2 || answer.status > GPIO_ERR)
			failure("guest%u: answer {%u, %u} of %u bytes", guest->number, answer.status, answer.value,
				answer.used_len);
	}
	guest->state->requests += n;
}

void soak_kick(struct soak_guest *guest, struct ring *ring)
{
	const struct vu_state kick = { .index = ring->index };
	const uint64_t one = 1;

	if (ring->inband)
		connection_send(&guest->vmm.connection, VU_VRING_KICK, 0, &kick, sizeof(kick), NULL, 0);
	else if (write(ring->kick_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		failure("kick: %s", strerror(errno));
}

void soak_serve(struct soak_guest *guest)
{
	soak_start(guest);
	step_requests(guest);
	soak_stop(guest);
}

static void take_events(struct soak_guest *guest)
{
	struct vmm *vmm = &guest->vmm;

	while (ring_has_used(&vmm->rings[VMM_EVENTQ])) {
		struct gpio_event event = gpio_event_wait(vmm);
		uint16_t line;

		memory_read(&vmm->memory, ring_slot(&vmm->rings[VMM_EVENTQ], event.head), &line, sizeof(line));
		if (line >= SOAK_INPUTS || !guest->held[line] || event.used_len != 1 || event.status > GPIO_EVENT_VALID)
			failure("guest%u: line %u has no buffer that could come back", guest->number, line);
		guest->held[line] = false;
		guest->state->events++;
	}
}

void soak_arm(struct soak_guest *guest)
{
	static const uint32_t types[] = { GPIO_IRQ_NONE, GPIO_IRQ_RISING, GPIO_IRQ_FALLING,
					  GPIO_IRQ_BOTH, GPIO_IRQ_HIGH,	  GPIO_IRQ_LOW };
	uint16_t line = (uint16_t)soak_pick(guest, SOAK_INPUTS);
	struct vmm *vmm = &guest->vmm;

	if (!(vmm->features & FEATURE(VIRTIO_GPIO_F_IRQ)))
		return;
	take_events(guest);
	gpio_set_irq_type(vmm, line, types[soak_pick(guest, 6)]);
	take_events(guest);
	if (guest->held[line])
		return;
	guest->held[line] = true;
	gpio_event_send(vmm, line);
	ring_notify(&vmm->rings[VMM_EVENTQ]);
}

void soak_edges(struct soak_guest *guest)
{
	unsigned n = 1 + soak_pick(guest, 8);
	char line[32];

	snprintf(line, sizeof(line), "guest%u.%u", guest->number, soak_pick(guest, SOAK_INPUTS));
	for (unsigned i = 0; i < n; i++) {
		if (soak_chance(guest, 4))
			outside_pull(&guest->outside, line, (int)soak_pick(guest, 2));
		else
			outside_set(&guest->outside, line, (int)(i % 2));
	}
	if (outside_get(&guest->outside, line) < 0)
		failure("%s has no level", line);
	guest->state->edges += n;
}

static void step_pause(struct soak_guest *guest)
{
	vmm_stop(&guest->vmm);
	vmm_resume(&guest->vmm);
}

static void step_reset(struct soak_guest *guest)
{
	vmm_stop(&guest->vmm);
	vmm_restart(&guest->vmm);
	memset(guest->held, 0, sizeof(guest->held));
}

static size_t state_save(struct soak_guest *guest, uint8_t *data, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		failure("pipe: %s", strerror(errno));
	message_set_device_state_fd(&guest->vmm.connection, VU_STATE_SAVE, VU_STATE_STOPPED, ends[1]);
	close(ends[1]);
	while (n > 0 && len < size) {
		if (!wait_readable(ends[0], WAIT_MS))
			failure("guest%u: no end of the state", guest->number);
		n = read(ends[0], data + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(ends[0]);
	return len;
}

/* Saved and loaded by the same device, which must take what it gave, and may refuse what was changed. */
static void state_transfer(struct soak_guest *guest, bool spoil)
{
	static uint8_t data[STATE_SIZE_MAX];
	struct connection *c = &guest->vmm.connection;
	size_t len;
	int fd;

	vmm_stop(&guest->vmm);
	len = state_save(guest, data, sizeof(data));
	if (len == 0 || message_get_u64(c, VU_CHECK_DEVICE_STATE) != 0)
		failure("guest%u: the state cannot be saved", guest->number);
	if (spoil)
		data[soak_pick(guest, (uint32_t)len)] ^= (uint8_t)(1 + soak_pick(guest, 255));
	fd = memfd_create("state", MFD_CLOEXEC);
	if (fd < 0 || pwrite(fd, data, len, 0) != (ssize_t)len)
		failure("memfd: %s", strerror(errno));
	message_set_device_state_fd(c, VU_STATE_LOAD, VU_STATE_STOPPED, fd);
	close(fd);
	if (message_get_u64(c, VU_CHECK_DEVICE_STATE) != 0 && !spoil)
		failure("guest%u: its own state is refused", guest->number);
}

static void step_state(struct soak_guest *guest)
{
	bool spoil = soak_chance(guest, 3);

	state_transfer(guest, spoil);
	if (spoil) {
		/* Who knows what it made of the lines: another machine. */
		soak_stop(guest);
		soak_start(guest);
	} else if (soak_chance(guest, 2)) {
		vmm_resume(&guest->vmm);
	} else {
		step_reset(guest);
	}
	step_requests(guest);
}

/* The front-end goes and comes again, with the in-flight regions in its hand: held buffers are held again. */
static void step_reconnect(struct soak_guest *guest)
{
	struct vmm *vmm = &guest->vmm;
	struct vu_inflight wire = { .num_queues = VMM_RINGS, .queue_size = (uint16_t)vmm->rings[0].size };
	uint64_t features = vmm->features;
	int fd;

	if (ring_is_packed(&vmm->rings[0]))
		return;
	step_reset(guest);
	vmm_stop(vmm);
	fd = message_get_inflight(&vmm->connection, &wire, sizeof(wire));
	if (fd < 0 || message_set_inflight(&vmm->connection, &wire, fd) != OUTCOME_OK)
		failure("guest%u: no in-flight regions", guest->number);
	vmm_restart(vmm);
	soak_arm(guest);
	step_requests(guest);
	vmm_disconnect(vmm);
	connect_vmm(guest, features);
	if (message_set_inflight(&vmm->connection, &wire, fd) != OUTCOME_OK)
		failure("guest%u: its own in-flight regions are refused", guest->number);
	close(fd);
	start_rings(guest, true);
	step_requests(guest);
}

static void valid_round(struct soak_guest *guest)
{
	static const struct {
		void (*step)(struct soak_guest *guest);
		unsigned share;
	} steps[] = {
		{ step_requests, 40 }, { soak_arm, 30 },  { soak_edges, 20 },	 { step_pause, 4 },
		{ step_reset, 2 },     { step_state, 2 }, { step_reconnect, 2 },
	};
	unsigned n = 1 + soak_pick(guest, STEPS_MAX);

	soak_start(guest);
	for (unsigned i = 0; i < n; i++) {
		unsigned which = 0, share = soak_pick(guest, 100);

		while (share >= steps[which].share)
			share -= steps[which++].share;
		steps[which].step(guest);
		usleep(soak_pick(guest, STEP_PAUSE_US));
	}
	if (soak_chance(guest, 2))
		vmm_stop(&guest->vmm);
	soak_stop(guest);
	guest->state->rounds++;
}

/*
 * The largest state of either format, before the first look at the processes: what a worker's heap and its session keep
 * from then on is no leak, however few rounds the first quarter of the time has on a slow machine. A mutated message may
 * ask for the largest rings once in half an hour.
 */
static void warm_up(struct soak_guest *guest)
{
	for (unsigned packed = 0; packed < 2; packed++) {
		vmm_init(&guest->vmm, RING_SIZE_MAX);
		connect_vmm(guest, VMM_FEATURES | (packed ? FEATURE(VIRTIO_F_RING_PACKED) : 0));
		start_rings(guest, false);
		step_requests(guest);
		state_transfer(guest, false);
		vmm_resume(&guest->vmm);
		step_requests(guest);
		soak_stop(guest);
	}
}

static bool may_go_on(void *ctx)
{
	const struct soak_shared *shared = ctx;

	return !__atomic_load_n(&shared->rest, __ATOMIC_SEQ_CST) || __atomic_load_n(&shared->over, __ATOMIC_SEQ_CST);
}

void soak_guest_run(struct soak_guest *guest, uint64_t seed)
{
	guest->random = seed;
	guest->state = &guest->shared->guests[guest->number];
	signal(SIGPIPE, SIG_IGN);
	outside_open(&guest->outside, guest->daemon->control);
	warm_up(guest);
	while (!__atomic_load_n(&guest->shared->over, __ATOMIC_SEQ_CST)) {
		if (!may_go_on(guest->shared)) {
			__atomic_store_n(&guest->state->rests, true, __ATOMIC_SEQ_CST);
			wait_for(may_go_on, guest->shared, WAIT_MS);
			continue;
		}
		__atomic_store_n(&guest->state->rests, false, __ATOMIC_SEQ_CST);
		if (soak_chance(guest, 3))
			soak_hostile_round(guest);
		else
			valid_round(guest);
	}
	outside_close(&guest->outside);
}
