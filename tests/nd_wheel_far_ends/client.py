"""A client of NDW/1 for the tests, written from the protocol page: no driver code in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from nd_wheel_far_ends.far_ends import FarEnd


def check_sum(text: bytes) -> str:
    crc = 0
    for byte in text:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ (0x107 if crc & 0x80 else 0)
    return f"{crc:02X}"


def sealed(mark: str, text: str) -> bytes:
    return f"{mark}{text}*{check_sum(text.encode('latin-1'))}\n".encode("latin-1")


@dataclass(frozen=True)
class Status:
    state: str
    position: int
    target: int
    homed: bool
    switch: bool
    flags: int
    uptime_ms: int


@dataclass
class Client:
    """Sends one request at a time; keeps the events that came meanwhile."""

    far_end: FarEnd
    sequence: int = 0
    events: list[str] = field(default_factory=list)
    _pending: bytes = b""

    def lines(self, duration_s: float = 0.0) -> list[str]:
        """Lines that came, check sums verified and removed."""
        self._pending += self.far_end.wait(duration_s)
        *whole, self._pending = self._pending.split(b"\n")
        return [self._verified(line) for line in whole]

    @staticmethod
    def _verified(line: bytes) -> str:
        assert line.endswith(b"\r"), line
        assert len(line) <= 65, line
        text, _, crc = line[1:-1].rpartition(b"*")
        assert check_sum(text) == crc.decode(), line
        return line[:1].decode() + text.decode()

    def wait(self, duration_s: float) -> None:
        """Let time pass; only events may come."""
        for line in self.lines(duration_s):
            assert line.startswith("!"), line
            self.events.append(line[1:])

    def raw(self, data: bytes, *, within_s: float = 0.05) -> list[str]:
        """Send bytes; the replies that came in time. Events go to `events`."""
        self.far_end.write(data)
        replies = []
        waited_s = 0.0
        while waited_s < within_s and not replies:
            for line in self.lines(0.005):
                if line.startswith("!"):
                    self.events.append(line[1:])
                else:
                    replies.append(line)
            waited_s += 0.005
        return replies

    def ask(self, text: str) -> str:
        """Request with a fresh number; what follows the number in the one reply."""
        self.sequence = (self.sequence + 1) % 256
        replies = self.raw(sealed("@", f"{self.sequence} {text}"))
        assert len(replies) == 1, (text, replies)
        mark = f"#{self.sequence} "
        assert replies[0].startswith(mark), (text, replies)
        return replies[0].removeprefix(mark)

    def status(self) -> Status:
        words = self.ask("STAT").split(" ")
        assert words[0] == "OK", words
        assert len(words) == 8, words
        return Status(
            words[1],
            int(words[2]),
            int(words[3]),
            words[4] == "1",
            words[5] == "1",
            int(words[6], 16),
            int(words[7]),
        )

    def until_still(self, *, limit_s: float = 20.0, poll_s: float = 0.1) -> Status:
        waited_s = 0.0
        while (status := self.status()).state in ("MOVING", "HOMING"):
            self.wait(poll_s)
            waited_s += poll_s
            assert waited_s < limit_s
        self.wait(0.02)
        return status

    def home(self) -> Status:
        assert self.ask("HOME") == "OK"
        return self.until_still()

    def move(self, target: int) -> Status:
        assert self.ask(f"MOVE {target}") == "OK"
        return self.until_still()
