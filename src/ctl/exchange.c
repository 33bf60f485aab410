/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Several requests. */
#include "ctl/exchange.h"

json_t *exchange_all(struct call *call, const json_t *requests)
{
	json_t *replies = json_array();

	for (size_t i = 0; i < json_array_size(requests); i++) {
		json_t *reply = link_exchange(&call->link, json_array_get(requests, i));

		if (!reply || json_array_append_new(replies, reply) < 0) {
			json_decref(replies);
			return NULL;
		}
	}
	return replies;
}
