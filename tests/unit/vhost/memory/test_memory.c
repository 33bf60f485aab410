/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of guest memory: what is refused, and copies over borders. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vhost/memory/memory.h"

#define PAGE	  4096ull
#define FILE_SIZE (8 * PAGE)
#define GUEST	  0x100000ull
#define USER	  0x7f0000000000ull

static struct session_region slots[SESSION_SLOTS_MAX];
static struct memory memory;
static struct file_map maps[SESSION_SLOTS_MAX];
static uint8_t *file;
static int fd;

static int setup(void **state)
{
	memset(slots, 0, sizeof(slots));
	memory_init(&memory, slots, maps);
	fd = memfd_create("guest", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, FILE_SIZE) < 0)
		return -1;
	file = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return file == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	memory_clear(&memory);
	munmap(file, FILE_SIZE);
	close(fd);
	return 0;
}

static int add(uint64_t guest, uint64_t user, uint64_t size, uint64_t offset)
{
	const struct vhost_user_region region = {
		.guest_addr = guest, .user_addr = user, .size = size, .mmap_offset = offset
	};

	return memory_add(&memory, &region, fd);
}

static void bad_regions_are_refused(void **state)
{
	int pipes[2];

	assert_int_equal(add(GUEST, USER, 0, 0), -EINVAL);
	assert_int_equal(add(UINT64_MAX - PAGE + 2, USER, PAGE, 0), -EINVAL);
	assert_int_equal(add(GUEST, UINT64_MAX - PAGE + 2, PAGE, 0), -EINVAL);
	assert_int_equal(add(GUEST, USER, PAGE, UINT64_MAX - PAGE + 2), -EINVAL);
	assert_int_equal(add(GUEST, USER, FILE_SIZE + 1, 0), -EINVAL);
	assert_int_equal(add(GUEST, USER, PAGE, FILE_SIZE), -EINVAL);
	assert_int_equal(add(GUEST, USER, FILE_SIZE, 1), -EINVAL);
	assert_true(memory_is_empty(&memory));

	assert_return_code(pipe(pipes), 0);
	assert_int_equal(memory_add(&memory,
				    &(struct vhost_user_region){ .guest_addr = GUEST, .user_addr = USER, .size = 1 },
				    pipes[0]),
			 -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
}

static void overlaps_are_refused(void **state)
{
	assert_int_equal(add(GUEST, USER, 2 * PAGE, 0), 0);
	assert_int_equal(add(GUEST + PAGE, USER + FILE_SIZE, PAGE, 0), -EINVAL);
	assert_int_equal(add(GUEST - PAGE, USER + FILE_SIZE, PAGE + 1, 0), -EINVAL);
	assert_int_equal(add(GUEST + FILE_SIZE, USER + PAGE, PAGE, 0), -EINVAL);
	assert_int_equal(add(GUEST + 2 * PAGE, USER + 2 * PAGE, PAGE, 0), 1);
}

static void slots_are_bounded(void **state)
{
	for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++)
		assert_int_equal(add(GUEST + i * PAGE, USER + i * PAGE, PAGE, 0), i);
	assert_int_equal(add(GUEST + SESSION_SLOTS_MAX * PAGE, USER + SESSION_SLOTS_MAX * PAGE, PAGE, 0), -ENOSPC);
}

static void a_copy_crosses_adjacent_regions(void **state)
{
	char text[9] = { 0 };

	/* adjacent for the guest, swapped in the file */
	assert_int_equal(add(GUEST, USER, PAGE, PAGE), 0);
	assert_int_equal(add(GUEST + PAGE, USER + PAGE, PAGE, 0), 1);
	assert_int_equal(memory_write(&memory, (struct guest_addr){ GUEST + PAGE - 4 }, "12345678", 8), 0);
	assert_memory_equal(file + 2 * PAGE - 4, "1234", 4);
	assert_memory_equal(file, "5678", 4);
	assert_int_equal(memory_read(&memory, (struct guest_addr){ GUEST + PAGE - 4 }, text, 8), 0);
	assert_string_equal(text, "12345678");
}

