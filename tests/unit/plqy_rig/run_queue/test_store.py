"""The stored queue: its order under any edits, what is refused, several programs at once, other versions."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.errors import ConfigurationError
from plqy_rig.data import StorageError
from plqy_rig.run_queue import EntryStatus, FailurePolicy, Policy, QueueStore, hands, queue_path

EDITS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add at", "move", "duplicate", "remove", "end", "clear", "hold"]),
        st.integers(0, 30),
        st.integers(1, 12),
    ),
    max_size=25,
)


class ModelQueue:
    """The queue as a plain list of [id, ended]."""

    def __init__(self) -> None:
        self.entries = []

    def put(self, number, place=None) -> None:
        index = len(self.entries) if place is None else place - 1
        self.entries.insert(index, [number, False])

    def index(self, number) -> int:
        return [entry[0] for entry in self.entries].index(number)


def apply_edit(store, model, edit) -> None:
    what, which, place = edit
    if what == "add":
        model.put(store.add({"sample": "S"}).id)
        return
    if what == "add at":
        model.put(store.add({"sample": "S"}, position=place).id, place)
        return
    if what == "clear":
        store.clear_ended()
        model.entries = [entry for entry in model.entries if not entry[1]]
        return
    if not model.entries:
        return
    number, ended = model.entries[which % len(model.entries)]
    index = model.index(number)
    if what == "move":
        store.move(number, place)
        model.entries.insert(place - 1, model.entries.pop(index))
    elif what == "duplicate":
        model.put(store.duplicate(number).id, index + 2)
    elif what == "remove":
        store.remove(number)
        del model.entries[index]
    elif what == "end":
        store.note(number, status=EntryStatus.FINISHED)
        model.entries[index][1] = True
    elif not ended:
        store.hold(number, True)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_the_order_is_kept_under_any_edits(tmp_path_factory, edits):
    model = ModelQueue()
    with QueueStore(tmp_path_factory.mktemp("queue") / "queue.sqlite") as store:
        for edit in edits:
            apply_edit(store, model, edit)
            entries = store.entries()
            assert [entry.id for entry in entries] == [number for number, _ in model.entries]
            assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))


RECIPES = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.sampled_from([None, "empty_excitation", "direct_excitation", "direct_emission", "empty_emission"]),
    ),
    max_size=8,
)


@settings(max_examples=30, deadline=None)
@given(recipes=RECIPES)
def test_grouping_keeps_every_entry_and_never_needs_more_hands(tmp_path_factory, recipes):
    with QueueStore(tmp_path_factory.mktemp("queue") / "queue.sqlite") as store:
        for sample, role in recipes:
            store.add({"sample": sample}, only_pass=role)
        before = store.entries()
        after = store.group()
    assert {entry.id for entry in after} == {entry.id for entry in before}
    assert hands(after, None) <= hands(before, None)


def test_grouped_passes_need_each_arrangement_once(store):
    for _ in range(2):
        for sample in "AB":
            store.split(store.add({"sample": sample}).id)
    # One empty sphere for all, then four arrangements for each of two samples.
    assert hands(store.group(), None) == 1 + 2 * 4


def test_what_has_ended_keeps_its_place_when_the_rest_is_grouped(store):
    for sample in "BAB":
        store.add({"sample": sample}, only_pass="direct_excitation")
    store.note(2, status=EntryStatus.FAILED)
    assert [entry.id for entry in store.group()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"sample": ""}, "sample"),
        ({"sample": "A", "power_step": 3}, "did you mean power_steps"),
        ({"sample": "A", "power_steps": 0}, "power_steps = 0"),
        ({"sample": "A", "power_density_max_mw_per_cm2": 2000.0}, "allows up to 1200"),
        ("sample = ", "not valid TOML"),
        ("power_steps = 3", "sample"),
    ],
)
def test_a_recipe_that_cannot_be_run_is_refused_with_its_key(store, recipe, words):
    with pytest.raises(ConfigurationError, match=words):
        store.add(recipe, source="night.toml")
    assert store.entries() == ()


def test_a_refused_edit_changes_nothing(store):
    entry = store.add("sample = 'A' # mine")
    for changes in (
        {"name": "B", "power_steps": "many"},
        {"name": "B", "on_failure": "retry"},
        {"name": "B", "only_pass": "sideways"},
        {"held": 1},
        {"name": "  "},
        {"no_such_key": 1},
    ):
        with pytest.raises(ConfigurationError):
            store.edit(entry.id, changes)
    assert store.entry(entry.id) == entry


def test_an_edit_changes_what_it_names(store):
    entry = store.add("sample = 'A' # mine")
    entry = store.edit(entry.id, {"power_steps": 7, "name": "B", "on_failure": "retry:2"})
    assert (entry.recipe["power_steps"], entry.name, entry.sample) == (7, "B", "A")
    assert entry.on_failure == FailurePolicy(Policy.RETRY, 2)
    entry = store.edit(entry.id, {"recipe_toml": "sample = 'C' # again"})
    assert (entry.sample, entry.recipe_toml) == ("C", "sample = 'C' # again")


def test_a_running_entry_cannot_be_changed_removed_or_held(store):
    entry = store.add({"sample": "A"})
    assert store.claim(entry.id, 1.0).status is EntryStatus.RUNNING
    assert store.claim(entry.id, 1.0) is None
    for action in (
        lambda: store.edit(entry.id, {"name": "B"}),
        lambda: store.remove(entry.id),
        lambda: store.hold(entry.id, True),
    ):
        with pytest.raises(ConfigurationError, match="running"):
            action()


def test_a_begun_run_keeps_its_recipe_and_all_passes_share_it(store):
    first, second, *_ = store.split(store.add({"sample": "A"}).id)
    store.edit(second.id, {"power_steps": 4})
    assert {entry.recipe["power_steps"] for entry in store.entries()} == {4}
    store.note(first.id, folder="somewhere")
    with pytest.raises(ConfigurationError, match="begun"):
        store.edit(second.id, {"power_steps": 5})
    assert str(store.folder_of_run(store.entry(second.id))) == "somewhere"
    store.edit(second.id, {"name": "named all the same"})


def test_two_programs_may_change_the_queue_at_once(store):
    def fill(path):
        with QueueStore(path) as mine:
            for number in range(15):
                mine.move(mine.add({"sample": f"S{number}"}).id, 1)

    threads = [threading.Thread(target=fill, args=(store.path,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.position for entry in store.entries()] == list(range(1, 46))


def test_a_change_elsewhere_is_noticed(store):
    before = store.version()
    with QueueStore(store.path) as other:
        other.add({"sample": "A"})
    assert store.version() != before


def test_a_queue_of_a_later_version_is_refused(tmp_path):
    path = tmp_path / "later.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match="later version"):
        QueueStore(path)


def test_a_file_that_is_no_queue_is_refused_and_kept(tmp_path):
    path = tmp_path / "queue.sqlite"
    path.write_text("this is a letter, not a queue" * 100, encoding="utf-8")
    with pytest.raises(StorageError, match="can't be used"):
        QueueStore(path)
    assert path.read_text(encoding="utf-8").startswith("this is a letter")


def test_each_rig_has_its_own_queue(tmp_path, monkeypatch):
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(tmp_path))
    paths = {queue_path(None), queue_path(tmp_path / "a.toml"), queue_path(tmp_path / "b.toml")}
    assert len(paths) == 3
    assert {path.parent for path in paths} == {tmp_path}


@pytest.mark.parametrize("given_policy", ["", "retry", "retry:0", "retry:x", "skip:1", "perhaps", 3, None])
def test_a_policy_that_says_nothing_is_refused(given_policy):
    with pytest.raises(ConfigurationError, match="on_failure"):
        FailurePolicy.of(given_policy)


@pytest.mark.parametrize("word", ["skip", "stop", "retry:3"])
def test_policies_are_read_as_they_are_written(word):
    assert str(FailurePolicy.of(word)) == word
    assert FailurePolicy.of(FailurePolicy.of(word).to_document()) == FailurePolicy.of(word)


@pytest.mark.parametrize("number", [0, 7, -1, 10**30])
def test_an_entry_that_is_not_there_is_said_whatever_its_number(store, number):
    with pytest.raises(ConfigurationError, match=f"there is no entry {number} in the queue"):
        store.remove(number)
