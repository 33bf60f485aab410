/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Mappings of files that somebody else can make shorter: the handler of SIGBUS and what it knows. */
#include "vhost/memory/sigbus_guard.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

struct guard {
	uintptr_t start;
	size_t len; /* 0: free */
	size_t page;
	volatile sig_atomic_t lost;
};

static struct guard guards[SIGBUS_GUARDS_MAX];
static int n_guards_end; /* guards at and behind this are free */
static struct sigaction before;

volatile sig_atomic_t sigbus_guard_lost;

static struct guard *guard_find(uintptr_t addr)
{
	for (int i = 0; i < n_guards_end; i++) {
		if (addr >= guards[i].start && addr - guards[i].start < guards[i].len)
			return &guards[i];
	}
	return NULL;
}

/* mmap() is a system call and nothing else: it may be called here. */
static bool page_replace(const struct guard *guard, void *addr)
{
	char *page = (char *)addr - ((uintptr_t)addr - guard->start) % guard->page;

	return mmap(page, guard->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		    -1, 0) != MAP_FAILED;
}

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	bool is_fault = info->si_code > 0; /* else somebody sent it */
	struct guard *guard = is_fault ? guard_find((uintptr_t)info->si_addr) : NULL;
	int saved = errno;

	if (guard && page_replace(guard, info->si_addr)) {
		guard->lost = 1;
		sigbus_guard_lost = 1;
		errno = saved;
		return;
	}
	/* As if we were not here: the access happens again. */
	sigaction(SIGBUS, &before, NULL);
	if (!is_fault)
		raise(SIGBUS);
	errno = saved;
}

int sigbus_guard_install(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, &before) < 0 ? -errno : 0;
}

int sigbus_guard_add(void *start, size_t len, size_t page)
{
	int i = 0;

	while (i < n_guards_end && guards[i].len > 0)
		i++;
	if (i == SIGBUS_GUARDS_MAX)
		return -ENOSPC;
	guards[i] = (struct guard){ .start = (uintptr_t)start, .len = len, .page = page };
	if (i == n_guards_end)
		n_guards_end++;
	return i;
}

void sigbus_guard_remove(int guard)
{
	guards[guard] = (struct guard){ 0 };
	while (n_guards_end > 0 && guards[n_guards_end - 1].len == 0)
		n_guards_end--;
}

bool sigbus_guard_has_lost(int guard)
{
	return guards[guard].lost;
}

void sigbus_guard_clear(void)
{
	sigbus_guard_lost = 0;
}
