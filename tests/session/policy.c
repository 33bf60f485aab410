/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The fixture of the tests of the host's rules. */
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The words for a guest: A and B behind an '@' are the chips; simulated, A is the guest's own and there is no B. */
static void guest_write(const struct session *s, const char *words, char *text, size_t size)
{
	size_t len = 0;

	if (!outside_wants_real())
		len = (size_t)snprintf(text, size, "sim=%d,", POLICY_LINES);
	for (; *words && len + 16 < size; words++) {
		text[len++] = *words;
		if (*words != '@')
			continue;
		words++;
		if (outside_wants_real())
			len += (size_t)snprintf(text + len, size - len, "%u", s->chips[*words - 'A'].number);
		else
			len += (size_t)snprintf(text + len, size - len, "sim");
	}
	text[len] = '\0';
}

static char guest_texts[2][DAEMON_GUEST_TEXT_MAX];

struct session *policy_start(void **state, const char *first, const char *second, const char *option)
{
	const char *guests[] = { guest_texts[0], second ? guest_texts[1] : NULL, NULL };
	struct session *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	*state = s;
	for (unsigned i = 0; i < 2 && outside_wants_real(); i++)
		gpio_sim_make_dummy(&s->chips[i], POLICY_LINES);
	if (outside_wants_real())
		outside_is_real(0, &s->chips[0]);
	guest_write(s, first, guest_texts[0], sizeof(guest_texts[0]));
	if (second)
		guest_write(s, second, guest_texts[1], sizeof(guest_texts[1]));
	daemon_start_guests(&s->daemon, guests, option);
	outside_open(&s->outside, s->daemon.control);
	vmm_init(&s->vmm, 0);
	return s;
}

int policy_level(struct session *s, unsigned line)
{
	return line_level(s, line);
}

int policy_settled(struct session *s, unsigned line, int up)
{
	if (outside_wants_real())
		gpio_sim_pull(&s->chips[0], line, up);
	return policy_level(s, line);
}

void policy_pull(struct session *s, unsigned line, int up)
{
	char name[32];

	snprintf(name, sizeof(name), "guest0.%u", line);
	outside_pull(&s->outside, name, up);
}

uint64_t policy_flags(const struct session *s, unsigned line)
{
	int fd = kernel_open(s->chips[0].path);
	uint64_t flags = kernel_line(fd, line).flags;

	close(fd);
	return flags;
}

#define HELD (GPIO_V2_LINE_FLAG_USED | GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_OUTPUT)

void assert_kernel(const struct session *s, unsigned line, uint64_t want)
{
	uint64_t flags;

	if (!outside_wants_real())
		return;
	flags = policy_flags(s, line);
	if (want == NOT_HELD)
		assert_false(flags & GPIO_V2_LINE_FLAG_USED);
	else
		assert_int_equal(flags & HELD, GPIO_V2_LINE_FLAG_USED | want);
}

char *policy_words(void)
{
	return guest_texts[0];
}
