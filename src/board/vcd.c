/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A waveform as a Value Change Dump. */
#include "board/vcd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES 128
#define LINE_MAX_BYTES 512 /* of the file */
/* A change with its time, the time of the end, or a comment. */
#define CHANGE_MAX_BYTES 400
/* A process that is killed may have written a part, which ends where a page of the file does. */
#define PAGE_BYTES 4096
#define ID_FIRST   '!'
#define ID_COUNT   94 /* up to '~' */
#define ID_MAX	   8

/* How much there is up to the end of a page of the file, where a line ends. */
static size_t page_left(uint64_t at)
{
	return PAGE_BYTES - at % PAGE_BYTES;
}

int vcd_flush(struct vcd *vcd)
{
	size_t done = 0;

	while (done < vcd->len && vcd->error == 0) {
		size_t left = vcd->len - done, page = page_left(vcd->n_bytes - left);
		ssize_t len = write(vcd->fd, vcd->buffer + done, left < page ? left : page);

		if (len > 0)
			done += (size_t)len;
		else if (len < 0 && errno != EINTR)
			vcd->error = -errno;
	}
	vcd->len = 0;
	return vcd->error;
}

/* One line or several, up to LINE_MAX_BYTES. */
static void __attribute__((format(printf, 2, 3))) put(struct vcd *vcd, const char *format, ...)
{
	va_list args;
	size_t len, left;
	char *text;

	if (sizeof(vcd->buffer) - vcd->len < 2ul * LINE_MAX_BYTES)
		vcd_flush(vcd);
	text = vcd->buffer + vcd->len;
	va_start(args, format);
	len = (size_t)vsnprintf(text, LINE_MAX_BYTES, format, args);
	va_end(args);
	left = page_left(vcd->n_bytes);
	/* A line that does not fit is in the next one. */
	if (len > left) {
		memmove(text + left, text, len);
		memset(text, '\n', left);
		len += left;
	}
	vcd->len += len;
	vcd->n_bytes += len;
}

static void id_write(size_t line, char id[ID_MAX])
{
	size_t n = 0;

	do {
		id[n++] = (char)(ID_FIRST + line % ID_COUNT);
		line /= ID_COUNT;
	} while (line > 0);
	id[n] = '\0';
}

static char value_of(struct line_now now)
{
	if (now.direction == LINE_DIRECTION_NONE)
		return 'z';
	if (now.level < 0)
		return 'x';
	return now.level ? '1' : '0';
}

/* Whether it is another name than before: blanks end a word, and brackets are a range. */
static bool name_make(const char *name, char made[NAME_MAX_BYTES])
{
	snprintf(made, NAME_MAX_BYTES, "%s", *name ? name : "_");
	for (char *c = made; *c; c++) {
		if (*c <= ' ' || *c > '~' || *c == '[' || *c == ']' || *c == '$')
			*c = '_';
	}
	return strcmp(made, name) != 0;
}

