/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A build without ncurses says that it has no panel. */
#include "rows.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "panel/panel.h"

static void says_so(void **state)
{
	FILE *said = tmpfile();
	int before = dup(STDERR_FILENO), status;
	char line[128] = "";

	error_init("vgpioctl");
	dup2(fileno(said), STDERR_FILENO);
	status = panel_run("ctl.sock", NULL, 0);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(said);
	assert_non_null(fgets(line, sizeof(line), said));
	assert_string_equal(line, "vgpioctl: panel is not supported by this build (made without ncurses)\n");
	assert_int_equal(status, EXIT_USAGE);
	fclose(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(says_so) };

	return cmocka_run_group_tests_name("panel_none", tests, NULL, NULL);
}
