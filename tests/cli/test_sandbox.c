/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The sandbox as it is seen from outside: of a live worker and control process, by /proc; and the words about it. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gpio.h"
#include "proc.h"
#include "vmm.h"
#include "wait.h"

#define ONE	  "-s gpio.sock -l s8 --control ctl.sock"
#define LANDLOCK  444 /* landlock_create_ruleset() */
#define SYS_ADMIN (1ull << 21)

/* A kernel that refuses one system call, when an argument has one of these bits (0: always), with this errno. */
struct refusal {
	unsigned number, at, bits, error;
};

static void kernel_refuse(void *ctx)
{
	const struct refusal *refusal = ctx;
	struct sock_filter ops[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refusal->number, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]) + 8 * refusal->at),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, refusal->bits, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refusal->bits, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refusal->error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(ops) / sizeof(ops[0]), ops };

	/* bits 0: whatever the argument is. */
	if (refusal->bits == 0)
		ops[2] = ops[3] = ops[4] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(126);
}

static bool sandbox_is_off(void)
{
	const char *mode = getenv("TEST_SANDBOX");

	return mode && strcmp(mode, "off") == 0;
}

/* Whether this build has all of it, and this machine lets it work: else there is nothing to be seen. */
static bool is_whole(const struct run *daemon)
{
	return !strstr(run_err(daemon), "warning: sandbox: ") && !strstr(run_err(daemon), "sandbox: without ");
}

#define NEEDS_WHOLE(daemon)                                                                                            \
	do {                                                                                                           \
		if (!is_whole(daemon)) {                                                                               \
			run_stop(daemon);                                                                              \
			skip_because("the sandbox is not whole here");                                                 \
		}                                                                                                      \
	} while (0)

static uint64_t status_hex(pid_t pid, const char *key)
{
	char path[64], line[256];
	uint64_t value = UINT64_MAX;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			value = strtoull(line + strlen(key) + 1, NULL, 16);
	}
	fclose(file);
	return value;
}

