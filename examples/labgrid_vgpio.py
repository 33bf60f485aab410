# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
"""labgrid: a line of a guest as a DigitalOutputProtocol, which also reads and awaits lines that the guest drives."""
import attr
from labgrid.driver.common import Driver
from labgrid.factory import target_factory
from labgrid.protocol import DigitalOutputProtocol
from labgrid.resource.common import Resource
from labgrid.step import step

import vgpio


@target_factory.reg_resource
@attr.s(eq=False)
class VgpioLine(Resource):
    """line: GUEST.LINE; control: the control socket; invert: whether the line is active-low"""

    line = attr.ib(validator=attr.validators.instance_of(str))
    control = attr.ib(default=vgpio.SOCKET, validator=attr.validators.instance_of(str))
    invert = attr.ib(default=False, validator=attr.validators.instance_of(bool))


@target_factory.reg_driver
@attr.s(eq=False)
class VgpioDriver(Driver, DigitalOutputProtocol):
    bindings = {"gpio": {"VgpioLine"}}

    def on_activate(self):
        self.get()  # the daemon is there, and has the line

    @step(args=["status"])
    def set(self, status):
        with vgpio.Board(self.gpio.control) as board:
            board.set({self.gpio.line: int(bool(status) != self.gpio.invert)})

    @step(result=True)
    def get(self):
        with vgpio.Board(self.gpio.control) as board:
            return bool(board.get(self.gpio.line)[self.gpio.line]) != self.gpio.invert

    @step(args=["status", "timeout"])
    def wait(self, status, timeout):
        with vgpio.Board(self.gpio.control) as board:
            board.monitor(self.gpio.line)
            if not board.wait(self.gpio.line, int(bool(status) != self.gpio.invert), timeout):
                raise TimeoutError(f"{self.gpio.line} did not become {status}")
