#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
"""The host of the hostile guest: host.py DIR DAEMON-PID VGPIOCTL MACHINE FORMAT IMAGE QEMU-WORD... [-- CASE...]

Boots IMAGE (./main.c) on QEMU's MACHINE (q35 or microvm) with the daemon's socket DIR/gpio.sock, and has it run the cases of
that FORMAT of rings (split or packed), each on a device that was reset. A guest or a QEMU that is gone is booted again. It
prints a line for each: OUTCOME ID MACHINE FORMAT WHAT. What the guest asks for meanwhile ("do ..."):

rest                 until the worker has nothing to do; a worker that does not come to rest fails the case
set LINE 0|1         the level of a line, from the host
kill                 SIGKILL for the worker, until there is another
upgrade              the daemon starts itself anew (SIGUSR2), until that is over
pause                QEMU stops the guest, and its device with it, and lets it go on
"""
import json
import os
import signal
import socket
import subprocess
import sys
import time

PATIENCE_S = 60
REST_S = 0.01
BAD = ("FAIL", "WEDGED")
GUEST = "hostile"


def until(what, happened):
    end = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {PATIENCE_S} s")
        time.sleep(0.002)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


class Daemon:
    """The daemon, and its worker for the guest."""

    def __init__(self, directory, pid, vgpioctl):
        self.pid, self.vgpioctl, self.log = pid, [vgpioctl, "--control", f"{directory}/ctl.sock"], f"{directory}/daemon.log"

    def worker(self):
        for pid in read(f"/proc/{self.pid}/task/{self.pid}/children").split():
            if read(f"/proc/{pid}/comm").strip() == f"vgpio:{GUEST}":
                return pid
        return None

    def ran(self):
        """How often the worker has run, and for how long; not every kernel has the first one of both files."""
        worker = self.worker()
        return worker, read(f"/proc/{worker}/schedstat").split(), read(f"/proc/{worker}/stat").split()[13:15]

    def rest(self):
        end = time.monotonic() + PATIENCE_S
        before = self.ran()
        while time.monotonic() < end:
            time.sleep(REST_S)
            now = self.ran()
            if now == before:
                return
            before = now
        raise RuntimeError("the worker does not come to rest")

    def set(self, line, value):
        done = subprocess.run([*self.vgpioctl, "set", f"{GUEST}.{line}={value}"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())

    def kill(self):
        old = self.worker()
        os.kill(int(old), signal.SIGKILL)
        until("a worker in the place of the one that was killed", lambda: self.worker() not in (None, old))

    def upgrade(self):
        before = read(self.log).count("took over")
        os.kill(self.pid, signal.SIGUSR2)
        until("the upgrade", lambda: read(self.log).count("took over") > before)


class Guest:
    """QEMU and what runs in it, at the other end of its serial port."""

    def __init__(self, directory, machine, image, qemu, log):
        path = f"{directory}/console.sock"
        self.log, self.monitor = log, f"{path}.qmp"
        listener = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.unlink(path)
        listener.bind(path)
        listener.listen()
        listener.settimeout(PATIENCE_S)
        device = "vhost-user-gpio-pci" if machine == "q35" else "vhost-user-gpio-device"
        self.qemu = subprocess.Popen(
            [*qemu, "-nodefaults", "-no-user-config", "-display", "none", "-accel", "tcg", "-M", f"{machine},memory-backend=mem",
             "-m", "64M", "-object", "memory-backend-memfd,id=mem,size=64M,share=on", "-kernel", image,
             "-global", "virtio-mmio.force-legacy=false", "-chardev", f"socket,id=con,path={path}", "-serial", "chardev:con",
             "-chardev", f"socket,id=gpio,path={directory}/gpio.sock", "-device", f"{device},chardev=gpio",
             "-qmp", f"unix:{path}.qmp,server=on,wait=off"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        console, _ = listener.accept()
        listener.close()
        console.settimeout(PATIENCE_S)
        self.stream = console.makefile("rw", encoding="ascii", errors="replace", newline="\n")
        self.cases = []
        self.bus = self.boot()

    def boot(self):
        while True:
            word, text = self.read()
            if word == "ready":
                return text
            if word == "case":
                self.cases.append(text)

    def read(self):
        line = self.stream.readline()
        if not line:
            raise EOFError("QEMU ended")
        self.log.write(line)
        self.log.flush()
        word, _, text = line.strip().partition(" ")
        return word, text

    def write(self, line):
        self.log.write(f"> {line}\n")
        self.stream.write(line + "\n")
        self.stream.flush()

    def pause(self):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(PATIENCE_S)
            monitor.connect(self.monitor)
            stream = monitor.makefile("rw", encoding="utf-8", newline="\n")
            for command in ("qmp_capabilities", "stop", "cont"):
                stream.write(json.dumps({"execute": command}) + "\n")
                stream.flush()
                while "return" not in json.loads(stream.readline()):
                    pass

    def end(self):
        self.qemu.kill()
        self.qemu.wait()


def exceptions(qemu):
    """The cases that ./exceptions.tsv leaves out for this QEMU, and why."""
    version = subprocess.run([*qemu, "--version"], capture_output=True, text=True, check=True).stdout.split()[3]
    found = {}
    for line in read(f"{os.path.dirname(os.path.abspath(__file__))}/exceptions.tsv").splitlines():
        versions, cases, why = ("", "", "") if line.startswith("#") else line.split("\t")
        if any(version.startswith(f"{start}.") for start in versions.split()):
            found.update((case, why) for case in cases.split())
    return found


class Run:
    """The cases of one machine and one format."""

    def __init__(self, daemon, boot, ring_format, left_out):
        self.daemon, self.boot, self.format, self.left_out = daemon, boot, ring_format, left_out
        self.guest = boot()  # None: it is gone, and booted again for the next case
        self.bus = self.guest.bus
        self.names = {}
        for text in self.guest.cases:
            name, its_format, section, what = text.split(" ", 3)
            if its_format == ring_format:
                self.names[name] = f"{what} ({section})"

    def obey(self, words):
        """What the guest asks the host for; its answer only says that it is done."""
        why = ""
        try:
            getattr(self.guest if words[0] == "pause" else self.daemon, words[0])(*words[1:])
        except RuntimeError as error:
            why = str(error)
        self.guest.write("ok")
        return why

    def case(self, name):
        """The outcome, and what was said of it."""
        notes, replaced, worker = [], False, self.daemon.worker()
        self.guest.write(f"run {name} {self.format}")
        while True:
            word, text = self.guest.read()
            if word == "note":
                notes.append(text)
            elif word == "do":
                replaced |= text in ("kill", "upgrade")
                why = self.obey(text.split())
                if why:
                    notes.append(why)
            elif word == "verdict":
                break
        if not replaced and self.daemon.worker() != worker:
            notes.append("the worker ended")
        return "FAIL" if notes and text not in BAD else text, notes

    def one(self, name):
        self.guest = self.guest or self.boot()
        try:
            return self.case(name)
        except (EOFError, TimeoutError, ConnectionError) as error:
            qemu = self.guest.qemu
            self.end()
            return "FAIL", [f"{error} (QEMU's exit status: {qemu.returncode})"]

    def all(self, chosen):
        """The outcome of each."""
        for name, what in self.names.items():
            if chosen and name not in chosen:
                continue
            outcome, notes = ("SKIP", [self.left_out[name]]) if name in self.left_out else self.one(name)
            yield name, what, outcome, notes
            # A device that does not recover is there no more for the next case.
            if outcome == "WEDGED":
                self.end()

    def end(self):
        if self.guest:
            self.guest.end()
        self.guest = None


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    directory, pid, vgpioctl, machine, ring_format, image, *qemu = words[:end]
    with open(f"{directory}/{machine}.log", "a", encoding="utf-8") as log:
        run = Run(Daemon(directory, int(pid), vgpioctl), lambda: Guest(directory, machine, image, qemu, log), ring_format,
                  exceptions(qemu))
        try:
            for name, what, outcome, notes in run.all(words[end + 1:]):
                print(f"{outcome} {name} {run.bus} {ring_format} {what}", flush=True)
                for note in notes:
                    print(f"# {note}", flush=True)
        finally:
            run.end()


main()
