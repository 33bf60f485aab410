/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: a whole device (messages, rings, GPIO, simulated chip) in one process. The input is a program of small
 * operations, so that the fuzzer reaches the rings and is not lost in the handshake:
 *
 *   'm' id flags size payload…   a message, with one fd of the kind that its id wants
 *   's' size                     a valid set-up of both rings, 2^(size % 8) entries each; bit 3: with EVENT_IDX; bit 4:
 *                                packed; bit 5: those with one entry more; bit 6: with a dirty log; bit 7: with a
 *                                virtual IOMMU and its channel
 *   'i' type page pages perm     an IOTLB message: guest addresses are I/O virtual ones
 *   'w' offset16 len bytes…      the guest writes into its memory
 *   'a' ring head                the guest makes a head available and kicks; in a packed ring the next descriptor,
 *                                with that id
 *   'l' line level               the outside drives a line
 *   'f' offset16 len bytes…      the front-end writes into the in-flight region that it may have given
 *   'k' ring                     a kick as a message
 *   't' n (offset16 byte)…       both rings stop, the state is saved, damaged at n places, and loaded
 *   'r'                          the worker dies, a successor attaches to the session
 *   'd' n (what offset16 byte)…  the same, and the session is damaged at n places meanwhile: what % 4 is the
 *                                connection's, of its queues the first's in-flight region, the lines', the chip's
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scm.h"
#include "chip/chip.h"
#include "gpio/virtio_gpio.h"
#include "loop/loop.h"
#include "vhost/session.h"
#include "vhost/wire.h"

#define MEMORY_SIZE	  0x20000
#define RING_OFFSET(ring) (0x8000u + (ring)*0x8000u)
#define AVAIL_OFFSET	  0x4000u
#define USED_OFFSET	  0x6000u
#define USER_BASE	  0x10000000ull
#define INFLIGHT_SIZE	  0x4000
#define STATE_SIZE	  0x1000
#define SETUP_SLOTS_MAX	  8
#define N_LINES		  8
#define OPS_MAX		  64

/* The first four lines have none. */
static const struct line_rules line_rules[N_LINES] = {
	[4] = { .no_output = true, .no_value = true, .on_disconnect = LINE_REST_HOLD },
	[5] = { .no_input = true, .on_disconnect = LINE_REST_OUTPUT_LOW },
	[6] = { .no_irq = true, .on_disconnect = LINE_REST_INPUT },
	[7] = { .no_output = true, .on_disconnect = LINE_REST_OUTPUT_HIGH },
};

static struct {
	struct loop loop;
	struct chip_spec spec;
	struct chip_found found;
	struct chip *chip;
	void *chip_state, *session;
	struct line_state line_state[N_LINES];
	struct lines lines;
	struct virtio_gpio gpio;
	struct vhost_ops ops; /* with a virtual IOMMU */
	struct vhost_device *device;
	int front_fd; /* our end of the connection */
	int memory_fd, inflight_fd, state_fd;
	int channel_fds[2]; /* of SET_BACKEND_REQ_FD: ours, theirs */
	uint8_t *memory;
	uint16_t size, avail_idx[2]; /* the index of packed rings counts to twice their size */
	bool packed;
	bool damaged; /* 'd': what is kept and what the session says need not go together any more */
	struct {
		uint32_t key;
		int fd;
	} kept[VHOST_FDS_MAX];
} f;

/* A keeper in this process, so that 'r' has something to take up. */
static void keep(void *ctx, uint32_t key, int fd)
{
	size_t free_slot = VHOST_FDS_MAX;

	for (size_t i = 0; i < VHOST_FDS_MAX; i++) {
		if (f.kept[i].fd >= 0 && f.kept[i].key == key)
			fd_close(&f.kept[i].fd);
		if (f.kept[i].fd < 0 && free_slot == VHOST_FDS_MAX)
			free_slot = i;
	}
	if (free_slot == VHOST_FDS_MAX)
		abort(); /* VHOST_FDS_MAX is a promise */
	f.kept[free_slot].key = key;
	f.kept[free_slot].fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void drop(void *ctx, uint32_t key)
{
	for (size_t i = 0; i < VHOST_FDS_MAX; i++) {
		if (f.kept[i].fd >= 0 && f.kept[i].key == key)
			fd_close(&f.kept[i].fd);
	}
}

static int take(void *ctx, uint32_t key)
{
	for (size_t i = 0; i < VHOST_FDS_MAX; i++) {
		if (f.kept[i].fd >= 0 && f.kept[i].key == key)
			return fcntl(f.kept[i].fd, F_DUPFD_CLOEXEC, 0);
	}
	return -1;
}

static void on_fetch(void *ctx, unsigned offset, unsigned n_edges)
{
	lines_edges_fetch(&f.lines, offset, n_edges);
}

static void on_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	lines_edge(&f.lines, offset, edge, level);
}

