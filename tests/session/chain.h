/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Chains of any shape: pieces of guest memory with a canary behind them. */
#pragma once

#include "session.h"

#define CHAIN_CANARY 32 /* bytes of GPIO_UNTOUCHED behind each piece of space */

/* A request of 8 bytes somewhere in guest memory, in a piece of 64 zero-filled ones. */
uint64_t chain_request(struct session *session, uint16_t type, uint16_t line, uint32_t value);
/* SET_DIRECTION(IN) of line 0: a request that shows whether it was executed. */
uint64_t chain_set_in(struct session *session);
/* len bytes of GPIO_UNTOUCHED and the canary. */
uint64_t chain_space(struct session *session, uint32_t len);
/* Whether everything from addr + from to the end of the canary is untouched. */
bool chain_untouched(struct session *session, uint64_t addr, uint32_t from, uint32_t len);
uint8_t chain_byte(struct session *session, uint64_t addr, uint32_t offset);

/* Adds, publishes, kicks as needed and waits; the id is checked. Returns the used length. */
uint32_t chain_send(struct session *session, unsigned queue, const struct ring_part *parts, unsigned n_parts,
		    enum ring_layout layout);
/* The same, without waiting: returns the head. */
uint16_t chain_post(struct session *session, unsigned queue, const struct ring_part *parts, unsigned n_parts,
		    enum ring_layout layout);

/*
 * That many requests of the usual shape, with up to depth of them under way, kicks as the device asks for. All answers
 * are checked.
 */
void chain_run_requests(struct session *session, unsigned n, unsigned depth);
/* The addresses of the request queue moved by each of these: none is accepted. */
void assert_addresses_refused(struct session *session, const struct vu_addr *by, unsigned n);

/* Whether the request of chain_set_in() was executed; the first makes the line fit for the next one. */
#define assert_was_executed(s)                                                                                         \
	do {                                                                                                           \
		assert_int_equal(gpio_get_direction(&(s)->vmm, 0), GPIO_IN);                                           \
		assert_int_equal(gpio_set_direction(&(s)->vmm, 0, GPIO_NONE), GPIO_OK);                                \
	} while (0)
#define assert_was_not_executed(s) assert_int_equal(gpio_get_direction(&(s)->vmm, 0), GPIO_NONE)