/* Whether another line of the guest has that name, or would have; earlier: only one that was changed before it. */
static bool is_taken(const struct vcd_line *lines, size_t n, size_t line, const char *name, bool earlier)
{
	for (size_t i = 0; i < n; i++) {
		char other[NAME_MAX_BYTES];

		if (i == line || strcmp(lines[i].guest, lines[line].guest) != 0)
			continue;
		if ((!name_make(lines[i].name, other) || i < line || !earlier) && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

/* Of several that come out as one the first has it, the others get their numbers. */
static void declare(struct vcd *vcd, const struct vcd_line *lines, size_t n, size_t line)
{
	char name[NAME_MAX_BYTES], own[NAME_MAX_BYTES + 32], id[ID_MAX];
	bool taken = name_make(lines[line].name, name) && is_taken(lines, n, line, name, true);
	int len = snprintf(own, sizeof(own), taken ? "%s_%zu" : "%s", name, line);

	while (taken && is_taken(lines, n, line, own, false) && len < (int)sizeof(own) - 1) {
		own[len++] = '_';
		own[len] = '\0';
	}
	id_write(line, id);
	put(vcd, "$var wire 1 %s %s $end\n", id, own);
}

/* The guests in the order of their first lines. */
static void declare_all(struct vcd *vcd, const struct vcd_line *lines, size_t n)
{
	for (size_t first = 0; first < n; first++) {
		char guest[NAME_MAX_BYTES];
		size_t i = 0;

		while (strcmp(lines[i].guest, lines[first].guest) != 0)
			i++;
		if (i < first)
			continue;
		name_make(lines[first].guest, guest);
		put(vcd, "$scope module %s $end\n", guest);
		for (i = first; i < n; i++) {
			if (strcmp(lines[i].guest, lines[first].guest) == 0)
				declare(vcd, lines, n, i);
		}
		put(vcd, "$upscope $end\n");
	}
}

int vcd_begin(struct vcd *vcd, int fd, const struct vcd_line *lines, size_t n, uint64_t begin_ns)
{
	vcd->fd = fd;
	vcd->error = 0;
	vcd->len = 0;
	vcd->begin_ns = begin_ns;
	vcd->last_ns = 0;
	vcd->n_lines = n;
	vcd->n_changes = vcd->n_bytes = 0;
	vcd->limit = (struct vcd_limit){ UINT64_MAX, UINT64_MAX, UINT64_MAX };
	vcd->is_full = false;
	vcd->values = malloc(n + 1);
	if (!vcd->values)
		return -ENOMEM;
	put(vcd, "$version vgpioctl $end\n$timescale 1 ns $end\n");
	declare_all(vcd, lines, n);
	put(vcd, "$enddefinitions $end\n#0\n$dumpvars\n");
	for (size_t i = 0; i < n; i++) {
		char id[ID_MAX];

		id_write(i, id);
		vcd->values[i] = value_of(lines[i].now);
		put(vcd, "%c%s\n", vcd->values[i], id);
	}
	put(vcd, "$end\n");
	return vcd_flush(vcd);
}

/* The time from the beginning on, as far as it may be told of. */
static uint64_t limited(const struct vcd *vcd, uint64_t time_ns)
{
	uint64_t since_ns = time_ns > vcd->begin_ns ? time_ns - vcd->begin_ns : 0;

	return since_ns < vcd->limit.ns ? since_ns : vcd->limit.ns;
}

/* Time never goes back. */
static void put_time(struct vcd *vcd, uint64_t time_ns)
{
	uint64_t now = limited(vcd, time_ns);

	if (now <= vcd->last_ns)
		return;
	put(vcd, "#%llu\n", (unsigned long long)now);
	vcd->last_ns = now;
}

/* Nothing follows, but time, if that was the limit. */
static void end_at(struct vcd *vcd, uint64_t ns)
{
	vcd->is_full = true;
	vcd->limit.ns = ns;
}

static bool has_room(const struct vcd *vcd)
{
	return vcd->limit.bytes >= CHANGE_MAX_BYTES && vcd->n_bytes <= vcd->limit.bytes - CHANGE_MAX_BYTES;
}

void vcd_change(struct vcd *vcd, uint64_t time_ns, size_t line, struct line_now now)
{
	char value = value_of(now), id[ID_MAX];

	if (!vcd->values || vcd->is_full || value == vcd->values[line])
		return;
	if (time_ns > vcd->begin_ns && time_ns - vcd->begin_ns > vcd->limit.ns) {
		end_at(vcd, vcd->limit.ns);
		return;
	}
	if (!has_room(vcd)) {
		end_at(vcd, vcd->last_ns);
		return;
	}
	id_write(line, id);
	put_time(vcd, time_ns);
	put(vcd, "%c%s\n", value, id);
	vcd->values[line] = value;
	if (++vcd->n_changes >= vcd->limit.changes)
		end_at(vcd, vcd->last_ns);
}

void vcd_lost(struct vcd *vcd, const char *guest, uint64_t count)
{
	char name[NAME_MAX_BYTES];

	if (vcd->is_full || !has_room(vcd))
		return;
	name_make(guest, name);
	put(vcd, "$comment %s: %llu changes were lost $end\n", name, (unsigned long long)count);
}

int vcd_end(struct vcd *vcd, uint64_t end_ns)
{
	if (vcd->values)
		put_time(vcd, end_ns);
	vcd_flush(vcd);
	free(vcd->values);
	vcd->values = NULL;
	return vcd->error;
}
