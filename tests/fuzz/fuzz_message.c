/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: the front-end's side of the connection, bytes and fds of any kind. The same program runs twice: once with
 * each message in one piece, and once cut, with other workers in between when the input says so. What the device answers
 * must be the same, and made of whole replies to what was sent. Then a good front-end comes, and must be served.
 *
 * The first byte: bit 0: a valid set-up of the kind that the second byte says comes first; bit 1: workers die. Then
 *
 *   'm' id fd flags size payload… cut   a message; fd % 16 tells which it brings (see fds_of); bit 4 of fd: the size in
 *                                       its header is a lie; bit 5: the next one follows at once; cut: see send_cut()
 *   'b' n bytes… cut                    bytes that are no message
 *   'x'                                 the front-end leaves
 *   'T' how pages, 'L' n how pages      its files lose pages, see loss.h
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "driver.h"
#include "gpio_fixture.h"
#include "loss.h"
#include "vhost/message/message.h"

#define OPS_MAX	    40
#define REPLIES_MAX 65536
#define FDS_MAX	    9

/* What the device said in a run. */
struct said {
	size_t len;
	unsigned connections, losses;
	bool was_short; /* some file */
	uint8_t data[REPLIES_MAX];
};

static struct said whole, cut, *said;
static bool is_cut, deaths;
static bool is_behind; /* what was sent need not be taken yet */
static unsigned group; /* the connection to which that belongs */
static bool is_broken; /* what was sent on this connection are no messages */

/* Fds that fit nothing. */
static struct {
	int null, pipe[2], event, empty;
} odd;

static void on_replies(const uint8_t *data, size_t len)
{
	MUST(said->len + len <= sizeof(said->data));
	memcpy(said->data + said->len, data, len);
	said->len += len;
}

/* Until the device has taken all that it will. */
static void settle(void)
{
	int before = -1, left = 0;

	for (;;) {
		fixture_turns();
		MUST(ioctl(fixture.front_fd, SIOCOUTQ, &left) == 0);
		if (left == 0 || left == before)
			break;
		before = left;
	}
	fixture_turns();
}

/*
 * In pieces of cut % 32 + 1 bytes, when this run cuts; bit 7: another worker after each. Fds come with the first. What
 * is left when the device ends the connection is not the next one's, nor what was to follow at once.
 */
static void send_cut(const uint8_t *data, size_t len, const int *fds, size_t n_fds, uint8_t how, bool more)
{
	size_t piece = is_cut ? how % 32 + 1u : len;

	if (!is_behind)
		group = fixture.connections;
	is_behind = more;
	for (size_t at = 0; at < len && fixture.connections == group; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		fixture_send(data + at, n, fds, at == 0 ? n_fds : 0);
		if (more && !is_cut)
			continue;
		settle();
		if (is_cut && deaths && how & 0x80) {
			fixture_detach();
			fixture_attach();
			settle();
		}
	}
	/* Nothing to send is no reason to leave what was sent before. */
	if (len == 0 && !more)
		settle();
}

static size_t fds_of(uint8_t which, uint8_t id, int fds[FDS_MAX])
{
	const int some[] = { fixture_fd_for(id), -1,	      odd.event, odd.null,
			     odd.pipe[0],	 odd.pipe[1], odd.empty, fixture.memory_fd };
	const size_t n_many[] = { 2, 8, 9 };
	size_t n = which >= 8 && which < 11 ? n_many[which - 8] : 1;

	for (size_t i = 0; i < n; i++)
		fds[i] = some[n > 1 ? 2 + i % 6 : which % 8];
	return n == 1 && fds[0] < 0 ? 0 : n;
}

/* vhost-user.rst, "Front-end message types": payloads of one size. */
static bool size_possible(const struct vhost_user_header *header)
{
	static const uint8_t empty[] = { 1, 3, 4, 7, 15, 17, 34, 36, 40, 43 },
			     eight[] = { 2, 8, 10, 11, 12, 13, 14, 16, 18, 35, 39, 42 };

	for (size_t i = 0; i < sizeof(empty); i++) {
		if (empty[i] == header->request)
			return header->size == 0;
	}
	for (size_t i = 0; i < sizeof(eight); i++) {
		if (eight[i] == header->request)
			return header->size == 8;
	}
	return header->size < 512;
}

