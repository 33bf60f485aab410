/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Chips of a guest that were unplugged and come back. */
#include "supervisor/chip_replug.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scm.h"

bool chip_replug_matches(const struct worker_process *process, const char *path, bool by_path, uint64_t *rdev)
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

/* Tells the worker. One that dies now, or does not read, is replaced, too; an earlier program's is about to be. */
static void worker_notify(const struct worker_process *process, unsigned number)
{
	const struct supervisor_channel_message message = { .type = SUPERVISOR_CHANNEL_CHIP, .key = number };

	if (process->child.outdated || process->channel_fd < 0)
		return;
	if (scm_send(process->channel_fd, &message, sizeof(message), NULL, 0, MSG_DONTWAIT) < 0 &&
	    process->child.pid > 0)
		kill(process->child.pid, SIGKILL);
}

static void chip_take(struct worker_process *process, unsigned number, const char *path)
{
	struct guest_chip *chip = &process->guest.chips[number];
	struct stat st;
	int fd;

	if (chip_find_replugged(&chip->spec, &chip->found, path, &fd) < 0)
		return; /* gone again: it will appear again */
	fd_close(&chip->found.fd);
	chip->found.fd = fd;
	if (fstat(fd, &st) == 0)
		chip->found.rdev = st.st_rdev;
	log_info(process->child.tag, "%s came back as %s", chip->spec.path, path);
	worker_notify(process, number);
}

void chip_replug_take(struct worker_process *process, uint64_t rdev, const char *path)
{
	for (unsigned i = 0; i < process->guest.n_chips; i++) {
		const struct guest_chip *chip = &process->guest.chips[i];

		if (chip->found.rdev == rdev && chip_is_gone(&chip->spec, &chip->found))
			chip_take(process, i, path);
	}
}