static void what_is_not_there_is_not_touched(void **state)
{
	char byte[16];

	assert_int_equal(add(GUEST, USER, PAGE, PAGE), 0);
	memset(file, 0x5a, FILE_SIZE);
	assert_int_equal(memory_read(&memory, (struct guest_addr){ GUEST - 1 }, byte, 1), -EFAULT);
	assert_int_equal(memory_read(&memory, (struct guest_addr){ UINT64_MAX - 7 }, byte, 8), -EFAULT);
	assert_int_equal(memory_write(&memory, (struct guest_addr){ GUEST + PAGE - 1 }, "ab", 2), -EFAULT);
	assert_int_equal(file[2 * PAGE - 1], 'a');
	assert_int_equal(file[2 * PAGE], 0x5a);
}

static void rings_lie_in_one_region_and_are_aligned(void **state)
{
	assert_int_equal(add(GUEST, USER, PAGE, 2 * PAGE), 0);
	assert_int_equal(add(GUEST + PAGE, USER + PAGE, PAGE, 4 * PAGE), 1);
	assert_non_null(memory_resolve(&memory, (struct user_addr){ USER + PAGE - 16 }, 16, 16, IOTLB_READ));
	assert_null(memory_resolve(&memory, (struct user_addr){ USER + PAGE - 16 }, 17, 16, IOTLB_READ));
	assert_null(memory_resolve(&memory, (struct user_addr){ USER + 8 }, 16, 16, IOTLB_READ));
	assert_null(memory_resolve(&memory, (struct user_addr){ USER - 16 }, 16, 16, IOTLB_READ));
	/* guest addresses are not user addresses */
	assert_null(memory_resolve(&memory, (struct user_addr){ GUEST }, 16, 16, IOTLB_READ));
}

static void removal_goes_by_addresses_and_size(void **state)
{
	struct vhost_user_region region = { .guest_addr = GUEST, .user_addr = USER, .size = PAGE, .mmap_offset = 0 };

	assert_int_equal(add(GUEST, USER, PAGE, PAGE), 0);
	region.size = 2 * PAGE;
	assert_int_equal(memory_remove(&memory, &region), -ENOENT);
	region.size = PAGE;
	region.user_addr++;
	assert_int_equal(memory_remove(&memory, &region), -ENOENT);
	region.user_addr--;
	assert_int_equal(memory_remove(&memory, &region), 0);
	assert_true(memory_is_empty(&memory));
	assert_int_equal(add(GUEST, USER, PAGE, PAGE), 0);
}

static void a_slot_is_restored(void **state)
{
	char byte;

	assert_int_equal(add(GUEST, USER, PAGE, 3 * PAGE), 0);
	memory_deinit(&memory);
	assert_true(memory_is_empty(&memory));
	file[3 * PAGE] = 'x';
	assert_int_equal(memory_restore(&memory, 0, fd), 0);
	assert_int_equal(memory_read(&memory, (struct guest_addr){ GUEST }, &byte, 1), 0);
	assert_int_equal(byte, 'x');
	assert_return_code(ftruncate(fd, PAGE), 0);
	memory_deinit(&memory);
	assert_int_equal(memory_restore(&memory, 0, fd), -EINVAL);
}

static struct iotlb iotlb;

static void translate(uint64_t iova, uint64_t user, uint8_t perm)
{
	iotlb_update(&iotlb,
		     &(struct iotlb_range){ .first = iova, .last = iova + PAGE - 1, .user = user, .perm = perm });
}

