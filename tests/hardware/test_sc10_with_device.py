"""A real SC10. Goes to manual mode and closes; the blade is opened only with ``--allow-motion``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from drivers.sc10 import SC10, Mode

pytestmark = pytest.mark.hardware


@pytest.fixture(scope="module")
def shutter(address: Callable[[str], str]) -> Iterator[SC10]:
    instrument = SC10.connect(address("--sc10-port"))
    yield instrument
    instrument.make_safe()
    instrument.close()


def test_it_says_who_it_is_and_is_in_manual_mode(shutter: SC10) -> None:
    assert shutter.identity.model == "SC10"
    assert shutter.mode == Mode.MANUAL


def test_it_can_be_made_safe(shutter: SC10) -> None:
    shutter.make_safe()
    assert shutter.blade_closed


@pytest.mark.parametrize("name", ["open_time_ms", "shut_time_ms", "repetitions", "external_trigger"])
def test_a_setting_is_taken_back_as_it_is(shutter: SC10, name: str) -> None:
    value = getattr(shutter, name)
    setattr(shutter, name, value)
    assert getattr(shutter, name) == value


def test_an_unknown_command_is_refused_and_the_line_stays_in_step(shutter: SC10) -> None:
    with pytest.raises(Exception, match="Command error"):
        shutter.ask("nosuch?")
    assert shutter.mode == Mode.MANUAL


def test_the_blade_opens_and_closes(shutter: SC10, motion_allowed: None) -> None:
    for _ in range(5):
        shutter.open()
        assert not shutter.blade_closed
        shutter.close_blade()
        assert shutter.blade_closed
