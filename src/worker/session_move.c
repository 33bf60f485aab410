/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A session is moved into memory of another form. */
#include "worker/session_move.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fault.h"

#define PAGE 4096u

/* From one place in an element to one in another. */
struct step {
	const char *name;
	uint32_t from, from_size;
	uint32_t to, to_size;
	bool is_number;
};

/* One part to one part. */
struct moving {
	const struct form_part *from, *to;
	const struct form_part *user; /* whose element says whether there is one at all; NULL: from's own does */
	struct step steps[MEMORY_FORM_FIELDS_MAX];
	unsigned n_steps;
};

struct memories {
	const struct memory_form *from_form, *to_form;
	const uint8_t *from; /* others may write to it: each byte is read once, or what it was does not matter */
	uint8_t *to;
	int from_fd;
	struct why *why;
};

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

/* Neighbours that stay neighbours are one step. */
static void step_add(struct moving *moving, const struct step *step)
{
	struct step *last = moving->n_steps > 0 ? &moving->steps[moving->n_steps - 1] : NULL;
	bool same = step->from_size == step->to_size;

	if (last && same && !last->is_number && last->from_size == last->to_size &&
	    last->from + last->from_size == step->from && last->to + last->to_size == step->to) {
		last->from_size += step->from_size;
		last->to_size += step->to_size;
		return;
	}
	moving->steps[moving->n_steps] = *step;
	/* A number that keeps its size is bytes. */
	moving->steps[moving->n_steps++].is_number = step->is_number && !same;
}

static void steps_find(struct moving *moving)
{
	for (unsigned i = 0; i < moving->to->n_fields; i++) {
		const struct form_field *to = &moving->to->fields[i];
		const struct form_field *from = memory_form_field(moving->from, to->name);
		const bool is_number = to->kind == FIELD_KIND_NUMBER;

		/* A number that has become bytes, or the other way, has the same name by mistake. */
		if (from && from->kind == to->kind)
			step_add(moving,
				 &(struct step){ to->name, from->offset, from->size, to->offset, to->size, is_number });
	}
}

static uint64_t number_get(const uint8_t *at, uint32_t size)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} in = { 0 };

	memcpy(&in, at, size);
	return size == 1 ? in.u8 : size == 2 ? in.u16 : size == 4 ? in.u32 : in.u64;
}

static bool number_put(uint8_t *at, uint32_t size, uint64_t value)
{
	const uint8_t u8 = (uint8_t)value;
	const uint16_t u16 = (uint16_t)value;
	const uint32_t u32 = (uint32_t)value;

	if (size < sizeof(value) && value >> 8 * size != 0)
		return false;
	memcpy(at,
	       size == 1   ? (const void *)&u8
	       : size == 2 ? (const void *)&u16
	       : size == 4 ? (const void *)&u32
			   : &value,
	       size);
	return true;
}

static bool step_take(const struct step *step, const uint8_t *from, uint8_t *to)
{
	uint32_t size = step->from_size < step->to_size ? step->from_size : step->to_size;

	if (step->is_number)
		return number_put(to + step->to, step->to_size, number_get(from + step->from, step->from_size));
	memcpy(to + step->to, from + step->from, size);
	return is_zero(from + step->from + size, step->from_size - size);
}

/* Element n, if there is one. What is all zeros is nobody's, and stays so. */
static int element_move(const struct memories *memories, const struct moving *moving, uint32_t n)
{
	const struct form_part *from = moving->from, *to = moving->to, *user = moving->user;
	const uint8_t *at = memories->from + from->offset + (uint64_t)n * from->stride;

	if (is_zero(at, from->stride))
		return 0;
	if (user &&
	    (n >= user->count || is_zero(memories->from + user->offset + (uint64_t)n * user->stride, user->stride)))
		return 0;
	if (n >= to->count)
		return why_fail(EOVERFLOW, memories->why, "%s %u: there are only %u", to->name, n, to->count);
	for (unsigned i = 0; i < moving->n_steps; i++) {
		if (!step_take(&moving->steps[i], at, memories->to + to->offset + (uint64_t)n * to->stride))
			return why_fail(EOVERFLOW, memories->why, "%s %u: %s does not fit", to->name, n,
					moving->steps[i].name);
	}
	return 0;
}

/* Whether all of each element is one step. */
static bool elements_same(const struct moving *moving)
{
	const struct step *step = &moving->steps[0];

	return !moving->user && moving->n_steps == 1 && !step->is_number && step->from_size == moving->from->stride &&
	       step->to_size == moving->from->stride && moving->to->stride == moving->from->stride;
}

/* A page at a time: what is zero there is not touched here. */
static void elements_copy(const struct memories *memories, const struct moving *moving, uint32_t first, uint32_t end)
{
	const struct form_part *from = moving->from;
	const uint32_t many = from->stride < PAGE ? PAGE / from->stride : 1;

	while (first < end) {
		const uint32_t n = end - first < many ? end - first : many;
		const uint64_t at = (uint64_t)first * from->stride;
		const uint8_t *source = memories->from + from->offset + at;

		if (!is_zero(source, (size_t)n * from->stride))
			memcpy(memories->to + moving->to->offset + at, source, (size_t)n * from->stride);
		first += n;
	}
}

