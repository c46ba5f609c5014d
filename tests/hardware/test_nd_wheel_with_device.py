"""The NDW/1 conformance suite and the driver on a real board.

Set ND_WHEEL_ADDRESS to its port (`ND_WHEEL_ADDRESS=/dev/ttyUSB0 python -m pytest tests/hardware`). The
wheel turns, also through its clear sector: no beam. The board's stored acceleration is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from nd_wheel_far_ends.client import Client
from nd_wheel_far_ends.conformance import *  # noqa: F403
from nd_wheel_far_ends.far_ends import SerialFarEnd
from nd_wheel_far_ends.motion_conformance import *  # noqa: F403

from drivers.nd_wheel import NdWheel

ADDRESS = os.environ.get("ND_WHEEL_ADDRESS", "")
pytestmark = [
    pytest.mark.hardware,
    pytest.mark.skipif(not ADDRESS, reason="ND_WHEEL_ADDRESS names no board"),
]


@pytest.fixture
def client() -> Iterator[Client]:
    far_end = SerialFarEnd(ADDRESS)
    client = Client(far_end)
    far_end.write(b"\n")
    far_end.wait(0.1)  # a banner of which the beginning may be lost
    yield client
    far_end.close()


def test_the_driver_homes_moves_and_makes_safe() -> None:
    wheel = NdWheel.connect(ADDRESS)
    wheel.home()
    for angle_deg in (90.0, 10.0, 269.0):
        wheel.move_to(angle_deg)
        assert wheel.angle_deg == pytest.approx(angle_deg, abs=0.06)
    wheel.home()
    assert abs(wheel.lost_microsteps or 0) <= 1
    wheel.make_safe()
    wheel.close()
