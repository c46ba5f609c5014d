"""A real NIRQuest512. Takes spectra of whatever light there is; its cooler is left as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from drivers.clock import Clock
from drivers.nirquest512 import NIRQuest512

pytestmark = pytest.mark.hardware


@pytest.fixture(scope="module")
def spectrometer(address: Callable[[str], str], clock: Clock) -> Iterator[NIRQuest512]:
    instrument = NIRQuest512.connect(address("--nirquest512-serial"), clock=clock)
    yield instrument
    instrument.close()


def test_it_says_who_it_is(spectrometer: NIRQuest512) -> None:
    assert spectrometer.identity.serial_number


def test_wavelengths_are_in_the_near_infrared(spectrometer: NIRQuest512) -> None:
    assert 800 < spectrometer.wavelengths_nm[0] < spectrometer.wavelengths_nm[-1] < 2600


def test_spectra_are_counts_with_noise(spectrometer: NIRQuest512) -> None:
    spectrometer.set_integration_time_s(0.02)
    counts = spectrometer.acquire(5)
    assert counts.shape == (5, 512)
    assert counts.min() >= 0
    assert counts.max() <= 65535
    assert np.all(np.ptp(counts, axis=0).max() > 0)


def test_a_short_time_after_a_long_one_does_not_time_out(spectrometer: NIRQuest512) -> None:
    for duration_s in (1.0, 0.005, 0.5, 0.001):
        spectrometer.set_integration_time_s(duration_s)
        assert spectrometer.acquire(1).shape == (1, 512)


def test_a_change_of_light_costs_less_than_an_integration_time(
    spectrometer: NIRQuest512, clock: Clock
) -> None:
    """Fails where a new integration time cuts the frame under way: data are right, steps take longer."""
    spectrometer.set_integration_time_s(0.5 * clock.speed)
    beyond_s = []
    for _ in range(4):
        spectrometer.note_light_changed()
        began_s = clock.monotonic()
        spectrometer.acquire(4)
        beyond_s.append(clock.monotonic() - began_s - 4 * spectrometer.integration_time_s)
    assert min(beyond_s[1:]) < 0.3 * spectrometer.integration_time_s


def test_the_detector_has_a_temperature(spectrometer: NIRQuest512) -> None:
    assert -60 < spectrometer.read_temperature_c() < 50


def test_it_answers(spectrometer: NIRQuest512) -> None:
    spectrometer.make_safe()
