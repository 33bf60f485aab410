/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a process may do by being who it is: privileges, user, capabilities, limits.
 *
 * By system call, without libcap: there is one call to get the capabilities and one to set them.
 */
#include "sandbox/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

/*
 * More than any guest without thousands of real lines needs: fds that are under way in messages count for all processes
 * of a user together, and against this limit of each (unix(7), ETOOMANYREFS).
 */
#define FDS_MAX 16384

#define CAP_BIT(cap) (1ull << (cap))

static int caps_get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, data) < 0 ? -errno : 0;
}

static int caps_set(const struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* Everything that is not in caps goes, for good. */
static int caps_keep(uint64_t caps)
{
	struct __user_cap_data_struct data[2];
	int ret = caps_get(data);

	if (ret < 0)
		return ret;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* Who may not (EPERM) could not have them back either: no new privileges. EINVAL: after the last one. */
	for (unsigned cap = 0; cap < 64; cap++) {
		if (!(caps & CAP_BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			break;
	}
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(caps >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return caps_set(data);
}

int sandbox_enter_privileges(const struct sandbox *sandbox, const struct sandbox_params *params,
			     enum sandbox_stage stage)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* A change of the user takes the effective ones, also where the permitted ones are kept. */
static int caps_raise(void)
{
	struct __user_cap_data_struct data[2];
	int ret = caps_get(data);

	for (unsigned i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	return ret < 0 ? ret : caps_set(data);
}

int sandbox_enter_user(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage)
{
	int parent_signal = 0;

	/* That of control_process.c: a change of the user forgets it, prctl(2). */
	prctl(PR_GET_PDEATHSIG, &parent_signal);
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(sandbox->gid, sandbox->gid, sandbox->gid) < 0 ||
	    setresuid(sandbox->uid, sandbox->uid, sandbox->uid) < 0 || prctl(PR_SET_KEEPCAPS, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, parent_signal) < 0)
		return -errno;
	return caps_raise();
}

/* Lowers: a limit that is lower already stays. */
static int limit_lower(int resource, rlim_t max)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -errno;
	if (limit.rlim_max > max)
		limit.rlim_max = max;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

int sandbox_enter_limits(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage)
{
	static const struct {
		int resource;
		rlim_t max;
	} rows[] = {
		{ RLIMIT_NPROC, 0 },  { RLIMIT_MEMLOCK, 0 }, { RLIMIT_MSGQUEUE, 0 },
		{ RLIMIT_RTPRIO, 0 }, { RLIMIT_NICE, 0 },
	};
	/* Those of lines are there twice while a worker takes them up. */
	rlim_t fds = 2 * params->fds > FDS_MAX ? 2 * params->fds : FDS_MAX;
	int ret = limit_lower(RLIMIT_NOFILE, fds);

	for (size_t i = 0; i < ARRAY_SIZE(rows) && ret == 0; i++)
		ret = limit_lower(rows[i].resource, rows[i].max);
	return ret;
}

int sandbox_enter_capabilities(const struct sandbox *sandbox, const struct sandbox_params *params,
			       enum sandbox_stage stage)
{
	return caps_keep(0);
}

/*
 * What the supervisor of a root user needs all its life: sockets in directories of others, and their owner and mode;
 * more fds; its processes: to give them another user, to let them lower their bounding set, and to end them.
 */
int sandbox_keep_least(bool with_namespaces)
{
	uint64_t caps = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_KILL) |
			CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETPCAP) | CAP_BIT(CAP_SYS_RESOURCE);
	int ret = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;

	if (with_namespaces)
		caps |= CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYS_CHROOT);
	return ret < 0 ? ret : caps_keep(caps);
}