static void on_changed(void *ctx, unsigned offset)
{
}

static void on_line_changed(void *ctx, uint16_t line)
{
}

static int no_kept_line(void *ctx, unsigned offset)
{
	return -1;
}

static void on_connected(void *ctx, bool connected)
{
}

static void attach(void)
{
	const struct chip_host chip_host = { .loop = &f.loop,
					     .tag = "fuzz",
					     .consumer = "fuzz",
					     .fetch = on_fetch,
					     .edge = on_edge,
					     .changed = on_changed };
	const struct lines_host lines_host = { .ctx = &f.gpio, .irq = virtio_gpio_irq, .changed = on_line_changed };
	const struct vhost_keeper keeper = { NULL, keep, drop, take };

	f.ops = virtio_gpio_ops;
	f.ops.iommu = true;
	if (loop_init(&f.loop) < 0 || chip_attach(&f.spec, &f.found, f.chip_state, &chip_host, &f.chip) < 0 ||
	    lines_attach(&f.lines, f.chip, "fuzz", line_rules, LINES_BEGIN_RESUME, f.line_state, &lines_host,
			 no_kept_line, NULL) < 0 ||
	    virtio_gpio_init(&f.gpio, &f.lines, on_connected, NULL) < 0 ||
	    vhost_device_attach(&f.device, &f.loop, &f.ops, &f.gpio, f.session, &keeper, "fuzz") < 0)
		abort();
}

static void detach(void)
{
	vhost_device_detach(f.device);
	virtio_gpio_deinit(&f.gpio);
	lines_detach(&f.lines);
	chip_detach(f.chip);
	loop_deinit(&f.loop);
}

static void connect_front_end(void)
{
	int fds[2];

	if (vhost_device_is_connected(f.device))
		return;
	fd_close(&f.front_fd);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		abort();
	f.front_fd = fds[0];
	if (vhost_device_connect(f.device, fds[1]) < 0)
		abort();
}

/* Whatever came: no line is what its rules forbid. */
static void check_rules(void)
{
	for (unsigned i = 0; i < N_LINES; i++) {
		const struct line_state *state = &f.line_state[i];

		if ((state->direction == GPIO_DIRECTION_OUT && line_rules[i].no_output) ||
		    (state->direction == GPIO_DIRECTION_IN && line_rules[i].no_input) ||
		    (state->irq.type != IRQ_TYPE_NONE && (line_rules[i].no_irq || line_rules[i].no_input)) ||
		    (state->value && line_rules[i].no_value))
			abort();
	}
}

static void turns(void)
{
	char replies[4096];

	for (int i = 0; i < 4; i++)
		loop_turn(&f.loop, 0);
	while (recv(f.front_fd, replies, sizeof(replies), MSG_DONTWAIT) > 0)
		continue;
	check_rules();
	while (f.channel_fds[0] >= 0 && recv(f.channel_fds[0], replies, sizeof(replies), MSG_DONTWAIT) > 0)
		continue;
	connect_front_end();
}

static void send_message(uint32_t id, uint32_t flags, const void *payload, uint32_t size, int fd)
{
	uint8_t buffer[sizeof(struct vhost_user_header) + 600];
	const struct vhost_user_header header = { id, flags, size };

	memcpy(buffer, &header, sizeof(header));
	if (size > 0)
		memcpy(buffer + sizeof(header), payload, size);
	scm_send(f.front_fd, buffer, sizeof(header) + size, &fd, fd >= 0, MSG_DONTWAIT);
	turns();
}

static void send_state(uint32_t id, uint32_t index, uint32_t num)
{
	const struct vhost_user_vring_state state = { index, num };

	send_message(id, VHOST_USER_VERSION, &state, sizeof(state), -1);
}

static void send_event_fd(uint32_t id, uint64_t index)
{
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

	send_message(id, VHOST_USER_VERSION, &index, sizeof(index), fd);
	fd_close(&fd);
}

