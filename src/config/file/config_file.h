/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The configuration file:
 *
 *   [daemon]            options of the daemon, see daemon_words.h
 *   [guest NAME]        the keys of guest_keys.h, as in --guest
 *   [line GUEST.NAME]   one more line of a guest that stands above, shown to it as NAME: chip, line, and the attributes of
 *                       attributes.h, those that have no value as "active-low = yes" or "mode = input"
 *
 * Values of lines and names may go on in indented lines.
 */
#pragma once

#include "base/why.h"
#include "config/guest_config.h"

/* Whether this build can read one: it needs inih. */
bool config_file_supported(void);
/* Fills configs, which is empty. -EINVAL with why, of the first fault: "FILE:12: ..."; -ENOMEM. */
int config_file_read(const char *path, struct guest_configs *configs, struct why *why);
/* The same from memory; path is for messages. */
int config_file_parse(const char *path, const char *text, struct guest_configs *configs, struct why *why);
/* Of such a text [daemon] only; the rest need not be right. As the others. */
int config_file_daemon(const char *path, const char *text, struct daemon_words *words, struct why *why);
