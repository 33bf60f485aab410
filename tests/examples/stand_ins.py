# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
"""What examples/labgrid_vgpio.py and jumpstarter_vgpio.py need of labgrid, attrs and jumpstarter, where these are not installed.

Only the names and the ways of making objects; nothing of what those programs do with drivers.
"""
import dataclasses
import sys
import types


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made


class Attribute:
    def __init__(self, default=None, validator=None):
        self.default = default


def attributes(eq=True):
    """attr.s: each Attribute of a class can be given by its name."""

    def decorate(cls):
        known = {name: value for name, value in vars(cls).items() if isinstance(value, Attribute)}

        def init(self, target, name, **given):
            self.target, self.name = target, name
            for word, attribute in known.items():
                setattr(self, word, given.pop(word, attribute.default))
            assert not given, given

        cls.__init__ = init
        return cls

    return decorate


def labgrid():
    same = lambda cls: cls  # noqa: E731
    validators = types.SimpleNamespace(instance_of=lambda kind: None)
    module("attr", s=attributes, ib=Attribute, validators=validators)
    for name in ("labgrid", "labgrid.driver", "labgrid.resource"):
        module(name)
    module("labgrid.driver.common", Driver=type("Driver", (), {}))
    module("labgrid.factory", target_factory=types.SimpleNamespace(reg_resource=same, reg_driver=same))
    module("labgrid.protocol", DigitalOutputProtocol=type("DigitalOutputProtocol", (), {}))
    module("labgrid.resource.common", Resource=type("Resource", (), {}))
    module("labgrid.step", step=lambda **_: same)


def jumpstarter():
    @dataclasses.dataclass(kw_only=True)
    class Driver:
        children: dict = dataclasses.field(default_factory=dict)

    def export(function):
        function.marker_drivercall = "exported"
        return function

    module("jumpstarter")
    module("jumpstarter.driver", Driver=Driver, export=export)
