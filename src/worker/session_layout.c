/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What lies where in a worker's session memory. */
#include "worker/session_layout.h"

#include <errno.h>
#include <unistd.h>

#include "base/util.h"
#include "chip/sim_fields.h"
#include "gpio/line_fields.h"
#include "gpio/virtio_gpio.h"
#include "ipc/supervisor_channel.h"

static const struct field worker_fields[] = {
	FIELD_MUST(struct worker_state, begun),
	FIELD_MUST(struct worker_state, drops),
	FIELD_MAY(struct worker_state, accepts),
};

#define PARTS_MAX (VHOST_SESSION_PARTS_MAX + 2 + GUEST_CHIPS_MAX)

static size_t align_up(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

static size_t state_offset(void)
{
	return align_up(vhost_session_size(VIRTIO_GPIO_QUEUES));
}

static size_t lines_offset(void)
{
	return state_offset() + align_up(sizeof(struct worker_state));
}

static size_t chips_offset(const struct guest *guest)
{
	return align_up(lines_offset() + guest->n_lines * sizeof(struct line_state));
}

struct worker_state *session_layout_state(void *session)
{
	return (struct worker_state *)((char *)session + state_offset());
}

struct line_state *session_layout_lines(void *session)
{
	return (struct line_state *)((char *)session + lines_offset());
}

void *session_layout_chips(void *session, const struct guest *guest)
{
	return (char *)session + chips_offset(guest);
}

unsigned session_layout_members(const struct guest *guest, struct aggregate_member *members)
{
	for (unsigned i = 0; i < guest->n_chips; i++)
		members[i] = (struct aggregate_member){ &guest->chips[i].spec, &guest->chips[i].found };
	return guest->n_chips;
}

size_t session_layout_size(const struct guest *guest)
{
	size_t chips = 0;

	for (unsigned i = 0; i < guest->n_chips; i++) {
		const struct aggregate_member member = { &guest->chips[i].spec, &guest->chips[i].found };

		chips += aggregate_state_size(&member, 1);
	}
	return chips_offset(guest) + align_up(chips);
}

/* All but those of chips. */
static unsigned fixed_parts(size_t n_lines, struct field_part parts[PARTS_MAX])
{
	unsigned n = vhost_session_parts(VIRTIO_GPIO_QUEUES, parts);

	parts[n++] = (struct field_part){
		"worker", 0, worker_fields, ARRAY_SIZE(worker_fields), state_offset(), sizeof(struct worker_state), 1
	};
	parts[n++] = line_fields_part(lines_offset(), n_lines);
	return n;
}

int session_layout_form(const struct guest *guest, struct memory_form *form)
{
	struct aggregate_member members[GUEST_CHIPS_MAX];
	struct field_part parts[PARTS_MAX];
	unsigned n = fixed_parts(guest->n_lines, parts);

	n += aggregate_state_parts(members, session_layout_members(guest, members), chips_offset(guest), parts + n);
	return memory_form_make(form, parts, n, session_layout_size(guest));
}

/* Those of any guest. */
static unsigned known_parts(struct field_part parts[PARTS_MAX])
{
	unsigned n = fixed_parts(1, parts);

	parts[n++] = sim_line_part;
	return n;
}

int session_layout_can_take(const struct memory_form *form, struct why *why)
{
	struct field_part known[PARTS_MAX];

	return memory_form_check_known(form, known, known_parts(known), why);
}

int session_layout_plan(const struct guest *guest, const struct memory_form *from, struct memory_form *to,
			struct why *why)
{
	struct field_part known[PARTS_MAX];
	struct memory_form own;
	int ret;

	if (from->n_parts == 0)
		return why_fail(EPROTONOSUPPORT, why, "its form is not said");
	ret = session_layout_form(guest, &own);
	if (ret < 0)
		return why_fail(-ret, why, "out of memory");
	if (memory_form_fits(from, &own))
		ret = SESSION_LAYOUT_FITS;
	else
		ret = memory_form_plan(to, from, &own, known, known_parts(known), why);
	memory_form_deinit(&own);
	return ret;
}

/* Of a part that there is once. own_at: where it lies in this program's. */
static uint32_t number_at(int session_fd, const struct memory_form *form, const char *part_name, const char *name,
			  size_t own_at)
{
	const struct form_part *part = form ? memory_form_part(form, part_name, 0, false) : NULL;
	const struct form_field *field = part ? memory_form_field(part, name) : NULL;
	off_t at = (off_t)own_at;
	uint32_t number = 0;

	if (form && (!field || field->size != sizeof(number)))
		return 0;
	if (form)
		at = (off_t)(part->offset + field->offset);
	return pread(session_fd, &number, sizeof(number), at) == sizeof(number) ? number : 0;
}

uint32_t session_layout_progress(int session_fd, const struct memory_form *form)
{
	return number_at(session_fd, form, "session", "progress", vhost_session_progress_at());
}

uint32_t session_layout_accepted(int session_fd, const struct memory_form *form)
{
	return number_at(session_fd, form, "worker", "accepts",
			 state_offset() + offsetof(struct worker_state, accepts));
}

size_t session_layout_connection_size(void)
{
	return state_offset();
}

size_t session_layout_fds_max(void)
{
	return VHOST_FDS_MAX;
}

uint32_t session_layout_connection_key(void)
{
	return vhost_fd_key(VHOST_FD_CONNECTION, 0);
}

uint32_t session_layout_line_key(unsigned line)
{
	/* The library's keys are below VHOST_FD_KIND_END << 16. */
	return FD_KEY_LASTING | line;
}