static void send_channel(void)
{
	send_message(VHOST_USER_SET_BACKEND_REQ_FD, VHOST_USER_VERSION, NULL, 0, f.channel_fds[1]);
}

/* A log of a byte a region of 8 pages, at the end of the guest's memory: the guest may write there, too. */
static void send_log(void)
{
	const struct vhost_user_log log = { .size = MEMORY_SIZE / 4096 / 8, .offset = MEMORY_SIZE - 64 };

	send_message(VHOST_USER_SET_LOG_BASE, VHOST_USER_VERSION, &log, sizeof(log), f.memory_fd);
}

static void op_setup(uint8_t size)
{
	const bool logged = size & 0x40, translated = size & 0x80;
	const uint64_t features = VIRTIO_F_VERSION_1 | VHOST_USER_F_PROTOCOL_FEATURES | VIRTIO_GPIO_F_IRQ |
				  VIRTIO_F_INDIRECT_DESC | (size & 8 ? VIRTIO_F_EVENT_IDX : 0) |
				  (size & 16 ? VIRTIO_F_RING_PACKED : 0) | (logged ? VHOST_F_LOG_ALL : 0) |
				  (translated ? VIRTIO_F_ACCESS_PLATFORM : 0);
	const uint64_t protocol_features =
		1ull << VHOST_USER_PROTOCOL_F_CONFIG | 1ull << VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS |
		1ull << VHOST_USER_PROTOCOL_F_STATUS | 1ull << VHOST_USER_PROTOCOL_F_RESET_DEVICE |
		1ull << VHOST_USER_PROTOCOL_F_REPLY_ACK | 1ull << VHOST_USER_PROTOCOL_F_LOG_SHMFD |
		1ull << VHOST_USER_PROTOCOL_F_BACKEND_REQ | 1ull << VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD |
		1ull << VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS | 1ull << VHOST_USER_PROTOCOL_F_DEVICE_STATE;
	const struct vhost_user_mem_table table = { .n_regions = 1,
						    .regions[0] = { .size = MEMORY_SIZE, .user_addr = USER_BASE } };

	f.packed = size & 16;
	f.size = (1u << (size % SETUP_SLOTS_MAX)) + (f.packed && size & 32);
	send_message(VHOST_USER_SET_PROTOCOL_FEATURES, VHOST_USER_VERSION, &protocol_features,
		     sizeof(protocol_features), -1);
	send_message(VHOST_USER_SET_FEATURES, VHOST_USER_VERSION, &features, sizeof(features), -1);
	if (logged)
		send_log();
	if (translated)
		send_channel();
	send_message(VHOST_USER_SET_MEM_TABLE, VHOST_USER_VERSION, &table, sizeof(table), f.memory_fd);
	for (uint32_t ring = 0; ring < 2; ring++) {
		const uint64_t at = (translated ? 0 : USER_BASE) + RING_OFFSET(ring);
		const struct vhost_user_vring_addr addr = { .index = ring,
							    .flags = logged ? VHOST_USER_VRING_F_LOG : 0,
							    .desc = at,
							    .avail = at + AVAIL_OFFSET,
							    .used = at + USED_OFFSET,
							    .log = RING_OFFSET(ring) + USED_OFFSET };

		f.avail_idx[ring] = 0;
		if (f.packed)
			memset(f.memory + RING_OFFSET(ring), 0, f.size * sizeof(struct vring_packed_desc));
		memset(f.memory + RING_OFFSET(ring) + AVAIL_OFFSET, 0, 4);
		memset(f.memory + RING_OFFSET(ring) + USED_OFFSET, 0, 4);
		send_state(VHOST_USER_SET_VRING_NUM, ring, f.size);
		send_state(VHOST_USER_SET_VRING_BASE, ring, f.packed ? 0x80008000 : 0);
		send_message(VHOST_USER_SET_VRING_ADDR, VHOST_USER_VERSION, &addr, sizeof(addr), -1);
		send_event_fd(VHOST_USER_SET_VRING_KICK, ring);
		send_event_fd(VHOST_USER_SET_VRING_CALL, ring);
		send_state(VHOST_USER_SET_VRING_ENABLE, ring, 1);
	}
}

