/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The words of one call as requests: as many as it takes, since a request has each of its lines once, and an end. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct request_list {
	const char *cmd;
	bool each_once;	  /* a word that the last request has is left out */
	json_t *requests; /* owned; an array */
	json_t *words;	  /* owned; those of the last request: the keys of an object */
	size_t len;	  /* of the last request as a line */
};

/* Without a request. cmd outlives the list. */
void request_list_init(struct request_list *list, const char *cmd);
/* Gives up what there is but for the requests, which are the caller's from now on. */
json_t *request_list_end(struct request_list *list);

/* One request without lines. 0 or -1. */
int request_list_add_plain(struct request_list *list);
/* A line, with a value, which is given up, or NULL. 0, or -1: it is not UTF-8. */
int request_list_add(struct request_list *list, const char *word, json_t *value);

/* A new request that asks for the levels of the lines of this one, which changes nothing. */
json_t *request_look(const json_t *request);
