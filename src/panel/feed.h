/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The daemon as a panel sees it: its lines become rows, and what is done to a row becomes a request. A daemon that goes
 * is awaited: its connection is made anew. Nothing in here waits but feed_open() and feed_release().
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "board/link.h"
#include "panel/rows.h"
#include "panel/told.h"

#define FEED_PENDING_MAX 32

enum feed_action {
	FEED_LOW,
	FEED_HIGH,
	FEED_PULL_DOWN,
	FEED_PULL_UP,
	FEED_TOGGLE,
	FEED_PRESS,
};

struct feed_request {
	enum {
		FEED_MONITORS,
		FEED_BEATS,
		FEED_ACTS,
		FEED_PRESSES,
	} kind;
	size_t row; /* that is pressed */
};

enum feed_state {
	FEED_GONE,
	FEED_TELLS, /* connected; the states of the lines are to come */
	FEED_GOOD,
	FEED_SILENT, /* does not answer */
};

struct feed {
	struct link link;
	struct why link_why;
	struct rows *rows; /* the caller's, as the words */
	json_t *request;   /* owned; that monitors */
	struct told told;
	enum feed_state state;
	struct feed_request pending[FEED_PENDING_MAX]; /* a ring */
	uint64_t n_sent, n_answered;
	uint64_t asked_ns;   /* when the oldest of these was, or an answer came since */
	uint64_t due_ns;     /* the next beat, or attempt to connect */
	unsigned n_pressing; /* presses that are not answered yet */
	unsigned n_pressed;
	unsigned n_returns; /* the daemon was gone, and came back */
	uint64_t n_lost;
	bool changed;	 /* there is something new to show; the reader's to take back */
	struct why said; /* the last thing that is to be told; likewise */
};

/* Connects, and asks for these lines, or all. Returns an exit status: 0, or it is said on stderr. */
int feed_open(struct feed *feed, struct rows *rows, const char *path, char *const *words, int n_words);
void feed_close(struct feed *feed);
/* Takes what has come, and does what is due. */
void feed_step(struct feed *feed, uint64_t now_ns);
/* When it is to be called, if nothing comes. */
uint64_t feed_due(const struct feed *feed);
void feed_act(struct feed *feed, struct row *row, enum feed_action action, uint64_t now_ns);
/* Lines that are pressed are let go of now; it waits for the daemon's answer, a second at most. */
void feed_release(struct feed *feed);
