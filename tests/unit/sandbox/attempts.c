/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Attempts to do what the sandbox is there to stop. */
#include "attempts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/gpio.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

int try_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

int try_openat2(void)
{
	uint64_t how[3] = { O_RDONLY };

	return (int)syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how));
}

int try_create(void)
{
	return open("/tmp/vgpio-sandbox", O_RDWR | O_CREAT, 0600);
}

#ifdef SYS_newfstatat
#define FSTATAT SYS_newfstatat
#else
#define FSTATAT SYS_fstatat64
#endif

static int try_stat(void)
{
	struct stat st;

	return (int)syscall(FSTATAT, AT_FDCWD, "/etc/passwd", &st, 0);
}

static int try_path_of_fd(void)
{
	return (int)syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", (char[64]){ 0 }, 64);
}

int try_exec(void)
{
	char *argv[] = { (char[]){ "/bin/true" }, NULL };

	return execve(argv[0], argv, NULL);
}

/* A file that it makes itself has no path. */
static int try_exec_memory(void)
{
	static const char script[] = "#!/bin/true\n";
	char *argv[] = { (char[]){ "script" }, NULL };
	int fd = memfd_create("script", MFD_CLOEXEC);

	if (write(fd, script, sizeof(script) - 1) < 0)
		return -1;
	return (int)syscall(SYS_execveat, fd, "", argv, NULL, AT_EMPTY_PATH);
}

static int try_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static int try_fork3(void)
{
	uint64_t args[8] = { [4] = SIGCHLD };
	long pid = syscall(SYS_clone3, args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

int try_connect(void)
{
	struct sockaddr_in peer = { .sin_family = AF_INET,
				    .sin_port = htons(9),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return connect(fd, (struct sockaddr *)&peer, sizeof(peer));
}

static int try_connect_path(void)
{
	struct sockaddr_un peer = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/notify" };

	return connect(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&peer, sizeof(peer));
}

static int try_ptrace(void)
{
	return (int)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}

static int try_peek(void)
{
	char byte;
	struct iovec own = { &byte, 1 }, other = { (void *)attempts, 1 };

	return (int)syscall(SYS_process_vm_readv, syscall(SYS_getppid), &own, 1, &other, 1, 0);
}

static int try_kill(void)
{
	return (int)syscall(SYS_kill, 1, SIGCONT);
}

static int try_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int try_make_executable(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

static int try_pkey_executable(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return (int)syscall(SYS_pkey_mprotect, memory, 4096ul, PROT_READ | PROT_EXEC, -1);
}

static int try_shm_executable(void)
{
	return (int)syscall(SYS_shmat, 0, NULL, SHM_EXEC);
}

static int try_tiocsti(void)
{
	return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

static int try_fionread(void)
{
	int n;

	return ioctl(STDIN_FILENO, FIONREAD, &n);
}

/* The older interface of the same chips. */
static int try_gpio_v1(void)
{
	struct gpiohandle_request request = { 0 };

	return ioctl(STDIN_FILENO, GPIO_GET_LINEHANDLE_IOCTL, &request);
}

static int try_watch_lines(void)
{
	struct gpio_v2_line_info info = { 0 };

	return ioctl(STDIN_FILENO, GPIO_V2_GET_LINEINFO_WATCH_IOCTL, &info);
}

static int try_setown(void)
{
	return fcntl(STDIN_FILENO, F_SETOWN, 1);
}

static int try_setuid(void)
{
	return setresuid(1, 1, 1);
}

static int try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static int try_setns(void)
{
	return setns(STDIN_FILENO, 0);
}

static int try_mount(void)
{
	return mount("tmpfs", "/", "tmpfs", 0, NULL);
}

static int try_chroot(void)
{
	return chroot("/");
}

static int try_keyctl(void)
{
	return (int)syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0);
}

static int try_add_key(void)
{
	return (int)syscall(SYS_add_key, "user", "vgpio", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}

static int try_bpf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int try_perf(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE, .size = sizeof(attr) };

	return (int)syscall(SYS_perf_event_open, &attr, 1, -1, -1, 0);
}

static int try_userfaultfd(void)
{
	return (int)syscall(SYS_userfaultfd, O_CLOEXEC);
}

static int try_io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, (char[120]){ 0 });
}

static int try_shm(void)
{
	return shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
}

static int try_lock_memory(void)
{
	return (int)syscall(SYS_mlockall, MCL_CURRENT);
}

static int try_raise_limit(void)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	return setrlimit(RLIMIT_NOFILE, &limit);
}

static int try_prctl(void)
{
	return prctl(PR_SET_NAME, "innocent");
}

static int try_seccomp(void)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 0x7fff0000);
	struct sock_fprog program = { 1, &all };

	return (int)syscall(SYS_seccomp, 1, 0, &program);
}

