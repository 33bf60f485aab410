#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
"""A keypad matrix: the guest drives the rows, and reads the columns, which have pull-ups.

usage: keypad.py [--control PATH] ROW,ROW,... COLUMN,COLUMN,...
  standard input: "+RC" presses the key of row R and column C (from 0), "-RC" lets go of it, one a line

No diodes: three keys at the corners of a rectangle close the fourth, as in such a keypad, where a row floats. The
columns follow the rows within some 150 us on a machine that is not busy: the guest has to leave that time before it
reads them. Linux's own gpio-matrix-keypad (6.12) is no such guest: its interrupt handler switches interrupts off, for
which gpio-virtio may have to sleep ("scheduling while atomic"). A guest's program scans.
"""
import argparse
import select
import sys

import vgpio


class Keypad:
    def __init__(self, board, rows, columns):
        self.board, self.rows, self.columns = board, rows, columns
        self.keys = set()  # that are down, (row, column)
        self.low = set()  # the columns that we pull to a row
        board.monitor(*rows)
        board.pull({column: "pull-up" for column in columns})

    def row(self, number):
        """0 or 1 as the guest drives it; None: it lets the row float."""
        state = self.board.now(self.rows[number])
        return state["level"] if state["direction"] == "output" else None

    def connected(self):
        """The columns that a key, or a row of keys, joins with a row that is low."""
        rows = {row for row in range(len(self.rows)) if self.row(row) == 0}
        columns = set()
        for _ in self.keys:  # so many joints at most
            columns |= {column for row, column in self.keys if row in rows}
            rows |= {row for row, column in self.keys if column in columns and self.row(row) is None}
        return columns

    def update(self):
        low = self.connected()
        if low - self.low:
            self.board.set({self.columns[column]: 0 for column in sorted(low - self.low)})
        if self.low - low:
            self.board.pull({self.columns[column]: "pull-up" for column in sorted(self.low - low)})
        self.low = low

    def key(self, row, column, down):
        (self.keys.add if down else self.keys.discard)((row, column))
        self.update()

    def take(self):
        """What the guest did. Only the present levels count here: what was lost does not matter."""
        try:
            self.board.event(0)
        except vgpio.Lost as lost:
            print(f"keypad: {lost}", file=sys.stderr)
        if not self.board.pending():
            self.update()


def main():
    parser = argparse.ArgumentParser(description="A keypad matrix.")
    parser.add_argument("--control", help="the control socket")
    parser.add_argument("rows")
    parser.add_argument("columns")
    words = parser.parse_args()
    keys = open(0, "rb", buffering=0)  # nothing is read that select() then does not tell of
    with vgpio.Board(words.control) as board:
        keypad = Keypad(board, words.rows.split(","), words.columns.split(","))
        print("ready", flush=True)
        while True:
            if board.pending() or board in select.select([board, keys], [], [])[0]:
                keypad.take()
            elif line := keys.readline().decode().strip():
                keypad.key(int(line[1]), int(line[2]), line[0] == "+")
                print(line, flush=True)
            else:
                return


if __name__ == "__main__":
    try:
        main()
    except (vgpio.Error, OSError) as error:
        sys.exit(f"keypad: {error}")
