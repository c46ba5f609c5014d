from __future__ import annotations

import io
import itertools
import json
import socketserver
import threading
from collections.abc import Iterator

import pytest

from drivers.errors import ConfigurationError, InstrumentConnectionError, InstrumentReportedError
from procedures import (
    Arrangement,
    ConsoleHands,
    OperatorAnswer,
    OperatorStep,
    Role,
    SamplePosition,
    TerminalOperator,
)
from procedures.operator import make_request, moves_between

REQUEST = make_request(
    Role.DIRECT_EMISSION, Role.DIRECT_EXCITATION.arrangement, sample="HET-Ce", power_steps=20
)
AGAIN = make_request(
    Role.DIRECT_EMISSION,
    Role.DIRECT_EXCITATION.arrangement,
    sample="HET-Ce",
    power_steps=20,
    reason="no filter",
)


def test_consecutive_passes_differ_by_one_move() -> None:
    roles = list(Role)
    for before, after in itertools.pairwise(roles):
        assert len(moves_between(before.arrangement, after.arrangement)) == 1


def test_an_unknown_arrangement_names_every_part() -> None:
    assert moves_between(None, Arrangement(SamplePosition.OUT, False)) == (
        OperatorStep.TAKE_SAMPLE_OUT,
        OperatorStep.REMOVE_LONG_PASS,
    )


def test_a_request_reads_like_a_sentence() -> None:
    assert REQUEST.sentence == "Please insert the long-pass filter in front of the fibre."
    assert REQUEST.next == "Next: HET-Ce, direct emission, 20 power steps."
    assert AGAIN.steps == (OperatorStep.PLACE_SAMPLE_DIRECT, OperatorStep.INSERT_LONG_PASS)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("\n", OperatorAnswer.DONE),
        ("done\n", OperatorAnswer.DONE),
        ("C\n", OperatorAnswer.CONTINUE_ANYWAY),
        ("what?\na\n", OperatorAnswer.ABORT),
        ("", OperatorAnswer.ABORT),
    ],
)
def test_the_terminal_takes_a_line_and_its_end_is_abort(typed, answer) -> None:
    output = io.StringIO()
    assert TerminalOperator(output, io.StringIO(typed)).ask(AGAIN) is answer
    assert "no filter" in output.getvalue()
    assert "insert the long-pass" in output.getvalue()


class _Console(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            command = json.loads(line)
            self.server.commands.append(command)
            reply = {"error": "no hands"} if self.server.refuse else {"ok": True}
            self.wfile.write(json.dumps(reply).encode() + b"\n")


@pytest.fixture
def console() -> Iterator[socketserver.TCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Console) as server:
        server.commands, server.refuse = [], False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_simulated_hands_bring_sample_and_filter_to_the_target(console) -> None:
    hands = ConsoleHands(f"127.0.0.1:{console.server_address[1]}")
    assert hands.ask(REQUEST) is OperatorAnswer.DONE
    assert console.commands == [
        {"command": "place", "sample": "direct"},
        {"command": "long_pass", "inserted": True},
    ]


def test_a_console_that_refuses_is_an_error(console) -> None:
    console.refuse = True
    with pytest.raises(InstrumentReportedError, match="no hands"):
        ConsoleHands(f"127.0.0.1:{console.server_address[1]}").ask(REQUEST)


def test_a_console_that_is_not_there_is_a_connection_error() -> None:
    with pytest.raises(InstrumentConnectionError, match=r"127\.0\.0\.1:1"):
        ConsoleHands("127.0.0.1:1", timeout_s=1.0).ask(REQUEST)
    with pytest.raises(ConfigurationError, match="host:port"):
        ConsoleHands("nowhere").ask(REQUEST)
