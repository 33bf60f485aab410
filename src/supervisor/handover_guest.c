/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest in the handover image. */
#include "supervisor/handover_guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "chip/chip_spec.h"
#include "worker/session_layout.h"

static void file_put(const struct own_file *file, struct handover_file *out)
{
	if (!file->path[0])
		return;
	snprintf(out->path, sizeof(out->path), "%s", file->path);
	out->dev = file->dev;
	out->ino = file->ino;
}

static void file_take(struct own_file *file, const struct handover_file *in)
{
	memcpy(file->path, in->path, sizeof(file->path)); /* its NUL is there: it was checked */
	file->dev = in->dev;
	file->ino = in->ino;
}

void handover_listener_put(const struct listener *listener, struct handover_listener *out)
{
	*out = (struct handover_listener){ .fd = listener->fd };
	file_put(&listener->socket, &out->socket);
	file_put(&listener->alias, &out->alias);
}

void handover_listener_take(struct listener *listener, const struct handover_listener *in)
{
	*listener = LISTENER_NONE;
	listener->fd = in->fd;
	file_take(&listener->socket, &in->socket);
	file_take(&listener->alias, &in->alias);
}

static void chip_put(const struct guest_chip *chip, struct handover_writer *writer)
{
	struct handover_chip out = { .simulated = chip_spec_is_sim(&chip->spec),
				     .n_lines = chip->found.n_lines,
				     .fd = chip->found.fd,
				     .by_label = chip->spec.by_label,
				     .rdev = chip->found.rdev };

	snprintf(out.path, sizeof(out.path), "%s", chip->spec.path);
	memcpy(out.label, chip->found.label, sizeof(out.label));
	handover_put(writer, &out, sizeof(out));
}

static void line_put(const struct line_rules *rules, struct handover_writer *writer)
{
	struct handover_line out = { .debounce_us = rules->settings.debounce_us,
				     .offset = rules->offset,
				     .chip = rules->chip,
				     .active_low = rules->settings.active_low,
				     .bias = rules->settings.bias,
				     .drive = rules->settings.drive,
				     .no_output = rules->no_output,
				     .no_input = rules->no_input,
				     .no_value = rules->no_value,
				     .no_irq = rules->no_irq,
				     .init = rules->init,
				     .on_disconnect = rules->on_disconnect };

	memcpy(out.name, rules->name, sizeof(out.name));
	handover_put(writer, &out, sizeof(out));
}

void handover_guest_put(const struct worker_process *process, const char *description, struct handover_writer *writer)
{
	const struct guest *guest = &process->guest;
	const struct child *child = &process->child;
	struct handover_guest out = {
		.session_size = process->session_size,
		.session_layout = process->session_foreign ? 0 : session_layout_id(),
		.next_death = child->next_death,
		.connected_fd = process->connected_fd,
		.session_fd = process->session_fd,
		.channel_fd = process->channel_fd,
		.pid = child->pid,
		.drops = process->drops,
		.n_chips = guest->n_chips,
		.n_lines = guest->n_lines,
		.n_stored_fds = (uint32_t)process->store.n,
		.description_size = (uint32_t)strlen(description) + 1,
		.one_off = process->one_off,
		.has_end = child->has_end,
		.done = child->done,
		.restarting = child->restarting,
		.inherited = guest->socket.fd >= 0,
		.iommu = guest->settings.iommu,
	};

	snprintf(out.name, sizeof(out.name), "%s", guest->name);
	snprintf(out.socket_path, sizeof(out.socket_path), "%s", guest->socket.path);
	snprintf(out.socket_alias, sizeof(out.socket_alias), "%s", guest->socket.alias);
	handover_listener_put(&process->listener, &out.listener);
	memcpy(out.deaths_ns, child->deaths_ns, sizeof(out.deaths_ns));
	handover_put(writer, &out, sizeof(out));
	for (unsigned i = 0; i < guest->n_chips; i++)
		chip_put(&guest->chips[i], writer);
	for (unsigned i = 0; i < guest->n_lines; i++)
		line_put(&guest->lines[i], writer);
	for (size_t i = 0; i < process->store.n; i++) {
		struct handover_stored_fd stored = { process->store.fds[i].key, process->store.fds[i].fd };

		handover_put(writer, &stored, sizeof(stored));
	}
	handover_put(writer, description, out.description_size);
}

