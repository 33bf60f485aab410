/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Part of worker_process.h: chips of a guest that were gone and come back. */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "supervisor/worker_process.h"

bool guest_process_misses_chip(const struct guest_process *process, const char *path, bool by_path, uint64_t *rdev)
{
	for (unsigned i = 0; i < process->guest.n_chips; i++) {
		const struct guest_chip *chip = &process->guest.chips[i];
		int fd;

		if ((by_path && strcmp(chip->spec.path, path) != 0) || !chip_is_gone(&chip->spec, &chip->found) ||
		    chip_find_replugged(&chip->spec, &chip->found, path, &fd) < 0)
			continue;
		fd_close(&fd);
		*rdev = chip->found.rdev;
		return true;
	}
	return false;
}

static void chip_take(struct guest_process *process, unsigned number, const char *path)
{
	struct guest_chip *chip = &process->guest.chips[number];
	struct stat st;
	int fd, ret;

	if (chip_find_replugged(&chip->spec, &chip->found, path, &fd) < 0)
		return; /* gone again: it will appear again */
	fd_close(&chip->found.fd);
	chip->found.fd = fd;
	if (fstat(fd, &st) == 0)
		chip->found.rdev = st.st_rdev;
	log_info(process->child.tag, "%s came back as %s", chip->spec.path, path);
	/* An earlier program's is about to be replaced. One that dies now, or does not read, is replaced, too. */
	if (process->child.outdated)
		return;
	ret = process->keeper_fd >= 0 ? kept_send_chip(process->keeper_fd, number) : 0;
	if (ret < 0 && process->child.pid > 0)
		kill(process->child.pid, SIGKILL);
}

void guest_process_chip_back(struct guest_process *process, uint64_t rdev, const char *path)
{
	for (unsigned i = 0; i < process->guest.n_chips; i++) {
		const struct guest_chip *chip = &process->guest.chips[i];

		if (chip->found.rdev == rdev && chip_is_gone(&chip->spec, &chip->found))
			chip_take(process, i, path);
	}
}
