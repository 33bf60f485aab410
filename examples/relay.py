#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
"""A relay with a feedback contact: the guest drives the coil, and reads the contact, which closes to high.

usage: relay.py [--control PATH] [--delay SECONDS] [--stuck open|closed] COIL CONTACT
  --delay  from the coil to the contact (0.01)
  --stuck  the contact is worn out

The time is reckoned from the daemon's stamp of the coil's edge. A coil that is off again before that time moves nothing.
"""
import argparse
import sys
import time

import vgpio


class Relay:
    def __init__(self, board, coil, contact, delay=0.01, stuck=None):
        self.board, self.coil, self.contact = board, coil, contact
        self.delay_ns = int(delay * 1e9)
        self.stuck = stuck
        self.closed = stuck == "closed"
        self.moves_ns = None  # when it does
        board.monitor(coil)
        self.switch(self.closed)

    def switch(self, closed):
        self.closed = closed
        if closed:
            self.board.set({self.contact: 1})
        else:
            self.board.pull({self.contact: "pull-down"})

    def drawn(self):
        state = self.board.now(self.coil)
        return state["direction"] == "output" and state["level"] == 1

    def step(self):
        """Waits for what comes next, and does it. What it did, in words, or None."""
        rest = None if self.moves_ns is None else max(0, self.moves_ns - time.monotonic_ns()) / 1e9
        try:
            event = self.board.event(rest)
        except vgpio.Lost:
            event = None  # the present state of the coil is told next
            rest = None
        if event and event.get("event") == "change":
            return self.coil_changed(event["time_ns"])
        if event is None and rest is not None:
            self.moves_ns = None
            self.switch(self.drawn())
            return "closed" if self.closed else "open"
        return None

    def coil_changed(self, time_ns):
        if self.stuck:
            return f"stuck {self.stuck}, coil {'on' if self.drawn() else 'off'}"
        self.moves_ns = time_ns + self.delay_ns if self.drawn() != self.closed else None
        return None


def main():
    parser = argparse.ArgumentParser(description="A relay with a feedback contact.")
    parser.add_argument("--control", help="the control socket")
    parser.add_argument("--delay", type=float, default=0.01)
    parser.add_argument("--stuck", choices=["open", "closed"])
    parser.add_argument("coil")
    parser.add_argument("contact")
    words = parser.parse_args()
    with vgpio.Board(words.control) as board:
        relay = Relay(board, words.coil, words.contact, words.delay, words.stuck)
        print("ready", flush=True)
        while True:
            if said := relay.step():
                print(said, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (vgpio.Error, OSError) as error:
        sys.exit(f"relay: {error}")