/* What the input wrote into the descriptor stays, but for its id and the two flags that make it available. */
static void make_packed_available(uint8_t ring, uint8_t id)
{
	uint16_t at = f.avail_idx[ring] % f.size;
	bool wrap = f.avail_idx[ring] < f.size;
	struct vring_packed_desc *desc = (struct vring_packed_desc *)(f.memory + RING_OFFSET(ring)) + at;
	uint16_t flags = le16_get(desc->flags) & ~(VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED);

	desc->id = le16_make(id);
	desc->flags = le16_make(flags | (wrap ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED));
	f.avail_idx[ring] = (f.avail_idx[ring] + 1) % (2 * f.size);
}

static void make_split_available(uint8_t ring, uint8_t head)
{
	uint8_t *avail = f.memory + RING_OFFSET(ring) + AVAIL_OFFSET;
	uint16_t value = htole16(head), idx;

	memcpy(avail + 4 + 2 * (f.avail_idx[ring] & (f.size - 1)), &value, 2);
	idx = htole16(++f.avail_idx[ring]);
	memcpy(avail + 2, &idx, 2);
}

static void op_available(uint8_t ring, uint8_t head)
{
	if (f.packed)
		make_packed_available(ring & 1, head);
	else
		make_split_available(ring & 1, head);
	send_event_fd(VHOST_USER_SET_VRING_KICK, ring & 1);
}

/* The input, read from its start. */
struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t next_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static void op_message(struct input *in)
{
	uint8_t id = next_byte(in), flags = next_byte(in), size = next_byte(in);
	uint8_t payload[256] = { 0 };
	int fd = -1;

	for (unsigned i = 0; i < size; i++)
		payload[i] = next_byte(in);
	if (id == VHOST_USER_SET_MEM_TABLE || id == VHOST_USER_ADD_MEM_REG || id == VHOST_USER_SET_LOG_BASE)
		fd = f.memory_fd;
	else if (id == VHOST_USER_SET_INFLIGHT_FD)
		fd = f.inflight_fd;
	else if (id == VHOST_USER_SET_DEVICE_STATE_FD)
		fd = f.state_fd;
	else if (id == VHOST_USER_SET_BACKEND_REQ_FD)
		fd = f.channel_fds[1];
	else if (flags & 0x10)
		fd = STDERR_FILENO;
	send_message(id, (flags & 0xf) | VHOST_USER_VERSION, payload, size, fd);
}

static void op_iotlb(struct input *in)
{
	const uint8_t type = next_byte(in), page = next_byte(in), pages = next_byte(in), perm = next_byte(in);
	const struct vhost_user_iotlb wire = {
		.iova = page * 4096ull,
		.size = pages * 4096ull,
		.user_addr = USER_BASE + page % (MEMORY_SIZE / 4096) * 4096ull,
		.perm = perm,
		.type = type,
	};

	send_message(VHOST_USER_IOTLB_MSG, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, &wire, sizeof(wire), -1);
}

static void op_write(struct input *in)
{
	unsigned offset = next_byte(in) | next_byte(in) << 8, len = next_byte(in);

	for (unsigned i = 0; i < len; i++)
		f.memory[(offset + i) % MEMORY_SIZE] = next_byte(in);
}

static void op_inflight(struct input *in)
{
	unsigned offset = next_byte(in) | next_byte(in) << 8, len = next_byte(in);

	for (unsigned i = 0; i < len; i++) {
		uint8_t byte = next_byte(in);

		if (pwrite(f.inflight_fd, &byte, 1, (offset + i) % INFLIGHT_SIZE) != 1)
			abort();
	}
}

static void op_transfer(struct input *in)
{
	struct vhost_user_transfer transfer = { .direction = VHOST_USER_TRANSFER_SAVE };
	unsigned n = next_byte(in);

	for (uint32_t ring = 0; ring < 2; ring++)
		send_state(VHOST_USER_GET_VRING_BASE, ring, 0);
	if (ftruncate(f.state_fd, 0) < 0 || lseek(f.state_fd, 0, SEEK_SET) < 0)
		abort();
	send_message(VHOST_USER_SET_DEVICE_STATE_FD, VHOST_USER_VERSION, &transfer, sizeof(transfer), f.state_fd);
	send_message(VHOST_USER_CHECK_DEVICE_STATE, VHOST_USER_VERSION, "", 0, -1);
	for (unsigned i = 0; i < n; i++) {
		unsigned offset = next_byte(in) | next_byte(in) << 8;
		uint8_t byte = next_byte(in);

		if (pwrite(f.state_fd, &byte, 1, offset % STATE_SIZE) != 1)
			abort();
	}
	if (lseek(f.state_fd, 0, SEEK_SET) < 0)
		abort();
	transfer.direction = VHOST_USER_TRANSFER_LOAD;
	send_message(VHOST_USER_SET_DEVICE_STATE_FD, VHOST_USER_VERSION, &transfer, sizeof(transfer), f.state_fd);
	send_message(VHOST_USER_CHECK_DEVICE_STATE, VHOST_USER_VERSION, "", 0, -1);
}

