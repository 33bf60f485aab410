/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of what a session says of itself: each byte of it has its row, and the form is good. */
#include "rows.h"

#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "chip/sim_fields.h"
#include "chip/sim_line.h"
#include "gpio/line_fields.h"
#include "gpio/virtio_gpio.h"
#include "unit/fields.h"
#include "vhost/state/session.h"
#include "worker/session_layout.h"

#define LINES 8

static void every_byte_has_a_row(void **state)
{
	struct field_part parts[VHOST_SESSION_PARTS_MAX], line = line_fields_part(0, 1);
	unsigned n = vhost_session_parts(VHOST_QUEUES_MAX, parts);

	assert_int_equal(n, VHOST_SESSION_PARTS_MAX);
	for (unsigned i = 0; i < n; i++)
		fields_cover(&parts[i]);
	fields_cover(&line);
	fields_cover(&sim_line_part);
	assert_int_equal(line.stride, sizeof(struct line_state));
	assert_int_equal(sim_line_part.stride, sizeof(struct sim_line));
	assert_int_equal(parts[0].stride, sizeof(struct session));
	/* From the first byte to the last, with nothing in between. */
	assert_int_equal(parts[4].offset, sizeof(struct session));
	for (unsigned i = 5; i < n; i++)
		assert_int_equal(parts[i].offset, parts[i - 1].offset + parts[i - 1].count * parts[i - 1].stride);
	assert_int_equal(parts[n - 1].offset + parts[n - 1].count * parts[n - 1].stride,
			 vhost_session_size(VHOST_QUEUES_MAX));
}

static void guest_make(struct guest *guest, struct guest_chip *chip, struct line_rules *rules)
{
	struct why why;

	memset(chip, 0, sizeof(*chip));
	memset(rules, 0, LINES * sizeof(*rules));
	assert_int_equal(chip_spec_parse("s8", 2, &chip->spec), 0);
	assert_int_equal(chip_probe(&chip->spec, &chip->found, &why), 0);
	*guest = (struct guest){ .name = "g", .chips = chip, .n_chips = 1, .lines = rules, .n_lines = LINES };
}

/* It goes through records as it is, and fits itself. */
static void the_form_is_good(void **state)
{
	struct record_writer writer = { .max = 1 << 20 };
	struct memory_form form, again, next;
	struct line_rules rules[LINES];
	struct guest_chip chip;
	struct guest guest;
	struct why why = { "" };
	const struct form_part *part;

	guest_make(&guest, &chip, rules);
	assert_int_equal(session_layout_form(&guest, &form), 0);
	record_table_put(&writer, &memory_form_table, &form);
	assert_false(writer.failed);
	if (record_table_take(&memory_form_table, &again, writer.bytes, writer.size, &why) < 0)
		fail_msg("%s", why.text);
	assert_true(memory_form_fits(&again, &form));
	assert_int_equal(session_layout_can_take(&again, &why), 0);
	assert_int_equal(session_layout_plan(&guest, &again, &next, &why), SESSION_LAYOUT_FITS);
	part = memory_form_part(&again, "worker", 0, false);
	assert_non_null(part);
	assert_int_equal(part->stride, sizeof(struct worker_state));
	assert_int_equal(part->n_fields * sizeof(uint32_t), sizeof(struct worker_state));
	part = memory_form_part(&again, "sim-line", 0, false);
	assert_int_equal(part->count, LINES);
	assert_int_equal(part->offset % 64, 0);
	print_message("# the form has %zu bytes as records\n", writer.size);
	memory_form_deinit(&form);
	memory_form_deinit(&again);
	record_writer_deinit(&writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_has_a_row),
		cmocka_unit_test(the_form_is_good),
	};

	return cmocka_run_group_tests_name("worker/session_fields", tests, NULL, NULL);
}
