import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from plqy_rig.data import (
    PASS_ORDER,
    Evaluation,
    ExitStatus,
    MissingPathError,
    RunRecorder,
    UnreadableRunError,
    load_run,
    read_evaluation,
    read_nexus,
    recover_run,
    runs_to_recover,
    write_nexus,
)

RecordRun = Callable[..., Path]


def test_an_interrupted_run_gets_its_nexus_file(record_run: RecordRun) -> None:
    folder = record_run(PASS_ORDER[:2], finish=False)
    with (folder / "run.jsonl").open("ab") as file:
        file.write(b'{"crc32":"00000000","seq":')
    before = (folder / "run.jsonl").read_bytes()
    recovery = recover_run(folder)
    assert recovery.path == folder / "run.nxs"
    assert recovery.evaluation is None
    assert (folder / "run.jsonl").read_bytes() == before
    run = read_nexus(folder / "run.nxs")
    assert run == load_run(folder) == recovery.run
    assert run.exit_status is ExitStatus.INTERRUPTED
    assert "half-written" in run.warnings[0]


def test_results_are_made_where_they_can_be(
    record_run: RecordRun, new_evaluation: Callable[..., Evaluation]
) -> None:
    folder = record_run()
    recovery = recover_run(folder, lambda run: new_evaluation(run.uid))
    assert read_evaluation(folder / "run.nxs") == recovery.evaluation != None  # noqa: E711


def test_results_that_are_there_are_kept_unless_the_data_changed(
    record_run: RecordRun, new_evaluation: Callable[..., Evaluation]
) -> None:
    folder = record_run()
    run = load_run(folder)
    write_nexus(run, new_evaluation(run.uid), folder / "run.nxs")
    assert recover_run(folder).evaluation == new_evaluation(run.uid)
    with (folder / "run.jsonl").open("ab") as file:
        file.write(b"torn")
    assert recover_run(folder).evaluation is None


def test_results_are_kept_where_only_the_words_of_a_warning_changed(
    record_run: RecordRun, new_evaluation: Callable[..., Evaluation]
) -> None:
    folder = record_run()
    with (folder / "run.jsonl").open("ab") as file:
        file.write(b"torn")
    run = dataclasses.replace(load_run(folder), warnings=("as an older version said it",))
    write_nexus(run, new_evaluation(run.uid), folder / "run.nxs")
    assert recover_run(folder).evaluation == new_evaluation(run.uid)


def test_a_damaged_nexus_file_is_replaced(record_run: RecordRun) -> None:
    folder = record_run()
    (folder / "run.nxs").write_bytes(b"not HDF5")
    recover_run(folder)
    assert read_nexus(folder / "run.nxs") == load_run(folder)


def test_runs_without_a_nexus_file_or_with_an_old_one_are_found(record_run: RecordRun) -> None:
    recovered, without, old, damaged, copied = (record_run([]) for _ in range(5))
    for folder in (recovered, old, damaged, copied):
        recover_run(folder)
    RunRecorder.resume(old).close()
    (damaged / "run.nxs").write_bytes(b"no longer what it was")
    for folder in (old, damaged, copied):
        os.utime(folder / "run.nxs", (1.0, 1.0))
    (recovered.parent / "empty").mkdir()
    (recovered.parent / "file").touch()
    assert set(runs_to_recover(recovered.parent)) == {without, old, damaged}
    assert runs_to_recover(without) == (without,)
    assert runs_to_recover(recovered) == ()


def test_what_cannot_be_recovered_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match="isn't there"):
        recover_run(tmp_path)
    with pytest.raises(MissingPathError, match="isn't there"):
        runs_to_recover(tmp_path / "gone")
    (tmp_path / "run.jsonl").touch()
    with pytest.raises(UnreadableRunError, match="can be deleted"):
        recover_run(tmp_path)
    assert runs_to_recover(tmp_path) == ()
