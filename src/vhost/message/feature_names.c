/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The names of feature bits: VirtIO 1.3, 6 "Reserved Feature Bits"; vhost-user.rst, "Protocol features". */
#include "vhost/message/feature_names.h"

#include <stdio.h>

#include "base/util.h"
#include "vhost/vhost.h"

#define RESERVED(bit) [(bit)-VHOST_DEVICE_FEATURES]

static const char *const reserved_names[64 - VHOST_DEVICE_FEATURES] = {
	RESERVED(24) = "NOTIFY_ON_EMPTY",   RESERVED(26) = "LOG_ALL",		RESERVED(27) = "ANY_LAYOUT",
	RESERVED(28) = "INDIRECT_DESC",	    RESERVED(29) = "EVENT_IDX",		RESERVED(30) = "PROTOCOL_FEATURES",
	RESERVED(32) = "VERSION_1",	    RESERVED(33) = "ACCESS_PLATFORM",	RESERVED(34) = "RING_PACKED",
	RESERVED(35) = "IN_ORDER",	    RESERVED(36) = "ORDER_PLATFORM",	RESERVED(37) = "SR_IOV",
	RESERVED(38) = "NOTIFICATION_DATA", RESERVED(39) = "NOTIF_CONFIG_DATA", RESERVED(40) = "RING_RESET",
	RESERVED(41) = "ADMIN_VQ",
};

static const char *const protocol_names[64] = {
	"MQ",
	"LOG_SHMFD",
	"RARP",
	"REPLY_ACK",
	"NET_MTU",
	"BACKEND_REQ",
	"CROSS_ENDIAN",
	"CRYPTO_SESSION",
	"PAGEFAULT",
	"CONFIG",
	"BACKEND_SEND_FD",
	"HOST_NOTIFIER",
	"INFLIGHT_SHMFD",
	"RESET_DEVICE",
	"INBAND_NOTIFICATIONS",
	"CONFIGURE_MEM_SLOTS",
	"STATUS",
	"XEN_MMAP",
	"SHARED_OBJECT",
	"DEVICE_STATE",
};

struct text {
	char *start;
	size_t size, len;
};

static void text_add(struct text *text, const char *word)
{
	text->len += snprintf(text->start + text->len, text->size - text->len, "%s%s", text->len ? " " : "", word);
	if (text->len >= text->size)
		text->len = text->size - 1;
}

static void text_add_bits(struct text *text, uint64_t bits, unsigned first, const char *const *names, unsigned n_names)
{
	for (unsigned i = 0; i < n_names; i++) {
		char number[16];

		if (!(bits >> (first + i) & 1))
			continue;
		snprintf(number, sizeof(number), "%u", first + i);
		text_add(text, names && names[i] ? names[i] : number);
	}
}

void feature_names(char *text, size_t size, uint64_t features, uint64_t protocol_features,
		   const char *const *device_names)
{
	struct text out = { text, size, 0 };

	text_add_bits(&out, features, 0, device_names, VHOST_DEVICE_FEATURES);
	text_add_bits(&out, features, VHOST_DEVICE_FEATURES, reserved_names, ARRAY_SIZE(reserved_names));
	text_add(&out, "/");
	text_add_bits(&out, protocol_features, 0, protocol_names, ARRAY_SIZE(protocol_names));
}
