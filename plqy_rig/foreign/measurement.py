"""The files of one measurement, read, compared with each other and brought to one scale.

After this every part is an array [repeats, pixels] in values per second (where times are known), dark
subtracted and scaled to one laser power; what the values are is known or said to be assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drivers.errors import ConfigurationError
from plqy_rig.foreign.errors import ForeignFileError
from plqy_rig.foreign.quantity import Quantity
from plqy_rig.foreign.request import FilesRequest
from plqy_rig.foreign.roles import Part
from plqy_rig.foreign.spectrum import ForeignSpectrum, read_spectrum, require_same_grid

FloatArray = NDArray[np.float64]

_SAME_TIME = 0.01
"""Relative difference up to which two integration times are the same."""


@dataclass(frozen=True)
class PartSpectra:
    """All repeats of one part.

    Attributes:
        part: what they show.
        spectra: as read, one per file.
        labels: of each repeat: file, and column where the file has several.
        raw: as in the files, [repeats, pixels].
        values: dark subtracted, per second where times are known, at one laser power, [repeats, pixels].
        darks: the dark spectra on the same scale, [darks, pixels]; empty without darks.
        dark_paths: which files these are.
    """

    part: Part
    spectra: tuple[ForeignSpectrum, ...]
    labels: tuple[str, ...]
    raw: FloatArray
    values: FloatArray
    darks: FloatArray
    dark_paths: tuple[Path, ...]

    @property
    def wavelength_nm(self) -> FloatArray:
        """[pixels]."""
        return self.spectra[0].wavelength_nm

    @property
    def gaps_nm(self) -> tuple[tuple[float, float], ...]:
        """Ranges without points."""
        return self.spectra[0].gaps_nm

    @property
    def path(self) -> Path:
        """The first file, for messages."""
        return self.spectra[0].path


@dataclass(frozen=True)
class Measurement:
    """All parts on one scale.

    Attributes:
        request: what was asked.
        parts: what was read.
        quantity: what the values are.
        notes: assumptions and oddities, for people.
    """

    request: FilesRequest
    parts: Mapping[Part, PartSpectra]
    quantity: Quantity
    notes: tuple[str, ...]

    def emission_part(self, part: Part) -> Part | None:
        """Where the emission in the arrangement of `part` is read from; None where it wasn't measured."""
        if not self.request.has_emission_files:
            return part if part in self.parts else None
        return part.emission if part.emission in self.parts else None


def load_measurement(request: FilesRequest) -> Measurement:
    """Read all files of a request.

    Raises:
        ForeignFileError: a file can't be read or doesn't fit the others.
        ConfigurationError: times, darks or quantities that contradict each other.
    """
    notes: list[str] = []
    spectra = {
        part: tuple(read_spectrum(path, request.columns_of(part)) for path in paths)
        for part, paths in request.files.items()
    }
    _compare_grids(spectra, notes)
    _note_same_numbers(spectra, notes)
    quantity = _quantity(request, spectra, notes)
    divisors = _divisors(request, quantity, spectra, notes)
    power = float(np.mean(list(request.powers.values()))) if request.powers else 1.0
    parts = {
        part: _on_one_scale(request, part, files, divisors[part], power / request.powers.get(part, power))
        for part, files in spectra.items()
    }
    return Measurement(request, parts, quantity, tuple(notes))


def _compare_grids(spectra: Mapping[Part, Sequence[ForeignSpectrum]], notes: list[str]) -> None:
    """Excitation files must share a grid, emission files too; the two kinds needn't share theirs."""
    firsts = []
    for emission in (False, True):
        files = [
            file for part, several in spectra.items() if part.is_emission is emission for file in several
        ]
        for file in files[1:]:
            require_same_grid(files[0], file)
        firsts += files[:1]
    if len(firsts) == 2:
        try:
            require_same_grid(*firsts)
        except ForeignFileError:
            notes.append(
                f"excitation ({firsts[0].describe_grid()}) and emission ({firsts[1].describe_grid()}) have "
                "grids of their own; each window is summed on its own grid"
            )


def _note_same_numbers(spectra: Mapping[Part, Sequence[ForeignSpectrum]], notes: list[str]) -> None:
    files = [(part, file) for part, several in spectra.items() for file in several]
    for index, (part, file) in enumerate(files):
        for other_part, other in files[:index]:
            if part.is_emission == other_part.is_emission and np.array_equal(file.values, other.values):
                notes.append(f"--{part} {file.path} holds the same numbers as --{other_part} {other.path}")


def _quantity(
    request: FilesRequest, spectra: Mapping[Part, Sequence[ForeignSpectrum]], notes: list[str]
) -> Quantity:
    stated = {file.quantity: file for several in spectra.values() for file in several if file.quantity}
    if request.quantity is not None:
        for quantity, file in stated.items():
            if quantity is not request.quantity:
                notes.append(
                    f"{file.path} calls its values {quantity}; taken as {request.quantity} as --quantity says"
                )
        return request.quantity
    if len(stated) > 1:
        names = ", ".join(f"{file.path}: {quantity}" for quantity, file in stated.items())
        raise ConfigurationError(f"the files hold different quantities ({names}); say which with --quantity")
    if stated and request.response is None:
        quantity = next(iter(stated))
        if quantity is not Quantity.COUNTS:
            notes.append(f"no --quantity: the files call their values {quantity} and are taken so")
            return quantity
    elif stated and next(iter(stated)) is not Quantity.COUNTS:
        quantity, file = next(iter(stated.items()))
        raise ConfigurationError(
            f"{file.path} calls its values {quantity}, but --response corrects counts; leave "
            "--response away, or say --quantity counts"
        )
    notes.append(
        "no --quantity: values are taken as detector counts, proportional to the light of each wavelength; "
        "spectra already corrected need --quantity irradiance (power per nm) or photons"
    )
    return Quantity.COUNTS


