/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The least of a FUSE server: a root directory with one file of zeroes. <linux/fuse.h> is the protocol. */
#include "slow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wait.h"

#define FILE_NODE   2
#define REQUEST_MAX (256u * 1024)
#define HELD_MAX    64
#define LOOK_MS	    2 /* at orders that changed */

struct server {
	int fd;
	volatile struct slow_file_orders *orders;
	struct {
		struct fuse_in_header header;
		uint32_t size; /* of the read that it may be */
	} held[HELD_MAX];
	unsigned n_held;
};

union answer {
	struct fuse_init_out init;
	struct fuse_entry_out entry;
	struct fuse_attr_out attr;
	struct fuse_open_out open;
	struct fuse_write_out write;
	struct fuse_statfs_out statfs;
	char bytes[REQUEST_MAX];
};

static struct fuse_attr attr_of(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0777,
		.nlink = 1,
		.size = node == FILE_NODE ? SLOW_FILE_SIZE : 0,
		.blksize = 4096,
	};
}

/* Length of the answer, or -errno. */
static int answer_make(const struct fuse_in_header *header, uint32_t read_size, union answer *answer)
{
	switch (header->opcode) {
	case FUSE_INIT:
		answer->init = (struct fuse_init_out){ .major = FUSE_KERNEL_VERSION,
						       .minor = 31,
						       .max_readahead = 4096,
						       .max_background = 16,
						       .congestion_threshold = 12,
						       .max_write = 65536 };
		return offsetof(struct fuse_init_out, time_gran);
	case FUSE_LOOKUP:
		answer->entry = (struct fuse_entry_out){ .nodeid = FILE_NODE, .attr = attr_of(FILE_NODE) };
		return sizeof(answer->entry);
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		answer->attr = (struct fuse_attr_out){ .attr = attr_of(header->nodeid) };
		return sizeof(answer->attr);
	case FUSE_OPEN:
		answer->open = (struct fuse_open_out){ .fh = 1 };
		return sizeof(answer->open);
	case FUSE_READ:
		memset(answer->bytes, 0, read_size < REQUEST_MAX ? read_size : REQUEST_MAX);
		return (int)(read_size < REQUEST_MAX ? read_size : REQUEST_MAX);
	case FUSE_WRITE:
		answer->write = (struct fuse_write_out){ .size = read_size };
		return sizeof(answer->write);
	case FUSE_STATFS:
		answer->statfs = (struct fuse_statfs_out){ .st.bsize = 4096 };
		return sizeof(answer->statfs);
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_FSYNC:
		return 0;
	default:
		return -ENOSYS;
	}
}

static void answer_send(const struct server *server, const struct fuse_in_header *header, uint32_t size)
{
	static struct {
		struct fuse_out_header header;
		union answer body;
	} out;
	int len = answer_make(header, size, &out.body);

	out.header = (struct fuse_out_header){
		.unique = header->unique,
		.error = len < 0 ? len : 0,
		.len = (uint32_t)sizeof(out.header) + (uint32_t)(len > 0 ? len : 0),
	};
	/* It fails when whoever asked is gone. */
	if (write(server->fd, &out, out.header.len) < 0 && errno == ENODEV)
		_exit(0);
}

static void held_look(struct server *server)
{
	unsigned n = 0;

	for (unsigned i = 0; i < server->n_held; i++) {
		uint32_t opcode = server->held[i].header.opcode;

		if (server->orders->hold[opcode]) {
			server->held[n++] = server->held[i];
			continue;
		}
		answer_send(server, &server->held[i].header, server->held[i].size);
		server->orders->held[opcode]--;
	}
	server->n_held = n;
}

static void request_take(struct server *server)
{
	static union {
		struct fuse_in_header header;
		char bytes[REQUEST_MAX + 65536];
	} in;
	/* fuse_read_in and fuse_write_in have it in the same place. */
	const struct fuse_read_in *read_in = (const void *)(in.bytes + sizeof(in.header));
	ssize_t n = read(server->fd, &in, sizeof(in));
	uint32_t opcode = in.header.opcode;

	if (n < 0 && errno == ENODEV)
		_exit(0);
	if (n < (ssize_t)sizeof(in.header) || opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET ||
	    opcode == FUSE_INTERRUPT || opcode >= SLOW_FILE_OPCODES)
		return;
	server->orders->asked[opcode]++;
	if (server->orders->hold[opcode] && server->n_held < HELD_MAX) {
		server->held[server->n_held].header = in.header;
		server->held[server->n_held++].size = read_in->size;
		server->orders->held[opcode]++;
		return;
	}
	answer_send(server, &in.header, read_in->size);
}

static void __attribute__((noreturn)) serve(int fd, volatile struct slow_file_orders *orders)
{
	struct server server = { .fd = fd, .orders = orders };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (poll(&pfd, 1, LOOK_MS) > 0)
			request_take(&server);
		held_look(&server);
	}
}

static bool start(struct slow_file *file, const char *dir)
{
	char options[96], path[96];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other", fd, getuid(),
		 getgid());
	if (fd < 0 || mount("slow", dir, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		printf("no FUSE here: %s\n", strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	file->server = fork();
	if (file->server == 0)
		serve(fd, file->orders);
	close(fd);
	snprintf(path, sizeof(path), "%s/file", dir);
	file->fd = open(path, O_RDWR | O_CLOEXEC);
	/* The file stays; the path was only the way to it. */
	umount2(dir, MNT_DETACH);
	return file->fd >= 0;
}

bool slow_file_open(struct slow_file *file)
{
	char dir[] = "/tmp/vgpio-slow-XXXXXX";
	void *orders = mmap(NULL, sizeof(*file->orders), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool ok;

	*file = (struct slow_file){ .fd = -1, .orders = orders == MAP_FAILED ? NULL : orders };
	if (!file->orders || !mkdtemp(dir))
		return false;
	ok = start(file, dir);
	rmdir(dir);
	if (!ok)
		slow_file_close(file);
	return ok;
}

void slow_file_end(struct slow_file *file)
{
	if (file->server <= 0)
		return;
	kill(file->server, SIGKILL);
	waitpid(file->server, NULL, 0);
	file->server = 0;
}

void slow_file_close(struct slow_file *file)
{
	slow_file_end(file);
	if (file->fd >= 0)
		close(file->fd);
	if (file->orders)
		munmap((void *)file->orders, sizeof(*file->orders));
	*file = (struct slow_file){ .fd = -1 };
}

struct held_search {
	struct slow_file *file;
	enum fuse_opcode opcode;
};

static bool is_held(void *ctx)
{
	const struct held_search *search = ctx;

	return search->file->orders->held[search->opcode] > 0;
}

bool slow_file_wait_held(struct slow_file *file, enum fuse_opcode opcode)
{
	struct held_search search = { file, opcode };

	return wait_for(is_held, &search, WAIT_MS);
}
