// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * fpregs [BYTES]: do processes and threads keep their vector registers while others use them? Status 0: they do.
 *
 * All registers that the processor has and that lie in the first BYTES of a process's FP state (all, without it) are
 * filled with a pattern, held while others run, and looked at again: by a process and its child, and then by two
 * processes of two threads, each with a pattern of its own, which a timer interrupts with a signal handler that uses all
 * these registers, too.
 */
#include <cpuid.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUN_MS	  300
#define ROUNDS	  4
#define ALARM_US  2000
#define PROCESSES 2
#define THREADS	  2

struct registers {
	uint8_t vector[32][64];
	uint64_t mask[8];
};

/*
 * long hold(const struct registers *fill, struct registers *out, long spins, long call, long times): fills the registers;
 * makes the system call, which has no arguments, and spins; that as often as told; and writes the registers out. Returns
 * what the last call did. All in assembler, so that no compiler uses a register meanwhile.
 */
#define NUMBERS_16  "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define NUMBERS_32  NUMBERS_16 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define MASKS(code) ".irp n,0,1,2,3,4,5,6,7\n" code "\n.endr\n"
/* clang-format off */
#define HOLD(name, numbers, move, reg, load, store)				\
	long name(const struct registers *fill, struct registers *out, long spins, long call, long times);	\
	__asm__(".text\n" #name ":\n"						\
		".irp n," numbers "\n" move " \\n*64(%rdi), %" reg "\\n\n.endr\n" load	\
		"mov %rcx, %r9\n"						\
		"1: mov %r9, %rax\n syscall\n mov %rdx, %r10\n"			\
		"2: dec %r10\n jnz 2b\n"					\
		"dec %r8\n jnz 1b\n"						\
		".irp n," numbers "\n" move " %" reg "\\n, \\n*64(%rsi)\n.endr\n" store	\
		"ret\n")

HOLD(hold_sse, NUMBERS_16, "movups", "xmm", "", "");
HOLD(hold_avx, NUMBERS_16, "vmovups", "ymm", "", "vzeroupper\n");
HOLD(hold_avx512, NUMBERS_32, "vmovups", "zmm", MASKS("kmovw 2048+8*\\n(%rdi), %k\\n"),
     MASKS("kmovw %k\\n, 2048+8*\\n(%rsi)") "vzeroupper\n");
/* clang-format on */

static const struct kind {
	const char *name;
	long (*hold)(const struct registers *fill, struct registers *out, long spins, long call, long times);
	unsigned count, width, masks;
	uint64_t components; /* of XCR0 */
} kinds[] = {
	{ "zmm0-31 and k0-7", hold_avx512, 32, 64, 8, 0xe6 },
	{ "ymm0-15", hold_avx, 16, 32, 0, 0x6 },
	{ "xmm0-15", hold_sse, 16, 16, 0, 0 },
};
static const struct kind *kind;

static atomic_uint alarms, wrong;

static uint64_t enabled(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return 0;
	__asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return (uint64_t)d << 32 | a;
}

/* Do all these components end in the first bytes of the state? */
static bool fit(uint64_t components, unsigned long bytes)
{
	for (unsigned i = 2; i < 63; i++) {
		unsigned len, offset, unused;

		if (!(components >> i & 1))
			continue;
		__cpuid_count(0xd, i, len, offset, unused, unused);
		if (offset + len > bytes)
			return false;
	}
	return true;
}

static const struct kind *kind_of(unsigned long bytes)
{
	uint64_t has = enabled();

	for (const struct kind *it = kinds;; it++) {
		if ((it->components & ~has) == 0 && (!bytes || fit(it->components, bytes)))
			return it;
	}
}

static void pattern(struct registers *registers, unsigned seed)
{
	for (unsigned i = 0; i < 32; i++) {
		for (unsigned j = 0; j < 64; j++)
			registers->vector[i][j] = (uint8_t)(seed * 83 + i * 64 + j * 7 + 1);
	}
	for (unsigned i = 0; i < 8; i++)
		registers->mask[i] = (seed * 4099 + i * 257 + 1) & 0xffff;
}

/* Says what differs, once. */
static void compare(const char *who, const struct registers *fill, const struct registers *out)
{
	for (unsigned i = 0; i < kind->count; i++) {
		for (unsigned j = 0; j < kind->width; j++) {
			if (fill->vector[i][j] != out->vector[i][j] && !atomic_fetch_add(&wrong, 1))
				printf("%s: byte %u of vector register %u is 0x%02x, not 0x%02x\n", who, j, i,
				       out->vector[i][j], fill->vector[i][j]);
		}
	}
	for (unsigned i = 0; i < kind->masks; i++) {
		if (fill->mask[i] != (out->mask[i] & 0xffff) && !atomic_fetch_add(&wrong, 1))
			printf("%s: mask register %u is 0x%lx, not 0x%lx\n", who, i, (long)out->mask[i],
			       (long)fill->mask[i]);
	}
}

static void on_alarm(int number)
{
	struct registers fill, out;

	pattern(&fill, 100 + (unsigned)number);
	kind->hold(&fill, &out, 1, SYS_getpid, 1);
	compare("a signal handler", &fill, &out);
	atomic_fetch_add(&alarms, 1);
}

static long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Where the machine is slow, for as long as a few rounds take. */
static void *user(void *seed)
{
	long deadline = now_ms() + RUN_MS;
	struct registers fill, out;

	pattern(&fill, (unsigned)(uintptr_t)seed);
	for (int round = 0; round < ROUNDS || now_ms() < deadline; round++) {
		kind->hold(&fill, &out, 1, SYS_sched_yield, 50);
		compare("among threads that yield", &fill, &out);
		kind->hold(&fill, &out, 1000000, SYS_getpid, 10);
		compare("among threads that compute", &fill, &out);
	}
	return NULL;
}

static int process(unsigned seed)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval timer = { { 0, ALARM_US }, { 0, ALARM_US } };
	struct rusage usage;
	sigset_t set;
	pthread_t threads[THREADS];

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, user, (void *)(uintptr_t)(seed + i))) {
			perror("thread");
			return 1;
		}
	}
	/* The signals are for those that compute. */
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	getrusage(RUSAGE_SELF, &usage);
	printf("%u signals, %ld switches, wrong %u times\n", alarms, usage.ru_nivcsw, wrong);
	/* What was never interrupted shows nothing. */
	return wrong || !alarms || !usage.ru_nivcsw;
}

static int wait_child(void)
{
	int status;

	return wait(&status) < 0 || status ? 1 : 0;
}

/* A child begins with the registers of its parent. */
static int inheritance(void)
{
	struct registers fill, out;
	long pid;

	pattern(&fill, 50);
	pid = kind->hold(&fill, &out, 1, SYS_fork, 1);
	compare(pid ? "after a fork" : "in a new process", &fill, &out);
	if (pid == 0) {
		fflush(stdout);
		_exit(wrong != 0);
	}
	return wait_child() | (wrong != 0);
}

int main(int argc, char **argv)
{
	int status;

	kind = kind_of(argc > 1 ? strtoul(argv[1], NULL, 10) : 0);
	printf("%s\n", kind->name);
	fflush(stdout);
	status = inheritance();
	for (unsigned i = 0; i < PROCESSES; i++) {
		if (fork() == 0)
			exit(process(i * THREADS));
	}
	for (unsigned i = 0; i < PROCESSES; i++)
		status |= wait_child();
	return status;
}
