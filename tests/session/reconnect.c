/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A front-end that comes back. */
#include "reconnect.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

int setup_hold(void **state)
{
	char words[DAEMON_GUEST_TEXT_MAX] = "lines=@A{";
	size_t len = strlen(words);
	struct session *s;

	for (unsigned i = 0; i < POLICY_LINES; i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%u,on-disconnect=hold", i ? ":" : "", i);
	snprintf(words + len, sizeof(words) - len, "}");
	s = policy_start(state, words, NULL, NULL);
	vmm_start(&s->vmm, session_socket(s));
	return 0;
}

void cut(struct session *s)
{
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
}

void come_again(struct session *s)
{
	session_prepare(s, s->vmm.features);
}

uint32_t used_base(const struct ring *ring)
{
	uint32_t used = ring->used_at.index | (ring->used_at.wrap ? 0x8000u : 0);

	return ring_is_packed(ring) ? used | used << 16 : ring_used_idx(ring);
}

void rings_again(struct session *s)
{
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, used_base(&s->vmm.rings[i]));
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
}

void cut_and_come(struct session *s)
{
	cut(s);
	come_again(s);
	rings_again(s);
	assert_serving(s);
}

void assert_same(struct session *s, unsigned times)
{
	unsigned logged = daemon_logged(&s->daemon, "front-end reconnected, continuing its session");

	/* So many are not told of at once. */
	assert_in_range(logged, times < LOG_LIMIT_BURST ? times : LOG_LIMIT_BURST, times);
	assert_int_equal(daemon_logged(&s->daemon, "not the previous front-end, dropping the saved session"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "not the previous front-end's ring"), 0);
}

void assert_other(struct session *s, const char *why)
{
	assert_int_equal(daemon_logged(&s->daemon, "front-end reconnected"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "not the previous front-end, dropping the saved session"), 1);
	assert_int_equal(daemon_logged(&s->daemon, why), 1);
}
