# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
"""jumpstarter: a line of a guest as a driver, with the clients of jumpstarter-driver-gpiod."""
from dataclasses import dataclass

from jumpstarter.driver import Driver, export

import vgpio


@dataclass(kw_only=True)
class VgpioOutput(Driver):
    """A line that we drive: an input of the guest. line: GUEST.LINE; control: the control socket."""

    line: str
    control: str = vgpio.SOCKET
    active_low: bool = False

    @classmethod
    def client(cls) -> str:
        return "jumpstarter_driver_gpiod.client.DigitalOutputClient"

    @export
    def read_pin(self) -> int:
        with vgpio.Board(self.control) as board:
            return int(bool(board.get(self.line)[self.line]) != self.active_low)

    @export
    def on(self) -> None:
        with vgpio.Board(self.control) as board:
            board.set({self.line: int(not self.active_low)})

    @export
    def off(self) -> None:
        with vgpio.Board(self.control) as board:
            board.set({self.line: int(self.active_low)})


@dataclass(kw_only=True)
class VgpioInput(VgpioOutput):
    """A line that the guest drives: on() and off() are refused by the daemon."""

    @classmethod
    def client(cls) -> str:
        return "jumpstarter_driver_gpiod.client.DigitalInputClient"

    @export
    def wait_for_edge(self, edge_type: str, timeout: float | None = None) -> None:
        with vgpio.Board(self.control) as board:
            board.monitor(self.line)
            if not board.wait(self.line, edge_type, timeout or 1e6):
                raise TimeoutError(f"{self.line}: nothing that is {edge_type}")

    @export
    def wait_for_active(self, timeout: float | None = None) -> None:
        self.wait_for_edge(int(not self.active_low), timeout)

    @export
    def wait_for_inactive(self, timeout: float | None = None) -> None:
        self.wait_for_edge(int(self.active_low), timeout)
