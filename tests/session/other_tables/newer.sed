# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# A program whose image lacks two records and has some that nobody else knows; none of them is a must.
s/"label"/"chip-label"/
s/NUMBER("drops"/NUMBER("drops-in-all"/
/LINE("name", RECORD_NEEDED/a\
	NUMBER("mood", handover_guest, session_size, INT64_MAX),
/LINE("path", 0, guest_chip/a\
	NUMBER("pins", guest_chip, found.n_lines, CHIP_LINES_MAX),
