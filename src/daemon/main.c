/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vhost-device-gpio: a vhost-user back-end that emulates VirtIO GPIO chips. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/options.h"
#include "daemon/supervisor.h"

#define EXIT_USAGE 2

/* With one of fds 0 to 2 closed, a socket of ours would take its number, and the log would be written to it. */
static void stdio_ensure(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* One line, whatever the words that it repeats. */
static void complain(char *text)
{
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	fprintf(stderr, "%s: %s\n", PROGRAM_NAME, text);
}

static int serve(const struct options *options)
{
	char why[512];

	log_set_level(options->log_level);
	if (supervisor_run(options, why, sizeof(why)) == 0)
		return 0;
	complain(why);
	return 1;
}

int main(int argc, char **argv)
{
	struct options options;
	int status = 0;

	stdio_ensure();
	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_RUN:
		status = serve(&options);
		break;
	case OPTIONS_DONE:
		status = fputs(options.text, stdout) < 0 || fflush(stdout) != 0;
		break;
	case OPTIONS_REFUSE:
		complain(options.text);
		status = EXIT_USAGE;
		break;
	}
	options_deinit(&options);
	return status;
}