static bool shares(pid_t pid, const char *what)
{
	char path[64];
	struct stat own, other;

	snprintf(path, sizeof(path), "/proc/self/%s", what);
	assert_int_equal(stat(path, &own), 0);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	assert_int_equal(stat(path, &other), 0);
	return own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

static unsigned entries(pid_t pid, const char *what)
{
	char path[64];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s/", pid, what);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static void check_limit(pid_t pid, const char *words)
{
	static char text[4096];
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	if (!strstr(text, words))
		fail_msg("no \"%s\" in:\n%s", words, text);
}

/* One that is lower already stays. */
static void check_open_files(pid_t pid)
{
	struct rlimit own;
	char words[80];
	unsigned max;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
	max = own.rlim_max < 16384 ? (unsigned)own.rlim_max : 16384;
	snprintf(words, sizeof(words), "Max open files            %-20u %-20u ", max, max);
	check_limit(pid, words);
}

/* The name comes before the sandbox. What goes last but one: the filter may be there from before the daemon. */
static void await_inside(pid_t pid)
{
	for (unsigned i = 0; i < 3000 && status_hex(pid, "CapEff") != 0; i++)
		sleep_ms(10);
	for (unsigned i = 0; i < 3000 && proc_status(pid, "Seccomp") != 2; i++)
		sleep_ms(10);
}

static void check_inside(pid_t pid)
{
	static const char *const none[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	static const char *const rooms[] = { "ns/user", "ns/net", "ns/ipc", "ns/mnt", "root" };

	await_inside(pid);
	assert_int_equal(proc_status(pid, "NoNewPrivs"), 1);
	assert_int_equal(proc_status(pid, "Seccomp"), 2);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(status_hex(pid, none[i]), 0);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++)
		assert_false(shares(pid, rooms[i]));
	assert_int_equal(entries(pid, "root"), 0);
	assert_int_equal(entries(pid, "cwd"), 0);
	check_limit(pid, "Max processes             0                    0 ");
	check_limit(pid, "Max locked memory         0                    0 ");
	check_open_files(pid);
}

static void worker_and_control_are_in_it(void **state)
{
	struct run daemon, run;

	daemon_up(&daemon, ONE, 1, true);
	NEEDS_WHOLE(&daemon);
	check_inside(child_named(&daemon, "vgpio:guest0"));
	check_inside(child_named(&daemon, "vgpio:control"));
	assert_non_null(strstr(run_err(&daemon), "info: sandbox: no new privileges, "));
	/* They can live there, and so can their successors. */
	check_inside(child_replace(&daemon, "vgpio:guest0"));
	check_inside(child_replace(&daemon, "vgpio:control"));
	assert_int_equal(ctl(&run, "info"), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct vmm vmm;

		vmm_init(&vmm, 0);
		vmm_start(&vmm, "gpio.sock");
		assert_int_equal(gpio_set_direction(&vmm, 3, GPIO_OUT), GPIO_OK);
		vmm_deinit(&vmm);
	}
	run_stop(&daemon);
}

static void supervisor_keeps_the_least(void **state)
{
	/* CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, SETPCAP, SYS_RESOURCE */
	const uint64_t least = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 24;
	struct run daemon;

	daemon_up(&daemon, ONE, 1, true);
	NEEDS_WHOLE(&daemon);
	assert_int_equal(proc_status(daemon.pid, "NoNewPrivs"), 1);
	assert_int_equal(status_hex(daemon.pid, "CapEff") & ~least, 0);
	assert_int_equal(status_hex(daemon.pid, "CapPrm") & ~least, 0);
	if (getuid() == 0)
		assert_int_equal(status_hex(daemon.pid, "CapBnd") & ~least, 0);
	run_stop(&daemon);
}

static void another_user(void **state)
{
	struct run daemon, run;
	pid_t worker, control;

	if (getuid() != 0)
		skip_because("only root becomes another user");
	daemon_up(&daemon, ONE " --user nobody", 1, true);
	NEEDS_WHOLE(&daemon);
	worker = child_named(&daemon, "vgpio:guest0");
	control = child_named(&daemon, "vgpio:control");
	check_inside(worker);
	check_inside(control);
	assert_int_equal(proc_status(worker, "Uid"), 65534);
	assert_int_equal(proc_status(worker, "Gid"), 65534);
	assert_int_equal(proc_status(control, "Uid"), 65534);
	assert_int_equal(proc_status(daemon.pid, "Uid"), 0);
	/* The supervisor may still end them. */
	assert_int_equal(kill(daemon.pid, SIGUSR2), 0);
	child_wait(&daemon, "vgpio:control", control);
	worker = child_wait(&daemon, "vgpio:guest0", worker);
	check_inside(worker);
	assert_int_equal(proc_status(worker, "Uid"), 65534);
	assert_int_equal(ctl(&run, "set 3=1"), 0);
	assert_int_equal(run_stop(&daemon), 0);
}

/* A signal tells the control process of the supervisor's end, before the last worker has gone. */
static void control_process_of_another_user_ends_with_the_supervisor(void **state)
{
	struct run daemon;
	pid_t control, worker;

	if (getuid() != 0)
		skip_because("only root becomes another user");
	daemon_up(&daemon, ONE " --user nobody", 1, true);
	control = child_named(&daemon, "vgpio:control");
	worker = child_named(&daemon, "vgpio:guest0");
	await_inside(control);
	kill(worker, SIGSTOP);
	kill(daemon.pid, SIGKILL);
	run_wait(&daemon);
	for (unsigned i = 0; i < 3000 && proc_state(control) != 'X' && proc_state(control) != 'Z'; i++)
		sleep_ms(10);
	kill(worker, SIGKILL);
	assert_true(proc_state(control) == 'X' || proc_state(control) == 'Z');
	unlink("gpio.sock");
	unlink("gpio.sock0");
	unlink("ctl.sock");
}

static void check_refused(const char *words, void (*prepare)(void *), void *ctx, const char *line)
{
	struct run daemon;

	run_start_with(&daemon, "daemon", "VHOST_DEVICE_GPIO", words, prepare, ctx);
	assert_int_equal(run_wait(&daemon), 1);
	assert_string_equal(run_err(&daemon), line);
	assert_false(file_exists("gpio.sock0"));
	assert_false(file_exists("ctl.sock"));
}

static void user_that_cannot_be_had(void **state)
{
	if (getuid() == 0) {
		struct refusal refusal = { SYS_setresuid, 0, 0, EPERM };

		check_refused(ONE " --user no-such-user", NULL, NULL,
			      "vhost-device-gpio: --user: there is no user \"no-such-user\"\n");
		/* Root of a container that may not change it: nobody is to believe that it was. */
		check_refused(ONE " --user nobody --log-level error", kernel_refuse, &refusal,
			      "vhost-device-gpio: --user: Operation not permitted\n");
	} else
		check_refused(ONE " --user nobody", NULL, NULL,
			      "vhost-device-gpio: --user: only root can run the processes as another user\n");
}

static void can_be_left_out(void **state)
{
	struct run daemon;
	pid_t worker;

	daemon_up(&daemon, ONE " --sandbox=off", 1, true);
	worker = child_named(&daemon, "vgpio:guest0");
	assert_int_equal(proc_status(worker, "NoNewPrivs"), 0);
	assert_int_equal(proc_status(worker, "Seccomp"), 0);
	assert_true(shares(worker, "ns/net"));
	assert_true(shares(worker, "root"));
	assert_int_equal(status_hex(daemon.pid, "CapEff"), status_hex(getpid(), "CapEff"));
	assert_non_null(strstr(run_err(&daemon), "warning: sandbox: off"));
	run_stop(&daemon);
}

/* This build can do it, and this machine. */
static bool on_works(void)
{
	struct run daemon;

	run_start(&daemon, "daemon", "VHOST_DEVICE_GPIO", ONE " --sandbox=on");
	for (unsigned i = 0; i < 3000 && !file_exists("ctl.sock") && proc_state(daemon.pid) != 'Z'; i++)
		sleep_ms(10);
	return run_stop(&daemon) == 0;
}

static const struct failing {
	const char *words;
	struct refusal refusal;
} failings[] = {
	{ "user: Operation not permitted", { SYS_setresuid, 0, 0, EPERM } },
	{ "user namespace: Operation not permitted", { SYS_unshare, 0, CLONE_NEWUSER, EPERM } },
	{ "user namespace: the limit user.max_user_namespaces is reached", { SYS_unshare, 0, CLONE_NEWUSER, ENOSPC } },
	{ "network: Operation not permitted", { SYS_unshare, 0, CLONE_NEWNET, EPERM } },
	{ "ipc: the limit user.max_ipc_namespaces is reached", { SYS_unshare, 0, CLONE_NEWIPC, ENOSPC } },
	{ "root: Permission denied", { SYS_unshare, 0, CLONE_NEWNS, EACCES } },
	{ "root: Permission denied", { SYS_mount, 0, 0, EACCES } },
	{ "root: Operation not permitted", { SYS_setns, 1, CLONE_NEWNS, EPERM } },
	{ "limits: Operation not permitted", { SYS_prlimit64, 1, 6 /* NPROC, with other bits: NOFILE is 7 */, EPERM } },
	{ "landlock: Operation not permitted", { LANDLOCK, 0, 0, EPERM } },
	{ "landlock: Argument list too long", { LANDLOCK + 2, 0, 0, E2BIG } },
	{ "capabilities: Operation not permitted", { SYS_capset, 0, 0, EPERM } },
	{ "system calls: Bad address", { SYS_seccomp, 0, SECCOMP_SET_MODE_FILTER, EFAULT } },
};

/* Each stage that does not work is found before there is a socket, and named. */
static void all_or_nothing(void **state)
{
	char line[128];

	if (!on_works())
		skip_because("--sandbox=on does not work here");
	for (size_t i = 0; i < sizeof(failings) / sizeof(failings[0]); i++) {
		struct refusal refusal = failings[i].refusal;
		bool user = refusal.number == SYS_setresuid;

		if (user && getuid() != 0)
			continue;
		snprintf(line, sizeof(line), "vhost-device-gpio: --sandbox=on: %s\n", failings[i].words);
		check_refused(user ? ONE " --sandbox=on --user nobody --log-level error"
				   : ONE " --sandbox=on --log-level error",
			      kernel_refuse, &refusal, line);
	}
}

/* No process to try it in: that says nothing about the sandbox, and nobody is to go on without it for that. */
static void nothing_is_tried_without_a_process(void **state)
{
	static const char *const words[] = { ONE " --sandbox=on --log-level error", ONE " --log-level error" };
	struct refusal refusal = { SYS_clone, 0, 0, EAGAIN };

	if (!on_works())
		skip_because("--sandbox=on does not work here");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		check_refused(
			words[i], kernel_refuse, &refusal,
			"vhost-device-gpio: no process to try the sandbox in: Resource temporarily unavailable\n");
}

/* Without "on" it is said, once, and left out: also by successors. */
static void what_does_not_work_is_said_once(void **state)
{
	static const char line[] = "warning: sandbox: without network (Operation not permitted)\n";
	struct refusal refusal = { SYS_unshare, 0, CLONE_NEWNET, EPERM };
	struct run daemon;
	const char *said;
	pid_t worker;

	if (!on_works())
		skip_because("--sandbox=on does not work here");
	run_start_with(&daemon, "daemon", "VHOST_DEVICE_GPIO", ONE, kernel_refuse, &refusal);
	child_wait(&daemon, "vgpio:guest0", 0);
	run_wait_err(&daemon, "guest0: s8");
	worker = child_replace(&daemon, "vgpio:guest0");
	await_inside(worker);
	said = strstr(run_err(&daemon), line);
	assert_non_null(said);
	assert_null(strstr(said + sizeof(line) - 1, "without"));
	assert_true(shares(worker, "ns/net"));
	assert_false(shares(worker, "ns/ipc"));
	assert_int_equal(status_hex(worker, "CapEff"), 0);
	assert_int_equal(run_stop(&daemon), 0);
}

/* What the kernel does not have is no reason not to start, also with "on". */
static void old_kernel(void **state)
{
	struct refusal refusal = { LANDLOCK, 0, 0, ENOSYS };
	struct run daemon;

	if (!on_works())
		skip_because("--sandbox=on does not work here");
	run_start_with(&daemon, "daemon", "VHOST_DEVICE_GPIO", ONE " --sandbox=on", kernel_refuse, &refusal);
	run_wait_err(&daemon, "warning: sandbox: without landlock (not in this kernel)\n");
	child_wait(&daemon, "vgpio:guest0", 0);
	assert_int_equal(run_stop(&daemon), 0);
}

/* Where nobody may have a user namespace, root can have the others without. Then the supervisor keeps what that takes. */
static void no_namespaces_for_users(void **state)
{
	struct refusal refusal = { SYS_unshare, 0, CLONE_NEWUSER, EPERM };
	struct run daemon;
	pid_t worker;

	if (getuid() != 0)
		skip_because("only root can do without user namespaces");
	if (!on_works())
		skip_because("--sandbox=on does not work here");
	run_start_with(&daemon, "daemon", "VHOST_DEVICE_GPIO", ONE " --user nobody", kernel_refuse, &refusal);
	run_wait_err(&daemon, "guest0: s8");
	worker = child_wait(&daemon, "vgpio:guest0", 0);
	worker = child_wait(&daemon, "vgpio:guest0", kill(worker, SIGKILL) == 0 ? worker : 0);
	run_wait_err(&daemon, "without user namespace (Operation not permitted)\n");
	await_inside(worker);
	assert_false(shares(worker, "ns/net"));
	assert_false(shares(worker, "ns/mnt"));
	assert_int_equal(entries(worker, "root"), 0);
	assert_int_equal(status_hex(worker, "CapEff"), 0);
	assert_int_equal(status_hex(worker, "CapBnd"), 0);
	assert_int_equal(proc_status(worker, "Uid"), 65534);
	assert_int_equal(status_hex(daemon.pid, "CapEff") & SYS_ADMIN, SYS_ADMIN);
	assert_int_equal(run_stop(&daemon), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("B-11", worker_and_control_are_in_it),
		PLAIN(supervisor_keeps_the_least),
		PLAIN(another_user),
		PLAIN(control_process_of_another_user_ends_with_the_supervisor),
		PLAIN(user_that_cannot_be_had),
		PLAIN(can_be_left_out),
		PLAIN(all_or_nothing),
		PLAIN(nothing_is_tried_without_a_process),
		PLAIN(what_does_not_work_is_said_once),
		PLAIN(old_kernel),
		PLAIN(no_namespaces_for_users),
	};

	if (sandbox_is_off()) {
		print_error("TEST_SANDBOX=off\n");
		return 77;
	}
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
