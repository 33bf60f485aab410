/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest in the handover image. */
#include "supervisor/handover_guest.h"

#include <errno.h>
#include <stdlib.h>

#include "worker/session_layout.h"

/* The deaths in their order: the child has them in a ring. */
static int deaths_put(const struct child *child, struct handover_guest *out)
{
	out->deaths = calloc(CHILD_DEATHS_MAX, sizeof(*out->deaths));
	if (!out->deaths)
		return -ENOMEM;
	for (unsigned i = 0; i < CHILD_DEATHS_MAX; i++) {
		uint64_t at_ns = child->deaths_ns[(child->next_death + i) % CHILD_DEATHS_MAX];

		if (at_ns > 0)
			out->deaths[out->n_deaths++].at_ns = at_ns;
	}
	return 0;
}

int handover_guest_put(const struct worker_process *process, struct handover_guest *out)
{
	const struct child *child = &process->child;
	int ret;

	*out = (struct handover_guest){
		.guest = process->guest,
		.listener = process->listener,
		.session_size = process->session.memory.size,
		.stored = process->session.store.fds,
		.n_stored = (unsigned)process->session.store.n,
		.description = process->guest.text,
		.connected_fd = process->connected_fd,
		.session_fd = process->session.memory.fd,
		.channel_fd = process->channel_fd,
		.pid = child->pid,
		.drops = process->session.drops,
		.one_off = process->one_off,
		.has_end = child->has_end,
		.done = child->done,
		.restarting = child->restarting,
		.inherited = process->guest.socket.fd >= 0,
		.rest = process->rest,
	};
	ret = session_memory_form(&process->session.memory, &process->guest, &out->session_form);
	return ret < 0 ? ret : deaths_put(child, out);
}

int handover_guest_look(const struct handover_guest *in, struct why *why)
{
	int ret = session_layout_can_take(&in->session_form, why);

	return ret < 0 ? why_fail(-ret, why, "%s: %s", in->guest.name, why->text) : 0;
}

static void child_take(struct child *child, const struct handover_guest *in)
{
	child->has_end = in->has_end;
	child->done = in->done;
	for (unsigned i = 0; i < in->n_deaths; i++)
		child->deaths_ns[i] = in->deaths[i].at_ns;
	child->next_death = in->n_deaths % CHILD_DEATHS_MAX;
}

int handover_guest_take(struct worker_process *process, struct handover_guest *in, struct loop *loop,
			const sigset_t *signals_own)
{
	int ret = 0;

	worker_process_init(process, &in->guest, in->one_off, loop, signals_own);
	child_take(&process->child, in);
	process->session.drops = in->drops;
	process->connected_fd = in->connected_fd;
	session_memory_take(&process->session.memory, in->session_fd, in->session_size, &in->session_form,
			    &process->guest);
	process->listener = in->listener;
	process->rest = in->rest;
	in->rest = (struct record_rest){ .len = 0 };
	for (unsigned i = 0; i < in->n_stored && ret == 0; i++)
		ret = fd_store_put(&process->session.store, in->stored[i].key, in->stored[i].fd);
	return ret < 0 ? ret : worker_process_adopt(process, in->pid, in->channel_fd, in->restarting);
}
