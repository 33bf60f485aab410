/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handover image: its frame, and putting it together. */
#include "handover/handover_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handover/handover_body.h"

#define BODY_AT sizeof(struct handover_frame)

static bool writer_grow(struct handover_writer *writer, size_t size)
{
	size_t capacity = writer->capacity ? writer->capacity : 4096;
	char *bytes;

	if (writer->failed || size > HANDOVER_IMAGE_MAX - writer->size) {
		writer->failed = true;
		return false;
	}
	while (capacity < writer->size + size)
		capacity *= 2;
	bytes = capacity > writer->capacity ? realloc(writer->bytes, capacity) : writer->bytes;
	if (!bytes) {
		writer->failed = true;
		return false;
	}
	writer->bytes = bytes;
	writer->capacity = capacity;
	return true;
}

static void bytes_put(struct handover_writer *writer, const void *data, size_t size)
{
	size_t padded = (size + 7) & ~(size_t)7;

	if (!writer_grow(writer, padded))
		return;
	if (size > 0)
		memcpy(writer->bytes + writer->size, data, size);
	memset(writer->bytes + writer->size + size, 0, padded - size);
	writer->size += padded;
}

void handover_put(struct handover_writer *writer, const void *data, size_t size)
{
	static const struct handover_frame frame;

	if (writer->size == 0)
		bytes_put(writer, &frame, sizeof(frame));
	bytes_put(writer, data, size);
}

/* Numbers that were found in the body, -1 and 0 left out. */
struct numbers {
	int32_t *numbers; /* owned */
	size_t n, capacity;
	int32_t least;
};

static int number_add(void *ctx, const int32_t *number)
{
	struct numbers *numbers = ctx;
	int32_t *more = numbers->numbers;

	if (*number < numbers->least)
		return 0;
	if (numbers->n == numbers->capacity) {
		numbers->capacity = 2 * numbers->capacity + 64;
		more = realloc(numbers->numbers, numbers->capacity * sizeof(*more));
		if (!more)
			return -ENOMEM;
		numbers->numbers = more;
	}
	more[numbers->n++] = *number;
	return 0;
}

static int number_compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* Sorted; -EINVAL: one is there twice. */
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

static bool fd_is_inherited(const struct handover *handover, int32_t fd)
{
	for (uint32_t i = 0; i < handover->daemon->n_guests; i++) {
		const struct handover_guest *guest = handover->guests[i].guest;

		if (guest->inherited && (guest->listener.fd == fd || guest->connected_fd == fd))
			return true;
	}
	return false;
}

int handover_seal(struct handover_writer *writer)
{
	struct handover_frame frame = { .magic = HANDOVER_MAGIC, .version = HANDOVER_VERSION, .body_at = BODY_AT };
	struct numbers fds = { .least = 0 }, pids = { .least = 1 };
	struct handover handover = { .n_fds = 0 };
	struct handover_fd *list;
	int ret;

	frame.body_size = writer->size > BODY_AT ? writer->size - BODY_AT : 0;
	ret = writer->failed || writer->size < BODY_AT ? -ENOMEM : 0;
	if (ret == 0)
		ret = handover_body_parse(&handover, writer->bytes + BODY_AT, frame.body_size);
	if (ret == 0)
		ret = handover_body_visit(&handover, number_add, &fds);
	if (ret == 0)
		ret = handover_body_visit_pids(&handover, number_add, &pids);
	if (ret == 0)
		ret = numbers_sort(&fds);
	list = ret == 0 ? calloc(fds.n + 1, sizeof(*list)) : NULL;
	for (size_t i = 0; list && i < fds.n; i++)
		list[i] = (struct handover_fd){ fds.numbers[i], fd_is_inherited(&handover, fds.numbers[i]) };
	frame.fds_at = writer->size;
	frame.n_fds = fds.n;
	if (list)
		bytes_put(writer, list, fds.n * sizeof(*list)); /* moves the body, which handover points into */
	frame.pids_at = writer->size;
	frame.n_pids = pids.n;
	bytes_put(writer, pids.numbers, pids.n * sizeof(*pids.numbers));
	frame.size = writer->size;
	if (!writer->failed)
		memcpy(writer->bytes, &frame, sizeof(frame));
	handover_deinit(&handover);
	free(list);
	free(fds.numbers);
	free(pids.numbers);
	return ret == -ENOMEM || (ret == 0 && !list) || writer->failed ? -ENOMEM : ret < 0 ? -EINVAL : 0;
}

