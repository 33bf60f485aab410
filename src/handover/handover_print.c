/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A handover image for people. */
#include "handover/handover_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "handover/handover_image.h"

/* At most so many bytes of a value that nobody can read. */
#define HEX_MAX 64

static void text_print(const struct record *record, FILE *stream)
{
	fputs(" \"", stream);
	for (size_t i = 0; i < record->len; i++) {
		unsigned char c = record->value[i];

		if (c < ' ' || c == 0x7f || c == '"' || c == '\\')
			fprintf(stream, "\\x%02x", c);
		else
			putc(c, stream);
	}
	fputs("\"", stream);
}

static void hex_print(const struct record *record, FILE *stream)
{
	for (size_t i = 0; i < record->len && i < HEX_MAX; i++)
		fprintf(stream, " %02x", record->value[i]);
	if (record->len > HEX_MAX)
		fprintf(stream, " ... (%zu bytes)", record->len);
}

static int record_print(void *ctx, const struct record *record, unsigned depth)
{
	FILE *stream = ctx;
	uint64_t number;

	fprintf(stream, "%*s%s%s", 2 * (int)depth, "", record->name, record->must ? "!" : "");
	if (record_number(record, UINT64_MAX, &number))
		fprintf(stream, " %" PRIu64, number);
	else if (record->kind == RECORD_TEXT)
		text_print(record, stream);
	else if (record->kind != RECORD_GROUP)
		hex_print(record, stream);
	putc('\n', stream);
	return 0;
}

static void lists_print(const struct handover_lists *lists, FILE *stream)
{
	fputs("file descriptors:", stream);
	for (size_t i = 0; i < lists->n_fds; i++)
		fprintf(stream, " %u%s", le32_get(lists->fds[i].fd),
			le32_get(lists->fds[i].inherited) ? "(inherited)" : "");
	fputs("\nprocesses:", stream);
	for (size_t i = 0; i < lists->n_pids; i++)
		fprintf(stream, " %u", le32_get(lists->pids[i]));
	putc('\n', stream);
}

static void image_print(const struct handover_lists *lists, size_t size, FILE *stream,
			int (*look)(const struct handover_guest *guest, struct why *why))
{
	struct handover handover;
	struct why why;
	int ret;

	fprintf(stream, "handover image, version %u, %zu bytes; \"!\": must be understood\n", lists->version, size);
	lists_print(lists, stream);
	if (lists->version >= HANDOVER_VERSION && record_walk(lists->body, lists->body_size, record_print, stream) < 0)
		fputs("(from here on it is no record)\n", stream);
	ret = handover_decode(lists, NULL, &handover, &why);
	for (unsigned i = 0; i < handover.n_guests && look && ret == 0; i++)
		ret = look(&handover.guests[i], &why);
	if (ret < 0)
		fprintf(stream, "this program cannot take over: %s\n", why.text);
	else
		fputs("this program can take over\n", stream);
	handover_deinit(&handover);
}

static int file_read(const char *path, struct record_writer *bytes, struct why *why)
{
	FILE *file = fopen(path, "re");
	char part[4096];
	size_t n;
	int error;

	if (!file)
		return why_fail(errno, why, "%s: %s", path, strerror(errno));
	errno = 0;
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		record_put_whole(bytes, part, n);
	error = ferror(file) ? errno : bytes->failed ? EFBIG : 0;
	fclose(file);
	return error ? why_fail(error, why, "%s: %s", path, strerror(error)) : 0;
}

int handover_print(const char *path, FILE *stream, int (*look)(const struct handover_guest *guest, struct why *why),
		   struct why *why)
{
	struct record_writer bytes = { .max = HANDOVER_IMAGE_MAX };
	struct handover_lists lists;
	int ret = file_read(path, &bytes, why);

	if (ret == 0 && handover_open(&lists, bytes.bytes, bytes.size) < 0)
		ret = why_fail(EBADMSG, why, "%s: not a handover image", path);
	if (ret == 0)
		image_print(&lists, bytes.size, stream, look);
	record_writer_deinit(&bytes);
	return ret;
}
