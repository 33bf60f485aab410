# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
"""A client of the control socket of vhost-device-gpio (docs/control-protocol.md), for models of hardware and for tests.

    with vgpio.Board("/tmp/ctl.sock") as board:
        board.monitor("ci.button", "ci.led")
        board.set({"ci.button": 1})
        board.wait("ci.led", "rising", timeout=2)

One connection asks and is told of changes, in one order: when set() returns, whatever the guest reads is of after it,
and event() has all that happened before. It is read only when something is wanted, so a model that is slow makes nobody
wait; where changes could not be told event() raises Lost, and how the lines are then follows.
"""
import collections
import json
import os
import select
import socket
import time

SOCKET = "/run/vhost-device-gpio/control.sock"


class Error(Exception):
    """The daemon refused something, or is not there; in its words."""


class Lost(Error):
    """Changes were not told. What was derived from earlier ones may be wrong; the connection goes on."""


class Board:
    def __init__(self, path=None, timeout=10):
        self.timeout = timeout  # for an answer, in seconds, like all times here
        self.lines = {}  # what is known of each line that is monitored, as of the last event that was taken
        self._names = {}  # the caller's word for a line: the daemon's
        self._events = collections.deque()  # that came before an answer
        self._received = b""
        self._id = self._seq = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = path or os.environ.get("VGPIO_CONTROL") or SOCKET
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            hint = "" if isinstance(error, PermissionError) else f": is there a daemon with --control {path}?"
            raise Error(f"{path}: {error.strerror}{hint}") from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def fileno(self):  # for select(), when nothing is pending()
        return self._socket.fileno()

    def pending(self):
        return bool(self._events) or b"\n" in self._received

    def _receive(self, deadline):
        """The next object, or None when it is time."""
        while b"\n" not in self._received:
            rest = None if deadline is None else max(0, deadline - time.monotonic())
            if not select.select([self._socket], [], [], rest)[0]:
                return None
            data = self._socket.recv(1 << 16)
            if not data:
                raise Error("the daemon has closed the connection")
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return json.loads(line)

    def _keep(self, event):
        """No event is missing but those that the daemon says are."""
        self._seq += event.get("count", 1)
        if event["seq"] != self._seq:
            raise Lost(f"event {event['seq']} came where {self._seq} was to come")
        self._events.append(event)

    def request(self, cmd, **keys):
        """Any request; its reply."""
        self._id += 1
        self._socket.sendall(json.dumps({"cmd": cmd, "id": self._id, **keys}).encode() + b"\n")
        deadline = time.monotonic() + self.timeout
        while (message := self._receive(deadline)) is not None:
            if "event" in message:
                self._keep(message)
            elif not message["ok"]:
                raise Error(message["error"])
            elif message["id"] == self._id:  # not of one that nobody waits for any more
                return message
        raise Error(f"{cmd}: no answer within {self.timeout} s")

    def info(self, *lines):
        return self.request("info", lines=lines)["lines"]

    def get(self, *lines):
        """{line: 0, 1 or None}. Of one line: as it is after all events so far."""
        return self.request("get", lines=lines)["lines"]

    def set(self, levels):
        """{line: 0 or 1}: drives them."""
        return self.request("set", lines=levels)["lines"]

    def pull(self, pulls):
        """{line: "pull-up" or "pull-down"}: lets go of them."""
        return self.request("pull", lines=pulls)["lines"]

    def monitor(self, *lines):
        """Changes of these lines are told from now on. Once a connection."""
        self._names = {word: about["line"] for word, about in zip(lines, self.info(*lines))}
        self.request("monitor", lines=lines)
        while len(self.lines) < len(set(self._names.values())):
            if (event := self.event(self.timeout)) is None or event["event"] == "error":
                raise Error(event["error"] if event else "the states did not come")

    def event(self, timeout=None):
        """The next event, or None when there is none for so long. Raises Lost where changes were lost."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._events:
            if (message := self._receive(deadline)) is None:
                return None
            if "event" in message:
                self._keep(message)
        event = self._events.popleft()
        if event["event"] == "lost":
            raise Lost(f"{event['count']} changes of {event['guest']} were not told")
        if "line" in event:
            self.lines[event["line"]] = event
        return event

    def now(self, line):
        """What is known of a line that is monitored: "level", "direction", "time_ns" and more."""
        return self.lines[self._names[line]]

    def wait(self, line, what, timeout):
        """For 0, 1, "rising" or "falling", in events not taken yet. None: by their stamps it did not come in time."""
        end, asked = time.monotonic_ns() + int(timeout * 1e9), False
        if what == self.now(line)["level"]:
            return self.now(line)
        while (event := self.event(max(0, end - time.monotonic_ns()) / 1e9)) or not asked:
            if not event:
                asked = bool(self.get(line))  # its answer is behind all that came in time
            elif event.get("line") == self._names[line] and what in (event["level"], event["edge"]):
                return event if event["time_ns"] <= end else None
        return None

    def taken(self, line, timeout):
        """Whether the guest's driver has, in this time, taken all interrupts of the line and waits for the next."""
        end = time.monotonic() + timeout
        while not (armed := self.info(line)[0]["armed"]) and time.monotonic() < end:
            time.sleep(0.001)
        return armed
