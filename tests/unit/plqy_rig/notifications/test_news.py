"""Which events become news, when, and that trouble with sending stays where it is."""

from __future__ import annotations

import threading

import pytest

from calibration.roles import Role
from drivers.errors import ConfigurationError
from plqy_rig.config import read_rig_file
from plqy_rig.engine import (
    EngineState,
    HoldsChanged,
    OperatorAnswered,
    OperatorAsked,
    RunOpened,
    Safety,
    SafetyChanged,
    StateChanged,
    Transition,
)
from plqy_rig.notifications import NewsDesk, NewsKind, Notifier
from procedures import OperatorAnswer
from procedures.operator import make_request

LONG_S = 1000.0
apprise_imports_imghdr = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


class Ear:
    """Keeps news, and lets a test wait for them."""

    def __init__(self) -> None:
        self.news = []
        self._changed = threading.Condition()

    def __call__(self, news) -> None:
        with self._changed:
            self.news.append(news)
            self._changed.notify_all()

    def wait_for(self, number):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.news) >= number, 20)
        return self.news


@pytest.fixture
def ear():
    return Ear()


def state(new, reason=""):
    return StateChanged(Transition(EngineState.RUNNING, new, reason, 0.0))


def question():
    return OperatorAsked(make_request(Role.DIRECT_EXCITATION, None, sample="HET-Ce", power_steps=3))


def test_a_finished_and_a_failed_run_are_told_with_their_folder_and_reason(ear):
    desk = NewsDesk("rig", ear, LONG_S)
    for end in (EngineState.FINISHED, EngineState.FAILED, EngineState.INTERRUPTED):
        desk.hear(RunOpened("/data/20260101T000000Z_er", 0))
        desk.hear(state(end, "because"))
    assert [news.kind for news in ear.news] == [NewsKind.FINISHED, NewsKind.FAILED, NewsKind.FAILED]
    assert all("20260101T000000Z_er" in news.body and "because" in news.body for news in ear.news)


def test_an_abort_is_no_news_to_who_aborted(ear):
    NewsDesk("rig", ear, 0.0).hear(state(EngineState.ABORTED))
    assert ear.news == []


def test_not_safe_is_told_at_once(ear):
    NewsDesk("rig", ear, LONG_S).hear(SafetyChanged(Safety.NOT_SAFE, None))
    assert [news.kind for news in ear.news] == [NewsKind.NOT_SAFE]


def test_a_hold_that_is_over_soon_is_no_news(ear):
    desk = NewsDesk("rig", ear, LONG_S)
    desk.hear(HoldsChanged(("The laser is warm.",)))
    desk.hear(HoldsChanged(()))
    desk.hear(question())
    desk.hear(OperatorAnswered(OperatorAnswer.DONE))
    assert ear.news == []
    assert not desk._timers


def test_a_hold_that_lasts_is_told_once_and_so_is_its_end(ear):
    desk = NewsDesk("rig", ear, 0.0)
    desk.hear(HoldsChanged(("The laser is warm.",)))
    ear.wait_for(1)
    desk.hear(HoldsChanged(("The laser is warm.", "No guardian watches.")))
    desk.hear(HoldsChanged(()))
    titles = [news.title for news in ear.wait_for(2)]
    assert titles == ["rig: run on hold", "rig: goes on"]


def test_a_question_nobody_answers_is_told_with_its_sentence(ear):
    NewsDesk("rig", ear, 0.0).hear(question())
    (news,) = ear.wait_for(1)
    assert news.kind is NewsKind.OPERATOR_NEEDED
    assert "into the beam" in news.body


def test_a_run_that_ends_takes_its_unripe_news_along(ear):
    desk = NewsDesk("rig", ear, LONG_S)
    desk.hear(question())
    desk.hear(state(EngineState.ABORTED))
    assert not desk._timers


@apprise_imports_imghdr
def test_only_what_was_asked_for_is_sent_and_trouble_is_told_with_the_message():
    told = []
    # Nothing listens at port 1.
    with Notifier(
        ["json://127.0.0.1:1/secret"], ["failed"], "rig", told.append, pauses_s=(0.0, 0.0)
    ) as notifier:
        notifier.hear(state(EngineState.FINISHED))
        notifier.hear(state(EngineState.FAILED, "the lamp"))
    assert len(told) == 1
    assert "the lamp" in told[0]
    assert "secret" not in told[0]


@apprise_imports_imghdr
def test_an_address_apprise_does_not_know_is_refused_without_showing_its_secret():
    with pytest.raises(ConfigurationError, match="nonsense") as refused:
        Notifier(["nonsense://user:password@host"], ["failed"], "rig", print)
    assert "password" not in str(refused.value)


def rig_file(tmp_path, section):
    from support.rig_in_memory import RIG_TOML

    path = tmp_path / "rig.toml"
    path.write_text(f"{RIG_TOML}\n[notifications]\n{section}\n", encoding="utf-8")
    return path


def test_addresses_come_from_the_rig_file_and_from_the_file_it_names(tmp_path):
    (tmp_path / "more.txt").write_text("# lab\njson://b\n\n  json://c\n", encoding="utf-8")
    read = read_rig_file(rig_file(tmp_path, 'urls = ["json://a"]\nurls_file = "more.txt"'))
    assert read.notification_urls == ("json://a", "json://b", "json://c")
    (tmp_path / "more.txt").unlink()
    with pytest.raises(ConfigurationError, match=r"more\.txt"):
        _ = read.notification_urls


@pytest.mark.parametrize("section", ['on = ["sunrise"]', "tell_after_s = -1.0", 'url = ["json://a"]'])
def test_a_section_that_says_nonsense_is_refused(tmp_path, section):
    with pytest.raises(ConfigurationError, match="notifications"):
        read_rig_file(rig_file(tmp_path, section))


def test_a_rig_file_without_addresses_has_no_notifier(tmp_path):
    assert Notifier.of(read_rig_file(rig_file(tmp_path, "urls = []")), print) is None
