"""A queue in an empty folder, and one that runs on a rig in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rig_in_memory import SMALL, EngineInMemory, make_records

from plqy_rig.data import JOURNAL_NAME
from plqy_rig.engine import Job, missing_steps, read_job
from plqy_rig.run_queue import NothingLeftError, QueueRunner, QueueStore
from plqy_rig.run_queue.recipes import sweep_of


@pytest.fixture
def store(tmp_path):
    with QueueStore(tmp_path / "queue.sqlite", highest_mw_per_cm2=1200.0) as store:
        yield store


class QueueInMemory:
    """A queue that runs on a rig in memory, with the operator who is there or isn't."""

    def __init__(self, folder, store, *, operator=True, **options) -> None:
        self.store = store
        self.rig = EngineInMemory(folder, operator=operator)
        self.made = []
        self.after = []
        self.runner = QueueRunner(
            self.rig.engine,
            store,
            self.make_job,
            after_run=lambda entry, outcome: self.after.append((entry.id, str(outcome.exit_status))),
            **options,
        )

    def make_job(self, entry):
        self.made.append(entry.id)
        folder = self.store.folder_of_run(entry)
        if folder is not None and (folder / JOURNAL_NAME).is_file():
            job = read_job(folder, only_pass=entry.only_pass, operator=self.rig.operator)
            if not missing_steps(job.sweep, job.previous):
                raise NothingLeftError("all there")
            return replace(job, records=make_records())
        sweep = sweep_of(entry.recipe)
        sweep.passes = entry.passes
        return Job(sweep, make_records(), entry.out, entry.recipe_toml, self.rig.operator)

    def add(self, sample="test", **options):
        recipe = {**SMALL, "sample": sample, "passes": ["empty_excitation"], **options.pop("recipe", {})}
        return self.store.add(recipe, out=self.rig.folder / "runs", **options)

    def run(self, timeout_s=60.0):
        self.runner.start()
        assert self.runner.wait(timeout_s), self.runner.snapshot()

    def status(self):
        return [str(entry.status) for entry in self.store.entries()]

    def questions(self):
        from plqy_rig.engine import OperatorAsked

        return [event.request for event in self.rig.heard.of(OperatorAsked)]


@pytest.fixture
def make_queue(tmp_path, store, monkeypatch):
    monkeypatch.setattr("plqy_rig.engine.pause._LOOK_INTERVAL_S", 0.02)
    made = []

    def build(**options):
        made.append(QueueInMemory(tmp_path, store, **options))
        return made[-1]

    yield build
    for queue in made:
        queue.rig.world.unplugged.clear()
        queue.rig.world.hooks.clear()
        queue.runner.begin_close()
        queue.rig.engine.close()
        queue.runner.close()
