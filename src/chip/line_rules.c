/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From the rules of a line to what its chip is asked for. */
#include "chip/line_rules.h"

struct chip_line_config line_rules_idle_config(const struct line_rules *rules, uint8_t idle)
{
	bool high = idle == LINE_IDLE_OUTPUT_HIGH;

	return (struct chip_line_config){
		.direction = high || idle == LINE_IDLE_OUTPUT_LOW ? CHIP_DIRECTION_OUT : CHIP_DIRECTION_IN,
		.value = high,
		.settings = rules->settings,
	};
}
