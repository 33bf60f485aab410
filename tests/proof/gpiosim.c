/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* libgpiosim's functions for libgpiod's GLib suite in a guest: the chips are made by the host, see ./rig.py. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/gpio.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "gpiosim.h"

enum { LINES_MAX = 64, PATIENCE_MS = 60000 };

struct gpiosim_ctx {
	int refs;
	FILE *in, *out;	      /* the serial port */
	pthread_mutex_t lock; /* the suite's threads set pulls */
};

struct sim_line {
	char name[GPIO_MAX_NAME_SIZE];
	char hog[GPIO_MAX_NAME_SIZE];
	enum gpiosim_direction direction; /* of the hog; 0: there is none */
	enum gpiosim_pull pull;
	int hog_fd;
};

struct gpiosim_bank {
	int refs;
	struct gpiosim_dev *dev;
	size_t num_lines;
	struct sim_line lines[LINES_MAX];
	char path[64];
};

struct gpiosim_dev {
	int refs;
	struct gpiosim_ctx *ctx;
	struct gpiosim_bank *bank; /* no reference: the bank has one to this */
	char chip[16];		   /* its name on the host; empty: it is not live */
};

static int fail_with(int error)
{
	errno = error;
	return -1;
}

static int exchange(struct gpiosim_ctx *ctx, const char *request, char *answer, size_t size)
{
	int ret = -1;

	pthread_mutex_lock(&ctx->lock);
	if (fprintf(ctx->out, "%s\n", request) > 0 && fflush(ctx->out) == 0 && fgets(answer, (int)size, ctx->in))
		ret = 0;
	pthread_mutex_unlock(&ctx->lock);
	return ret;
}

/* Asks the host; what follows "ok " is left in answer. */
static int __attribute__((format(printf, 4, 5)))
ask(struct gpiosim_ctx *ctx, char *answer, size_t size, const char *format, ...)
{
	char request[2048], line[256];
	va_list words;

	va_start(words, format);
	vsnprintf(request, sizeof(request), format, words);
	va_end(words);
	if (exchange(ctx, request, line, sizeof(line)) < 0)
		return fail_with(EIO);
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "ok", 2) != 0) {
		fprintf(stderr, "# %s\n", line);
		return fail_with(EIO);
	}
	snprintf(answer, size, "%s", line[2] == ' ' ? line + 3 : "");
	return 0;
}

static int open_port(struct gpiosim_ctx *ctx)
{
	struct termios raw;

	ctx->in = fopen("/dev/ttyS1", "r");
	ctx->out = fopen("/dev/ttyS1", "w");
	if (!ctx->in || !ctx->out || tcgetattr(fileno(ctx->in), &raw) < 0)
		return -1;
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	return tcsetattr(fileno(ctx->in), TCSANOW, &raw);
}

/* On an error the suite ends: nothing is freed. */
struct gpiosim_ctx *gpiosim_ctx_new(void)
{
	struct gpiosim_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx || open_port(ctx) < 0)
		return NULL;
	ctx->refs = 1;
	pthread_mutex_init(&ctx->lock, NULL);
	return ctx;
}

struct gpiosim_ctx *gpiosim_ctx_ref(struct gpiosim_ctx *ctx)
{
	ctx->refs++;
	return ctx;
}

void gpiosim_ctx_unref(struct gpiosim_ctx *ctx)
{
	if (--ctx->refs > 0)
		return;
	fclose(ctx->in);
	fclose(ctx->out);
	free(ctx);
}

struct gpiosim_dev *gpiosim_dev_new(struct gpiosim_ctx *ctx)
{
	struct gpiosim_dev *dev = calloc(1, sizeof(*dev));

	if (dev) {
		dev->refs = 1;
		dev->ctx = gpiosim_ctx_ref(ctx);
	}
	return dev;
}

struct gpiosim_dev *gpiosim_dev_ref(struct gpiosim_dev *dev)
{
	dev->refs++;
	return dev;
}

void gpiosim_dev_unref(struct gpiosim_dev *dev)
{
	if (--dev->refs > 0)
		return;
	gpiosim_ctx_unref(dev->ctx);
	free(dev);
}

