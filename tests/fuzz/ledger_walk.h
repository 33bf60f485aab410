/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the descriptors of a chain say, for the ledger: see there. */
#pragma once

#include "fixture.h"

struct walked {
	bool malformed;
	bool endless;	  /* packed: all of the ring, and it says that more follows */
	bool has_written; /* a writable part that is not empty came */
	unsigned n_descs; /* of the ring */
	unsigned n_segments;
	uint16_t id; /* packed: of the buffer */
	uint64_t read_len, write_len;
	uint64_t digest;
};

void walk_split(unsigned ring, uint16_t head, struct walked *walked);
void walk_packed(unsigned ring, uint16_t place, struct walked *walked);
/* The digest of a chain as the device sees it. */
uint64_t walk_digest(const struct vhost_chain *chain);
