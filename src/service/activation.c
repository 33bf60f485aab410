/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Socket activation. */
#include "service/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/why.h"

#include "base/decimal.h"
#include "base/util.h"

/* SD_LISTEN_FDS_START: the first one; the others follow without a gap. */
#define LISTEN_FDS_START 3

/* How many fds are ours. */
static int count_read(size_t *count, struct why *why)
{
	const char *pid_word = getenv("LISTEN_PID"), *count_word = getenv("LISTEN_FDS");
	uint64_t pid, n;

	*count = 0;
	if (!pid_word || !count_word)
		return 0;
	if (decimal_parse(pid_word, INT32_MAX, &pid) < 0 || pid == 0)
		return why_fail(EINVAL, why, "LISTEN_PID=%s: not a process id", pid_word);
	if (pid != (uint64_t)getpid())
		return 0;
	if (decimal_parse(count_word, ACTIVATION_FDS_MAX, &n) < 0)
		return why_fail(EINVAL, why, "LISTEN_FDS=%s: not a number from 0 to %d", count_word,
				ACTIVATION_FDS_MAX);
	*count = (size_t)n;
	return 0;
}

/* "a:b:c": exactly one name a fd. */
static int names_read(struct activation *activation, const char *word, struct why *why)
{
	char *next;
	size_t n = 0;

	if (!word)
		return 0;
	activation->names = strdup(word);
	if (!activation->names)
		return why_fail(ENOMEM, why, "%s", strerror(ENOMEM));
	next = activation->names;
	for (char *name; (name = strsep(&next, ":")); n++) {
		if (n < activation->n_fds)
			activation->fds[n].name = name;
	}
	if (n != activation->n_fds)
		return why_fail(EINVAL, why, "LISTEN_FDNAMES has %zu names for %zu fds", n, activation->n_fds);
	return 0;
}

static int fds_read(struct activation *activation, struct why *why)
{
	size_t count;
	int ret = count_read(&count, why);

	if (ret < 0 || count == 0)
		return ret;
	activation->fds = calloc(count, sizeof(*activation->fds));
	if (!activation->fds)
		return why_fail(ENOMEM, why, "%s", strerror(ENOMEM));
	activation->n_fds = count;
	for (size_t i = 0; i < count; i++) {
		int fd = LISTEN_FDS_START + (int)i;

		activation->fds[i] = (struct activation_fd){ .fd = fd, .name = "" };
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return why_fail(errno, why, "LISTEN_FDS=%zu: fd %d is not open", count, fd);
	}
	return names_read(activation, getenv("LISTEN_FDNAMES"), why);
}