/* Elements first to end - 1. */
static int elements_move(const struct memories *memories, const struct moving *moving, uint32_t first, uint32_t end)
{
	uint32_t same = end < moving->to->count ? end : moving->to->count;
	int ret = 0;

	if (elements_same(moving) && first < same) {
		elements_copy(memories, moving, first, same);
		first = same;
	}
	for (uint32_t i = first; i < end && ret == 0; i++)
		ret = element_move(memories, moving, i);
	return ret;
}

/* Where there is something in the file from *at on, up to end; false: nowhere. */
static bool data_find(int fd, uint64_t *at, uint64_t *data_end, uint64_t end)
{
	off_t data = lseek(fd, (off_t)*at, SEEK_DATA), hole;

	if (data < 0 && errno == ENXIO)
		return false;
	if (data >= 0)
		*at = (uint64_t)data;
	hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
	*data_end = hole > data && (uint64_t)hole < end ? (uint64_t)hole : end;
	return *at < end;
}

static int part_move(const struct memories *memories, const struct moving *moving)
{
	const struct form_part *from = moving->from;
	uint64_t at = from->offset, end = from->offset + (uint64_t)from->count * from->stride, data_end;
	uint32_t next = 0;
	int ret = 0;

	while (ret == 0 && at < end && data_find(memories->from_fd, &at, &data_end, end)) {
		uint32_t first = (uint32_t)((at - from->offset) / from->stride);
		uint32_t last = (uint32_t)((data_end - 1 - from->offset) / from->stride);

		/* The one in which the last data ended was moved with it. */
		ret = elements_move(memories, moving, first < next ? next : first, last + 1);
		next = last + 1;
		at = data_end;
	}
	return ret;
}

static const uint8_t *number_at(const uint8_t *memory, const struct memory_form *form, const char *part, bool kept,
				const char *name, uint32_t *size)
{
	const struct form_part *in = memory_form_part(form, part, 0, kept);
	const struct form_field *field = in && in->count > 0 ? memory_form_field(in, name) : NULL;

	if (!field || field->kind != FIELD_KIND_NUMBER)
		return NULL;
	*size = field->size;
	return memory + in->offset + field->offset;
}

/* 0: there is none. */
static uint32_t epoch_get(const uint8_t *memory, const struct memory_form *form, const char *part, bool kept)
{
	uint32_t size;
	const uint8_t *at = number_at(memory, form, part, kept, "epoch", &size);

	return at ? (uint32_t)number_get(at, size) : 0;
}

static void epoch_put(const struct memories *memories, uint32_t epoch)
{
	uint32_t size;
	const uint8_t *at = number_at(memories->to, memories->to_form, MEMORY_FORM_KEPT, true, "epoch", &size);

	if (at)
		number_put(memories->to + (at - memories->to), size, epoch);
}

/* All that is for this part of the new memory; what was kept only when it is of this very session. */
static int part_fill(const struct memories *memories, const struct form_part *to, bool kept_is_good)
{
	const struct memory_form *form = memories->from_form;
	int ret = 0;

	for (unsigned i = 0; i < form->n_parts && ret == 0; i++) {
		const struct form_part *from = &form->parts[i];
		struct moving moving = { .from = from, .to = to };

		if (from->number != to->number || strcmp(from->name, to->name) != 0 || (from->kept && !kept_is_good))
			continue;
		if (from->kept)
			moving.user = memory_form_part(form, from->name, from->number, false);
		/* Of a part that nobody has any more. */
		if (from->kept && !moving.user && !to->kept)
			continue;
		steps_find(&moving);
		if (moving.n_steps > 0)
			ret = part_move(memories, &moving);
	}
	return ret;
}

static int parts_fill(const struct memories *memories)
{
	const struct memory_form *to = memories->to_form;
	const uint32_t epoch = epoch_get(memories->from, memories->from_form, "session", false);
	const bool kept_is_good = epoch == epoch_get(memories->from, memories->from_form, MEMORY_FORM_KEPT, true);
	int ret = 0;

	for (unsigned i = 0; i < to->n_parts && ret == 0; i++) {
		if (strcmp(to->parts[i].name, MEMORY_FORM_KEPT) != 0)
			ret = part_fill(memories, &to->parts[i], kept_is_good);
		fault_point(FAULT_SESSION_MOVING);
	}
	epoch_put(memories, epoch);
	return ret;
}

int session_move(const struct memory_form *from, int from_fd, const struct memory_form *to, int to_fd, struct why *why)
{
	struct memories memories = { .from_form = from, .to_form = to, .from_fd = from_fd, .why = why };
	void *source = mmap(NULL, from->size, PROT_READ, MAP_SHARED, from_fd, 0), *target;
	int ret;

	if (source == MAP_FAILED)
		return why_fail(errno, why, "%s", strerror(errno));
	target = mmap(NULL, to->size, PROT_READ | PROT_WRITE, MAP_SHARED, to_fd, 0);
	if (target == MAP_FAILED) {
		ret = why_fail(errno, why, "%s", strerror(errno));
	} else {
		memories.from = source;
		memories.to = target;
		ret = parts_fill(&memories);
		munmap(target, to->size);
	}
	munmap(source, from->size);
	return ret;
}
