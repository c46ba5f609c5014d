"""Sample or filter not where they should be: noticed at the first step, said in words, nothing recorded."""

from __future__ import annotations

import tomllib

import pytest
from support.benches import SHORT_RECIPE, open_rig

from plqy_rig.data import Role, load_run
from plqy_rig.engine import ObservedSweep, load_records, run_sweep
from procedures import ConsoleHands, OperatorAnswer


class ForgetfulHands:
    """Does every step right but one: at that one nothing moves, the first time."""

    def __init__(self, bench, forgotten):
        self.bench, self.forgotten = bench, forgotten
        self.hands = ConsoleHands(bench.announcement["console"])
        self.requests = []
        self.recorded = []
        self.recorded_when_asked = []

    def ask(self, request):
        self.requests.append(request)
        self.recorded_when_asked.append(len(self.recorded))
        assert not self.bench.ask("observe")["light_on_sample"]
        if request.role is self.forgotten and not request.reason:
            self.forget(request)
            return OperatorAnswer.DONE
        return self.hands.ask(request)

    def forget(self, request):
        pass

    def document(self, name, document):
        if name == "event":
            self.recorded.append(document)


class FilterLeftIn(ForgetfulHands):
    def forget(self, request):
        self.hands.ask(request)
        self.bench.ask("long_pass", inserted=True)


def measure(bench, hands, out):
    sweep = ObservedSweep.from_recipe(tomllib.loads(SHORT_RECIPE), "recipe")
    with open_rig(bench) as rig:
        return run_sweep(
            rig,
            sweep,
            operator=hands,
            records=load_records(rig.rig_file.calibration_folder),
            out=out,
            recipe_text=SHORT_RECIPE,
            listeners=(hands.document,),
        )


@pytest.mark.parametrize(
    ("hands_type", "forgotten", "says"),
    [
        (FilterLeftIn, Role.EMPTY_EXCITATION, ["long-pass"]),
        (ForgetfulHands, Role.INDIRECT_EXCITATION, ["sample"]),
        (ForgetfulHands, Role.DIRECT_EXCITATION, ["sample", "beam"]),
        (ForgetfulHands, Role.DIRECT_EMISSION, ["long-pass"]),
        (ForgetfulHands, Role.INDIRECT_EMISSION, ["sample"]),
    ],
)
def test_a_forgotten_step_is_asked_for_again_before_anything_is_recorded(
    make_bench, tmp_path, hands_type, forgotten, says
):
    bench = make_bench()
    hands = hands_type(bench, forgotten)
    outcome = measure(bench, hands, tmp_path)
    assert outcome.error is None
    asked = [index for index, request in enumerate(hands.requests) if request.role is forgotten]
    assert len(asked) == 2, [request.role for request in hands.requests]
    first, second = asked
    for words in says:
        assert words in hands.requests[second].reason
    assert hands.recorded_when_asked[first] == hands.recorded_when_asked[second]
    run = load_run(outcome.folder)
    assert all(run.spectra[role].measured.all() for role in list(Role)[:5])
    bench.assert_safe()


def test_an_operator_who_aborts_ends_the_run_safely(make_bench, tmp_path):
    class Aborting(ForgetfulHands):
        def ask(self, request):
            if request.role is Role.DIRECT_EXCITATION:
                return OperatorAnswer.ABORT
            return super().ask(request)

    bench = make_bench()
    outcome = measure(bench, Aborting(bench, None), tmp_path)
    assert outcome.exit_status == "abort"
    assert outcome.verdict.safe
    run = load_run(outcome.folder)
    assert set(run.spectra) == {Role.EMPTY_EXCITATION, Role.INDIRECT_EXCITATION}
    bench.assert_safe()


def test_a_check_overridden_by_the_operator_is_told_with_the_run(make_bench, tmp_path):
    class Stubborn(ForgetfulHands):
        def ask(self, request):
            if request.role is self.forgotten:
                self.requests.append(request)
                return OperatorAnswer.CONTINUE_ANYWAY if request.reason else OperatorAnswer.DONE
            return super().ask(request)

    bench = make_bench()
    outcome = measure(bench, Stubborn(bench, Role.DIRECT_EXCITATION), tmp_path)
    assert any("direct_excitation" in warning and "sample" in warning for warning in outcome.warnings)
    stop = load_run(outcome.folder).stop
    assert stop["safe_state"]["warnings"] == list(outcome.warnings)