void activation_forget(void)
{
	/* LISTEN_PIDFDID says again, more strictly, what LISTEN_PID says. */
	static const char *const variables[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID" };

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		unsetenv(variables[i]);
}

int activation_init(struct activation *activation, struct why *why)
{
	int ret;

	*activation = (struct activation){ 0 };
	ret = fds_read(activation, why);
	activation_forget();
	if (ret < 0)
		activation_deinit(activation);
	return ret;
}

void activation_close(struct activation *activation)
{
	for (size_t i = 0; i < activation->n_fds; i++) {
		if (!activation->fds[i].taken)
			close(activation->fds[i].fd);
		activation->fds[i].taken = true;
	}
}

void activation_deinit(struct activation *activation)
{
	free(activation->fds);
	free(activation->names);
	*activation = (struct activation){ 0 };
}

int activation_take(struct activation *activation, const char *name)
{
	for (size_t i = 0; i < activation->n_fds; i++) {
		struct activation_fd *entry = &activation->fds[i];

		if (!entry->taken && strcmp(entry->name, name) == 0) {
			entry->taken = true;
			return entry->fd;
		}
	}
	return -1;
}

/*
 * Whether somebody chose the name. Without FileDescriptorName= it is the name of the socket unit, which ends in
 * ".socket", or "connection" for what Accept=yes gives; sd_listen_fds_with_names() has "unknown" for none.
 */
static bool name_is_chosen(const char *name)
{
	static const char suffix[] = ".socket";
	size_t len = strlen(name), suffix_len = sizeof(suffix) - 1;

	if (len >= suffix_len && strcmp(name + len - suffix_len, suffix) == 0)
		return false;
	return *name && strcmp(name, "unknown") != 0 && strcmp(name, "connection") != 0;
}

/* What the user gave by number. */
static int own_fds_note(struct activation *activation, const struct activation_guest *guests, size_t n_guests,
			struct why *why)
{
	for (size_t i = 0; i < n_guests; i++) {
		if (guests[i].fd < 0)
			continue;
		if (guests[i].has_socket)
			return why_fail(EINVAL, why, "guest %s: has both a socket and fd %d", guests[i].name,
					guests[i].fd);
		for (size_t j = 0; j < i; j++) {
			if (guests[j].fd == guests[i].fd)
				return why_fail(EINVAL, why, "guest %s: fd %d is guest %s's", guests[i].name,
						guests[i].fd, guests[j].name);
		}
		for (size_t j = 0; j < activation->n_fds; j++) {
			if (activation->fds[j].fd == guests[i].fd)
				activation->fds[j].taken = true;
		}
	}
	return 0;
}

/* The guest that the fd goes to; NULL, with the reason in words. */
static struct activation_guest *guest_by_name(const struct activation_fd *entry, struct activation_guest *guests,
					      size_t n_guests, struct why *why)
{
	for (size_t i = 0; i < n_guests; i++) {
		if (strcmp(guests[i].name, entry->name) != 0)
			continue;
		if (!guests[i].has_socket && guests[i].fd < 0)
			return &guests[i];
		if (guests[i].has_socket)
			why_fail(EINVAL, why, "fd %d (%s): this guest has a socket", entry->fd, entry->name);
		else
			why_fail(EINVAL, why, "fd %d (%s): this guest has fd %d", entry->fd, entry->name, guests[i].fd);
		return NULL;
	}
	why_fail(EINVAL, why, "fd %d (%s): there is no guest of this name", entry->fd, entry->name);
	return NULL;
}

static struct activation_guest *guest_in_order(const struct activation_fd *entry, struct activation_guest *guests,
					       size_t n_guests, struct why *why)
{
	for (size_t i = 0; i < n_guests; i++) {
		if (!guests[i].has_socket && guests[i].fd < 0)
			return &guests[i];
	}
	why_fail(EINVAL, why, "fd %d: no guest is left that wants a socket", entry->fd);
	return NULL;
}

/* Names first: what has none must not take the place of what has one. */
static int fds_give(struct activation *activation, struct activation_guest *guests, size_t n_guests, bool by_name,
		    struct why *why)
{
	for (size_t i = 0; i < activation->n_fds; i++) {
		struct activation_fd *entry = &activation->fds[i];
		struct activation_guest *guest;

		if (entry->taken || name_is_chosen(entry->name) != by_name)
			continue;
		guest = by_name ? guest_by_name(entry, guests, n_guests, why)
				: guest_in_order(entry, guests, n_guests, why);
		if (!guest)
			return -EINVAL;
		guest->fd = entry->fd;
		entry->taken = true;
	}
	return 0;
}

/* Under two numbers: who connects would reach one of the guests or the other. */
static int same_check(const struct activation_guest *guests, size_t n, struct why *why)
{
	struct stat st, other;

	if (fstat(guests[n].fd, &st) < 0)
		return why_fail(errno, why, "guest %s: fd %d: %s", guests[n].name, guests[n].fd, strerror(errno));
	for (size_t i = 0; i < n; i++) {
		if (!guests[i].has_socket && fstat(guests[i].fd, &other) == 0 && other.st_dev == st.st_dev &&
		    other.st_ino == st.st_ino)
			return why_fail(EINVAL, why, "guest %s: fd %d is the socket of guest %s, too", guests[n].name,
					guests[n].fd, guests[i].name);
	}
	return 0;
}

static int guests_check(struct activation_guest *guests, size_t n_guests, struct why *why)
{
	for (size_t i = 0; i < n_guests; i++) {
		int ret;

		if (guests[i].has_socket)
			continue;
		if (guests[i].fd < 0)
			return why_fail(EINVAL, why, "guest %s: has neither a socket nor an fd", guests[i].name);
		ret = inherited_fd_take(guests[i].fd, &guests[i].kind, why);
		if (ret < 0)
			return why_fail(-ret, why, "guest %s: %s", guests[i].name, why->text);
		ret = same_check(guests, i, why);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int activation_assign(struct activation *activation, struct activation_guest *guests, size_t n_guests, struct why *why)
{
	int ret = own_fds_note(activation, guests, n_guests, why);

	if (ret == 0)
		ret = fds_give(activation, guests, n_guests, true, why);
	if (ret == 0)
		ret = fds_give(activation, guests, n_guests, false, why);
	return ret < 0 ? ret : guests_check(guests, n_guests, why);
}
