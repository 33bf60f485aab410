/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a device owes a driver. */
#include "ledger.h"

#include <string.h>

#include "ledger_walk.h"

#define ENTRIES_MAX 600

static struct ledger {
	struct ledger_entry entries[ENTRIES_MAX]; /* in the order in which they were given */
	unsigned n;
	uint16_t used; /* where the driver looks next; in packed rings it counts to twice the size */
	bool doomed;
	bool lost_track; /* nobody knows what is used */
} ledgers[FIXTURE_QUEUES];

void ledger_reset(void)
{
	for (unsigned i = 0; i < FIXTURE_QUEUES; i++) {
		ledgers[i].n = ledgers[i].used = 0;
		ledgers[i].doomed = ledgers[i].lost_track = false;
	}
}

void ledger_doom(unsigned ring)
{
	ledgers[ring].doomed = true;
}

void ledger_lose(unsigned ring)
{
	ledgers[ring].doomed = ledgers[ring].lost_track = true;
}

bool ledger_is_doomed(unsigned ring)
{
	return ledgers[ring].doomed;
}

unsigned ledger_descs(unsigned ring)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ledgers[ring].n; i++)
		n += ledgers[ring].entries[i].n_descs;
	return n;
}

unsigned ledger_packed_descs(unsigned ring, uint16_t place)
{
	struct walked walked;

	walk_packed(ring, place, &walked);
	return walked.n_descs;
}

static void entry_walk(unsigned ring, struct ledger_entry *entry)
{
	struct walked walked;

	if (fixture.packed)
		walk_packed(ring, entry->place, &walked);
	else
		walk_split(ring, entry->place, &walked);
	entry->n_descs = (uint16_t)walked.n_descs;
	entry->malformed = walked.malformed;
	entry->write_len = (uint32_t)walked.write_len;
	entry->digest = walked.digest;
	entry->unknown = fixture.kind & FIXTURE_IOMMU;
	if (fixture.packed)
		entry->id = walked.id;
	if (walked.endless)
		ledger_doom(ring);
}

void ledger_give(unsigned ring, uint16_t id, uint16_t place)
{
	struct ledger *ledger = &ledgers[ring];
	unsigned n_available = 1;

	for (unsigned i = 0; i < ledger->n; i++) {
		if (!fixture.packed && ledger->entries[i].id == id)
			ledger->doomed = true;
		n_available += ledger->entries[i].state == LEDGER_AVAILABLE;
	}
	if (place >= fixture.size || n_available > fixture.size)
		ledger->doomed = true;
	MUST(ledger->n < ENTRIES_MAX);
	ledger->entries[ledger->n] = (struct ledger_entry){ .id = id, .place = place };
	if (place < fixture.size)
		entry_walk(ring, &ledger->entries[ledger->n]);
	ledger->n++;
}

static void entry_memory_changed(unsigned ring, struct ledger_entry *entry)
{
	uint16_t n_descs = entry->n_descs;

	if (entry->state != LEDGER_AVAILABLE)
		entry->unknown = true;
	if (entry->state != LEDGER_AVAILABLE || entry->place >= fixture.size)
		return;
	entry_walk(ring, entry);
	/* What follows in the ring lies elsewhere now. */
	if (fixture.packed && entry->n_descs != n_descs)
		ledger_lose(ring);
}

void ledger_memory_changed(void)
{
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++) {
		/* Where a packed ring's chain came back the device has written: that is not what was given. */
		ledger_reap(ring);
		for (unsigned i = 0; i < ledgers[ring].n; i++)
			entry_memory_changed(ring, &ledgers[ring].entries[i]);
	}
}

void ledger_memory_torn(void)
{
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++) {
		ledger_doom(ring);
		for (unsigned i = 0; i < ledgers[ring].n; i++)
			ledgers[ring].entries[i].unknown = true;
	}
}

/* The next one that can be delivered: what is in flight comes first, each in the order in which it was given. */
static struct ledger_entry *next_due(struct ledger *ledger)
{
	for (enum ledger_state state = LEDGER_AGAIN;; state = LEDGER_AVAILABLE) {
		for (unsigned i = 0; i < ledger->n; i++) {
			if (ledger->entries[i].state == state)
				return &ledger->entries[i];
		}
		if (state == LEDGER_AVAILABLE)
			return NULL;
	}
}

static bool is_this(const struct ledger_entry *entry, const struct vhost_chain *chain)
{
	if (!fixture.packed)
		return entry->id == chain->head;
	return entry->state == LEDGER_AGAIN
		       ? entry->head == chain->head
		       : entry->unknown || (!entry->malformed && entry->digest == walk_digest(chain));
}

static struct ledger_entry *entry_of_head(struct ledger *ledger, uint16_t head, enum ledger_state state)
{
	for (unsigned i = 0; i < ledger->n; i++) {
		struct ledger_entry *entry = &ledger->entries[i];

		if (entry->state == state && (fixture.packed ? entry->head : entry->id) == head)
			return entry;
	}
	return NULL;
}

