/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handover image: its frame, and what the frame says of the body. */
#include "handover/handover_image.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "handover/handover_tables.h"

#define BODY_AT sizeof(struct handover_frame)

/* The fds and processes that were found in the body. */
struct found {
	struct numbers {
		int32_t *numbers; /* owned */
		size_t n;
	} fds, pids;
};

static int number_add(void *ctx, const struct record *record, unsigned depth)
{
	struct found *found = ctx;
	struct numbers *numbers = record->kind == RECORD_FD ? &found->fds : &found->pids;
	int32_t *more = numbers->numbers;
	uint64_t number;

	if (record->kind != RECORD_FD && record->kind != RECORD_PID)
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

/* -EINVAL: one is there twice. */
static int numbers_sort(struct numbers *numbers)
{
	if (numbers->n > 0)
		qsort(numbers->numbers, numbers->n, sizeof(*numbers->numbers), number_compare);
	for (size_t i = 1; i < numbers->n; i++) {
		if (numbers->numbers[i - 1] == numbers->numbers[i])
			return -EINVAL;
	}
	return 0;
}

static int found_find(struct found *found, const void *body, size_t size)
{
	int ret;

	*found = (struct found){ .fds.n = 0 };
	ret = record_walk(body, size, number_add, found);
	if (ret == 0)
		ret = numbers_sort(&found->fds);
	return ret == 0 ? numbers_sort(&found->pids) : ret;
}

static void found_free(struct found *found)
{
	free(found->fds.numbers);
	free(found->pids.numbers);
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

static void lists_put(struct record_writer *image, const struct handover *handover, const struct found *found)
{
	const struct numbers *fds = &found->fds, *pids = &found->pids;
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
	struct found found = { .fds.n = 0 };
	int ret;

	*image = (struct record_writer){ .max = HANDOVER_IMAGE_MAX };
	record_put_whole(image, &frame, sizeof(frame));
	record_table_put(image, &handover_table, handover);
	ret = image->failed ? -ENOMEM : 0;
	if (ret == 0)
		ret = found_find(&found, image->bytes + BODY_AT, image->size - BODY_AT);
	if (ret == 0)
		lists_put(image, handover, &found);
	found_free(&found);
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

/* What the frame says the body has is what it has, each once: what is closed by the one is what the other means. */
static bool lists_agree(const struct handover_lists *lists, const struct found *found)
{
	const struct numbers *fds = &found->fds, *pids = &found->pids;
	bool agree = fds->n == lists->n_fds && pids->n == lists->n_pids;

	for (size_t i = 0; i < fds->n && agree; i++)
		agree = (uint32_t)fds->numbers[i] == le32_get(lists->fds[i].fd);
	for (size_t i = 0; i < pids->n && agree; i++)
		agree = (uint32_t)pids->numbers[i] == le32_get(lists->pids[i]);
	return agree;
}

struct renumbering {
	unsigned char *body;
	const struct numbers *fds;
	const int *to;
};

static int fd_renumber(void *ctx, const struct record *record, unsigned depth)
{
	const struct renumbering *renumbering = ctx;
	const struct numbers *fds = renumbering->fds;
	const int32_t *found;
	int32_t number;
	struct le32 to;

	if (record->kind != RECORD_FD)
		return 0;
	if (record->len != sizeof(to))
		return -EBADMSG;
	memcpy(&to, record->value, sizeof(to));
	number = (int32_t)le32_get(to);
	found = bsearch(&number, fds->numbers, fds->n, sizeof(number), number_compare);
	to = le32_make((uint32_t)renumbering->to[found - fds->numbers]);
	memcpy(renumbering->body + (record->value - renumbering->body), &to, sizeof(to));
	return 0;
}

static int body_check(const struct handover_lists *lists, const int *to)
{
	struct found found;
	struct renumbering renumbering = { lists->body, &found.fds, to };
	int ret = found_find(&found, lists->body, lists->body_size);

	if (ret == 0 && !lists_agree(lists, &found))
		ret = -EBADMSG;
	if (ret == 0 && to)
		ret = record_walk(lists->body, lists->body_size, fd_renumber, &renumbering);
	found_free(&found);
	return ret == -ENOMEM ? ret : ret < 0 ? -EBADMSG : 0;
}

int handover_decode(const struct handover_lists *lists, const int *to, struct handover *handover, struct why *why)
{
	int ret;

	*handover = (struct handover){ .n_guests = 0 };
	if (lists->version != HANDOVER_VERSION)
		return why_fail(EPROTONOSUPPORT, why, "it has version %u, this program knows %u", lists->version,
				HANDOVER_VERSION);
	ret = lists->body ? body_check(lists, to) : -EBADMSG;
	if (ret < 0)
		return why_fail(-ret, why, "%s",
				ret == -ENOMEM ? strerror(ENOMEM) : "its frame and its body do not agree");
	return record_table_take(&handover_table, handover, lists->body, lists->body_size, why);
}

void handover_deinit(struct handover *handover)
{
	record_table_free(&handover_table, handover);
}
