// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "console.h"

#include "machine.h"

enum {
	COM1 = 0x3f8,
	LINE_STATUS = COM1 + 5,
	HAS_DATA = 1,
	CAN_SEND = 0x20,
};

static void send(char c)
{
	while (!(port_read8(LINE_STATUS) & CAN_SEND))
		;
	port_write8(COM1, (uint8_t)c);
}

void say(const char *text)
{
	while (*text)
		send(*text++);
}

void say_hex(uint64_t value)
{
	unsigned shift = 60;

	say("0x");
	while (shift && !(value >> shift))
		shift -= 4;
	for (;; shift -= 4) {
		send("0123456789abcdef"[value >> shift & 15]);
		if (!shift)
			return;
	}
}

void say_number(unsigned value)
{
	if (value >= 10)
		say_number(value / 10);
	send((char)('0' + value % 10));
}

void console_read(char *line, unsigned size)
{
	unsigned length = 0;
	char c;

	for (;;) {
		while (!(port_read8(LINE_STATUS) & HAS_DATA))
			;
		c = (char)port_read8(COM1);
		if (c == '\n')
			break;
		if (length + 1 < size)
			line[length++] = c;
	}
	line[length] = '\0';
}

void host_do(const char *words)
{
	char answer[8];

	say("do ");
	say(words);
	say("\n");
	console_read(answer, sizeof(answer));
}
