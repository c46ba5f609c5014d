"""The NDW/1 conformance suite over both simulated far ends: the bench's model and the real firmware."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from nd_wheel_far_ends.bench_conformance import *  # noqa: F403
from nd_wheel_far_ends.client import Client
from nd_wheel_far_ends.conformance import *  # noqa: F403
from nd_wheel_far_ends.far_ends import make_far_end
from nd_wheel_far_ends.motion_conformance import *  # noqa: F403

from sim.instruments.nd_wheel import MechanicsOptions, NdWheelOptions

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


@pytest.mark.parametrize(
    "mechanics",
    [
        MechanicsOptions(bounce_s=0.002),
        MechanicsOptions(play_deg=1.7),
        MechanicsOptions(steps_per_revolution=3211.7),
        MechanicsOptions(flag_width_deg=1.5),
        MechanicsOptions(flag_width_deg=11.0),
    ],
    ids=["bouncing switch", "much play", "odd gear ratio", "narrow flag", "wide flag"],
)
@pytest.mark.parametrize("start_angle_deg", [100.0, 355.0])
def test_homing_is_exact_on_a_less_than_perfect_wheel(
    kind: str, mechanics: MechanicsOptions, start_angle_deg: float
) -> None:
    options = NdWheelOptions(start_angle_deg=start_angle_deg, mechanics=mechanics)
    with closing(make_far_end(kind, options=options)) as far_end:
        client = Client(far_end)
        client.wait(0.05)
        for _ in range(2):
            assert client.home().homed
            assert distance_deg(far_end.true_angle_deg, 0.0) <= 0.12  # noqa: F405
        assert client.ask("GET EDGE") == "OK 0"
