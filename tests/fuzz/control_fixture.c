/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process in this one, and the workers of its guests. */
#include "control_fixture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scm.h"
#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "control/control.h"
#include "gpio/lines.h"
#include "gpio/lines_attach.h"
#include "ipc/control_channel.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "worker/control_server.h"

#define N_LINES	   8
#define TIMERS_MAX 128
#define ROOM	   4608
#define FLOOD_MAX  64

enum { WORKER, CONTROL };

static struct {
	void (*live)(void);
	struct loop *loop; /* of the control process */
	int listen_fd;
	int a[2],
		bb[2]; /* the guests' control channels: the worker's end, that of the control process, until that has it */
	int feed[2]; /* in place of the worker's, the supervisor's end */
	uint32_t bb_asked, bb_line;
	uint8_t wires; /* how the supervisor answers */
	struct {
		struct loop_timer *timer;
		void (*fn)(struct loop_timer *timer);
	} timers[TIMERS_MAX]; /* the oldest first */
	unsigned n_timers;
} b;

/* Guest a's worker. */
static struct {
	struct loop loop;
	struct chip_spec spec;
	struct chip_found found;
	struct chip *chip;
	void *chip_state;
	struct line_state state[N_LINES];
	struct lines lines;
	struct control_server *server;
} worker;

int __wrap_loop_run(struct loop *loop);
int __wrap_loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
			  void (*fn)(struct loop_timer *timer));
void __wrap_loop_timer_del(struct loop_timer *timer);
int __real_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);

int __wrap_loop_run(struct loop *loop)
{
	b.loop = loop;
	b.live();
	return 0;
}

void __wrap_loop_timer_del(struct loop_timer *timer)
{
	for (unsigned i = 0; i < b.n_timers; i++) {
		if (b.timers[i].timer != timer)
			continue;
		memmove(&b.timers[i], &b.timers[i + 1], (b.n_timers - i - 1) * sizeof(*b.timers));
		b.n_timers--;
		return;
	}
}

int __wrap_loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
			  void (*fn)(struct loop_timer *timer))
{
	__wrap_loop_timer_del(timer);
	MUST(b.n_timers < TIMERS_MAX);
	b.timers[b.n_timers].timer = timer;
	b.timers[b.n_timers++].fn = fn;
	return 0;
}

int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	int accepted = __real_accept4(fd, addr, len, flags), room = ROOM;

	if (accepted >= 0)
		setsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return accepted;
}

void control_fixture_time(struct input *in)
{
	struct loop_timer *timer = b.timers[0].timer;
	void (*fn)(struct loop_timer *) = b.timers[0].fn;

	if (b.n_timers == 0)
		return;
	__wrap_loop_timer_del(timer);
	fn(timer);
}

static void on_changed(void *ctx, uint16_t line)
{
	control_server_line_changed(worker.server, line);
}

static void on_irq(void *ctx, uint16_t line, enum irq_action action)
{
}

static int no_stored_line(void *ctx, unsigned offset)
{
	return -1;
}

static const struct line_rules rules[N_LINES] = { [1] = { .name = "button" }, [3] = { .name = "lamp" } };

static const char *a_line_name(const void *ctx, unsigned line)
{
	MUST(line < N_LINES);
	return rules[line].name;
}

/* Two of the same name, too. */
static const char *bb_line_name(const void *ctx, unsigned line)
{
	static const char *const names[N_LINES] = { "", "name", "evil", "lamp", "name", "", "x", "" };

	MUST(line < N_LINES);
	return names[line];
}

static void channel_make(int channel[2], int room)
{
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) == 0);
	MUST(setsockopt(channel[WORKER], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) == 0);
}

static void worker_start(void)
{
	const struct chip_host chip_host = {
		.loop = &worker.loop, .tag = "fuzz", .consumer = "fuzz", .observer = lines_observer(&worker.lines)
	};
	const struct lines_host lines_host = { .irq = on_irq, .changed = on_changed };

	MUST(loop_init(&worker.loop) == 0 &&
	     chip_attach(&worker.spec, &worker.found, worker.chip_state, &chip_host, &worker.chip) == 0 &&
	     lines_attach(&worker.lines, worker.chip, "fuzz", rules, LINES_BEGIN_RESUME, worker.state, &lines_host,
			  no_stored_line, NULL) == 0 &&
	     control_server_attach(&worker.server, &worker.loop, b.a[WORKER], &worker.lines, "fuzz") == 0);
}

static void worker_end(void)
{
	control_server_detach(worker.server);
	worker.server = NULL;
	lines_detach(&worker.lines);
	chip_detach(worker.chip);
	loop_deinit(&worker.loop);
}

void control_fixture_restart(struct input *in)
{
	const struct control_channel_fed fed = { .guest = 0 };

	worker_end();
	fd_close(&b.a[WORKER]);
	channel_make(b.a, ROOM);
	MUST(scm_send(b.feed[WORKER], &fed, sizeof(fed), &b.a[CONTROL], 1, MSG_DONTWAIT) == sizeof(fed));
	fd_close(&b.a[CONTROL]);
	/* As many at once as the feed has room for is another test's affair. */
	loop_turn(b.loop, 0);
	worker_start();
}

