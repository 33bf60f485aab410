/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: a session that goes from one program to another and back, by forms and memory that may be anything.
 *
 * The first half of the input, by its first two bytes, is the form of the memory as records; the rest is its bytes. What
 * is good goes to a program with a table of this file, from there to one that knows nothing that it need not know, and
 * back again: what the first of them had is there.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "input.h"
#include "worker/session_move.h"

#define SIZE_MAX_HERE (1u << 20)

struct ours {
	uint32_t epoch;
	uint16_t word;
	uint8_t small;
	uint8_t padding;
	uint64_t large;
	uint8_t bytes[16];
};

static const struct field rows[] = {
	FIELD_MAY(struct ours, epoch),
	FIELD_MUST(struct ours, word),
	FIELD_MUST(struct ours, small),
	FIELD_PADDING(struct ours, padding),
	FIELD_MUST(struct ours, large),
	FIELD_MUST_BYTES(struct ours, bytes),
	FIELD_GONE("gone"),
};

static const struct field one_row[] = { FIELD_MAY(struct ours, epoch) };

static const struct field_part parts[] = {
	{ "session", 0, rows, ARRAY_SIZE(rows), 0, sizeof(struct ours), 1 },
	{ "line", 0, rows, ARRAY_SIZE(rows), 64, sizeof(struct ours), 100 },
	{ "line", 1, rows, ARRAY_SIZE(rows), 8192, sizeof(struct ours), 3 },
};

/* It has no lines; and for it nothing is a must. */
static const struct field_part poor[] = { { "session", 0, one_row, 1, 8, sizeof(struct ours), 1 } };

struct side {
	struct memory_form form;
	int fd;
};

static int memory_make(size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	return fd;
}

static void side_free(struct side *side)
{
	memory_form_deinit(&side->form);
	fd_close(&side->fd);
}

/* As a program with these tables takes it over. False: it does not, and says why; the memory is as it was. */
static bool follow(const struct side *from, struct side *to, const struct field_part *tables, unsigned n_tables)
{
	const struct field_part *last = &tables[n_tables - 1];
	struct memory_form own;
	struct why why = { "" };
	int ret;

	*to = (struct side){ .fd = -1 };
	MUST(memory_form_make(&own, tables, n_tables, last->offset + last->count * last->stride) == 0);
	ret = memory_form_plan(&to->form, &from->form, &own, tables, n_tables, &why);
	if (ret >= 0) {
		MUST(memory_form_fits(&to->form, &own));
		MUST(to->form.size <= own.size + MEMORY_FORM_KEPT_MAX);
		to->fd = memory_make(to->form.size);
		ret = session_move(&from->form, from->fd, &to->form, to->fd, &why);
	}
	memory_form_deinit(&own);
	MUST(ret >= 0 || why.text[0]);
	if (ret < 0)
		side_free(to);
	return ret >= 0;
}

/* The part that both have, byte for byte. */
static void same(const struct side *a, const struct side *b)
{
	uint8_t *of_a = mmap(NULL, 8192 + 3 * sizeof(struct ours), PROT_READ, MAP_SHARED, a->fd, 0);
	uint8_t *of_b = mmap(NULL, 8192 + 3 * sizeof(struct ours), PROT_READ, MAP_SHARED, b->fd, 0);

	MUST(of_a != MAP_FAILED && of_b != MAP_FAILED);
	MUST(memcmp(of_a, of_b, 8192 + 3 * sizeof(struct ours)) == 0);
	munmap(of_a, 8192 + 3 * sizeof(struct ours));
	munmap(of_b, 8192 + 3 * sizeof(struct ours));
}

static void goes_round(const struct side *first)
{
	struct side ours, again, between;

	if (!follow(first, &ours, parts, ARRAY_SIZE(parts)))
		return;
	/* What is ours goes through a program of the same tables as it is. */
	MUST(follow(&ours, &again, parts, ARRAY_SIZE(parts)));
	same(&ours, &again);
	side_free(&again);
	/* And who must know more than that does not take it. */
	MUST(!follow(&ours, &between, poor, 1));
	side_free(&ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct side first = { .fd = -1 };
	size_t len = next_u16(&in);
	struct why why = { "" };

	len = len < in.left ? len : in.left;
	if (record_table_take(&memory_form_table, &first.form, in.at, len, &why) < 0) {
		MUST(why.text[0]);
	} else if (first.form.size > 0 && first.form.size <= SIZE_MAX_HERE) {
		first.fd = memory_make(first.form.size);
		len = in.left - len < first.form.size ? in.left - len : first.form.size;
		MUST(pwrite(first.fd, in.at + in.left - len, len, 0) == (ssize_t)len);
		goes_round(&first);
	}
	side_free(&first);
	return 0;
}
