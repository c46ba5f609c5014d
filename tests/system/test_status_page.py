"""The status page in a real browser: it shows a run as it goes on, and takes nothing from anybody."""

from __future__ import annotations

import json
import socket
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from support.benches import SHORT_RECIPE
from support.browser import Browser, wait_until

from plqy_rig.server import HostAddress, HostClient

RECIPE = {**tomllib.loads(SHORT_RECIPE), "sample": "<b>HET-Ce</b> & co"}


class Served:
    """A host with its page, for this computer and for others."""

    def __init__(self, address: HostAddress, others_url: str, log: Path) -> None:
        self.address = address
        self.others_url = others_url
        self.log = log

    @property
    def site(self) -> str:
        return self.address.status_url.partition("?")[0]

    @property
    def token(self) -> str:
        return self.address.status_url.partition("token=")[2]


@pytest.fixture
def served(plqy, tmp_path, monkeypatch) -> Iterator[Served]:
    monkeypatch.setenv("PLQY_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(tmp_path / "queue"))
    log = tmp_path / "serve.log"
    process = plqy.start(
        "serve", "--sim", "--speed", "100", "--json", "--status-page", "127.0.0.1:0",
        "--out", tmp_path / "runs",
    )  # fmt: skip
    copying = keep_log(process, log)
    try:
        address = HostAddress.from_document(json.loads(process.stdout.readline()))
        wait_until(lambda: "Status page for other machines" in log.read_text(), "the page for others", 20)
        line = next(line for line in log.read_text().splitlines() if "for other machines" in line)
        yield Served(address, line.rpartition(" ")[2], log)
    finally:
        process.terminate()
        process.wait(30)
        copying.join(10)
        for stream in (process.stdout, process.stderr):
            stream.close()


def keep_log(process, log: Path) -> threading.Thread:
    """Put what the host says on stderr into a file, in a thread."""
    log.touch()

    def copy() -> None:
        with log.open("a", buffering=1) as file:
            for line in process.stderr:
                file.write(line)

    copying = threading.Thread(target=copy, daemon=True)
    copying.start()
    return copying


def run_to_the_end(client: HostClient, states: list[str]) -> None:
    arguments = {"recipe": RECIPE, "recipe_toml": None, "source": "test", "simulated_hands": True}
    client.command("start_run", arguments)
    wait_until(lambda: "finished" in states, f"the end of the run, {states}", 90)


def test_a_run_is_shown_as_it_goes_on(served, tmp_path):
    states: list[str] = []

    def hear(event):
        if event["event"] == "state":
            states.append(event["state"])

    client = HostClient(served.address, on_event=hear, on_closed=lambda why: None)
    with Browser(tmp_path) as browser:
        browser.open(served.address.status_url)
        assert "token" not in browser.evaluate("location.href")
        browser.wait("document.querySelector('#state').innerText.includes('idle')")
        assert "No run yet" in browser.text("#sample")
        run_to_the_end(client, states)
        browser.wait("document.querySelector('#state').innerText.includes('finished')")
        browser.wait("document.querySelectorAll('#plqy circle').length === 3")
        browser.wait("document.querySelector('#count').innerText === '15 of 15 exposures'")
        assert "%" in browser.text("#mean")
        assert browser.text("#sample").startswith("<b>HET-Ce</b> & co")
        assert browser.evaluate("document.querySelectorAll('#sample b').length") == 0
        assert browser.evaluate("document.querySelectorAll('#spectrum path.curve').length") == 1
        browser.wait("document.querySelector('#safety').innerText === '✓ safe'")
        assert browser.text("#plqy-title").lower() == "plqy so far: window er"
        assert "finished: every step is measured" in browser.text("#log")
        assert browser.evaluate("document.querySelector('#attention').hidden")
        assert "temperature" in browser.text("#instruments")
        assert browser.evaluate("document.querySelectorAll('button, input, form').length") == 0
        browser.screenshot(tmp_path / "status.png")
        assert (tmp_path / "status.png").stat().st_size > 20_000
        assert not browser.told, browser.told
    client.close()


def test_why_a_run_failed_and_that_nothing_is_heard_any_more_stand_at_the_top(served, tmp_path):
    # The peak is never within the band: nothing can be measured.
    hopeless = {**RECIPE, "integration_time_min_s": 0.9}
    client = HostClient(served.address, on_event=lambda event: None, on_closed=lambda why: None)
    with Browser(tmp_path, width=375) as browser:
        browser.open(served.address.status_url)
        browser.wait("document.querySelector('#state').innerText.includes('idle')")
        client.command("start_run", {"recipe": hopeless, "simulated_hands": True})
        browser.wait("document.querySelector('#state').innerText === '✕ failed'", 60)
        assert "The run failed at" in browser.text("#attention")
        assert "the spectrometer is saturated" in browser.text("#attention")
        assert browser.text("#spectrum-title").lower() == "latest spectrum"
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.evaluate("(() => { heard -= 60000; })()")
        browser.wait("document.querySelector('#connection').innerText.startsWith('Nothing heard for')")
        browser.wait("document.querySelector('#connection').hidden")
        assert not browser.told, browser.told
    client.close()


def get(url: str, **options) -> httpx.Response:
    return httpx.get(url, timeout=10, **options)


def test_without_the_right_token_nothing_is_shown(served):
    assert get(served.site).status_code == 401
    assert get(f"{served.site}status").status_code == 401
    assert get(f"{served.site}?token=wrong").status_code == 401
    assert get(f"{served.site}?token={'x' * 600}").status_code == 414
    port = urlsplit(served.site).port
    wrong = {"Cookie": f"plqy-status-{port}={served.token[:-1]}"}
    assert get(f"{served.site}status", headers=wrong).status_code == 401
    # Neither the token of the page opens the commands, nor does the page show without its own.
    assert get(f"{served.site}?token={served.address.token}").status_code == 401
    wait_until(lambda: served.log.read_text().count("status page: refused") >= 6, "the log of refusals", 5)


def test_another_sites_page_is_refused_and_logged(served):
    stranger = {"Origin": "http://example.org", "Cookie": cookie(served.site, served.token)}
    assert get(served.site, headers=stranger).status_code == 403
    others = served.others_url.partition("?")[0]
    assert get(others, headers={"Origin": "http://example.org"}).status_code == 403
    wait_until(lambda: "example.org" in served.log.read_text(), "the log of the refusal", 5)


def cookie(site: str, token: str) -> str:
    return f"plqy-status-{urlsplit(site).port}={token}"


def test_the_page_for_other_machines_has_its_own_token_and_no_way_to_a_command(served):
    others, _, token = served.others_url.partition("?token=")
    assert token != served.token
    assert get(f"{others}?token={served.token}").status_code == 401
    assert get(served.others_url, follow_redirects=False).status_code == 303
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert httpx.request(method, others, headers={"Cookie": cookie(others, token)}).status_code == 403
    assert get(others, headers={"X-Long": "x" * 20_000}).status_code in (400, 403, 431)
    assert get(f"{others}session", headers={"Cookie": cookie(others, token)}).status_code == 404
    page = get(others, headers={"Cookie": cookie(others, token)})
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_malformed_request_harms_nobody(served):
    others = urlsplit(served.others_url)
    for site in (urlsplit(served.site), others):
        with socket.create_connection((site.hostname, site.port), timeout=10) as connection:
            connection.sendall(b"\x00\xffGET nonsense\r\n\r\n")
            connection.recv(1000)
    assert get(served.address.status_url, follow_redirects=False).status_code == 303
