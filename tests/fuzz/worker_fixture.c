/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A whole worker in this process. */
#include "worker_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "chip/chip_spec.h"
#include "gpio_fixture.h"
#include "ipc/control_channel.h"
#include "loss.h"
#include "process/child.h"
#include "worker/session_layout.h"
#include "worker/worker.h"

#define CHANNEL_SPACE (1 << 20) /* all that a worker says before its supervisor reads */

struct worker_fixture worker_fixture;

static struct {
	struct guest guest;
	struct guest_chip chip;
	struct line_rules lines[GPIO_FIXTURE_LINES];
	int listen_fd, session_fd;
	int supervisor[2], control[2]; /* the worker's end, the other */
	void (*live)(void);
} w;

int __wrap_loop_run(struct loop *loop);

static void supervisor_read(void)
{
	struct supervisor_channel_request question;
	int r;

	while ((r = fd_store_receive(&worker_fixture.store, w.supervisor[1], &question)) == FD_STORE_DONE)
		continue;
	if (r != -EAGAIN)
		FOUND("the worker broke the supervisor protocol: %s", strerror(-r));
}

static void control_read(void)
{
	struct control_channel_reply reply;

	while (recv(w.control[1], &reply, sizeof(reply), MSG_DONTWAIT) == sizeof(reply))
		MUST(reply.level >= -1 && reply.level <= 1);
}

static void check(void)
{
	supervisor_read();
	control_read();
	gpio_fixture_check_rules((struct line_state *)(worker_fixture.memory + worker_fixture.lines_at));
}

static void connect_to_worker(void)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address);

	fixture.front_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	MUST(getsockname(w.listen_fd, (struct sockaddr *)&address, &len) == 0 &&
	     connect(fixture.front_fd, (struct sockaddr *)&address, len) == 0);
	while (!fixture.session->connected)
		loop_turn(fixture.loop, 0);
}

/* The worker is up. It leaves as at SIGUSR2. */
int __wrap_loop_run(struct loop *loop)
{
	fixture.loop = loop;
	supervisor_read();
	fixture_connect();
	w.live();
	raise(SIGUSR2);
	while (!loop->quit)
		loop_turn(loop, 0);
	loop->quit = false;
	supervisor_read();
	return 0;
}

/* A forked process has copies of them all. */
static void store_copy(struct fd_store *copy)
{
	fd_store_init(copy, worker_fixture.store.max_session, worker_fixture.store.n_lasting);
	for (size_t i = 0; i < worker_fixture.store.n; i++)
		MUST(fd_store_put(copy, worker_fixture.store.fds[i].key,
				  fcntl(worker_fixture.store.fds[i].fd, F_DUPFD_CLOEXEC, 0)) == 0);
}

void worker_fixture_run(void (*live)(void))
{
	struct fd_store store;
	const struct worker_start start = {
		.guest = &w.guest,
		.listen_fd = w.listen_fd,
		.connected_fd = -1,
		.drops = worker_fixture.drops,
		.supervisor_fd = w.supervisor[0],
		.control_fd = w.control[0],
		.session_fd = w.session_fd,
		.move_fd = -1,
		.store = &store,
	};
	int status;

	store_copy(&store);
	w.live = live;
	loss_restore_handler();
	status = worker_main(&start);
	loss_forget();
	if (status != CHILD_HANDED_OVER)
		FOUND("the worker ended with %d", status);
	fd_store_deinit(&store);
}

void worker_fixture_drop_session(void)
{
	fd_store_clear_session(&worker_fixture.store);
	MUST(fallocate(w.session_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		       (off_t)session_layout_connection_size()) == 0);
	worker_fixture.drops++;
}

static void guest_make(void)
{
	struct why why;

	memcpy(w.lines, gpio_fixture_rules, sizeof(w.lines));
	for (unsigned i = 0; i < GPIO_FIXTURE_LINES; i++)
		w.lines[i].offset = i;
	MUST(chip_spec_parse("s8", 2, &w.chip.spec) == 0 && chip_probe(&w.chip.spec, &w.chip.found, &why) == 0);
	w.guest = (struct guest){
		.name = "fuzz",
		.settings.iommu = true,
		.chips = &w.chip,
		.n_chips = 1,
		.lines = w.lines,
		.n_lines = GPIO_FIXTURE_LINES,
	};
}

static void sockets_make(void)
{
	const struct sockaddr address = { .sa_family = AF_UNIX }; /* an abstract one that the kernel chooses */
	const int room = CHANNEL_SPACE;

	w.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	MUST(bind(w.listen_fd, &address, sizeof(sa_family_t)) == 0 && listen(w.listen_fd, 4) == 0 &&
	     socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w.supervisor) == 0 &&
	     socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w.control) == 0);
	/* Else a worker would wait for ever for who runs it. */
	MUST(fcntl(w.supervisor[1], F_SETFL, O_NONBLOCK) == 0 &&
	     setsockopt(w.supervisor[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) == 0);
	worker_fixture.control_fd = w.control[1];
}

void worker_fixture_start(void)
{
	struct worker_fixture *b = &worker_fixture;

	memset(b, 0, sizeof(*b));
	fixture_front_open();
	guest_make();
	sockets_make();
	b->size = session_layout_size(&w.guest);
	b->state_at = session_layout_connection_size();
	b->lines_at = b->state_at + 64;
	w.session_fd = memfd_create("session", MFD_CLOEXEC);
	MUST(ftruncate(w.session_fd, (off_t)b->size) == 0);
	b->memory = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, w.session_fd, 0);
	MUST(b->memory != MAP_FAILED);
	fd_store_init(&b->store, session_layout_fds_max(), w.guest.n_lines);
	fixture.session = (struct session *)b->memory;
	fixture.ops = virtio_gpio_ops;
	fixture.connect = connect_to_worker;
	fixture.check = check;
}

static void signals_restore(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void worker_fixture_end(void)
{
	signals_restore();
	fd_store_deinit(&worker_fixture.store);
	munmap(worker_fixture.memory, worker_fixture.size);
	fd_close(&w.session_fd);
	fd_close(&w.listen_fd);
	for (int i = 0; i < 2; i++) {
		fd_close(&w.supervisor[i]);
		fd_close(&w.control[i]);
	}
	fixture_front_close();
}