static void a_copy_goes_page_by_page(void **state)
{
	const uint64_t iova = 0xfff000;
	char text[9] = { 0 };

	assert_int_equal(add(GUEST, USER, 4 * PAGE, 0), 0);
	iotlb_clear(&iotlb);
	memory.iotlb = &iotlb;
	translate(iova, USER + 2 * PAGE, IOTLB_READ | IOTLB_WRITE);
	translate(iova + PAGE, USER, IOTLB_READ | IOTLB_WRITE);
	assert_int_equal(memory_write(&memory, (struct guest_addr){ iova + PAGE - 4 }, "12345678", 8), 0);
	assert_memory_equal(file + 3 * PAGE - 4, "1234", 4);
	assert_memory_equal(file, "5678", 4);
	assert_int_equal(memory_read(&memory, (struct guest_addr){ iova + PAGE - 4 }, text, 8), 0);
	assert_string_equal(text, "12345678");
	/* guest addresses mean nothing now */
	assert_int_equal(memory_read(&memory, (struct guest_addr){ GUEST }, text, 1), -EAGAIN);
	assert_int_equal(memory.missed.addr, GUEST);
	assert_int_equal(memory_check(&memory, (struct guest_addr){ iova + PAGE }, PAGE + 1, IOTLB_WRITE), -EAGAIN);
	assert_int_equal(memory.missed.addr, iova + 2 * PAGE);
	assert_int_equal(memory.missed.perm, IOTLB_WRITE);
	/* a translation to what is not there any more */
	translate(iova + 2 * PAGE, USER + 4 * PAGE, IOTLB_READ);
	assert_int_equal(memory_read(&memory, (struct guest_addr){ iova + 2 * PAGE }, text, 1), -EFAULT);
}

static void a_translated_ring_is_in_one_piece(void **state)
{
	const uint64_t iova = 0xfff000;

	assert_int_equal(add(GUEST, USER, 4 * PAGE, 0), 0);
	iotlb_clear(&iotlb);
	memory.iotlb = &iotlb;
	translate(iova, USER + PAGE, IOTLB_READ);
	translate(iova + PAGE, USER + 2 * PAGE, IOTLB_READ | IOTLB_WRITE);
	assert_ptr_equal(memory_resolve(&memory, (struct user_addr){ iova }, PAGE, 16, IOTLB_READ),
			 memory.maps[0].base + PAGE);
	assert_non_null(memory_resolve(&memory, (struct user_addr){ iova }, 2 * PAGE, 16, IOTLB_READ));
	assert_null(memory_resolve(&memory, (struct user_addr){ iova }, 2 * PAGE, 16, IOTLB_WRITE));
	assert_int_equal(memory.missed.addr, iova);
	assert_null(memory_resolve(&memory, (struct user_addr){ iova }, 2 * PAGE + 1, 16, IOTLB_READ));
	assert_int_equal(memory.missed.addr, iova + 2 * PAGE);
	translate(iova + PAGE, USER + 3 * PAGE, IOTLB_READ);
	assert_null(memory_resolve(&memory, (struct user_addr){ iova }, 2 * PAGE, 16, IOTLB_READ));
	assert_null(memory_resolve(&memory, (struct user_addr){ UINT64_MAX - 15 }, 32, 16, IOTLB_READ));
	assert_int_equal(memory_guest_addr(&memory, memory.maps[0].base + 5), GUEST + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("V-35", bad_regions_are_refused, setup, teardown),
		ROW_TEST_FIXTURE("V-35", overlaps_are_refused, setup, teardown),
		ROW_TEST_FIXTURE("V-34", slots_are_bounded, setup, teardown),
		ROW_TEST_FIXTURE("R-18", a_copy_crosses_adjacent_regions, setup, teardown),
		ROW_TEST_FIXTURE("R-17", what_is_not_there_is_not_touched, setup, teardown),
		ROW_TEST_FIXTURE("R-03 R-04", rings_lie_in_one_region_and_are_aligned, setup, teardown),
		ROW_TEST_FIXTURE("V-40", removal_goes_by_addresses_and_size, setup, teardown),
		ROW_TEST_FIXTURE("V-93", a_copy_goes_page_by_page, setup, teardown),
		ROW_TEST_FIXTURE("V-93", a_translated_ring_is_in_one_piece, setup, teardown),
		ROW_TEST_FIXTURE("S-08", a_slot_is_restored, setup, teardown),
	};

	return cmocka_run_group_tests_name("vhost/memory/memory", tests, NULL, NULL);
}
