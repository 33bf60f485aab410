/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Values that are right by their form and make little sense: what no other test has a reason to send. */
#include "iommu.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOG_SIZE ((MEMORY_DEFAULT_BASE + 2 * MEMORY_DEFAULT_SIZE) / 4096 / 8)

static struct iommu iommu;

static int setup_iommu(void **state)
{
	int r = session_setup_guest(state, "iommu=on");

	if (r == 0)
		iommu_start(&iommu, *state);
	return r;
}

static int teardown_iommu(void **state)
{
	iommu_stop(&iommu);
	return session_teardown(state);
}

/* The file has every byte of the region. It still does not fit an address space, up to a whole page or at all. */
static void regions_as_large_as_a_file_can_be(void **state)
{
	static const uint64_t sizes[] = { INT64_MAX, INT64_MAX - 4095, 1ull << 62, 1ull << 47 };
	struct session *s = *state;
	int fd = memfd_create("large", MFD_CLOEXEC);

	assert_return_code(ftruncate(fd, INT64_MAX), 0);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct vu_region region = { .guest_addr = 1ull << 50, .size = sizes[i], .user_addr = 1ull << 50 };

		assert_refused(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region, &fd, 1));
		assert_serving(s);
	}
	close(fd);
}

/* The log goes on, its fd is the front-end's loss. */
static void log_fds_that_take_nothing(void **state)
{
	struct session *s = *state;
	struct vu_log log = { .size = LOG_SIZE };
	int fd = memfd_create("log", MFD_CLOEXEC), ends[2], fds[3];
	uint8_t bits[LOG_SIZE];

	signal(SIGPIPE, SIG_IGN);
	assert_return_code(ftruncate(fd, LOG_SIZE), 0);
	assert_return_code(pipe2(ends, O_CLOEXEC), 0);
	fds[0] = ends[0]; /* for reading only */
	fds[1] = ends[1];
	fds[2] = open("/dev/full", O_WRONLY | O_CLOEXEC);
	for (unsigned i = 0; i < 3; i++) {
		enum outcome outcome;
		unsigned n = 0;

		assert_return_code(ftruncate(fd, 0), 0);
		assert_return_code(ftruncate(fd, LOG_SIZE), 0);
		assert_ok(message_set_log_base(&s->vmm.connection, &log, fd));
		outcome = message_send(&s->vmm.connection, VU_SET_LOG_FD, NULL, 0, &fds[i], 1);
		assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_REFUSED);
		if (i == 1)
			close(ends[0]); /* nobody reads */
		assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES,
					   s->vmm.features | FEATURE(VHOST_F_LOG_ALL)));
		assert_serving(s);
		assert_serving(s);
		assert_int_equal(pread(fd, bits, sizeof(bits), 0), sizeof(bits));
		for (unsigned j = 0; j < sizeof(bits); j++)
			n += bits[j] != 0;
		assert_int_not_equal(n, 0);
		assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, s->vmm.features));
	}
	close(fds[1]);
	close(fds[2]);
	close(fd);
}

/* The answer to a miss that gives no size is about the byte that was missed. */
static void access_to_nothing_fails(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t missed, page;

	assert_int_equal(iommu_request(&iommu, 0).status, GPIO_OK);
	page = ring_next_slot(ring) & ~(IOMMU_PAGE - 1);
	assert_ok(iommu_send(&iommu, VU_IOTLB_INVALIDATE, page, IOMMU_PAGE, 0));
	iommu_settle(&iommu);
	iommu_drop(&iommu);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_notify(ring);
	iommu_wait_asked(&iommu, 1);
	missed = iommu.asked[0].iova - IOMMU_IOVA;
	assert_int_equal(missed & ~(IOMMU_PAGE - 1), page);
	iommu_drop(&iommu);
	assert_ok(iommu_send(&iommu, VU_IOTLB_ACCESS_FAIL, missed, 0, 0));
	assert_int_equal(iommu_wait(&iommu, VMM_REQUESTQ).len, 0);
	assert_ok(iommu_send(&iommu, VU_IOTLB_INVALIDATE, page, IOMMU_PAGE, 0));
	assert_int_equal(iommu_request(&iommu, 0).status, GPIO_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("V-35", regions_as_large_as_a_file_can_be, session_setup_started, session_teardown),
		ROW_TEST_FIXTURE("V-90", log_fds_that_take_nothing, session_setup_started, session_teardown),
		ROW_TEST_FIXTURE("V-93", access_to_nothing_fails, setup_iommu, teardown_iommu),
	};

	return session_run("odd_values", tests, sizeof(tests) / sizeof(tests[0]));
}