def _divisors(
    request: FilesRequest,
    quantity: Quantity,
    spectra: Mapping[Part, Sequence[ForeignSpectrum]],
    notes: list[str],
) -> dict[Part, FloatArray]:
    """Integration time of each file, [files] by part; 1 where values aren't divided."""
    ones = {part: np.ones(len(several)) for part, several in spectra.items()}
    if quantity is not Quantity.COUNTS:
        if request.integration_times_s:
            raise ConfigurationError(
                f"--integration-time: {quantity} is per second already; it divides counts only"
            )
        return ones
    files = [file for several in spectra.values() for file in several]
    if any(file.per_second for file in files):
        _require_rates(request, files)
        return ones
    times = {
        part: [_time(request, part, file, notes) for file in several] for part, several in spectra.items()
    }
    known = [time for several in times.values() for time in several if time is not None]
    if not known:
        _refuse_times_without_unit(files)
        if request.has_emission_files:
            notes.append(
                "integration times aren't known: excitation and emission files are taken as exposed equally "
                "long (--integration-time ROLE=seconds says otherwise)"
            )
        return ones
    if len(known) < len(files):
        unknown = [f"--{part}" for part, several in times.items() if None in several]
        raise ConfigurationError(
            f"the integration time is known for some files but not for {', '.join(unknown)}; give it with "
            "--integration-time ROLE=seconds"
        )
    return {part: np.array(several, dtype=np.float64) for part, several in times.items()}


def _refuse_times_without_unit(files: Sequence[ForeignSpectrum]) -> None:
    """Refuse exposures that differ by files' own words, where only their unit isn't said."""
    stated = {file.time_without_unit: file.path for file in files if file.time_without_unit is not None}
    if len(stated) > 1:
        words = ", ".join(f"{path}: {time:g}" for time, path in stated.items())
        raise ConfigurationError(
            f"the files state different integration times without a unit ({words}); say them in seconds with "
            "--integration-time ROLE=S"
        )


def _require_rates(request: FilesRequest, files: Sequence[ForeignSpectrum]) -> None:
    """Refuse a mixture of counts and counts per second, and a time that would divide rates again."""
    slow = [str(file.path) for file in files if not file.per_second]
    first = next(file.path for file in files if file.per_second)
    if slow:
        raise ConfigurationError(f"{first} holds counts per second, but not so {', '.join(slow)}")
    if request.integration_times_s:
        raise ConfigurationError(f"--integration-time: {first} holds counts per second already")


def _time(request: FilesRequest, part: Part, file: ForeignSpectrum, notes: list[str]) -> float | None:
    given = request.integration_times_s.get(part, request.integration_times_s.get(None))
    stated = file.integration_time_s
    if given is not None and stated is not None and abs(given / stated - 1) > _SAME_TIME:
        notes.append(f"{file.path} states an integration time of {stated:g} s; {given:g} s is used as given")
    return stated if given is None else given


def _on_one_scale(
    request: FilesRequest,
    part: Part,
    files: Sequence[ForeignSpectrum],
    times_s: FloatArray,
    power_scaling: float,
) -> PartSpectra:
    darks = [_darks(request, part, file) for file in files]
    rows, labels, raw = [], [], []
    for file, time, dark in zip(files, times_s, darks, strict=True):
        offset = np.mean([spectrum.values[0] for spectrum in dark], axis=0) if dark else 0.0
        for column, values in enumerate(file.values):
            rows.append((values - offset) / time * power_scaling)
            raw.append(values)
            chosen = len(file.values) > 1 or request.columns_of(part)
            labels.append(
                f"{file.path} ({file.column_names[column] or column + 1})" if chosen else str(file.path)
            )
    scale = power_scaling / float(np.mean(times_s))
    pixels = len(files[0].wavelength_nm)
    return PartSpectra(
        part=part,
        spectra=tuple(files),
        labels=tuple(labels),
        raw=np.stack(raw),
        values=np.stack(rows),
        darks=np.stack([d.values[0] * scale for d in darks[0]]) if darks[0] else np.zeros((0, pixels)),
        dark_paths=tuple(spectrum.path for spectrum in darks[0]),
    )


def _darks(request: FilesRequest, part: Part, file: ForeignSpectrum) -> list[ForeignSpectrum]:
    """The darks of one file: those given for its part, else those for all that were exposed as long."""
    paths = request.darks.get(part, request.darks.get(None, ()))
    found = []
    for path in paths:
        dark = read_spectrum(path, request.columns_of(part))
        light_time = request.integration_times_s.get(
            part, request.integration_times_s.get(None, file.integration_time_s)
        )
        dark_time = dark.integration_time_s
        if light_time and dark_time and abs(light_time / dark_time - 1) > _SAME_TIME:
            if part in request.darks:
                raise ForeignFileError(
                    path,
                    f"a dark of {dark_time:g} s can't be subtracted from {file.path} of {light_time:g} s",
                )
            continue
        if len(dark.wavelength_nm) != len(file.wavelength_nm) and part not in request.darks:
            continue
        require_same_grid(file, dark)
        found.append(dark)
    if paths and not found:
        raise ConfigurationError(
            f"--dark: none of the darks was taken like {file.path} (time and wavelengths)"
        )
    return found
