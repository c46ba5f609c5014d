"""Every driver built on pymeasure keeps pymeasure's conventions; there is no exception list."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings
from unittest.mock import MagicMock

import pytest
from pymeasure.instruments import Channel, Instrument

import drivers

FIRST_WORDS = {"Control", "Measure", "Get", "Set"}


def find_classes(base: type) -> list[type]:
    found = set()
    for module_info in pkgutil.walk_packages(drivers.__path__, "drivers."):
        for _, member in inspect.getmembers(importlib.import_module(module_info.name), inspect.isclass):
            if issubclass(member, base) and member.__module__.startswith("drivers."):
                found.add(member)
    return sorted(found, key=lambda member: member.__qualname__)


INSTRUMENTS = find_classes(Instrument)
DEVICES = [*INSTRUMENTS, *find_classes(Channel)]


@pytest.mark.parametrize("device", INSTRUMENTS, ids=lambda device: device.__qualname__)
def test_it_is_built_from_an_adapter_alone_without_traffic(device: type) -> None:
    adapter = MagicMock()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        device(adapter=adapter)
    for method in ("write", "read", "write_bytes", "read_bytes", "ask", "values"):
        assert not getattr(adapter, method).called


@pytest.mark.parametrize("device", INSTRUMENTS, ids=lambda device: device.__qualname__)
def test_it_takes_a_name(device: type) -> None:
    assert device(adapter=MagicMock(), name="Name_Test").name == "Name_Test"


@pytest.mark.parametrize("device", INSTRUMENTS, ids=lambda device: device.__qualname__)
def test_other_keywords_reach_the_adapter(device: type) -> None:
    with pytest.raises(ValueError, match="kwarg_test"):
        device(
            adapter="USB0::0x1313::0x0001::NOBODY::INSTR",
            name="test",
            visa_library="@py",
            kwarg_test=True,
        )


@pytest.mark.parametrize("device", INSTRUMENTS, ids=lambda device: device.__qualname__)
def test_every_argument_but_the_adapter_has_a_default(device: type) -> None:
    names = list(inspect.signature(device).parameters.values())
    assert names[0].name == "adapter"
    for parameter in names[1:]:
        optional = parameter.default is not parameter.empty or parameter.kind is parameter.VAR_KEYWORD
        assert optional, parameter.name


def properties() -> list[tuple[type, str]]:
    return [
        (device, name)
        for device in DEVICES
        for name, member in inspect.getmembers(device, lambda member: isinstance(member, property))
    ]


@pytest.mark.parametrize(
    ("device", "name"), properties(), ids=lambda value: getattr(value, "__qualname__", value)
)
def test_a_property_is_documented_by_what_can_be_done_with_it(device: type, name: str) -> None:
    documentation = getattr(device, name).__doc__
    assert documentation, f"{name} has no docstring"
    assert documentation.split()[0] in FIRST_WORDS


@pytest.mark.parametrize(
    ("device", "name"), properties(), ids=lambda value: getattr(value, "__qualname__", value)
)
def test_the_first_word_tells_the_truth(device: type, name: str) -> None:
    member = getattr(device, name)
    first = member.__doc__.split()[0]
    plain_setter = member.fset is not None and "set_command" in inspect.signature(member.fset).parameters
    settable = plain_setter and inspect.signature(member.fset).parameters["set_command"].default is not None
    assert settable == (first in {"Control", "Set"})


def test_there_is_something_to_check() -> None:
    names = {device.__qualname__ for device in DEVICES}
    assert {"ITC4001", "PM320", "SC10", "NdWheel", "PowerChannel", "TemperatureController"} <= names