static void op_message(struct input *in)
{
	uint8_t id = next_byte(in), fd = next_byte(in), flags = next_byte(in), size = next_byte(in);
	uint8_t data[sizeof(struct vhost_user_header) + 256] = { 0 };
	const struct vhost_user_header header = { id, (flags & 0xf) ^ VHOST_USER_VERSION,
						  size + (fd & 0x10 ? 60000u : 0) };
	const unsigned connection = fixture.connections;
	bool is_first = !is_behind && !is_broken;
	int fds[FDS_MAX];
	size_t n_fds = fds_of(fd & 15, id, fds);

	memcpy(data, &header, sizeof(header));
	for (unsigned i = 0; i < size; i++)
		data[sizeof(header) + i] = next_byte(in);
	/* Too many fds are the end as soon as they are seen: to look at a message shows those of the next one, too. */
	if (n_fds > MESSAGE_FDS_MAX && is_behind) {
		settle();
		is_behind = false;
	}
	send_cut(data, sizeof(header) + size, fds, n_fds, next_byte(in), fd & 0x20);
	if (fixture.connections != connection)
		is_broken = false;
	else if (is_first && !is_behind)
		MUST(size_possible(&header) && (header.flags & 7) == VHOST_USER_VERSION);
}

static void op_bytes(struct input *in)
{
	uint8_t data[64], n = next_byte(in) % sizeof(data);

	for (unsigned i = 0; i < n; i++)
		data[i] = next_byte(in);
	is_broken = true;
	send_cut(data, n, NULL, 0, next_byte(in), false);
}

static void op_leave(struct input *in)
{
	settle();
	fixture_reconnect();
	is_broken = is_behind = false;
}

/* Both runs are at the same message. */
static void op_loss(struct input *in)
{
	settle();
	is_behind = false;
	loss_op(in);
}

static void op_loss_later(struct input *in)
{
	settle();
	is_behind = false;
	loss_op_later(in);
}

static bool run_op(struct input *in)
{
	static void (*const ops[256])(struct input * in) = {
		['m'] = op_message, ['b'] = op_bytes, ['x'] = op_leave, ['T'] = op_loss, ['L'] = op_loss_later,
	};
	uint8_t op = next_byte(in);

	if (ops[op])
		ops[op](in);
	return ops[op];
}

static void odd_open(void)
{
	MUST(pipe2(odd.pipe, O_CLOEXEC) == 0);
	odd.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	odd.event = eventfd(1, EFD_CLOEXEC);
	odd.empty = memfd_create("empty", MFD_CLOEXEC);
}

static void odd_close(void)
{
	fd_close(&odd.pipe[0]);
	fd_close(&odd.pipe[1]);
	fd_close(&odd.null);
	fd_close(&odd.event);
	fd_close(&odd.empty);
}

static void run(struct input in, struct said *into)
{
	uint8_t how = next_byte(&in);
	int n_ops = 0;

	said = into;
	said->len = 0;
	is_behind = is_broken = false;
	is_cut = into == &cut;
	deaths = how & 2;
	odd_open();
	gpio_fixture_start();
	fixture.replies = on_replies;
	if (how & 1)
		fixture_setup(next_byte(&in));
	while (n_ops++ < OPS_MAX && run_op(&in))
		continue;
	settle();
	said->connections = fixture.connections;
	said->losses = loss.sessions;
	said->was_short = loss.pending;
	fixture.replies = NULL;
	if (is_cut)
		driver_check_served();
	gpio_fixture_end();
	odd_close();
}

/* Whole replies, one behind the other. */
static void check_whole(const struct said *run)
{
	struct vhost_user_header header;

	for (size_t at = 0; at < run->len; at += sizeof(header) + header.size) {
		MUST(run->len - at >= sizeof(header));
		memcpy(&header, run->data + at, sizeof(header));
		MUST(header.flags == (VHOST_USER_VERSION | VHOST_USER_REPLY) &&
		     header.size <= run->len - at - sizeof(header));
	}
}

/*
 * A session that ends because memory is lost does so with the turn, and how many messages a turn has is not the same in
 * both runs. Nor is when a file is looked at, with workers that come and go.
 */
static bool is_comparable(void)
{
	return whole.losses + cut.losses == 0 && !(deaths && (whole.was_short || cut.was_short));
}

/* With deaths, what is in replies may be another: where a ring is, for one. */
static void check_same(void)
{
	struct vhost_user_header header;

	for (size_t at = 0; at < whole.len; at += sizeof(header) + header.size) {
		memcpy(&header, whole.data + at, sizeof(header));
		if (cut.len < at + sizeof(header) + header.size ||
		    memcmp(cut.data + at, whole.data + at, sizeof(header) + (deaths ? 0 : header.size)) != 0)
			FOUND("reply %u at %zu is another when the message is cut", header.request, at);
	}
	MUST(cut.len == whole.len && cut.connections == whole.connections);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	run(in, &whole);
	run(in, &cut);
	check_whole(&whole);
	check_whole(&cut);
	if (is_comparable())
		check_same();
	return 0;
}
