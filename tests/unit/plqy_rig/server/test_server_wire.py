"""The wire: who may come in, what is refused and logged, and that nothing is lost on the way."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import stat
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from support.hosts import joined
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve as websockets_server

from plqy_rig.data.encoding import decode_json
from plqy_rig.host import apply_event
from plqy_rig.server import (
    HostClient,
    HostCommandError,
    HostGoneError,
    RigServer,
    bounded_http,
    find_host,
    list_hosts,
)
from plqy_rig.server.discovery import HostAddress, host_path
from plqy_rig.server.limits import Limits


@pytest.fixture
def serve(make_host):
    """Serve a host in memory."""
    with ExitStack() as stack:

        def start(limits: Limits = Limits(), **keywords):  # noqa: B008 - frozen
            made = make_host()
            made.server = RigServer(made.host, limits=limits, **keywords)
            stack.enter_context(made.server)
            made.server.start()
            return made

        yield start


def raw(server: RigServer, **headers: str):
    given = {"Authorization": f"Bearer {server.address.token}", **headers}
    return connect(server.address.url, additional_headers=given, proxy=None, compression=None)


def answer_to(connection, text) -> dict:
    """The reply to a frame, whatever events come before it."""
    connection.send(text)
    while True:
        message = decode_json(connection.recv(timeout=10))
        if "event" not in message:
            return message


def test_the_first_frame_is_the_snapshot(serve):
    with raw(serve().server) as connection:
        first = decode_json(connection.recv(timeout=10))
    assert first["event"] == "snapshot"
    assert first["snapshot"]["occupation"] == "idle"
    assert set(first["snapshot"]) >= {"rig", "engine", "queue", "instruments", "log", "history", "run"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer töken"},
        {"Origin": "http://example.org"},
        {"Origin": "null"},
    ],
)
def test_who_has_no_business_here_stays_outside_and_is_logged(serve, caplog, headers):
    server = serve().server
    with caplog.at_level(logging.WARNING), pytest.raises((InvalidStatus, UnicodeEncodeError)) as refused:
        raw(server, **headers)
    if isinstance(refused.value, InvalidStatus):
        assert refused.value.response.status_code == 403
        assert "refused" in caplog.text


def test_another_sites_page_cant_even_load_something(serve):
    def routes(host, token):
        return [Route("/", lambda request: PlainTextResponse(token))]

    server = serve(extra_routes=routes).server
    own = f"http://127.0.0.1:{server.port}"
    assert httpx.get(own, trust_env=False).status_code == 200
    assert httpx.get(own, headers={"Origin": own}, trust_env=False).status_code == 200
    assert httpx.get(own, headers={"Origin": "http://example.org"}, trust_env=False).status_code == 403
    assert httpx.get(own, headers={"Host": "example.org"}, trust_env=False).status_code == 403
    assert server.address.status_url.endswith(f"?token={httpx.get(own, trust_env=False).text}")


def send_and_listen(connection, text: str) -> None:
    connection.send(text)
    while True:
        connection.recv(timeout=10)


@pytest.mark.parametrize(
    ("text", "words", "number"),
    [
        ("{", "not JSON", None),
        ("[]", "a request is an object", None),
        ('{"command": "pause"}', "id: must be a whole number", None),
        ('{"id": true, "command": "pause"}', "id: must be a whole number", None),
        ('{"id": 3, "command": 5}', "command: must be a name", 3),
        ('{"id": 3, "command": "pause", "arguments": []}', "arguments: must be an object", 3),
        ('{"id": 3, "command": "pause", "extra": 1}', "unknown: extra", 3),
        ("[" * 100_000, "not JSON", None),
        (b"\x80\x04N.", "not JSON", None),
        ('{"id": 3, "command": "pause", "x": "' + "y" * 300_000 + '"}', "a request has at most", None),
    ],
)
def test_a_malformed_request_is_answered_and_logged_and_the_face_stays(serve, caplog, text, words, number):
    with raw(serve().server) as connection:
        reply = answer_to(connection, text)
        assert not reply["ok"]
        assert reply["reply_to"] == number
        assert reply["error"]["kind"] == "MalformedRequestError"
        assert words in reply["error"]["message"]
        assert "malformed request" in caplog.text
        assert answer_to(connection, '{"id": 4, "command": "run_documents"}')["ok"]


def test_who_gave_a_command_has_heard_what_it_changed_when_it_returns(serve):
    made = serve()
    picture: dict = {}

    def hear_slowly(event) -> None:
        time.sleep(0.05)
        apply_event(picture, event)

    with HostClient(made.server.address, on_event=hear_slowly, on_closed=lambda why: None) as client:
        client.command("confirm_purge")
        assert picture["rig"]["purge_confirmed"]


def test_a_frame_that_is_far_too_long_ends_the_connection_and_nothing_else(serve):
    made = serve()
    with raw(made.server) as connection, pytest.raises(ConnectionClosed):
        send_and_listen(connection, "y" * (Limits().frame_bytes + 1))
    with joined(made.server.address) as face:
        assert face.ask("run_documents")["complete"]


def test_a_face_that_asks_too_often_is_refused_for_a_while(serve, caplog):
    made = serve(Limits(requests_per_s=0.001, request_burst=3))
    with joined(made.server.address) as face:
        for _ in range(3):
            face.ask("run_documents")
        with pytest.raises(HostCommandError, match="too many requests") as refused:
            face.ask("run_documents")
        assert refused.value.kind == "TooManyRequestsError"
        # What is urgent has a limit of its own.
        assert face.ask("emergency_off")["verdict"]["safe"]
    assert "refused: too many requests" in caplog.text


def test_only_so_many_faces_at_once(serve):
    made = serve(Limits(connections=1))
    with joined(made.server.address), pytest.raises(HostGoneError, match="refused"):
        HostClient(made.server.address, on_event=print, on_closed=print)


def test_who_opens_connections_and_asks_for_nothing_is_put_out_and_faces_get_in(serve, monkeypatch, caplog):
    monkeypatch.setattr(bounded_http, "MOST_CONNECTIONS", 5)
    monkeypatch.setattr(bounded_http, "REQUEST_PATIENCE_S", 0.5)
    server = serve().server
    with ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            for _ in range(8)
        ]
        idle[0].sendall(b"GET / HTTP/1.1\r\nHost: slow")
        for connection in idle:
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        with joined(server.address) as face:
            # Its patience began after the face's: when it is over, so is the face's.
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as later:
                assert later.recv(1) == b""
            assert face.ask("queue_list")["queue"]["entries"] == []
    assert "5 are open already" in caplog.text


def test_a_face_that_reads_too_slowly_is_cut_off_and_the_others_lose_nothing(serve, caplog):
    made = serve(Limits(outgoing_bytes=2_000_000))
    with joined(made.server.address) as face, raw(made.server) as slow:
        slow.recv(timeout=10)
        for _ in range(200):
            made.host.desk.tell("notice", sentence="x" * 100_000, warning=False)
            time.sleep(0.002)
        face.wait_for(lambda face: len(face.of("notice")) >= 200)
        deadline = time.monotonic() + 10
        while "reads too slowly" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    numbers = [event["sequence"] for event in face.events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_the_file_that_says_where_the_host_is_is_for_its_user_alone(serve):
    made = serve()
    path = host_path(Path(made.server.address.rig))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.read_text())["format"] == "plqy-host/1"
    assert list_hosts() == (made.server.address,)
    assert find_host(Path(made.server.address.rig)) == made.server.address
    made.server.close()
    assert not path.exists()
    assert list_hosts() == ()


def test_the_file_of_a_host_that_was_killed_counts_for_nothing(serve):
    made = serve()
    path = host_path(Path(made.server.address.rig))
    text = path.read_text()
    made.server.close()
    path.write_text(text)
    assert list_hosts() == ()
    path.write_text("{}")
    assert find_host(Path(made.server.address.rig)) is None


def test_a_refusal_arrives_with_its_kind_and_exit_code(serve):
    with joined(serve().server.address) as face:
        with pytest.raises(HostCommandError) as refused:
            face.ask("pause")
        assert (refused.value.kind, refused.value.exit_code) == ("CommandRefusedError", 2)
        with pytest.raises(HostCommandError, match="pause: reson: unknown argument"):
            face.ask("pause", reson="x")


def test_a_face_may_give_commands_while_it_hears(serve):
    made = serve()
    answers = []
    made_client, answered = threading.Event(), threading.Event()

    def hear(event) -> None:
        if event["event"] == "snapshot":
            made_client.wait(10)
            answers.append(client.command("run_documents"))
            answered.set()

    client = HostClient(made.server.address, on_event=hear, on_closed=lambda why: None)
    made_client.set()
    assert answered.wait(20)
    client.close()
    assert answers == [{"documents": [], "next": 0, "complete": True}]


def test_a_face_is_told_why_its_host_is_gone(serve):
    made = serve()
    with joined(made.server.address) as face:
        made.server.close()
        face.wait_for(lambda face: face.closed, "the end", 15.0)
        assert "lost" in face.closed[0] or "closed" in face.closed[0]
        with pytest.raises(HostGoneError):
            face.ask("run_documents")


def test_a_host_that_ends_without_a_goodbye_is_told_in_words_of_the_rig():
    why: list[str] = []
    gone = threading.Event()

    def closed(reason: str) -> None:
        why.append(reason)
        gone.set()

    def die(connection) -> None:
        connection.socket.shutdown(socket.SHUT_RDWR)

    with websockets_server(die, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/session"
        address = HostAddress(url, "token", "", 1, "/rig.toml", "bench", "", simulated=True)
        client = HostClient(address, on_event=lambda event: None, on_closed=closed)
        assert gone.wait(20)
        client.close()
    assert "ended or was killed" in why[0]
    assert "frame" not in why[0]


def test_two_faces_see_the_same_picture_as_the_host(serve):
    made = serve()
    made.answer_everything()
    with joined(made.server.address) as first:
        made.start_run()
        first.wait_for(lambda face: len(face.of("document")) > 10)
        with joined(made.server.address) as second:
            made.face.wait_for_use("idle")
            documents, after, complete = [], 0, False
            while not complete:
                chunk = second.ask("run_documents", after=after)
                documents += chunk["documents"]
                after, complete = chunk["next"], chunk["complete"]
            made.server.close()
            for face in (first, second):
                face.wait_for(lambda face: face.closed, "the end", 15.0)
            folded: dict = {}
            for event in first.events:
                apply_event(folded, event)
            for part in ("engine", "run", "occupation", "progress", "rig"):
                assert first.picture[part] == second.picture[part] == made.host.snapshot[part]
            heard = [event["document"]["uid"] for event in first.of("document")]
            assert heard == [one["document"]["uid"] for one in documents]
