# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# A program whose image has a record that must be understood, and is known to nobody else.
/LINE("name", RECORD_NEEDED/a\
	MUST_NUMBER("hat", handover_guest, session_size, INT64_MAX),
