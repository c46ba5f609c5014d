"""A real PM320. Sets the wavelength of its first input and the automatic range; nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from drivers.pm320 import PM320

pytestmark = pytest.mark.hardware


@pytest.fixture(scope="module")
def meter(address: Callable[[str], str], visa_library: str) -> Iterator[PM320]:
    instrument = PM320.connect(address("--pm320-resource"), visa_library=visa_library)
    yield instrument
    instrument.close()


def test_it_says_who_it_is(meter: PM320) -> None:
    assert "PM320" in meter.identity.model.upper()


def test_the_wavelength_is_taken(meter: PM320) -> None:
    meter.prepare(977.0)
    assert meter.ch_1.wavelength == pytest.approx(977.0, abs=0.5)


def test_a_measurement_gives_a_power(meter: PM320) -> None:
    meter.prepare(977.0)
    reading = meter.monitor.measure()
    assert abs(reading.power_w) < 1.0


def test_a_hundred_queries_in_a_row_do_not_hang_it(meter: PM320) -> None:
    for _ in range(100):
        _ = meter.ch_1.wavelength


def test_averaging_is_taken_back_as_it_is(meter: PM320) -> None:
    count = meter.ch_1.averaging
    meter.ch_1.averaging = count
    assert meter.ch_1.averaging == count


def test_it_can_be_made_safe(meter: PM320) -> None:
    meter.make_safe()
