"""The three things that speak NDW/1: the bench's model, the firmware in its simulator, a real board."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import serial
from nd_wheel_far_ends import tools

from sim.instruments.nd_wheel import NdWheelModel, NdWheelOptions, SwitchFault
from sim.instruments.nd_wheel_firmware import NdWheelFirmware

CHARACTER_S = 10 * 8 * 35 / 16e6


class FarEnd(Protocol):
    """Whatever is at the other end of the wire; `wait` lets time pass and returns what came."""

    simulated: bool

    def write(self, data: bytes) -> None: ...

    def wait(self, duration_s: float) -> bytes: ...

    def reset(self) -> None: ...

    def close(self) -> None: ...


class SimulatedFarEnd:
    """Model or firmware, in a time of its own."""

    simulated = True

    def __init__(self, wheel: NdWheelModel | NdWheelFirmware) -> None:
        self.wheel = wheel
        self.now_s = 0.0

    def write(self, data: bytes) -> None:
        arrival_s = self.now_s + len(data) * CHARACTER_S
        begins_at_once = isinstance(self.wheel, NdWheelFirmware)
        self.wheel.feed(data, self.now_s if begins_at_once else arrival_s)
        self.now_s = arrival_s

    def wait(self, duration_s: float) -> bytes:
        self.now_s += duration_s
        return self.wheel.take_output(self.now_s)

    def reset(self) -> None:
        self.wheel.reset_board(self.now_s)
        self.now_s += self.wheel.options.boot_loader_s

    def set_switch_fault(self, fault: SwitchFault) -> None:
        self.wheel.set_switch_fault(fault, self.now_s)

    @property
    def true_angle_deg(self) -> float:
        return self.wheel.true_angle_deg

    def read_eeprom(self) -> bytes:
        if isinstance(self.wheel, NdWheelFirmware):
            return bytes.fromhex(self.wheel.command("eeprom get")[0])
        return bytes(self.wheel.eeprom)

    def write_eeprom(self, address: int, data: bytes) -> None:
        if isinstance(self.wheel, NdWheelFirmware):
            self.wheel.command(f"eeprom set {address} {data.hex()}")
        else:
            self.wheel.eeprom[address : address + len(data)] = data

    def close(self) -> None:
        if isinstance(self.wheel, NdWheelFirmware):
            self.wheel.close()


class SerialFarEnd:
    """A real board."""

    simulated = False

    def __init__(self, address: str) -> None:
        self._port = serial.serial_for_url(address, baudrate=57600, timeout=0.0)
        time.sleep(2.5)

    def write(self, data: bytes) -> None:
        self._port.write(data)

    def wait(self, duration_s: float) -> bytes:
        time.sleep(duration_s)
        return bytes(self._port.read(4096))

    def reset(self) -> None:
        self._port.dtr = False
        time.sleep(0.1)
        self._port.dtr = True
        time.sleep(2.5)

    def close(self) -> None:
        self._port.close()


def _ignore(_time_s: float, _angle_deg: float) -> None:
    """Nobody watches."""


def make_far_end(
    kind: str,
    *,
    seed: int = 1,
    options: NdWheelOptions | None = None,
    arguments: Sequence[str] = (),
    on_angle: Callable[[float, float], None] = _ignore,
) -> SimulatedFarEnd:
    """`kind` is "model" or "firmware"."""
    options = NdWheelOptions() if options is None else options
    options = replace(options, boot_loader_s=0.1)
    if kind == "model":
        return SimulatedFarEnd(NdWheelModel(seed, on_angle, options))
    tool, program = tools.host(), tools.firmware()
    return SimulatedFarEnd(NdWheelFirmware(tool, program, seed, on_angle, options, arguments=arguments))
