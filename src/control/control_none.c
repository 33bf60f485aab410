/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process of a build without jansson: there is none. */
#include "control/control.h"

bool control_supported(void)
{
	return false;
}

void control_prepare(void)
{
}

int control_main(const struct control_start *start)
{
	return 1;
}
