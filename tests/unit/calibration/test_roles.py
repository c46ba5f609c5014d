"""The words of the data: fixed names, and the order that needs the fewest moves."""

from __future__ import annotations

import itertools

from calibration.roles import PASS_ORDER, REQUIRED_ROLES, Role, SamplePosition


def test_the_names_of_the_roles_are_fixed() -> None:
    assert [str(role) for role in PASS_ORDER] == [
        "empty_excitation",
        "indirect_excitation",
        "direct_excitation",
        "direct_emission",
        "indirect_emission",
        "empty_emission",
    ]


def test_only_the_empty_emission_is_optional() -> None:
    assert set(PASS_ORDER) - set(REQUIRED_ROLES) == {Role.EMPTY_EMISSION}


def test_between_two_passes_the_operator_does_one_thing() -> None:
    arrangements = [role.arrangement for role in PASS_ORDER]
    for before, after in itertools.pairwise(arrangements):
        moved = (before.sample is not after.sample) + (
            before.long_pass_inserted is not after.long_pass_inserted
        )
        assert moved == 1


def test_the_long_pass_is_in_for_emission_and_the_sample_out_when_empty() -> None:
    for role in Role:
        assert role.arrangement.long_pass_inserted == role.is_emission == role.value.endswith("_emission")
        assert (role.arrangement.sample is SamplePosition.OUT) == role.value.startswith("empty")
