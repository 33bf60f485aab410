/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Landlock (Documentation/userspace-api/landlock.rst), with a set of rules that has none: everything that a version of
 * the interface handles is denied. By system call: there is no library for the three of them, and headers may be older
 * than the kernel.
 */
#include "sandbox/landlock.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"

/* The same numbers on all architectures. */
#define CREATE_RULESET	444
#define RESTRICT_SELF	446
#define RULESET_VERSION 1u

/* struct landlock_ruleset_attr of version 6. An older kernel takes the zeroes at its end. */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

#define BITS(n) ((1ull << (n)) - 1)

/* By version: how many kinds of access there are. */
static const struct {
	unsigned fs, net, scopes;
} versions[] = {
	{ 0, 0, 0 },  { 13, 0, 0 }, /* Linux 5.13 */
	{ 14, 0, 0 },		    /* 5.19: refer */
	{ 15, 0, 0 },		    /* 6.2: truncate */
	{ 15, 2, 0 },		    /* 6.7: bind and connect by TCP */
	{ 16, 2, 0 },		    /* 6.10: ioctl on devices */
	{ 16, 2, 2 },		    /* 6.12: abstract sockets, signals */
};

int sandbox_enter_landlock(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage)
{
	long version = syscall(CREATE_RULESET, NULL, (size_t)0, RULESET_VERSION);
	struct ruleset rules;
	int fd, ret;

	if (version < 0)
		return -errno;
	if (version >= (long)ARRAY_SIZE(versions))
		version = ARRAY_SIZE(versions) - 1;
	rules = (struct ruleset){ BITS(versions[version].fs), BITS(versions[version].net),
				  BITS(versions[version].scopes) };
	fd = (int)syscall(CREATE_RULESET, &rules, sizeof(rules), 0u);
	if (fd < 0)
		return -errno;
	ret = syscall(RESTRICT_SELF, fd, 0u) < 0 ? -errno : 0;
	fd_close(&fd);
	return ret;
}
