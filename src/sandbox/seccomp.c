/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Which system calls a process may make (seccomp(2)). libseccomp makes the program of the list, once (maker.c); a process
 * only gives it to the kernel.
 *
 * A call that is not in the list ends the process at once (SIGSYS); the supervisor logs it, and the kernel's log has its
 * number. A row says why it is there. Where a call can do more than is needed, its argument is looked at: fcntl, ioctl,
 * mmap. Names that this architecture or C library does not have are left out: what is wait in one is pwait in another.
 *
 * A new row is a decision: tests/unit/sandbox/sandbox_calls has the list as it is meant to be.
 */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"

#define W    (1u << SANDBOX_WORKER)
#define C    (1u << SANDBOX_CONTROL)
#define BOTH (W | C)

struct filter_row {
	const char *call;
	unsigned roles;
	/* Only when (argument number at - 1) & mask == value; at 0: always. An int's upper half is the library's whim. */
	unsigned at;
	uint32_t mask, value;
};

#define INT UINT32_MAX

static const struct filter_row rows[] = {
	/* The loop, which has its epoll already: see loop_prepare(). */
	{ .call = "epoll_ctl", BOTH },
	{ .call = "epoll_wait", BOTH },
	{ .call = "epoll_pwait", BOTH },
	{ .call = "timerfd_create", BOTH },
	{ .call = "timerfd_settime", BOTH },
	{ .call = "timerfd_settime64", BOTH },
	{ .call = "setitimer", W }, /* base/timed_io.h: a front-end's fd that blocks */
	{ .call = "signalfd4", BOTH },
	{ .call = "rt_sigprocmask", BOTH },
	{ .call = "rt_sigaction", BOTH },
	{ .call = "rt_sigreturn", BOTH },
	{ .call = "restart_syscall", BOTH },
	{ .call = "clock_gettime", BOTH }, /* where the vDSO has none */
	{ .call = "clock_gettime64", BOTH },
	{ .call = "gettimeofday", BOTH },
	{ .call = "exit_group", BOTH },

	/* Kicks, calls, edges, the state of a device, the log; writev: the last words of a C library. */
	{ .call = "read", BOTH },
	{ .call = "write", BOTH },
	{ .call = "writev", BOTH },
	{ .call = "close", BOTH },

	/* Sockets that are there. */
	{ .call = "accept4", BOTH },
	{ .call = "sendto", BOTH },
	{ .call = "recvfrom", BOTH },
	{ .call = "sendmsg", W },    /* fds go with them: who has the control process gives none away */
	{ .call = "recvmsg", BOTH }, /* to the control process: channels to new workers */
	{ .call = "send", BOTH },
	{ .call = "recv", BOTH },
	{ .call = "sendmmsg", W }, /* base/scm.h: with a note */
	{ .call = "recvmmsg", W },
	{ .call = "recvmmsg_time64", W },
	{ .call = "poll", BOTH },
	{ .call = "ppoll", BOTH },
	{ .call = "ppoll_time64", BOTH },
	{ .call = "getsockopt", C, 3, INT, SO_PEERCRED }, /* who a client is */
	{ .call = "getsockopt", W, 3, INT, SO_TYPE },	  /* base/fd_kind.h */
	{ .call = "setsockopt", W, 3, INT, SO_LINGER },	  /* base/peer_fd.h: sockets that nobody wants */
	{ .call = "shutdown", W, 2, INT, SHUT_RD },	  /* base/scm.h: sockets that only we write to */
	{ .call = "getpeername", W }, /* base/scm.h: the other end of a connection is no fd to keep */
	{ .call = "getsockname", W },

	/* Lines of real chips that the process has (chip/cdev.c): all that it can do to a device. It has no chip. */
	{ .call = "ioctl", W, 2, INT, GPIO_V2_LINE_SET_CONFIG_IOCTL },
	{ .call = "ioctl", W, 2, INT, GPIO_V2_LINE_GET_VALUES_IOCTL },
	{ .call = "ioctl", W, 2, INT, GPIO_V2_LINE_SET_VALUES_IOCTL },

	/* fds. fstat() is one of these three; the root is empty, so there is no path to look at. */
	{ .call = "fcntl", W, 2, INT, F_DUPFD_CLOEXEC },
	{ .call = "fcntl", W, 2, INT, F_GETFL },
	{ .call = "fcntl", W, 2, INT, F_SETFL },
	{ .call = "fcntl", W, 2, INT, F_ADD_SEALS },
	{ .call = "fcntl", W, 2, INT, F_GET_SEALS }, /* base/fd_kind.h */
	{ .call = "fcntl64", W, 2, INT, F_DUPFD_CLOEXEC },
	{ .call = "fcntl64", W, 2, INT, F_GETFL },
	{ .call = "fcntl64", W, 2, INT, F_SETFL },
	{ .call = "fcntl64", W, 2, INT, F_ADD_SEALS },
	{ .call = "fcntl64", W, 2, INT, F_GET_SEALS },
	{ .call = "fstat", BOTH },
	{ .call = "fstat64", BOTH },
	{ .call = "newfstatat", BOTH, 4, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ .call = "fstatat64", BOTH, 4, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ .call = "statx", BOTH, 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ .call = "fstatfs", W }, /* the page size of a file of guest memory */
	{ .call = "fstatfs64", W },
	{ .call = "pipe2", W },	       /* supervisor_call_barrier() */
	{ .call = "memfd_create", W }, /* GET_INFLIGHT_FD */
	{ .call = "ftruncate", W },
	{ .call = "ftruncate64", W },
	/* Where there is something in another program's session (worker/session_move.c). */
	{ .call = "lseek", W, 3, INT, SEEK_DATA },
	{ .call = "lseek", W, 3, INT, SEEK_HOLE },
	{ .call = "_llseek", W, 5, INT, SEEK_DATA },
	{ .call = "_llseek", W, 5, INT, SEEK_HOLE },

	/* Memory, never executable: the guest's, the session, the C library's. */
	{ .call = "mmap", BOTH, 3, PROT_EXEC, 0 },
	{ .call = "mmap2", BOTH, 3, PROT_EXEC, 0 },
	{ .call = "mprotect", BOTH, 3, PROT_EXEC, 0 },
	{ .call = "munmap", BOTH },
	{ .call = "mremap", BOTH },
	{ .call = "madvise", BOTH },
	{ .call = "brk", BOTH },
	{ .call = "getrandom", BOTH }, /* glibc: the key of malloc's caches */
	{ .call = "sysinfo", C },      /* glibc: qsort() asks how much memory there is */

	/* abort(): the signal itself is refused (below), then it ends by an instruction that makes another one. */
	{ .call = "getpid", BOTH },
	{ .call = "gettid", BOTH },
#ifdef FAULT_INJECTION
	{ .call = "kill", W, 2, INT, SIGKILL }, /* base/fault.c */
#endif
};

