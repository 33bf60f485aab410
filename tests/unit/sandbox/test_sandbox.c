/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The sandbox from inside. Each attempt is made by a process that has entered it as a worker does: with the filter it
 * must be killed there; without the filter, the other stages must stop it all the same.
 */
#include "rows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/gpio.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
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
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "bpf_paths.h"
#include "sandbox/prepare.h"
#include "sandbox/sandbox.h"
#include "sandbox/seccomp.h"
#include "sandbox/stage.h"

/* As the test is started: for it, without, and with another user where it is root. */
static struct sandbox sandbox = SANDBOX_NONE, user_sandbox = SANDBOX_NONE;

/* Everything below: 0 when it was done, else -1 with errno. */

static int try_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int try_openat2(void)
{
	uint64_t how[3] = { O_RDONLY };

	return (int)syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how));
}

static int try_create(void)
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

static int try_exec(void)
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

static int try_connect(void)
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
	struct iovec own = { &byte, 1 }, other = { &sandbox, 1 };

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

/* What stops it when the filter is not there. */
enum second {
	NOTHING, /* it reaches nobody else */
	DENIED,
	DENIED_TO_USER, /* where the process has another user than root */
};

static const struct attempt {
	const char *what;
	int (*try)(void);
	enum second second;
} attempts[] = {
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

/* In a process that has entered: its wait status. */
static int inside(const struct sandbox *how, enum sandbox_role role, int (*fn)(void))
{
	const struct sandbox_params params = { .role = role, .tag = "test" };
	const struct rlimit no_core = { 0, 0 };
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSEGV, SIG_DFL); /* cmocka's, as are others */
		signal(SIGILL, SIG_DFL);
		if (sandbox_enter(how, &params) < 0)
			_exit(99);
		_exit(fn() < 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

#define NEEDS(stage)                                                                                                   \
	do {                                                                                                           \
		if (!sandbox_has(&sandbox, (stage)))                                                                   \
			skip_because("no sandbox stage \"%s\" here", sandbox_stage_name(stage));                       \
	} while (0)

static void filter_ends_whoever_tries(void **state)
{
	NEEDS(SANDBOX_FILTER);
	for (unsigned role = 0; role < SANDBOX_ROLES; role++) {
		for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
			int status = inside(&sandbox, role, attempts[i].try);

			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
				fail_msg("%s: status %#x", attempts[i].what, status);
		}
	}
}

static void check_second(const struct sandbox *full, bool other_user)
{
	struct sandbox rest = *full;

	rest.stages &= ~(1u << SANDBOX_FILTER);
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		enum second second = attempts[i].second;
		int status;

		if (second == NOTHING || (second == DENIED_TO_USER && !other_user))
			continue;
		status = inside(&rest, SANDBOX_WORKER, attempts[i].try);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
			fail_msg("%s: status %#x", attempts[i].what, status);
	}
}

static void other_stages_stop_it_too(void **state)
{
	NEEDS(SANDBOX_ROOT);
	NEEDS(SANDBOX_LANDLOCK);
	check_second(&sandbox, getuid() != 0);
	if (sandbox_has(&user_sandbox, SANDBOX_USER))
		check_second(&user_sandbox, true);
}

/* Files, also those of a user who may do everything, are stopped by each of the two alone. */
static void check_alone(enum sandbox_stage stage)
{
	static int (*const files[])(void) = { try_open, try_openat2, try_create, try_exec };
	struct sandbox one = sandbox;

	one.stages = 1u << SANDBOX_PRIVILEGES | 1u << SANDBOX_USER_NAMESPACE | 1u << stage;
	one.stages &= sandbox.stages;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(inside(&one, SANDBOX_WORKER, files[i]), 1 << 8);
}

static void empty_root_alone(void **state)
{
	NEEDS(SANDBOX_ROOT);
	check_alone(SANDBOX_ROOT);
}

static void landlock_alone(void **state)
{
	NEEDS(SANDBOX_LANDLOCK);
	check_alone(SANDBOX_LANDLOCK);
}

