"""The form's description follows the procedure; numbers are read as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymeasure.experiment import BooleanParameter, FloatParameter, ListParameter

from plqy_rig.gui.measure.recipe_fields import (
    FieldKind,
    all_fields,
    field_of,
    grouped,
    in_words,
    number_text,
    parsed_number,
)
from procedures import PlqySweep


def test_every_parameter_of_the_sweep_has_exactly_one_field():
    groups = grouped(PlqySweep().parameter_objects())
    keys = [field.key for group in groups for field in group.fields]
    assert sorted(keys) == sorted(PlqySweep().parameter_objects())


def test_a_new_parameter_appears_among_those_it_resembles_or_under_other():
    new = {
        "peak_width_nm": FloatParameter("Peak width", units="nm", minimum=1, maximum=9, default=2.0),
        "gas": ListParameter("Gas", choices=["N2", "Ar"], default="N2"),
        "blink": BooleanParameter("Blink", default=False),
    }
    groups = grouped({**PlqySweep().parameter_objects(), **new})
    by_title = {group.title: [field.key for field in group.fields] for group in groups}
    assert "peak_width_nm" in by_title["Exposure"]
    assert by_title["Other"] == ["gas", "blink"]
    kinds = {field.key: field.kind for group in groups for field in group.fields}
    assert kinds["gas"] is FieldKind.CHOICE
    assert kinds["blink"] is FieldKind.YES_NO


def test_unit_limits_default_and_meaning_come_from_the_parameter():
    field = all_fields()["power_density_max_mw_per_cm2"]
    assert field.unit == "mW/cm²"
    assert field.limits_words == "0.01 to 100000 mW/cm²"
    assert "Default: 1000 mW/cm²" in field.help_html
    assert "Power density of the last step" in field.help_html
    assert field.is_wide


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("50", "mW/cm²", 50),
        ("1e3", "", 1000.0),
        ("0,5", "s", 0.5),
        ("500 ms", "s", 0.5),
        ("0.3ms", "s", 0.0003),
        ("2 min", "s", 120),
        ("1 W/cm²", "mW/cm²", 1000),
        ("2 %", "", 0.02),
        ("−3", "", -3),
    ],
)
def test_a_number_is_read_as_people_write_it(text, unit, value):
    assert parsed_number(text, unit) == value


@pytest.mark.parametrize("text", ["", "twenty", "1,000", "1,2,3", "nan", "inf", "1e999", "5 nm", "--1"])
def test_what_is_no_number_or_could_mean_two_is_refused(text):
    with pytest.raises(ValueError, match=r"number"):
        parsed_number(text, "s")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-12, max_value=1e12))
def test_a_shown_number_reads_back_as_itself_to_15_digits(number):
    assert parsed_number(number_text(number), "") == pytest.approx(number, rel=1e-14)


def test_messages_name_fields_as_the_form_does():
    words = in_words("integration_time_min_s (2 s) is above integration_time_max_emission_s (1 s)")
    assert words == "“Shortest integration time” (2 s) is above “Longest integration time, emission” (1 s)"


def test_the_form_keeps_the_field_of_a_plain_text_parameter():
    assert field_of("sample", PlqySweep().parameter_objects()["sample"]).kind is FieldKind.TEXT