void ledger_delivered(unsigned ring, const struct vhost_chain *chain)
{
	struct ledger *ledger = &ledgers[ring];
	struct ledger_entry *entry;

	/* What made no sense before it is back already, and not to be taken for this one. */
	if (fixture.packed)
		ledger_reap(ring);
	if (entry_of_head(ledger, chain->head, LEDGER_HELD))
		FOUND("ring %u: head %u is delivered twice", ring, chain->head);
	if (ledger->lost_track)
		return;
	while ((entry = next_due(ledger)) && !is_this(entry, chain)) {
		if (!entry->malformed && !entry->unknown && !ledger->doomed)
			FOUND("ring %u: head %u is delivered before %u", ring, chain->head, entry->id);
		entry->state = LEDGER_SKIPPED;
	}
	if (!entry)
		FOUND("ring %u: head %u is delivered and was not given", ring, chain->head);
	if (!entry->unknown && (entry->malformed || entry->digest != walk_digest(chain)))
		FOUND("ring %u: head %u: not the chain that was given%s", ring, chain->head,
		      entry->malformed ? ", which makes no sense" : "");
	entry->state = LEDGER_HELD;
	entry->head = chain->head;
	entry->write_len = chain->write_len;
}

void ledger_pushed(unsigned ring, uint16_t head, uint32_t len)
{
	struct ledger_entry *entry = entry_of_head(&ledgers[ring], head, LEDGER_HELD);

	if (!entry && ledgers[ring].lost_track)
		return;
	MUST(entry && len <= entry->write_len);
	entry->state = LEDGER_PUSHED;
	entry->pushed_len = len;
}

void ledger_stopped(unsigned ring)
{
	struct ledger *ledger = &ledgers[ring];

	ledger_reap(ring);
	for (unsigned i = 0; i < ledger->n; i++) {
		if (ledger->entries[i].state == LEDGER_HELD || ledger->entries[i].state == LEDGER_PUSHED)
			ledger->entries[i].state = LEDGER_AGAIN;
	}
}

/* Whether this one can have come back so. */
static bool is_back(const struct ledger *ledger, const struct ledger_entry *entry, uint32_t id, uint32_t len)
{
	if (entry->id != id)
		return false;
	if (entry->state == LEDGER_PUSHED)
		return len == entry->pushed_len;
	return entry->state != LEDGER_HELD && len == 0 &&
	       (entry->malformed || entry->unknown || ledger->doomed || entry->state == LEDGER_SKIPPED);
}

/* Returns how many descriptors it had. */
static unsigned entry_back(unsigned ring, uint32_t id, uint32_t len)
{
	struct ledger *ledger = &ledgers[ring];
	unsigned n_descs;

	MUST(fixture.packed || id < fixture.size);
	for (unsigned i = 0; i < ledger->n; i++) {
		if (!is_back(ledger, &ledger->entries[i], id, len))
			continue;
		n_descs = ledger->entries[i].n_descs;
		memmove(&ledger->entries[i], &ledger->entries[i + 1], (ledger->n - i - 1) * sizeof(*ledger->entries));
		ledger->n--;
		return n_descs;
	}
	FOUND("ring %u: %u came back with length %u: not given, back already, or not so", ring, id, len);
}

static void reap_split(unsigned ring)
{
	const struct vring_used *used = (struct vring_used *)fixture_ring_at(ring, FIXTURE_USED);
	struct ledger *ledger = &ledgers[ring];

	while (!ledger->lost_track && le16_get(used->idx) != ledger->used) {
		const struct vring_used_elem *elem = &used->ring[ledger->used++ & (fixture.size - 1)];

		entry_back(ring, le32_get(elem->id), le32_get(elem->len));
	}
}

static void reap_packed(unsigned ring)
{
	struct ledger *ledger = &ledgers[ring];

	while (!ledger->lost_track && ledger->n > 0) {
		const bool wrap = ledger->used < fixture.size;
		const struct vring_packed_desc *desc =
			(struct vring_packed_desc *)fixture_ring_at(ring, 0) + ledger->used % fixture.size;
		const uint16_t flags = le16_get(desc->flags);

		if (!!(flags & VRING_PACKED_DESC_F_AVAIL) != wrap || !!(flags & VRING_PACKED_DESC_F_USED) != wrap)
			break;
		ledger->used += entry_back(ring, le16_get(desc->id), le32_get(desc->len));
		ledger->used %= 2 * fixture.size;
	}
}

void ledger_reap(unsigned ring)
{
	if (fixture.packed)
		reap_packed(ring);
	else
		reap_split(ring);
}

void ledger_freeze(void)
{
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++) {
		ledger_reap(ring);
		for (unsigned i = 0; i < ledgers[ring].n; i++) {
			if (ledgers[ring].entries[i].state == LEDGER_PUSHED)
				ledgers[ring].entries[i].state = LEDGER_HELD;
		}
	}
}

void ledger_check_none_lost(unsigned ring)
{
	const struct ledger *ledger = &ledgers[ring];

	for (unsigned i = 0; i < ledger->n && !ledger->doomed; i++) {
		const struct ledger_entry *entry = &ledger->entries[i];

		if (entry->state != LEDGER_HELD && !entry->unknown)
			FOUND("ring %u: %u was given and not taken, or not returned (%d)", ring, entry->id,
			      entry->state);
	}
}
