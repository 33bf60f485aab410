/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The stages of the sandbox. */
#include "sandbox/stage.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "sandbox/landlock.h"
#include "sandbox/namespaces.h"
#include "sandbox/privilege.h"
#include "sandbox/seccomp.h"

struct stage {
	const char *name;
	int (*enter)(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage);
	int lacking;	   /* beside ENOSYS and EOPNOTSUPP, the errno of a kernel without it; 0: none */
	const char *limit; /* ENOSPC: namespaces(7), a limit of /proc/sys is reached. NULL: there is none */
};

static const struct stage stages[SANDBOX_STAGES] = {
	[SANDBOX_PRIVILEGES] = { "no new privileges", sandbox_enter_privileges, 0, NULL },
	[SANDBOX_USER] = { "user", sandbox_enter_user, 0, NULL },
	[SANDBOX_USER_NAMESPACE] = { "user namespace", sandbox_enter_namespace, EINVAL,
				     "the limit user.max_user_namespaces is reached" },
	[SANDBOX_NETWORK] = { "network", sandbox_enter_namespace, EINVAL,
			      "the limit user.max_net_namespaces is reached" },
	[SANDBOX_IPC] = { "ipc", sandbox_enter_namespace, EINVAL, "the limit user.max_ipc_namespaces is reached" },
	[SANDBOX_ROOT] = { "root", sandbox_enter_namespace, 0,
			   "the limit user.max_mnt_namespaces or fs.mount-max is reached" },
	[SANDBOX_LIMITS] = { "limits", sandbox_enter_limits, 0, NULL },
	[SANDBOX_LANDLOCK] = { "landlock", sandbox_enter_landlock, 0, NULL },
	[SANDBOX_CAPABILITIES] = { "capabilities", sandbox_enter_capabilities, 0, NULL },
	[SANDBOX_FILTER] = { "system calls", sandbox_enter_filter, EINVAL, NULL },
};

const char *sandbox_stage_name(enum sandbox_stage stage)
{
	return stages[stage].name;
}

bool sandbox_stage_lacks(enum sandbox_stage stage, int error)
{
	return error == -ENOSYS || error == -EOPNOTSUPP || (stages[stage].lacking && error == -stages[stage].lacking);
}

const char *sandbox_stage_reason(enum sandbox_stage stage, int error)
{
	if (sandbox_stage_lacks(stage, error))
		return "not in this kernel";
	return error == -ENOSPC && stages[stage].limit ? stages[stage].limit : strerror(-error);
}

int sandbox_stage_enter(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage)
{
	int ret = fault_stage(stages[stage].name);

	return ret < 0 ? ret : stages[stage].enter(sandbox, params, stage);
}
