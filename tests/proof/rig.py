#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
"""The host's side of a simulator of GPIO chips in a guest: rig.py DIR DAEMON-PID VGPIOCTL

What a suite of others asks of its simulator comes as lines from the guest's second serial port, DIR/rig.sock:

add LINES [OFFSET:NAME]...  (a blank in it is "%20") a guest definition more, and a vhost-user-gpio-pci for it, plugged in: "ok CHIP SLOT"
remove CHIP                 unplugged, and the definition is gone
pull CHIP OFFSET up|down    the line is left to this pull
get CHIP OFFSET             "ok 0" or "ok 1", its level on the host

Each is answered by "ok ..." or "error WHY". DIR/guests.conf is the daemon's --config, read again at SIGHUP, DIR/ctl.sock
its control socket, DIR/qmp.sock QEMU's monitor. It prints "ready" first (what the guest writes before is lost), then what
it was asked and answered, and ends with QEMU.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import unquote

PATIENCE_S = 60
# 0 to 3 are the machine's own.
SLOTS = range(4, 32)


def until(what, happened):
    end = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {PATIENCE_S} s")
        time.sleep(0.005)


def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return sock.makefile("rw", encoding="utf-8", newline="\n")


class Qmp:
    """QEMU's monitor."""

    def __init__(self, path):
        self.stream = connect(path)
        self.events = []
        self.read()
        self("qmp_capabilities")

    def read(self):
        line = self.stream.readline()
        if not line:
            raise EOFError
        return json.loads(line)

    def __call__(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            message = self.read()
            if "error" in message:
                raise RuntimeError(f"{command}: {message['error']['desc']}")
            if "return" in message:
                return message["return"]
            self.events.append(message)

    def wait_deleted(self, device):
        while True:
            for event in self.events:
                if event["event"] == "DEVICE_DELETED" and event["data"].get("device") == device:
                    self.events.clear()
                    return
            self.events.append(self.read())


class Rig:
    def __init__(self, directory, daemon, vgpioctl):
        self.dir, self.daemon, self.program = directory, daemon, vgpioctl
        self.qmp = Qmp(f"{directory}/qmp.sock")
        self.chips = {}  # name: slot, text of its section
        self.count = 0

    def vgpioctl(self, *words):
        command = [self.program, "--control", f"{self.dir}/ctl.sock", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    def must(self, *words):
        done = self.vgpioctl(*words)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()

    def reload(self):
        path = f"{self.dir}/guests.conf"
        with open(path + ".new", "w", encoding="utf-8") as file:
            # A file without a guest is an error.
            file.write(f"[guest idle]\nsocket = {self.dir}/idle.sock\nsim = 1\n")
            file.writelines(text for _, text in self.chips.values())
        os.rename(path + ".new", path)
        os.kill(self.daemon, signal.SIGHUP)

    def do_add(self, lines, *named):
        self.count += 1
        chip, lines = f"c{self.count}", int(lines)
        slot = min(set(SLOTS) - {slot for slot, _ in self.chips.values()})
        names = [""] * lines
        for word in named:
            offset, name = unquote(word).split(":", 1)
            # The simulator has forgotten names of lines that it does not have; VirtIO wants them to be unique in a device.
            if int(offset) < lines and name not in names:
                names[int(offset)] = name
        sock = f"{self.dir}/{chip}.sock"
        text = f"[guest {chip}]\nsocket = {sock}\nsim = {lines}\n"
        if lines > 1:
            text += "names = " + ":".join(f'"{name}"' if name else "" for name in names) + "\n"
        self.chips[chip] = slot, text
        self.reload()
        until(f"the socket of {chip}", lambda: os.path.exists(sock))
        # Until the reload is over, clients are disconnected.
        until(f"the lines of {chip}", lambda: self.vgpioctl("info", f"{chip}.0").returncode == 0)
        address = {"type": "unix", "data": {"path": sock}}
        self.qmp("chardev-add", id=chip, backend={"type": "socket", "data": {"addr": address, "server": False}})
        self.qmp("device_add", driver="vhost-user-gpio-pci", id=f"d-{chip}", chardev=chip, addr=f"{slot:#x}")
        return f"{chip} {slot:02x}"

    def do_remove(self, chip):
        self.qmp("device_del", id=f"d-{chip}")
        self.qmp.wait_deleted(f"d-{chip}")
        self.qmp("chardev-remove", id=chip)
        # The definition goes with the next reload.
        del self.chips[chip]
        return ""

    def do_pull(self, chip, offset, pull):
        return self.must("pull", f"{chip}.{offset}=pull-{pull}")

    def do_get(self, chip, offset):
        return "1" if self.must("get", f"{chip}.{offset}").endswith("=active") else "0"

    def serve(self):
        port = connect(f"{self.dir}/rig.sock")
        print("ready", flush=True)
        for line in port:
            verb, *words = line.split()
            try:
                answer = f"ok {getattr(self, 'do_' + verb)(*words)}"
            except (RuntimeError, AttributeError, TypeError, ValueError, subprocess.TimeoutExpired) as error:
                answer = f"error {line.strip()}: {error}"
            print(f"{time.monotonic():.3f} {line.strip()} -> {answer}", flush=True)
            port.write(answer.strip() + "\n")
            port.flush()


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        Rig(sys.argv[1], int(sys.argv[2]), sys.argv[3]).serve()
    except (EOFError, ConnectionError):
        pass


main()
