"""Power fluctuations as functions of time whose values don't depend on who asks, when, or how often."""

from __future__ import annotations

import math

import numpy as np

from sim.optics.units import FloatArray


class SlowDrift:
    """Ornstein-Uhlenbeck drift on an even time grid, linear between grid points, zero mean."""

    def __init__(self, relative_sd: float, correlation_time_s: float, random: np.random.Generator) -> None:
        """Prepare the drift; values are drawn as far as they are asked for, always in time order.

        Args:
            relative_sd: stationary SD.
            correlation_time_s: time after which the correlation has fallen to 1/e.
            random: stream of its own.
        """
        self._sd = relative_sd
        self._step_s = correlation_time_s / 60.0
        self._keep = math.exp(-1.0 / 60.0)
        self._random = random
        self._values = [relative_sd * float(random.standard_normal())]
        self._integrals = [0.0]

    def value(self, time_s: float) -> float:
        """Relative deviation at a time (the value at 0 before time 0)."""
        index, part = self._place(time_s)
        return self._values[index] * (1.0 - part) + self._values[index + 1] * part

    def mean(self, start_s: float, end_s: float) -> float:
        """Mean relative deviation between two times, start before end."""
        return (self._integral(end_s) - self._integral(start_s)) / (end_s - start_s)

    def _place(self, time_s: float) -> tuple[int, float]:
        position = max(time_s, 0.0) / self._step_s
        index = int(position)
        if index + 1 >= len(self._values):
            self._extend(index + 2)
        return index, position - index

    def _extend(self, length: int) -> None:
        # Grown in blocks only to save calls: the values are the same however the growth is cut up.
        count = max(length - len(self._values), 64)
        push = self._sd * math.sqrt(1.0 - self._keep**2)
        for normal in self._random.standard_normal(count).tolist():
            last = self._values[-1]
            following = self._keep * last + push * normal
            self._values.append(following)
            self._integrals.append(self._integrals[-1] + 0.5 * (last + following) * self._step_s)

    def _integral(self, time_s: float) -> float:
        index, part = self._place(time_s)
        low = self._values[index]
        high = self._values[index + 1]
        within = part * self._step_s * (low + 0.5 * part * (high - low))
        return self._integrals[index] + within + min(time_s, 0.0) * self._values[0]


class FastNoise:
    """White noise of 10 ms steps that averages out over each whole second.

    Every second's block comes from a counter-based generator keyed with the second's number: any time can be
    asked for without drawing all that lies before. What is slower than a second is the drift's.
    """

    STEPS = 100
    BLOCK_S = 1.0
    _KEPT_BLOCKS = 128

    def __init__(self, relative_sd: float, key: int) -> None:
        """Prepare the noise.

        Args:
            relative_sd: SD of a 10 ms step.
            key: 64-bit key of the stream.
        """
        self._sd = relative_sd
        self._key = key
        self._blocks: dict[int, FloatArray] = {}

    def value(self, time_s: float) -> float:
        """Relative deviation at a time."""
        if self._sd == 0.0:
            return 0.0
        step_s = self.BLOCK_S / self.STEPS
        block, position = self._place(time_s)
        index = min(int(position), self.STEPS - 1)
        sums = self._sums(block)
        return float(sums[index + 1] - sums[index]) / step_s

    def mean(self, start_s: float, end_s: float) -> float:
        """Mean relative deviation between two times, start before end."""
        if self._sd == 0.0:
            return 0.0
        return (self._integral(end_s) - self._integral(start_s)) / (end_s - start_s)

    def _place(self, time_s: float) -> tuple[int, float]:
        block = math.floor(time_s / self.BLOCK_S)
        return block, (time_s / self.BLOCK_S - block) * self.STEPS

    def _integral(self, time_s: float) -> float:
        block, position = self._place(time_s)
        index = min(int(position), self.STEPS - 1)
        sums = self._sums(block)
        return float(sums[index] + (position - index) * (sums[index + 1] - sums[index]))

    def _sums(self, block: int) -> FloatArray:
        sums = self._blocks.get(block)
        if sums is None:
            if len(self._blocks) >= self._KEPT_BLOCKS:
                self._blocks.clear()
            sums = self._draw(block)
            self._blocks[block] = sums
        return sums

    def _draw(self, block: int) -> FloatArray:
        # Philox takes a key of two 64-bit words; times before 0 wrap around, which does no harm.
        key = np.array([self._key, block % (1 << 64)], dtype=np.uint64)
        values = np.random.Generator(np.random.Philox(key=key)).standard_normal(self.STEPS) * self._sd
        values -= values.mean()
        return np.concatenate([[0.0], np.cumsum(values)]) * (self.BLOCK_S / self.STEPS)
