/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handover image: its frame, and what the frame says of the body. */
#include "handover/handover_image.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "handover/handover_tables.h"

#define BODY_AT sizeof(struct handover_frame)

/* Numbers that were found in the body. */
struct numbers {
	uint8_t kind;
	int32_t *numbers; /* owned */
	size_t n;
};

static int number_add(void *ctx, const struct record *record, unsigned depth)
{
	struct numbers *numbers = ctx;
	int32_t *more = numbers->numbers;
	uint64_t number;

	if (record->kind != numbers->kind)
		return 0;
	if (!record_number(record, INT32_MAX, &number))
		return -EINVAL;
	if (numbers->n % 64 == 0)
		more = realloc(more, (numbers->n + 64) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	numbers->numbers = more;
	more[numbers->n++] = (int32_t)number;
	return 0;
}

static int number_compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* Sorted; -EINVAL: one is there twice. */
static int numbers_find(struct numbers *numbers, uint8_t kind, const void *body, size_t size)
{
	int ret;

	*numbers = (struct numbers){ .kind = kind };
	ret = record_walk(body, size, number_add, numbers);
	if (numbers->n > 0)
		qsort(numbers->numbers, numbers->n, sizeof(*numbers->numbers), number_compare);
	for (size_t i = 1; i < numbers->n && ret == 0; i++) {
		if (numbers->numbers[i - 1] == numbers->numbers[i])
			ret = -EINVAL;
	}
	return ret;
}

static bool fd_is_inherited(const struct handover *handover, int fd)
{
	for (unsigned i = 0; i < handover->n_guests; i++) {
		const struct handover_guest *guest = &handover->guests[i];

		if (guest->inherited && (guest->listener.fd == fd || guest->connected_fd == fd))
			return true;
	}
	return false;
}

static void pad(struct record_writer *image)
{
	static const char zeroes[8];

	record_put_whole(image, zeroes, -image->size & 7);
}

static void frame_put(struct record_writer *image, struct handover_frame frame)
{
	frame.magic = le64_make(HANDOVER_MAGIC);
	frame.version = le32_make(HANDOVER_VERSION);
	frame.size = le64_make(image->size);
	frame.body_at = le64_make(BODY_AT);
	if (!image->failed)
		memcpy(image->bytes, &frame, sizeof(frame));
}

static void lists_put(struct record_writer *image, const struct handover *handover, const struct numbers *fds,
		      const struct numbers *pids)
{
	struct handover_frame frame = { .body_size = le64_make(image->size - BODY_AT),
					.n_fds = le64_make(fds->n),
					.n_pids = le64_make(pids->n) };

	pad(image);
	frame.fds_at = le64_make(image->size);
	for (size_t i = 0; i < fds->n; i++) {
		const int32_t number = fds->numbers[i];
		const struct handover_fd fd = { le32_make((uint32_t)number),
						le32_make(fd_is_inherited(handover, number)) };

		record_put_whole(image, &fd, sizeof(fd));
	}
	frame.pids_at = le64_make(image->size);
	for (size_t i = 0; i < pids->n; i++) {
		const struct le32 pid = le32_make((uint32_t)pids->numbers[i]);

		record_put_whole(image, &pid, sizeof(pid));
	}
	pad(image);
	frame_put(image, frame);
}

int handover_encode(const struct handover *handover, struct record_writer *image)
{
	static const struct handover_frame frame;
	struct numbers fds = { .n = 0 }, pids = { .n = 0 };
	int ret;

	*image = (struct record_writer){ .max = HANDOVER_IMAGE_MAX };
	record_put_whole(image, &frame, sizeof(frame));
	record_table_put(image, &handover_table, handover);
	ret = image->failed ? -ENOMEM : 0;
	if (ret == 0)
		ret = numbers_find(&fds, RECORD_FD, image->bytes + BODY_AT, image->size - BODY_AT);
	if (ret == 0)
		ret = numbers_find(&pids, RECORD_PID, image->bytes + BODY_AT, image->size - BODY_AT);
	if (ret == 0)
		lists_put(image, handover, &fds, &pids);
	free(fds.numbers);
	free(pids.numbers);
	return ret == 0 && image->failed ? -ENOMEM : ret;
}

/* Whether n things of this size lie there. */
static bool range_check(size_t image_size, struct le64 at, struct le64 n, size_t size)
{
	return le64_get(at) % 8 == 0 && le64_get(at) >= BODY_AT && le64_get(at) <= image_size &&
	       le64_get(n) <= (image_size - le64_get(at)) / size;
}

static bool lists_check(const struct handover_lists *lists)
{
	for (size_t i = 0; i < lists->n_fds; i++) {
		uint32_t fd = le32_get(lists->fds[i].fd);

		if (fd <= 2 || fd > INT_MAX || (i > 0 && le32_get(lists->fds[i - 1].fd) >= fd))
			return false;
	}
	for (size_t i = 0; i < lists->n_pids; i++) {
		uint32_t pid = le32_get(lists->pids[i]);

		if (pid <= 1 || pid > INT_MAX) /* kill() takes 0 and -1 for many, and nobody is to end 1 */
			return false;
	}
	return true;
}

int handover_open(struct handover_lists *lists, void *bytes, size_t size)
{
	const struct handover_frame *frame = bytes;
	unsigned char *at = bytes;

	*lists = (struct handover_lists){ .n_fds = 0 };
	if (size < sizeof(*frame) || le64_get(frame->magic) != HANDOVER_MAGIC || le64_get(frame->size) != size ||
	    size % 8 != 0 || !range_check(size, frame->fds_at, frame->n_fds, sizeof(*lists->fds)) ||
	    !range_check(size, frame->pids_at, frame->n_pids, sizeof(*lists->pids)))
		return -EBADMSG;
	*lists = (struct handover_lists){
		.version = le32_get(frame->version),
		.fds = (const void *)(at + le64_get(frame->fds_at)),
		.n_fds = le64_get(frame->n_fds),
		.pids = (const void *)(at + le64_get(frame->pids_at)),
		.n_pids = le64_get(frame->n_pids),
	};
	if (range_check(size, frame->body_at, frame->body_size, 1)) {
		lists->body = at + le64_get(frame->body_at);
		lists->body_size = le64_get(frame->body_size);
	}
	if (lists_check(lists))
		return 0;
	*lists = (struct handover_lists){ .n_fds = 0 };
	return -EBADMSG;
}

static int fd_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = le32_get(((const struct handover_fd *)b)->fd);

	return (x > y) - (x < y);
}

