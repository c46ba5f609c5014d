"""One connection to one device: time-outs, threads, loss."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import usb.core

from drivers.usb_over_ip import DeviceLink

ECHO_IN, SILENT_IN, STALLED_IN = 0x81, 0x82, 0x83


@pytest.fixture
def link(server: Any) -> Iterator[DeviceLink]:
    device_link = DeviceLink(server.device())
    yield device_link
    device_link.close()


def start(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target)
    thread.start()
    return thread


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_what_goes_out_comes_back(link: DeviceLink) -> None:
    assert link.transfer(1, data=b"hello", timeout_ms=1000)[0] == 5
    assert link.transfer(ECHO_IN, read_length=64, timeout_ms=1000) == (5, b"hello")


def test_an_expired_transfer_is_unlinked_and_raises_errno_110(link: DeviceLink, server: Any) -> None:
    began = time.monotonic()
    with pytest.raises(usb.core.USBTimeoutError) as caught:
        link.transfer(SILENT_IN, read_length=64, timeout_ms=30)
    assert caught.value.errno == errno.ETIMEDOUT
    assert 0.03 <= time.monotonic() - began < 1.0
    assert len(server.unlinked) == 1
    assert server.waiting == []


def test_a_late_completion_is_never_handed_to_the_next_transfer(link: DeviceLink, server: Any) -> None:
    server.late_completion = True
    with pytest.raises(usb.core.USBTimeoutError):
        link.transfer(SILENT_IN, read_length=64, timeout_ms=20)
    link.transfer(1, data=b"fresh", timeout_ms=1000)
    assert link.transfer(ECHO_IN, read_length=64, timeout_ms=1000) == (5, b"fresh")


def test_a_stalled_endpoint_is_errno_32(link: DeviceLink) -> None:
    with pytest.raises(usb.core.USBError) as caught:
        link.transfer(STALLED_IN, read_length=64, timeout_ms=1000)
    assert caught.value.errno == errno.EPIPE


def test_a_dead_server_is_an_unplugged_device_at_once(link: DeviceLink, server: Any) -> None:
    failures: list[usb.core.USBError] = []

    def read() -> None:
        try:
            link.transfer(SILENT_IN, read_length=64, timeout_ms=60_000)
        except usb.core.USBError as error:
            failures.append(error)

    reader = start(read)
    until(lambda: bool(server.waiting))
    began = time.monotonic()
    server.stop()
    reader.join(5)
    assert [error.errno for error in failures] == [errno.ENODEV]
    assert time.monotonic() - began < 1.0
    with pytest.raises(usb.core.USBError) as caught:
        link.transfer(1, data=b"x", timeout_ms=1000)
    assert caught.value.errno == errno.ENODEV


def test_a_server_that_answers_no_unlink_is_gone(link: DeviceLink, server: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("drivers.usb_over_ip.link._UNLINK_TIMEOUT_S", 0.05)
    server.hung = True
    with pytest.raises(usb.core.USBError) as caught:
        link.transfer(SILENT_IN, read_length=64, timeout_ms=20)
    assert caught.value.errno == errno.ENODEV
    assert not link.alive


def test_a_second_thread_works_while_the_first_waits_for_a_long_read(link: DeviceLink, server: Any) -> None:
    results: list[tuple[int, bytes]] = []
    reader = start(lambda: results.append(link.transfer(SILENT_IN, read_length=64, timeout_ms=10_000)))
    until(lambda: bool(server.waiting))
    for number in range(50):
        text = str(number).encode()
        link.transfer(1, data=text, timeout_ms=1000)
        assert link.transfer(ECHO_IN, read_length=64, timeout_ms=1000)[1] == text
    server.complete_waiting(b"at last")
    reader.join(5)
    assert results == [(7, b"at last")]


def test_two_threads_reading_one_device_each_get_their_own(link: DeviceLink, server: Any) -> None:
    failures: list[object] = []

    def work(name: bytes) -> None:
        for number in range(100):
            setup = (
                bytes((0x80, 6, 0, 1, 0, 0, 18, 0)) if name == b"a" else bytes((0x80, 8, 0, 0, 0, 0, 1, 0))
            )
            _, data = link.transfer(0, setup=setup, read_length=setup[6], timeout_ms=2000)
            if len(data) != setup[6]:
                failures.append((name, number, data))

    threads = [start(lambda: work(b"a")), start(lambda: work(b"b"))]
    for thread in threads:
        thread.join(10)
    assert failures == []


def test_a_short_timeout_is_kept_while_another_thread_reads(link: DeviceLink, server: Any) -> None:
    ended: list[BaseException] = []

    def wait_long() -> None:
        try:
            link.transfer(SILENT_IN, read_length=64, timeout_ms=400)
        except usb.core.USBError as error:
            ended.append(error)

    reader = start(wait_long)
    until(lambda: bool(server.waiting))
    began = time.monotonic()
    with pytest.raises(usb.core.USBTimeoutError):
        link.transfer(SILENT_IN, read_length=64, timeout_ms=30)
    assert time.monotonic() - began < 0.3
    reader.join(5)
    assert isinstance(ended[0], usb.core.USBTimeoutError)


def test_an_import_that_is_refused_means_in_use_elsewhere(server: Any) -> None:
    device = server.device()
    server.busy = True
    with pytest.raises(usb.core.USBError) as caught:
        DeviceLink(device)
    assert caught.value.errno == errno.EBUSY


def test_nobody_at_the_address_is_no_device(server: Any) -> None:
    device = server.device()
    server.stop()
    with pytest.raises(usb.core.USBError) as caught:
        DeviceLink(device)
    assert caught.value.errno == errno.ENODEV


def test_transfers_end_when_the_link_is_closed(link: DeviceLink, server: Any) -> None:
    ended: list[usb.core.USBError] = []

    def read() -> None:
        try:
            link.transfer(SILENT_IN, read_length=64, timeout_ms=0)
        except usb.core.USBError as error:
            ended.append(error)

    reader = start(read)
    until(lambda: bool(server.waiting))
    link.close()
    reader.join(5)
    assert [error.errno for error in ended] == [errno.ENODEV]
