from __future__ import annotations

import struct

import pytest

from sim.wires.usbtmc import Capabilities, UsbtmcCallbacks, UsbtmcFunction, UsbtmcStallError


class Host:
    """Collects what the device sends."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.transfers: list[bytes] = []
        self.notifications: list[bytes] = []
        self.stray_reads = 0
        self.remote: list[bool] = []
        self.cleared = 0
        self.device = UsbtmcFunction(
            UsbtmcCallbacks(
                message=self.messages.append,
                send=self.transfers.append,
                notify=self.notifications.append,
                read_without_query=self._stray,
                clear=self._clear,
                remote=self.remote.append,
                status_byte=lambda: 0x44,
            )
        )

    def _stray(self) -> None:
        self.stray_reads += 1

    def _clear(self) -> None:
        self.cleared += 1

    def write(self, data: bytes, tag: int = 1, last: bool = True) -> None:
        header = struct.pack("<BBBxIBxxx", 1, tag, tag ^ 0xFF, len(data), int(last))
        self.device.bulk_out(header + data + b"\0" * (-len(data) % 4))

    def request(self, size: int, tag: int = 2) -> None:
        self.device.bulk_out(struct.pack("<BBBxIBBxx", 2, tag, tag ^ 0xFF, size, 0, 0))


@pytest.fixture
def host() -> Host:
    return Host()


def test_a_message_may_come_in_pieces(host: Host) -> None:
    host.write(b"SOUR:", last=False)
    assert host.messages == []
    host.write(b"CURR?\n", tag=2)
    assert host.messages == [b"SOUR:CURR?\n"]


def test_a_reply_repeats_the_tag_ends_the_message_and_is_padded(host: Host) -> None:
    host.device.reply(b"hello")
    host.request(1024, tag=7)
    assert host.transfers == [b"\x02\x07\xf8\x00" + b"\x05\0\0\0" + b"\x01\0\0\0" + b"hello\0\0\0"]


def test_a_small_read_gets_a_part_and_the_next_the_rest(host: Host) -> None:
    host.device.reply(b"abcdef")
    host.request(4)
    host.request(4, tag=3)
    assert host.transfers[0][4:] == b"\x04\0\0\0" + b"\0\0\0\0" + b"abcd"
    assert host.transfers[1][4:] == b"\x02\0\0\0" + b"\x01\0\0\0" + b"ef\0\0"


def test_with_no_reply_the_transfer_stays_waiting(host: Host) -> None:
    host.request(64)
    assert host.transfers == []
    assert host.stray_reads == 1
    host.device.reply(b"late")
    assert len(host.transfers) == 1


def test_unread_replies_queue_up(host: Host) -> None:
    host.device.reply(b"old!")
    host.device.reply(b"new!")
    host.request(64)
    host.request(64)
    assert [t[12:] for t in host.transfers] == [b"old!", b"new!"]


def test_aborting_a_waiting_read_ends_it_with_an_empty_packet(host: Host) -> None:
    host.request(64, tag=9)
    assert host.device.control(3, 9) == b"\x01\x09"
    assert host.transfers == [b""]
    assert host.device.control(4, 0) == b"\x01" + bytes(7)
    host.device.reply(b"late")
    assert host.transfers == [b""]


def test_aborting_another_or_no_read_says_so(host: Host) -> None:
    assert host.device.control(3, 9)[0] == 0x80
    host.request(64, tag=9)
    assert host.device.control(3, 8)[0] == 0x81


def test_a_device_clear_forgets_replies_and_half_messages(host: Host) -> None:
    host.device.reply(b"old!")
    host.write(b"half", last=False)
    assert host.device.control(5, 0) == b"\x01"
    assert host.device.control(6, 0) == b"\x01\0"
    assert host.cleared == 1
    host.write(b"OUTP?\n")
    assert host.messages == [b"OUTP?\n"]
    host.request(64)
    assert host.transfers == []


def test_capabilities_have_remote_enable_where_the_standard_puts_it(host: Host) -> None:
    reply = host.device.control(7, 0)
    assert len(reply) == 24
    assert reply[0] == 1
    assert reply[14] == 0x06
    assert Capabilities(remote_enable=False).packed()[14] == 0x04


def test_remote_enable_reaches_the_instrument(host: Host) -> None:
    assert host.device.control(160, 1) == b"\x01"
    assert host.remote == [True]


def test_a_serial_poll_answers_on_the_interrupt_endpoint(host: Host) -> None:
    assert host.device.control(128, 5) == b"\x01\x05\x00"
    assert host.notifications == [bytes([0x85, 0x44])]


def test_a_serial_poll_tells_of_a_reply_that_waits(host: Host) -> None:
    host.device.reply(b"unread")
    host.device.control(128, 5)
    assert host.notifications == [bytes([0x85, 0x44 | 0x10])]


@pytest.mark.parametrize(
    "transfer",
    [b"\x01\x01", b"\x01\x01\x01\x00" + bytes(8), b"\x7e\x01\xfe\x00" + bytes(8)],
    ids=["short", "tag", "kind"],
)
def test_a_broken_transfer_stalls(host: Host, transfer: bytes) -> None:
    with pytest.raises(UsbtmcStallError):
        host.device.bulk_out(transfer)


def test_an_unknown_request_stalls(host: Host) -> None:
    with pytest.raises(UsbtmcStallError):
        host.device.control(99, 0)
