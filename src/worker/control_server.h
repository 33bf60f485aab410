/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The worker's end of the control channel (ipc/control_channel.h): the outside of its guest's lines. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct control_server;
struct lines;
struct loop;

/* fd stays the caller's; loop, lines and tag outlive the server. -errno. */
int control_server_attach(struct control_server **server, struct loop *loop, int fd, struct lines *lines,
			  const char *tag);
/* Of a server of NULL, which is none, the calls below do nothing. */
void control_server_detach(struct control_server *server);
/* Direction or level of the line may have changed (lines_host.changed). */
void control_server_line_changed(struct control_server *server, uint16_t line);
/* Of the front-end, and of the guest's driver. */
void control_server_set_connected(struct control_server *server, bool connected);
void control_server_set_ready(struct control_server *server, bool ready);
