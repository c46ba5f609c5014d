from __future__ import annotations

import pytest

from sim.bench import Bench, BenchSetup
from sim.clock import ManualClock
from sim.conditions import (
    CONDITIONS,
    ConditionError,
    conditions_now,
    set_condition,
    set_from_text,
    start_with,
)

VALUES: dict[str, object] = {
    "sample": "direct",
    "lamp_hours": 30.0,
    "purge": False,
    "hop_distance_c": 0.5,
    "absorptance": 0.05,
    "filter_angle_deg": 9.0,
    "fibre_throughput": 0.8,
}


@pytest.fixture
def bench() -> Bench:
    return Bench(BenchSetup(), ManualClock())


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_every_condition_is_set_told_and_taken_back(bench: Bench, name: str) -> None:
    drawn = conditions_now(bench)
    value = VALUES.get(name, True if CONDITIONS[name].kind is bool else 0.01)
    assert set_condition(bench, name, value) == value
    assert conditions_now(bench) == drawn | {name: value}
    set_condition(bench, name, None)
    assert conditions_now(bench) == drawn


def test_a_name_alone_switches_on_and_a_value_is_read_as_json(bench: Bench) -> None:
    assert set_from_text(bench, "lamp") == ("lamp", True)
    assert set_from_text(bench, " filter_angle_deg = 8 ") == ("filter_angle_deg", 8.0)
    assert set_from_text(bench, "sample=indirect") == ("sample", "indirect")
    assert set_from_text(bench, "absorptance=null") == ("absorptance", 0.15)


@pytest.mark.parametrize(
    "text",
    [
        "weather=rain",
        "filter_angle_deg",
        "filter_angle_deg=blue",
        "lamp=1",
        "absorptance=0.99",
        "sample=up",
    ],
)
def test_what_cannot_be_set_is_refused_by_name(bench: Bench, text: str) -> None:
    with pytest.raises(ConditionError, match=text.split("=")[0]):
        set_from_text(bench, text)


def test_at_the_beginning_a_condition_has_held_for_long(bench: Bench) -> None:
    start_with(bench, ["purge=false", "lamp"])
    assert bench.optics.water_vapour_path_m(0.0) == 3.0
    assert bench.lamp_state.coldness_at(0.0) == 0.0


def test_later_it_begins_then(bench: Bench) -> None:
    set_condition(bench, "purge", False)
    set_condition(bench, "lamp", True)
    assert bench.optics.water_vapour_path_m(0.0) == 0.0
    assert bench.lamp_state.coldness_at(0.0) == 1.0
    assert bench.optics.water_vapour_path_m(600.0) > 2.9