/* Refused, rather than the end: a C library tries it on its way out, and what is wrong is not that. */
static const struct filter_row refused[] = {
	{ .call = "tgkill", BOTH },
};

static int row_add(scmp_filter_ctx filter, const struct filter_row *row, uint32_t action)
{
	int number = seccomp_syscall_resolve_name(row->call);

	/* Below 0 is also what this architecture does not have. */
	if (number < 0)
		return 0;
	if (row->at == 0)
		return seccomp_rule_add_array(filter, action, number, 0, NULL);
	return seccomp_rule_add(filter, action, number, 1,
				SCMP_CMP(row->at - 1, SCMP_CMP_MASKED_EQ, row->mask, row->value));
}

static int rows_add(scmp_filter_ctx filter, enum sandbox_role role)
{
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && ret == 0; i++) {
		if (rows[i].roles & 1u << role)
			ret = row_add(filter, &rows[i], SCMP_ACT_ALLOW);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused) && ret == 0; i++)
		ret = row_add(filter, &refused[i], SCMP_ACT_ERRNO(EPERM));
	return ret;
}

/* libseccomp 2.5 writes to a file only. */
static int program_write(scmp_filter_ctx filter)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	int ret = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);

	if (ret < 0)
		fd_close(&fd);
	return ret < 0 ? ret : fd;
}

bool sandbox_filter_supported(void)
{
	return true;
}

int sandbox_filter_make(enum sandbox_role role)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int ret;

	if (!filter)
		return -EOPNOTSUPP; /* Linux before 4.14 */
	ret = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (ret == 0)
		ret = rows_add(filter, role);
	if (ret == 0)
		ret = program_write(filter);
	seccomp_release(filter);
	return ret;
}

int sandbox_filter_read(int fd, struct sock_fprog *program)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size <= 0 || size / (off_t)sizeof(*program->filter) > BPF_MAXINSNS)
		return -EMSGSIZE;
	program->filter = malloc((size_t)size);
	program->len = (unsigned short)((size_t)size / sizeof(*program->filter));
	if (!program->filter)
		return -ENOMEM;
	return pread(fd, program->filter, (size_t)size, 0) == size ? 0 : -EIO;
}

int sandbox_enter_filter(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0u, &sandbox->filters[params->role]) < 0 ? -errno : 0;
}
