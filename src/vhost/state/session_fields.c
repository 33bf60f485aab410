/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The members of the session, by which a program of another layout takes it over: see base/fields.h. */
#include "base/util.h"
#include "vhost/state/session.h"

#define S(member) FIELD_MUST(struct session, member)

static const struct field session_fields[] = {
	S(magic),
	FIELD_MAY(struct session, epoch),
	S(n_queues),
	S(connected),
	S(has_features),
	S(status),
	S(transfer_ok),
	S(bound),
	FIELD_PADDING(struct session, padding),
	FIELD_MAY(struct session, progress),
	S(features),
	S(protocol_features),
	S(log.offset),
	S(log.size),
	FIELD_PART(struct session, regions),
	FIELD_PART(struct session, rings),
	S(rx.have),
	S(rx.have_next),
	S(rx.settling),
	S(rx.n_fds),
	S(rx.n_own),
	S(rx.executed),
	FIELD_MAY(struct session, rx.attempts),
	FIELD_MAY(struct session, rx.replayed),
	FIELD_PADDING(struct session, rx.padding),
	FIELD_MUST_BYTES(struct session, rx.header),
	FIELD_PADDING(struct session, rx.padding_2),
	FIELD_MUST_BYTES(struct session, rx.payload),
	FIELD_MUST_BYTES(struct session, rx.taken), /* the kernel's struct */
	S(tx.len),
	S(tx.has_fd),
	FIELD_MUST_BYTES(struct session, tx.bytes),
	FIELD_PADDING(struct session, tx.padding),
	FIELD_MUST_BYTES(struct session, tx.sent),
	FIELD_MUST_BYTES(struct session, inflight), /* the document's */
	S(reconnect.state),
	FIELD_PADDING(struct session, reconnect.padding),
	S(reconnect.features),
	FIELD_PART(struct session, reconnect.rings),
};

static const struct field region_fields[] = {
	FIELD_MUST(struct session_region, guest_addr),
	FIELD_MUST(struct session_region, user_addr),
	FIELD_MUST(struct session_region, size),
	FIELD_MUST(struct session_region, mmap_offset),
};

#define R(member) FIELD_MUST(struct session_ring, member)
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member */
#define LAYOUT(l) R(l.size), R(l.flags), R(l.desc), R(l.used), R(l.avail), R(l.log)
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member */
#define PLACE(l) R(l.dev), R(l.ino), R(l.offset), R(l.guest_addr)

static const struct field ring_fields[] = {
	LAYOUT(layout),
	LAYOUT(ran),
	R(has_addr),
	R(has_base),
	R(has_run),
	R(kick),
	R(started),
	R(enabled),
	R(broken),
	R(packed),
	R(base),
	R(position),
	R(lag),
	R(has_call_fd),
	R(has_err_fd),
	FIELD_MAY(struct session_ring, deaths),
	FIELD_PADDING(struct session_ring, padding),
	R(handled),
	FIELD_MAY(struct session_ring, suspect),
	R(transferred),
	R(reconnected),
	FIELD_PADDING(struct session_ring, padding_2),
	R(fingerprint),
	PLACE(locations.desc),
	PLACE(locations.driver),
	PLACE(locations.device),
};

/* The document's: the bytes are what they are, and the further end of a region is nobody's. */
static const struct field inflight_fields[] = {
	{ "byte", 0, 1, FIELD_KIND_NUMBER, true },
};

static const struct field deferred_fields[] = {
	FIELD_MUST(struct session_deferred_write, addr),
	FIELD_MUST(struct session_deferred_write, len),
	FIELD_MUST_BYTES(struct session_deferred_write, data),
};

#define TABLE(t) t, ARRAY_SIZE(t)

unsigned vhost_session_parts(unsigned n_queues, struct field_part parts[VHOST_SESSION_PARTS_MAX])
{
	const size_t inflight = sizeof(struct session), stride = session_inflight_stride(),
		     deferred = inflight + n_queues * stride, write = sizeof(struct session_deferred_write);
	const struct field_part fixed[] = {
		{ "session", 0, TABLE(session_fields), 0, inflight, 1 },
		{ "memory-region", 0, TABLE(region_fields), offsetof(struct session, regions),
		  sizeof(struct session_region), SESSION_SLOTS_MAX },
		{ "ring", 0, TABLE(ring_fields), offsetof(struct session, rings), sizeof(struct session_ring),
		  VHOST_QUEUES_MAX },
		{ "reconnect-ring", 0, TABLE(ring_fields), offsetof(struct session, reconnect.rings),
		  sizeof(struct session_ring), VHOST_QUEUES_MAX },
	};
	unsigned n = ARRAY_SIZE(fixed);

	for (unsigned i = 0; i < n; i++)
		parts[i] = fixed[i];
	for (unsigned i = 0; i < n_queues; i++)
		parts[n++] =
			(struct field_part){ "in-flight", i, TABLE(inflight_fields), inflight + i * stride, 1, stride };
	for (unsigned i = 0; i < n_queues; i++)
		parts[n++] = (struct field_part){ "deferred-write",
						  i,
						  TABLE(deferred_fields),
						  deferred + (size_t)i * VRING_SIZE_MAX * write,
						  write,
						  VRING_SIZE_MAX };
	return n;
}
