"""Recipe files: comments survive a changed value, or somebody is told."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ConfigurationError
from plqy_rig.data import StorageError
from plqy_rig.gui.measure.recipe_file import open_recipe, rewritten, save_recipe

TEXT = """# Our usual sweep.

sample = "HET # 1"   # the name
passes = [
    "direct_excitation",
    "direct_emission",
]
power_steps = 20     # enough
"""
VALUES = tomllib.loads(TEXT)


def test_unchanged_values_stay_as_they_were_written():
    assert rewritten(TEXT, VALUES).text == TEXT


def test_a_changed_value_keeps_its_comment_and_everything_else():
    new = rewritten(TEXT, {**VALUES, "power_steps": 5, "sample": "HOM"})
    assert new.comments_kept
    assert new.text == TEXT.replace("20 ", "5 ").replace('"HET # 1"', '"HOM"')


def test_a_new_key_is_added_and_a_missing_one_taken_out():
    values = {key: value for key, value in VALUES.items() if key != "passes"} | {"scans_emission": 8}
    new = rewritten(TEXT, values)
    assert tomllib.loads(new.text) == values
    assert "# Our usual sweep." in new.text


def test_lost_comments_are_told():
    text = 'passes = [\n    "direct_excitation", # first\n]\n'
    new = rewritten(text, {"passes": ["direct_emission"]})
    assert not new.comments_kept
    assert tomllib.loads(new.text) == {"passes": ["direct_emission"]}


def test_a_whole_number_that_becomes_a_decimal_one_is_written_anew():
    assert rewritten("a = 1\n", {"a": 1.0}).text == "a = 1.0\n"


recipes = st.dictionaries(
    st.sampled_from(["sample", "passes", "power_steps", "comment", "x"]),
    st.one_of(st.text(), st.integers(), st.floats(allow_nan=False), st.lists(st.text(), max_size=3)),
)


@given(recipes, recipes)
def test_whatever_changes_the_text_says_the_new_values(old, new):
    text = rewritten("# a comment\n", old).text
    assert tomllib.loads(rewritten(text, new).text) == new


def test_saving_replaces_the_file_whole_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "new" / "recipe.toml"
    save_recipe(path, "a = 1\n")
    save_recipe(path, "a = 2\n")
    assert path.read_text(encoding="utf-8") == "a = 2\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_an_error_with_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not write"):
        save_recipe(tmp_path / "file" / "recipe.toml", "")


def test_a_rig_file_is_no_recipe(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text('format = "plqy-rig/1"\n')
    with pytest.raises(ConfigurationError, match="no recipe"):
        open_recipe(path)
