/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Names that outlive a worker. The one that kept them may have been broken: any bytes are taken. */
#include "chip/cdev_name.h"

#include <string.h>

#include "chip/cdev_uapi.h"

void cdev_name_keep(struct cdev_name *name, const struct chip_line_info *info)
{
	if (!name)
		return;
	memcpy(name->name, info->name, sizeof(name->name));
	name->known = 1;
}

bool cdev_name_recall(const struct cdev_name *name, struct chip_line_info *info)
{
	if (!name || !name->known)
		return false;
	*info = (struct chip_line_info){ .used = false };
	cdev_name_from_uapi(name->name, info->name);
	return true;
}
