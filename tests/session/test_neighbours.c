/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Front-ends that have as many file descriptors kept as they can, where the daemon may have few: the guests beside them
 * are served. A program of its own: the limit is its own, too.
 */
#include "session.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "failure.h"

#define FDS_ALLOWED 400
#define REGIONS	    256
#define REGION_SIZE 4096u

static int setup(void **state)
{
	const struct rlimit limit = { FDS_ALLOWED, FDS_ALLOWED };

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		failure("RLIMIT_NOFILE: %s", strerror(errno));
	return session_setup_with(state, "s8:s8:s8:s8", 0);
}

/* Until the back-end closes the connection, or has all of them. */
static unsigned fill(struct vmm *vmm)
{
	unsigned n = 0;
	enum outcome outcome = OUTCOME_OK;

	while (n < REGIONS && outcome == OUTCOME_OK) {
		const struct vu_region region = { .guest_addr = 0x100000000ull + n * 0x10000ull,
						  .user_addr = 0x700000000000ull + n * 0x10000ull,
						  .size = REGION_SIZE };
		int fd = memfd_create("region", MFD_CLOEXEC);

		if (fd < 0 || ftruncate(fd, REGION_SIZE) < 0)
			failure("region: %s", strerror(errno));
		outcome = message_mem_reg(&vmm->connection, VU_ADD_MEM_REG, &region, &fd, 1);
		close(fd);
		n += outcome == OUTCOME_OK;
	}
	return n;
}

static void many_regions_starve_no_other_guest(void **state)
{
	struct session *s = *state;
	struct vmm abusers[3], good;

	s->workers_may_die = true;
	for (unsigned i = 0; i < 3; i++) {
		vmm_init(&abusers[i], 0);
		vmm_connect(&abusers[i], s->daemon.sockets[i + 1]);
		vmm_negotiate(&abusers[i], VMM_FEATURES, VMM_PROTOCOL_FEATURES);
		print_message("guest %u: %u regions\n", i + 1, fill(&abusers[i]));
	}
	vmm_init(&good, 0);
	vmm_start(&good, session_socket(s));
	assert_int_equal(gpio_get_direction(&good, 7), GPIO_NONE);
	/* And by a successor, which takes as many fds to be made. */
	daemon_kill_worker(&s->daemon, 0);
	assert_int_equal(gpio_set_direction(&good, 7, GPIO_IN), GPIO_OK);
	assert_int_equal(daemon_logged(&s->daemon, "cannot start a process"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "Too many open files"), 0);
	for (unsigned i = 0; i < 3; i++)
		vmm_deinit(&abusers[i]);
	vmm_deinit(&good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_regions_starve_no_other_guest, setup, session_teardown),
	};

	return session_run("neighbours", tests, sizeof(tests) / sizeof(tests[0]));
}
