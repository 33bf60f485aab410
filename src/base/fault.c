/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Fault injection, for tests only. */
#include "base/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static struct fault_plan *plan;

/* Before main(): all processes are forked from this one and share it. */
static void __attribute__((constructor)) plan_open(void)
{
	const char *path = getenv("VGPIO_FAULTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *memory;

	if (fd < 0)
		return;
	memory = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (memory != MAP_FAILED)
		plan = memory;
}

void fault_point(enum fault_point point)
{
	if (!plan || __atomic_load_n(&plan->point, __ATOMIC_ACQUIRE) != point || plan->skip-- > 0)
		return;
	if (plan->died >= plan->deaths)
		return;
	plan->died++;
	/* What kills is to be seen as that, and not as somebody's SIGKILL. */
	if (point == FAULT_POISON_MESSAGE || point == FAULT_POISON_CHAIN)
		__builtin_trap();
	if (plan->by_call)
		socket(AF_UNIX, SOCK_STREAM, 0);
	kill(getpid(), SIGKILL);
}

bool fault_is_patient(void)
{
	return plan && plan->patient;
}

int fault_stage(const char *name)
{
	const char *words = getenv("VGPIO_FAULT_STAGE");
	size_t len = strlen(name);

	return words && strncmp(words, name, len) == 0 && words[len] == '=' ? -atoi(words + len + 1) : 0;
}