static int try_reboot(void)
{
	return (int)syscall(SYS_reboot, 0, 0, 0, NULL);
}

static int try_clock(void)
{
	return (int)syscall(SYS_clock_settime, CLOCK_REALTIME, &(struct timespec){ 1, 0 });
}

#ifdef __x86_64__
/* The other two tables of calls of this machine. */
static int try_x32(void)
{
	return (int)syscall(0x40000000 | SYS_getpid);
}

static int try_i386(void)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20 /* getpid */) : "memory");
	return ret < 0 ? -1 : 0;
}
#endif

const struct attempt attempts[] = {
	{ "open", try_open, DENIED },
	{ "openat2", try_openat2, DENIED },
	{ "create a file", try_create, DENIED },
	{ "stat", try_stat, DENIED },
	{ "readlink", try_path_of_fd, DENIED },
	{ "execve", try_exec, DENIED },
	{ "execveat", try_exec_memory, DENIED },
	{ "fork", try_fork, DENIED_TO_USER },
	{ "clone3", try_fork3, DENIED_TO_USER },
	{ "socket", try_socket, NOTHING },
	{ "connect to this machine", try_connect, DENIED },
	{ "connect to a path", try_connect_path, DENIED },
	{ "ptrace", try_ptrace, DENIED },
	{ "process_vm_readv", try_peek, DENIED },
	{ "kill", try_kill, DENIED },
	{ "executable memory", try_executable, NOTHING },
	{ "memory made executable", try_make_executable, NOTHING },
	{ "the same with a key", try_pkey_executable, NOTHING },
	{ "executable shared memory", try_shm_executable, NOTHING },
	{ "TIOCSTI", try_tiocsti, NOTHING },
	{ "FIONREAD", try_fionread, NOTHING },
	{ "GPIO v1", try_gpio_v1, NOTHING },
	{ "GPIO v2, watch", try_watch_lines, NOTHING },
	{ "F_SETOWN", try_setown, NOTHING },
	{ "setresuid", try_setuid, DENIED },
	{ "unshare", try_unshare, NOTHING },
	{ "setns", try_setns, DENIED },
	{ "mount", try_mount, DENIED },
	{ "chroot", try_chroot, DENIED },
	{ "keyctl", try_keyctl, NOTHING },
	{ "add_key", try_add_key, NOTHING },
	{ "bpf", try_bpf, DENIED },
	{ "perf_event_open", try_perf, NOTHING },
	{ "userfaultfd", try_userfaultfd, NOTHING },
	{ "io_uring", try_io_uring, NOTHING },
	{ "shmget", try_shm, NOTHING },
	{ "mlockall", try_lock_memory, DENIED },
	{ "setrlimit", try_raise_limit, DENIED },
	{ "prctl", try_prctl, NOTHING },
	{ "seccomp", try_seccomp, NOTHING },
	{ "reboot", try_reboot, DENIED },
	{ "clock_settime", try_clock, DENIED },
#ifdef __x86_64__
	{ "x32", try_x32, NOTHING },
	{ "i386", try_i386, NOTHING },
#endif
};

const size_t n_attempts = ARRAY_SIZE(attempts);