static void network_alone(void **state)
{
	struct sandbox one = sandbox;

	NEEDS(SANDBOX_NETWORK);
	one.stages &= 1u << SANDBOX_USER_NAMESPACE | 1u << SANDBOX_NETWORK;
	assert_int_equal(inside(&one, SANDBOX_WORKER, try_connect), 1 << 8);
	one.stages &= 1u << SANDBOX_USER_NAMESPACE;
	assert_int_equal(inside(&one, SANDBOX_WORKER, try_connect), 0);
}

/* What a worker lives by works: else a test that sees everything fail proves nothing. */
static int live(void)
{
	struct gpio_v2_line_values values = { .mask = 1 };
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int memory = memfd_create("inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	char *map, *heap = malloc(1 << 20);

	if (epoll < 0 || timer < 0 || memory < 0 || !heap || ftruncate(memory, 4096) < 0 ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -1;
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (map == MAP_FAILED || munmap(map, 4096) < 0 || timerfd_settime(timer, 0, &soon, NULL) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) < 0 || epoll_wait(epoll, &event, 1, 1000) != 1)
		return -1;
	free(heap);
	/* Not a chip, and the kernel is asked. */
	return ioctl(timer, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0 && errno == ENOTTY ? 0 : -1;
}

static void worker_can_live(void **state)
{
	assert_int_equal(inside(&sandbox, SANDBOX_WORKER, live), 0);
}

/* No memory is left to say why, but it ends, and by no forbidden call: the log would blame the wrong thing. */
static int give_up(void)
{
	abort();
}

static void abort_still_ends_it(void **state)
{
	int status = inside(&sandbox, SANDBOX_WORKER, give_up);

	assert_true(WIFSIGNALED(status));
	assert_int_not_equal(WTERMSIG(status), SIGSYS);
}

#ifdef __x86_64__
static void list_print(char **text)
{
	static const char *const names[SANDBOX_ROLES] = { [SANDBOX_WORKER] = "worker", [SANDBOX_CONTROL] = "control" };
	size_t size;
	FILE *out = open_memstream(text, &size);

	assert_non_null(out);
	for (unsigned role = 0; role < SANDBOX_ROLES; role++) {
		struct sock_fprog program;

		int fd = sandbox_filter_make(role);

		assert_true(fd >= 0);
		assert_int_equal(sandbox_filter_read(fd, &program), 0);
		close(fd);
		fprintf(out, "[%s]\n", names[role]);
		bpf_paths_print(&program, out);
		free(program.filter);
	}
	assert_int_equal(fclose(out), 0);
}
#endif

/* What the two processes may do, as it is meant to be. A line more is a decision: SANDBOX_CALLS has the file. */
static void list_is_as_decided(void **state)
{
#ifdef __x86_64__
	static char decided[16384];
	FILE *file = fopen(getenv("SANDBOX_CALLS"), "re");
	char *text;

	assert_non_null(file);
	assert_true(fread(decided, 1, sizeof(decided) - 1, file) < sizeof(decided) - 1);
	fclose(file);
	list_print(&text);
	if (strcmp(text, strchr(decided, '[') ? strchr(decided, '[') : "") != 0) {
		fprintf(stderr, "allowed now:\n%s", text);
		fail_msg("%s has another list", getenv("SANDBOX_CALLS"));
	}
	free(text);
#else
	skip_because("the list of system calls is that of x86-64");
#endif
}

static int setup(void **state)
{
	struct sandbox_options options = { .mode = SANDBOX_AUTO, .user = getuid() == 0 ? "nobody" : NULL };
	struct why why;

	/* The first one gives up what another one with a user would need, but not what its user needs. */
	if (sandbox_prepare(&user_sandbox, &options, &why) < 0)
		return -1;
	sandbox = user_sandbox;
	if (sandbox_has(&user_sandbox, SANDBOX_USER)) {
		options.user = NULL;
		return sandbox_prepare(&sandbox, &options, &why);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worker_can_live),	    cmocka_unit_test(filter_ends_whoever_tries),
		cmocka_unit_test(other_stages_stop_it_too), cmocka_unit_test(empty_root_alone),
		cmocka_unit_test(landlock_alone),	    cmocka_unit_test(network_alone),
		cmocka_unit_test(abort_still_ends_it),	    cmocka_unit_test(list_is_as_decided),
	};

	return cmocka_run_group_tests_name("sandbox", tests, setup, NULL);
}
