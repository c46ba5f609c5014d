"""The NDW/1 conformance suite over both simulated far ends: the bench's model and the real firmware."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from sim.instruments.nd_wheel import NdWheelOptions
from tests.nd_wheel_far_ends.bench_conformance import *  # noqa: F403
from tests.nd_wheel_far_ends.client import Client
from tests.nd_wheel_far_ends.conformance import *  # noqa: F403
from tests.nd_wheel_far_ends.far_ends import make_far_end

ClientAt = Callable[[float], Client]


@pytest.fixture(params=["model", "firmware"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def angles() -> list[float]:
    return []


@pytest.fixture
def client_at(kind: str, angles: list[float]) -> Iterator[ClientAt]:
    with ExitStack() as stack:

        def begin(start_angle_deg: float | None) -> Client:
            options = NdWheelOptions(start_angle_deg=start_angle_deg)
            far_end = make_far_end(kind, options=options, on_angle=lambda _time, angle: angles.append(angle))
            stack.enter_context(closing(far_end))
            client = Client(far_end)
            client.wait(0.05)
            client.events.clear()
            return client

        yield begin


@pytest.fixture
def client(client_at: ClientAt) -> Client:
    return client_at(141.5)


@pytest.fixture
def bench_client(client: Client) -> Client:
    return client


@pytest.fixture
def watched_client(client: Client, angles: list[float]) -> tuple[Client, list[float]]:
    return client, angles
