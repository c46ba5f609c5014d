"""Commands around the rig itself: the safe state, who is there, the bench, the end."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict

from drivers.errors import ConfigurationError, InstrumentConnectionError, InstrumentReportedError
from plqy_rig.engine import CommandRefusedError
from plqy_rig.host.occupation import Use
from plqy_rig.host.table import Arguments, Command, Commands, NoArguments
from plqy_rig.instrument_report import report_instruments
from plqy_rig.rig import NAMES

if TYPE_CHECKING:
    from plqy_rig.host.host import RigHost

_CONSOLE = "bench console"
_CONSOLE_TIMEOUT_S = 10.0


class WhichInstrument(Arguments):
    """Arguments of `reconnect`."""

    instrument: str


class BenchHands(Arguments):
    """Arguments of `bench_hands`: what stays as it is is left out."""

    place: str | None = None
    long_pass: bool | None = None


class BenchCommand(Arguments):
    """Arguments of `bench`: passed on as they are."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    command: str


class Shutdown(Arguments):
    """Arguments of `shutdown`."""

    abort: bool = False


class RigCommands:
    """Functions of the command table that have to do with the rig."""

    def __init__(self, host: RigHost) -> None:
        """Make them.

        Args:
            host: whose rig it is.
        """
        self._host = host

    def table(self) -> Commands:
        """Give the commands by name."""
        return {
            "make_safe": Command(NoArguments, self._make_safe, urgent=True),
            "instruments_report": Command(NoArguments, self._report),
            "reconnect": Command(WhichInstrument, self._reconnect),
            "bench_hands": Command(BenchHands, self._bench_hands),
            "bench": Command(BenchCommand, self._bench),
            "shutdown": Command(Shutdown, self._shutdown),
        }

    def _make_safe(self, given: NoArguments) -> dict[str, Any]:
        return {"verdict": self._host.make_safe().to_document()}

    def _report(self, given: NoArguments) -> dict[str, Any]:
        with self._host.occupation.looking() as allowed:
            if not allowed:
                self._host.occupation.require(Use.IDLE, Use.MANUAL, verb="ask the instruments")
            report = report_instruments(self._host.rig)
        return {"instruments": [_in_a_sentence(entry) for entry in report]}

    def _reconnect(self, given: WhichInstrument) -> None:
        if given.instrument not in NAMES:
            raise ConfigurationError(
                f"instrument: must be one of {', '.join(NAMES)}, got {given.instrument!r}"
            )
        self._host.reconnect(given.instrument)

    def _bench_hands(self, given: BenchHands) -> None:
        if given.place is not None:
            self._console({"command": "place", "sample": given.place})
        if given.long_pass is not None:
            self._console({"command": "long_pass", "inserted": given.long_pass})
        self._host.arrangement_unknown()

    def _bench(self, given: BenchCommand) -> dict[str, Any]:
        reply = self._console(given.model_dump())
        if given.command in ("place", "long_pass"):
            self._host.arrangement_unknown()
        return reply

    def _console(self, request: dict[str, Any]) -> dict[str, Any]:
        bench = self._host.rig.rig_file.configuration.bench
        if bench is None:
            raise ConfigurationError("only a simulated bench has a console; this is a real rig")
        host, _, port = bench.console.rpartition(":")
        try:
            with (
                socket.create_connection((host, int(port)), timeout=_CONSOLE_TIMEOUT_S) as connection,
                connection.makefile("rw", encoding="utf-8", newline="\n") as lines,
            ):
                lines.write(json.dumps(request) + "\n")
                lines.flush()
                reply = json.loads(lines.readline())
        except (OSError, ValueError) as error:
            raise InstrumentConnectionError(_CONSOLE, f"no answer at {bench.console}: {error}") from error
        if not isinstance(reply, dict) or "error" in reply:
            raise InstrumentReportedError(_CONSOLE, f"{request['command']} was refused: {reply}")
        return reply

    def _shutdown(self, given: Shutdown) -> None:
        use = self._host.occupation.use
        if use is not Use.IDLE and not given.abort:
            raise CommandRefusedError(
                f'can\'t shut down: the rig is in use ({use}); end that first, or give {{"abort": true}}'
            )
        self._host.ask_to_end("a face asked for it")


def _in_a_sentence(entry: dict[str, Any]) -> dict[str, Any]:
    state = "bad" if not entry["connected"] else "warning" if entry["problem"] else "good"
    return {
        "name": entry["name"],
        "state": state,
        "sentence": entry["problem"] or f"{entry['state'][:1].upper()}{entry['state'][1:]}.",
        "mend": entry["mend"],
        "identity": entry["identity"],
    }