static void chip_take(struct guest_chip *chip, const struct handover_chip *in)
{
	if (in->simulated)
		chip_spec_sim(in->n_lines, &chip->spec);
	else
		chip_spec_path(in->path, &chip->spec); /* fits: it was checked */
	chip->spec.by_label = in->by_label;
	chip->found = (struct chip_found){ .fd = in->fd,
					   .n_lines = in->n_lines,
					   .state_size = chip_state_size(&chip->spec, in->n_lines),
					   .rdev = in->rdev };
	memcpy(chip->found.label, in->label, sizeof(chip->found.label));
}

static void line_take(struct line_rules *rules, const struct handover_line *in)
{
	*rules = (struct line_rules){
		.settings = { .active_low = in->active_low,
			      .bias = in->bias,
			      .drive = in->drive,
			      .debounce_us = in->debounce_us },
		.no_output = in->no_output,
		.no_input = in->no_input,
		.no_value = in->no_value,
		.no_irq = in->no_irq,
		.init = in->init,
		.on_disconnect = in->on_disconnect,
		.chip = in->chip,
		.offset = in->offset,
	};
	memcpy(rules->name, in->name, sizeof(rules->name));
}

/* What was found of it, and is still held: nothing is looked up. */
static int guest_take(struct guest *guest, const struct handover_guest_parts *parts)
{
	const struct handover_guest *in = parts->guest;

	*guest = (struct guest){ .socket.fd = -1,
				 .settings.iommu = in->iommu,
				 .n_chips = in->n_chips,
				 .n_lines = in->n_lines,
				 .chips = calloc(in->n_chips, sizeof(*guest->chips)),
				 .lines = calloc(in->n_lines, sizeof(*guest->lines)) };
	if (!guest->chips || !guest->lines) {
		free(guest->chips);
		free(guest->lines);
		*guest = (struct guest){ .socket.fd = -1 };
		return -ENOMEM;
	}
	memcpy(guest->name, in->name, sizeof(guest->name));
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a copy into the struct makes it forget the pointers beside */
	memcpy(guest->socket.path, in->socket_path, sizeof(guest->socket.path));
	memcpy(guest->socket.alias, in->socket_alias, sizeof(guest->socket.alias));
	if (in->inherited)
		guest->socket.fd = in->listener.fd >= 0 ? in->listener.fd : in->connected_fd;
	for (uint32_t i = 0; i < in->n_chips; i++)
		chip_take(&guest->chips[i], &parts->chips[i]);
	for (uint32_t i = 0; i < in->n_lines; i++)
		line_take(&guest->lines[i], &parts->lines[i]);
	return 0;
}

static void child_take(struct child *child, const struct handover_guest *in)
{
	child->has_end = in->has_end;
	child->done = in->done;
	child->next_death = in->next_death;
	memcpy(child->deaths_ns, in->deaths_ns, sizeof(child->deaths_ns));
}

int handover_guest_take(struct worker_process *process, const struct handover_guest_parts *parts, struct loop *loop,
			const sigset_t *signals_own)
{
	const struct handover_guest *in = parts->guest;
	struct guest guest;
	int ret = guest_take(&guest, parts);

	worker_process_init(process, &guest, in->one_off, loop, signals_own);
	if (ret < 0)
		return ret;
	fd_store_init(&process->store, session_layout_fds_max(), process->guest.n_lines);
	child_take(&process->child, in);
	process->drops = in->drops;
	process->connected_fd = in->connected_fd;
	process->session_fd = in->session_fd;
	process->session_size = in->session_size;
	process->session_foreign =
		in->session_layout != session_layout_id() || in->session_size != session_layout_size(&process->guest);
	handover_listener_take(&process->listener, &in->listener);
	for (uint32_t i = 0; i < in->n_stored_fds && ret == 0; i++)
		ret = fd_store_put(&process->store, parts->stored_fds[i].key, parts->stored_fds[i].fd);
	if (process->session_foreign)
		log_warning(in->name,
			    "this program does not know the session layout of the one before: the session ends");
	return ret < 0 ? ret : worker_process_adopt(process, in->pid, in->channel_fd, in->restarting);
}