struct gpiosim_ctx *gpiosim_dev_get_ctx(struct gpiosim_dev *dev)
{
	return gpiosim_ctx_ref(dev->ctx);
}

const char *gpiosim_dev_get_name(struct gpiosim_dev *dev)
{
	return dev->chip;
}

bool gpiosim_dev_is_live(struct gpiosim_dev *dev)
{
	return dev->chip[0];
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

/* The guest's driver has found the device in this slot, and there is a file. */
static bool find_chip(struct gpiosim_bank *bank, const char *slot)
{
	char pattern[96];
	bool found = false;
	glob_t paths;

	snprintf(pattern, sizeof(pattern), "/sys/bus/pci/devices/0000:00:%s.0/virtio*/gpiochip*", slot);
	if (glob(pattern, 0, NULL, &paths) == 0) {
		snprintf(bank->path, sizeof(bank->path), "/dev/%s", strrchr(paths.gl_pathv[0], '/') + 1);
		found = access(bank->path, R_OK | W_OK) == 0;
		globfree(&paths);
	}
	return found;
}

/* As the kernel's own hogs: the line is somebody's. */
static int hog_line(const char *path, unsigned int offset, struct sim_line *line)
{
	bool output = line->direction != GPIOSIM_DIRECTION_INPUT;
	struct gpio_v2_line_request request = { .offsets = { offset }, .num_lines = 1 };
	int chip = open(path, O_RDWR | O_CLOEXEC), ret;

	if (chip < 0)
		return -1;
	request.config.flags = output ? GPIO_V2_LINE_FLAG_OUTPUT : GPIO_V2_LINE_FLAG_INPUT;
	if (output) {
		request.config.num_attrs = 1;
		request.config.attrs[0].mask = 1;
		request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
		request.config.attrs[0].attr.values = line->direction == GPIOSIM_DIRECTION_OUTPUT_HIGH;
	}
	memcpy(request.consumer, line->hog, sizeof(request.consumer));
	ret = ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request);
	close(chip);
	line->hog_fd = request.fd;
	return ret;
}

static int hog_lines(struct gpiosim_bank *bank)
{
	for (unsigned int i = 0; i < bank->num_lines; i++) {
		if (bank->lines[i].direction && hog_line(bank->path, i, &bank->lines[i]) < 0)
			return -1;
	}
	return 0;
}

/* " OFFSET:NAME" of each line that has one; a blank is "%20". */
static void write_names(const struct gpiosim_bank *bank, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < bank->num_lines; i++) {
		const char *name = bank->lines[i].name;

		if (!*name)
			continue;
		len += (size_t)snprintf(text + len, size - len, " %zu:", i);
		for (; *name && len < size; name++)
			len += (size_t)snprintf(text + len, size - len, *name == ' ' ? "%%20" : "%c", *name);
		if (len >= size)
			return;
	}
}

int gpiosim_dev_enable(struct gpiosim_dev *dev)
{
	char names[1024], answer[64], slot[8];

	write_names(dev->bank, names, sizeof(names));
	if (ask(dev->ctx, answer, sizeof(answer), "add %zu%s", dev->bank->num_lines, names) < 0)
		return -1;
	if (sscanf(answer, "%15s %7s", dev->chip, slot) != 2)
		return fail_with(EPROTO);
	for (long waited = 0; !find_chip(dev->bank, slot); waited += 5) {
		if (waited > PATIENCE_MS)
			return fail_with(ETIMEDOUT);
		sleep_ms(5);
	}
	return hog_lines(dev->bank);
}

int gpiosim_dev_disable(struct gpiosim_dev *dev)
{
	char answer[64];
	int ret;

	for (size_t i = 0; i < dev->bank->num_lines; i++) {
		if (dev->bank->lines[i].hog_fd > 0)
			close(dev->bank->lines[i].hog_fd);
		dev->bank->lines[i].hog_fd = 0;
	}
	ret = ask(dev->ctx, answer, sizeof(answer), "remove %s", dev->chip);
	dev->chip[0] = '\0';
	return ret;
}