/* Every fd of the body is in the list, every one of the list in the body, and none has two owners. */
struct fd_check {
	const struct handover_lists *lists;
	bool *seen; /* one for each of the list */
	size_t n;
	const int *to;
};

static int fd_check(void *ctx, const struct record *record, unsigned depth)
{
	struct fd_check *check = ctx;
	const struct handover_lists *lists = check->lists;
	const struct handover_fd *found;
	uint64_t number;
	struct le32 to;
	uint32_t fd;

	if (record->kind != RECORD_FD)
		return 0;
	if (!record_number(record, INT_MAX, &number) || lists->n_fds == 0)
		return -EBADMSG;
	fd = (uint32_t)number;
	found = bsearch(&fd, lists->fds, lists->n_fds, sizeof(*found), fd_compare);
	if (!found || check->seen[found - lists->fds] || (check->to && record->len != sizeof(to)))
		return -EBADMSG;
	check->seen[found - lists->fds] = true;
	check->n++;
	if (check->to) {
		to = le32_make((uint32_t)check->to[found - lists->fds]);
		memcpy(lists->body + (record->value - lists->body), &to, sizeof(to));
	}
	return 0;
}

static int fds_check(const struct handover_lists *lists, const int *to)
{
	struct fd_check check = { .lists = lists, .seen = calloc(lists->n_fds + 1, sizeof(bool)), .to = to };
	int ret;

	if (!check.seen)
		return -ENOMEM;
	ret = record_walk(lists->body, lists->body_size, fd_check, &check);
	free(check.seen);
	return ret < 0 ? ret : check.n == lists->n_fds ? 0 : -EBADMSG;
}

int handover_decode(const struct handover_lists *lists, const int *to, struct handover *handover, struct why *why)
{
	int ret;

	*handover = (struct handover){ .n_guests = 0 };
	if (lists->version != HANDOVER_VERSION)
		return why_fail(EPROTONOSUPPORT, why, "it has version %u, this program knows %u", lists->version,
				HANDOVER_VERSION);
	ret = lists->body ? fds_check(lists, to) : -EBADMSG;
	if (ret < 0)
		return why_fail(-ret, why, "%s",
				ret == -ENOMEM ? strerror(ENOMEM) : "its fds are not those of its list");
	return record_table_take(&handover_table, handover, lists->body, lists->body_size, why);
}

void handover_deinit(struct handover *handover)
{
	record_table_free(&handover_table, handover);
}