void handover_writer_deinit(struct handover_writer *writer)
{
	free(writer->bytes);
	*writer = (struct handover_writer){ .size = 0 };
}

/* Whether n things of this size lie there. */
static bool range_check(size_t image_size, uint64_t at, uint64_t n, size_t size)
{
	return at % 8 == 0 && at >= sizeof(struct handover_frame) && at <= image_size && n <= (image_size - at) / size;
}

static bool lists_check(const struct handover *handover)
{
	for (size_t i = 0; i < handover->n_fds; i++) {
		if (handover->fds[i].fd <= STDERR_FILENO || (i > 0 && handover->fds[i - 1].fd >= handover->fds[i].fd))
			return false;
	}
	for (size_t i = 0; i < handover->n_pids; i++) {
		if (handover->pids[i] <= 1) /* kill() takes 0 and -1 for many, and nobody is to end 1 */
			return false;
	}
	return true;
}

int handover_open(struct handover *handover, const void *bytes, size_t size)
{
	const struct handover_frame *frame = bytes;

	*handover = (struct handover){ .n_fds = 0 };
	if (size < sizeof(*frame) || frame->magic != HANDOVER_MAGIC || frame->size != size || size % 8 != 0 ||
	    !range_check(size, frame->fds_at, frame->n_fds, sizeof(*handover->fds)) ||
	    !range_check(size, frame->pids_at, frame->n_pids, sizeof(*handover->pids)))
		return -EBADMSG;
	handover->fds = (const void *)((const char *)bytes + frame->fds_at);
	handover->n_fds = frame->n_fds;
	handover->pids = (const void *)((const char *)bytes + frame->pids_at);
	handover->n_pids = frame->n_pids;
	if (!lists_check(handover)) {
		*handover = (struct handover){ .n_fds = 0 };
		return -EBADMSG;
	}
	return frame->version == HANDOVER_VERSION ? 0 : -EPROTONOSUPPORT;
}

static int fd_compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = ((const struct handover_fd *)b)->fd;

	return (x > y) - (x < y);
}

/* Where an fd stands in the frame's list; n_fds: nowhere. */
static size_t fd_index(const struct handover *handover, int32_t fd)
{
	const struct handover_fd *at =
		handover->n_fds > 0 ? bsearch(&fd, handover->fds, handover->n_fds, sizeof(*at), fd_compare) : NULL;

	return at ? (size_t)(at - handover->fds) : handover->n_fds;
}

/* Every fd of the body is in the list, every one of the list in the body, and none has two owners. */
struct fd_check {
	const struct handover *handover;
	bool *seen; /* one for each of the list */
	size_t n;
};

static int fd_check(void *ctx, const int32_t *fd)
{
	struct fd_check *check = ctx;
	size_t at = fd_index(check->handover, *fd);

	if (*fd == -1)
		return 0;
	if (at == check->handover->n_fds || check->seen[at])
		return -EBADMSG;
	check->seen[at] = true;
	check->n++;
	return 0;
}

int handover_decode(struct handover *handover, const void *bytes)
{
	const struct handover_frame *frame = bytes;
	struct fd_check check = { .handover = handover };
	int ret;

	if (!range_check(frame->size, frame->body_at, frame->body_size, 1))
		return -EBADMSG;
	ret = handover_body_parse(handover, (const char *)bytes + frame->body_at, frame->body_size);
	if (ret < 0)
		return ret;
	check.seen = calloc(handover->n_fds + 1, sizeof(*check.seen));
	if (!check.seen)
		return -ENOMEM;
	ret = handover_body_visit(handover, fd_check, &check);
	free(check.seen);
	return ret < 0 ? ret : check.n == handover->n_fds ? 0 : -EBADMSG;
}

void handover_deinit(struct handover *handover)
{
	free(handover->guests);
	*handover = (struct handover){ .n_fds = 0 };
}

struct renumbering {
	const struct handover *handover;
	const int *to;
};

/* The image is the caller's, who said that it may be written. */
static int fd_renumber(void *ctx, const int32_t *fd)
{
	const struct renumbering *renumbering = ctx;

	if (*fd < 0)
		return 0;
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): takes the const away, which a visit has for all others */
	*(int32_t *)(uintptr_t)fd = renumbering->to[fd_index(renumbering->handover, *fd)];
	return 0;
}

void handover_renumber(struct handover *handover, const int *to)
{
	struct renumbering renumbering = { handover, to };

	handover_body_visit(handover, fd_renumber, &renumbering);
	/* The list would no longer ascend: nobody needs it any more. */
	handover->n_fds = 0;
}
