/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The plainest program that listens on sockets: what bench/start compares with. The words are the paths. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		strncpy(address.sun_path, argv[i], sizeof(address.sun_path) - 1);
		unlink(argv[i]);
		if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
			return 1;
	}
	pause();
	return 0;
}