void control_fixture_drive(struct input *in)
{
	unsigned line = next_byte(in) % N_LINES;

	chip_outside_drive(worker.chip, line, next_byte(in) & 1);
}

/* More changes than the port has room for, before the control process gets a turn. */
void control_fixture_flood(struct input *in)
{
	unsigned first = next_byte(in), n = next_byte(in) % FLOOD_MAX;

	for (unsigned i = 0; i < n; i++) {
		chip_outside_drive(worker.chip, (first + i) % N_LINES, i / N_LINES % 2 == 0);
		loop_turn(&worker.loop, 0);
	}
}

/*
 * A reply of any fields: bit 0 of how: to the last question; bit 1: it is of a wrong length; bit 2: of its line.
 */
void control_fixture_hostile(struct input *in)
{
	struct control_channel_reply reply[3] = { { .type = next_byte(in) } };
	uint8_t how = next_byte(in);

	reply->id = how & 1 ? b.bb_asked : next_byte(in);
	reply->line = how & 4 ? b.bb_line : next_u32(in);
	reply->error = (int8_t)next_byte(in);
	reply->dropped = next_byte(in);
	reply->level = (int8_t)next_byte(in);
	reply->direction = next_byte(in);
	reply->irq_type = next_byte(in);
	reply->sim = next_byte(in);
	(void)!send(b.bb[WORKER], reply, sizeof(*reply) + (how & 2 ? next_byte(in) % 64 : 0),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void bb_listen(void)
{
	struct control_channel_request request;

	while (recv(b.bb[WORKER], &request, sizeof(request), MSG_DONTWAIT) == sizeof(request)) {
		MUST(request.id != 0);
		b.bb_asked = request.id;
		b.bb_line = request.line;
	}
}

void control_fixture_wire(struct input *in)
{
	b.wires = next_byte(in);
}

/* The supervisor: bit 0 of how: it refuses; bit 1: it does not answer; bit 2: to another question. */
static void wires_listen(void)
{
	struct control_channel_wire request;

	while (recv(b.feed[WORKER], &request, sizeof(request), MSG_DONTWAIT) == sizeof(request)) {
		struct control_channel_wired reply = { .id = request.id + (b.wires & 4),
						       .error = b.wires & 1 ? -EINVAL : 0 };

		MUST(request.id != 0 && request.guests[0] < 2 && request.guests[1] < 2);
		MUST(request.lines[0] < N_LINES && request.lines[1] < N_LINES);
		memset(reply.why, 'x', sizeof(reply.why));
		if (!(b.wires & 2))
			(void)!send(b.feed[WORKER], &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

void control_fixture_turns(void)
{
	for (int i = 0; i < 6; i++) {
		loop_turn(b.loop, 0);
		loop_turn(&worker.loop, 0);
	}
	bb_listen();
	wires_listen();
}

int control_fixture_connect(void)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(getsockname(b.listen_fd, (struct sockaddr *)&address, &len) == 0 &&
	     connect(fd, (struct sockaddr *)&address, len) == 0);
	return fd;
}

/* An abstract address that the kernel chooses. */
static void listen_anywhere(void)
{
	const struct sockaddr address = { .sa_family = AF_UNIX };

	b.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	MUST(bind(b.listen_fd, &address, sizeof(sa_family_t)) == 0 && listen(b.listen_fd, 8) == 0);
}

static void signals_restore(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void control_fixture_run(void (*live)(void))
{
	struct control_guest guests[2] = { { .name = "a", .n_lines = N_LINES, .line_name = a_line_name },
					   { .name = "bb", .n_lines = N_LINES, .line_name = bb_line_name } };
	struct control_start start = { .guests = guests, .n_guests = 2 };
	struct why why;

	log_set_level(LOG_LEVEL_ERROR);
	memset(&b, 0, sizeof(b));
	memset(&worker, 0, sizeof(worker));
	b.live = live;
	listen_anywhere();
	channel_make(b.a, ROOM);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, b.bb) == 0 &&
	     socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, b.feed) == 0);
	MUST(chip_spec_parse("s8", 2, &worker.spec) == 0 && chip_probe(&worker.spec, &worker.found, &why) == 0);
	worker.chip_state = calloc(1, worker.found.state_size);
	MUST(worker.chip_state);
	worker_start();
	start.listen_fd = b.listen_fd;
	start.feed_fd = b.feed[CONTROL];
	guests[0].fd = fd_steal(&b.a[CONTROL]);
	guests[1].fd = fd_steal(&b.bb[CONTROL]);
	MUST(control_main(&start) == 0);
	MUST(b.n_timers == 0); /* of what is gone */
	signals_restore();
	worker_end();
	free(worker.chip_state);
	for (int i = 0; i < 2; i++) {
		fd_close(&b.a[i]);
		fd_close(&b.bb[i]);
		fd_close(&b.feed[i]);
	}
	fd_close(&b.listen_fd);
}