/* Any byte, also those that a working process would never write. */
static void op_damage(struct input *in)
{
	const struct {
		void *start;
		size_t size;
	} parts[] = {
		{ f.session, sizeof(struct session) },
		{ session_inflight(f.session, 0), 4096 },
		{ f.line_state, sizeof(f.line_state) },
		{ f.chip_state, f.found.state_size },
	};
	unsigned n = next_byte(in);

	detach();
	for (unsigned i = 0; i < n; i++) {
		unsigned part = next_byte(in) % 4, offset = next_byte(in) | next_byte(in) << 8;

		((uint8_t *)parts[part].start)[offset % parts[part].size] = next_byte(in);
	}
	f.damaged = true;
	attach();
}

static bool run_op(struct input *in)
{
	uint8_t a, b;

	if (in->left == 0)
		return false;
	switch (next_byte(in)) {
	case 'm':
		op_message(in);
		break;
	case 's':
		op_setup(next_byte(in));
		break;
	case 'i':
		op_iotlb(in);
		break;
	case 'w':
		op_write(in);
		break;
	case 'a':
		a = next_byte(in);
		op_available(a, next_byte(in));
		break;
	case 'l':
		a = next_byte(in);
		b = next_byte(in);
		chip_outside_drive(f.chip, a % N_LINES, b & 1);
		break;
	case 'f':
		op_inflight(in);
		break;
	case 'k':
		send_state(VHOST_USER_VRING_KICK, next_byte(in), 0);
		break;
	case 't':
		op_transfer(in);
		break;
	case 'd':
		op_damage(in);
		break;
	case 'r':
		detach();
		attach();
		break;
	default:
		return false;
	}
	turns();
	return true;
}

static void start(void)
{
	char why[80];

	f.front_fd = -1;
	f.size = 1;
	f.damaged = false;
	for (size_t i = 0; i < VHOST_FDS_MAX; i++)
		f.kept[i].fd = -1;
	if (chip_spec_parse("s8", 2, &f.spec) < 0 || chip_probe(&f.spec, &f.found, why, sizeof(why)) < 0)
		abort();
	f.chip_state = calloc(1, f.found.state_size);
	memset(f.line_state, 0, sizeof(f.line_state));
	f.session = mmap(NULL, vhost_session_size(VIRTIO_GPIO_QUEUES), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	f.memory_fd = memfd_create("guest", MFD_CLOEXEC);
	f.inflight_fd = memfd_create("inflight", MFD_CLOEXEC);
	f.state_fd = memfd_create("state", MFD_CLOEXEC);
	if (f.session == MAP_FAILED || !f.chip_state || ftruncate(f.memory_fd, MEMORY_SIZE) < 0 ||
	    ftruncate(f.inflight_fd, INFLIGHT_SIZE) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, f.channel_fds) < 0)
		abort();
	f.memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f.memory_fd, 0);
	attach();
	connect_front_end();
}

static void end(void)
{
	if (vhost_device_is_connected(f.device))
		vhost_device_disconnect(f.device);
	for (size_t i = 0; i < VHOST_FDS_MAX; i++) {
		if (f.kept[i].fd >= 0 && !f.damaged)
			abort(); /* an ended session leaves nothing behind */
		fd_close(&f.kept[i].fd);
	}
	detach();
	munmap(f.session, vhost_session_size(VIRTIO_GPIO_QUEUES));
	munmap(f.memory, MEMORY_SIZE);
	free(f.chip_state);
	fd_close(&f.memory_fd);
	fd_close(&f.inflight_fd);
	fd_close(&f.state_fd);
	fd_close(&f.channel_fds[0]);
	fd_close(&f.channel_fds[1]);
	fd_close(&f.front_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	int ops = 0;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	start();
	while (ops++ < OPS_MAX && run_op(&in))
		continue;
	end();
	return 0;
}
