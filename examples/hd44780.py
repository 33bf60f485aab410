#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
"""A character display (HD44780) on a bus of four bits: decodes what the guest writes, and prints what is to be seen.

usage: hd44780.py [--control PATH] RS E D4 D5 D6 D7

RW is low: the guest cannot read the busy flag, as with most boards, and waits the times of the data sheet. When changes were
lost, what is shown may be wrong: it is said, and the display is off until the guest starts it anew.
"""
import argparse
import sys

import vgpio

ROWS, COLUMNS = (0x00, 0x40), 16


class Display:
    def __init__(self, board, rs, e, *data):
        self.board, self.rs, self.e, self.data = board, rs, e, data
        self.reset()
        board.monitor(rs, e, *data)

    def reset(self):
        """As after power came."""
        self.wide = True  # eight bits, of which four are wired
        self.high = None  # the nibble that came first
        self.on = False
        self.step = 1
        self.address, self.in_ddram = 0, True
        self.memory = [" "] * 0x80

    def text(self):
        """The rows; of blanks while the display is off."""
        rows = ["".join(self.memory[row : row + COLUMNS]) for row in ROWS]
        return rows if self.on else [" " * COLUMNS] * len(rows)

    def take(self, timeout=None):
        """The next event. Whether it was a byte."""
        try:
            event = self.board.event(timeout)
        except vgpio.Lost:
            self.reset()
            raise
        if not event or event.get("edge") != "falling" or event["line"] != self.board.now(self.e)["line"]:
            return False
        levels = [self.board.now(line)["level"] for line in self.data]
        return self.nibble(sum((level or 0) << bit for bit, level in enumerate(levels)))

    def nibble(self, nibble):
        """On the falling edge of E."""
        if not self.wide and self.high is None:
            self.high = nibble
            return False
        byte = nibble << 4 if self.wide else self.high << 4 | nibble
        self.high = None
        if self.board.now(self.rs)["level"] == 1:
            self.character(byte)
        else:
            self.command(byte)
        return True

    def character(self, byte):
        if self.in_ddram:
            self.memory[self.address] = chr(byte) if 0x20 <= byte < 0x7F else "?"
        self.move(self.step)

    def move(self, step):
        self.address = (self.address + step) & 0x7F

    def command(self, byte):
        if byte & 0x80:
            self.address, self.in_ddram = byte & 0x7F, True
        elif byte & 0x40:
            self.in_ddram = False  # shapes of characters: not shown
        elif byte & 0x20:
            self.wide = bool(byte & 0x10)
        elif byte & 0x10:
            self.move(1 if byte & 0x04 else -1)
        elif byte & 0x08:
            self.on = bool(byte & 0x04)
        elif byte & 0x04:
            self.step = 1 if byte & 0x02 else -1
        elif byte & 0x03:
            self.address, self.in_ddram = 0, True
            if byte & 0x01:
                self.memory = [" "] * 0x80
                self.step = 1


def main():
    parser = argparse.ArgumentParser(description="A character display on four bits.")
    parser.add_argument("--control", help="the control socket")
    for line in ("rs", "e", "d4", "d5", "d6", "d7"):
        parser.add_argument(line)
    words = parser.parse_args()
    with vgpio.Board(words.control) as board:
        display = Display(board, words.rs, words.e, words.d4, words.d5, words.d6, words.d7)
        print("ready", flush=True)
        shown = display.text()
        while True:
            try:
                display.take()
            except vgpio.Lost as lost:
                print(f"hd44780: {lost}", file=sys.stderr, flush=True)
            if display.text() != shown and not board.pending():
                shown = display.text()
                print("\n".join(f"|{row}|" for row in shown), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (vgpio.Error, OSError) as error:
        sys.exit(f"hd44780: {error}")