struct gpiosim_bank *gpiosim_bank_new(struct gpiosim_dev *dev)
{
	struct gpiosim_bank *bank = calloc(1, sizeof(*bank));

	if (!bank)
		return NULL;
	bank->refs = 1;
	bank->dev = gpiosim_dev_ref(dev);
	bank->num_lines = 1;
	dev->bank = bank;
	return bank;
}

struct gpiosim_bank *gpiosim_bank_ref(struct gpiosim_bank *bank)
{
	bank->refs++;
	return bank;
}

void gpiosim_bank_unref(struct gpiosim_bank *bank)
{
	if (--bank->refs > 0)
		return;
	bank->dev->bank = NULL;
	gpiosim_dev_unref(bank->dev);
	free(bank);
}

struct gpiosim_dev *gpiosim_bank_get_dev(struct gpiosim_bank *bank)
{
	return gpiosim_dev_ref(bank->dev);
}

const char *gpiosim_bank_get_chip_name(struct gpiosim_bank *bank)
{
	return bank->path + strlen("/dev/");
}

const char *gpiosim_bank_get_dev_path(struct gpiosim_bank *bank)
{
	return bank->path;
}

/* The label of a VirtIO chip is its driver's. */
int gpiosim_bank_set_label(struct gpiosim_bank *bank, const char *label)
{
	(void)bank, (void)label;
	return 0;
}

int gpiosim_bank_set_num_lines(struct gpiosim_bank *bank, size_t num_lines)
{
	if (num_lines < 1 || num_lines > LINES_MAX)
		return fail_with(ERANGE);
	bank->num_lines = num_lines;
	return 0;
}

/* In a VirtIO device names are unique. */
int gpiosim_bank_set_line_name(struct gpiosim_bank *bank, unsigned int offset, const char *name)
{
	if (offset >= LINES_MAX)
		return fail_with(ERANGE);
	for (unsigned int i = 0; i < LINES_MAX; i++) {
		if (i != offset && strcmp(bank->lines[i].name, name) == 0)
			return fail_with(EEXIST);
	}
	snprintf(bank->lines[offset].name, sizeof(bank->lines[offset].name), "%s", name);
	return 0;
}

int gpiosim_bank_hog_line(struct gpiosim_bank *bank, unsigned int offset, const char *name,
			  enum gpiosim_direction direction)
{
	if (offset >= LINES_MAX)
		return fail_with(ERANGE);
	snprintf(bank->lines[offset].hog, sizeof(bank->lines[offset].hog), "%s", name);
	bank->lines[offset].direction = direction;
	return 0;
}

int gpiosim_bank_clear_hog(struct gpiosim_bank *bank, unsigned int offset)
{
	if (offset >= LINES_MAX)
		return fail_with(ERANGE);
	bank->lines[offset].direction = 0;
	return 0;
}

enum gpiosim_value gpiosim_bank_get_value(struct gpiosim_bank *bank, unsigned int offset)
{
	char answer[8];

	if (ask(bank->dev->ctx, answer, sizeof(answer), "get %s %u", bank->dev->chip, offset) < 0)
		return GPIOSIM_VALUE_ERROR;
	return answer[0] == '1' ? GPIOSIM_VALUE_ACTIVE : GPIOSIM_VALUE_INACTIVE;
}

enum gpiosim_pull gpiosim_bank_get_pull(struct gpiosim_bank *bank, unsigned int offset)
{
	if (offset >= LINES_MAX) {
		errno = ERANGE;
		return GPIOSIM_PULL_ERROR;
	}
	return bank->lines[offset].pull ? bank->lines[offset].pull : GPIOSIM_PULL_DOWN;
}

int gpiosim_bank_set_pull(struct gpiosim_bank *bank, unsigned int offset, enum gpiosim_pull pull)
{
	char answer[8];

	if (offset >= LINES_MAX)
		return fail_with(ERANGE);
	bank->lines[offset].pull = pull;
	return ask(bank->dev->ctx, answer, sizeof(answer), "pull %s %u %s", bank->dev->chip, offset,
		   pull == GPIOSIM_PULL_UP ? "up" : "down");
}
