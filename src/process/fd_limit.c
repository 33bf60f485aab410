/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* RLIMIT_NOFILE, raised at the start or never. */
#include "process/fd_limit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

int fd_limit_raise(size_t needed, struct why *why)
{
	struct rlimit limit, wanted;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0; /* then the first line that finds no fd says so */
	wanted = (struct rlimit){ limit.rlim_max, limit.rlim_max };
	if (limit.rlim_max < needed)
		wanted = (struct rlimit){ needed, needed };
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0 || limit.rlim_cur >= needed)
		return 0;
	return why_fail(
		EMFILE, why,
		"guests and lines need %zu open files, the limit is %llu: raise LimitNOFILE= of the service, or "
		"ulimit -n",
		needed, (unsigned long long)limit.rlim_max);
}
