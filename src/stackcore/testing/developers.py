"""The contract of developers: derive from `DeveloperContract`, say how yours is made, and let pytest collect it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from stackcore.errors import UnreadableFrame
from stackcore.hookspecs import Kind
from stackcore.protocols import Decoded, Developer, Development
from stackcore.terms import FULL_SCALE
from stackcore.testing.contract import Contract, DoesNotApply
from stackcore.testing.samples import Sample, texture, write_samples, write_shot_of

_SIZES_PX = (16, 40, 1000)
_ALIKE = 0.02
_PROPORTIONAL = 0.02


class DeveloperContract(Contract):
    """What every developer owes the reader of stacks. Override `make`, and `samples` for formats of your own.

    Attributes
    ----------
    suffixes
        What it reads, lower case with the dot; those that its offer lists when left empty.
    files
        Files of its formats that it is tried with as well; copies of them, that is.

    Examples
    --------
    >>> class TestMine(DeveloperContract):
    ...     suffixes = (".tif",)
    ...
    ...     def make(self):
    ...         return MyDeveloper()
    """

    kind: ClassVar[Kind] = "developer"
    protocol: ClassVar[type | None] = Developer
    suffixes: ClassVar[tuple[str, ...]] = ()
    files: Sequence[Path] = ()

    def make(self) -> Developer:
        """Return the developer under test."""
        developer: Developer = super().make()
        return developer

    def samples(self, folder: Path) -> Sequence[Sample]:
        """Write or name files that it can read; the default writes TIFF, PNG, JPEG and DNG as its suffixes say."""
        return write_samples(folder, self._suffixes())

    def _given(self, folder: Path) -> list[Sample]:
        return [Sample(path=Path(shutil.copy2(file, folder))) for file in self.files]

    def test_its_capabilities_are_suffixes(self) -> None:
        """Lower case, with their dot; by these a file finds its developer."""
        if self.offer is None:
            raise DoesNotApply("the contract knows no offer")
        assert self.offer.capabilities, "it lists no suffix, so that no file will find it"
        for suffix in self.offer.capabilities:
            well = suffix.startswith(".") and len(suffix) > 1 and suffix == suffix.lower()
            assert well, f"{suffix!r} is no suffix in lower case with its dot"

    def test_probe_and_read_agree(self) -> None:
        """On width, height and dtype, with and without `prepare`; the room for a stack is reckoned from the header."""
        for sample in self._some():
            for prepared in (False, True):
                developer = self._ready(sample) if prepared else self.make()
                info, decoded = developer.probe(sample.path), developer.read(sample.path)
                told = (info.height, info.width, info.dtype)
                found = (*decoded.pixels.shape[:2], decoded.pixels.dtype.name)
                assert told == found, f"{sample}: probe says {_size(told)}, read gives {_size(found)}"

    def test_a_frame_is_a_picture_in_rgb(self) -> None:
        """(H, W, 3) of uint8, uint16 or float32, of the size that is known; `valid` is (H, W) bool, or None."""
        for sample in self._some():
            developer = self._ready(sample)
            for decoded in (developer.read(sample.path), developer.read_reduced(sample.path, 40)):
                _check_frame(decoded, sample)
            height, width = developer.read(sample.path).pixels.shape[:2]
            assert sample.width in (None, width), f"{sample} is {width} pixels wide, not {sample.width}"
            assert sample.height in (None, height), f"{sample} is {height} pixels high, not {sample.height}"

    def test_numbers_of_a_picture_are_kept(self) -> None:
        """What is known to be in a file comes out, to the bit where its format loses nothing; white is full scale."""
        known = [sample for sample in self._some() if sample.pixels is not None]
        if not known:
            raise DoesNotApply("no file whose pixels are known")
        for sample in known:
            wanted, found = sample.pixels, self._ready(sample).read(sample.path).pixels
            assert wanted is not None
            assert found.dtype == wanted.dtype, f"{sample} holds {wanted.dtype} and comes out as {found.dtype}"
            apart = float(np.abs(found.astype(np.float64) - wanted).max()) / FULL_SCALE[wanted.dtype.name]
            assert apart <= sample.tolerance, (
                f"{sample} comes out changed by {apart:.3g} of full scale, allowed {sample.tolerance:.3g}"
            )

    def test_a_reduced_frame_is_the_same_picture(self) -> None:
        """At most so large on its longer side, never enlarged, in the same dtype, as bright within a fiftieth."""
        for sample in self._some():
            developer = self._ready(sample)
            whole = developer.read(sample.path).pixels
            scale = FULL_SCALE[whole.dtype.name]
            for most in _SIZES_PX:
                small = developer.read_reduced(sample.path, most).pixels
                longer, before = max(small.shape[:2]), max(whole.shape[:2])
                assert longer <= most, f"{sample} reduced to {most} pixels is {longer} pixels long"
                assert longer <= before, f"{sample} of {before} pixels is enlarged to {longer}"
                assert small.dtype == whole.dtype, f"{sample} holds {whole.dtype}, reduced {small.dtype}"
                apart = np.abs(small.mean(axis=(0, 1)) - whole.mean(axis=(0, 1))).max() / scale
                assert apart <= _ALIKE, f"{sample} reduced to {most} pixels differs by {apart:.3f} in brightness"

    def test_the_same_file_gives_the_same_bytes(self) -> None:
        """Twice, from another instance, and from several threads at once."""
        for sample in self._some():
            developer, other = self._ready(sample), self._ready(sample)
            expected = developer.read(sample.path).pixels
            with ThreadPoolExecutor(3) as pool:
                found = list(pool.map(_reading(sample), [developer] * 3 + [other]))
            for decoded in found:
                assert np.array_equal(decoded.pixels, expected), f"{sample} comes out otherwise the second time"

    def test_nothing_varies_from_frame_to_frame(self) -> None:
        """What was read before makes no difference: a darker frame of the stack comes out as it would alone."""
        light = texture()
        first = self._shot(light, "first")
        dark = self._shot(light * np.float32(0.3), "dark")
        alone, after = self.make(), self.make()
        for developer in (alone, after):
            developer.prepare(first, Development())
        expected = alone.read(dark).pixels
        after.read(first)
        after.read_reduced(first, 40)
        assert np.array_equal(after.read(dark).pixels, expected), "a frame depends on the one that was read before it"

    def test_linear_means_proportional_to_light(self) -> None:
        """Half the light, half the number, within a fiftieth, where `encoding="linear"` is asked for; raw files."""
        light = texture()
        bright, dim = self._shot(light, "bright"), self._shot(light * np.float32(0.5), "dim")
        developer = self.make()
        developer.prepare(bright, Development(encoding="linear"))
        ratio = developer.read(dim).pixels.mean() / developer.read(bright).pixels.mean()
        assert abs(ratio - 0.5) <= _PROPORTIONAL * 0.5, f"half the light gives {ratio:.3f} of the number"

    def test_the_mosaic_is_where_probe_says(self) -> None:
        """(H, W) uint16 with its pattern, colours and levels; `UnreadableFrame` from files that hold none."""
        for sample in self._some():
            developer = self._ready(sample)
            if not developer.probe(sample.path).has_mosaic:
                _refused(partial(developer.mosaic, sample.path), f"the mosaic of {sample}", None)
                continue
            mosaic = developer.mosaic(sample.path)
            assert mosaic.values.ndim == 2, f"the mosaic of {sample} has the shape {mosaic.values.shape}"
            assert mosaic.values.dtype == np.uint16, f"the mosaic of {sample} holds {mosaic.values.dtype}"
            assert mosaic.pattern.dtype == np.uint8, f"the pattern of {sample} holds {mosaic.pattern.dtype}"
            assert int(mosaic.pattern.max()) < len(mosaic.colours), f"the pattern of {sample} has unnamed channels"
            assert len(mosaic.black) == len(mosaic.colours), f"{sample} has not one black level for each channel"
            assert max(mosaic.black) < mosaic.white, f"in {sample} black {mosaic.black} is above white {mosaic.white}"

    def test_its_input_is_left_alone(self) -> None:
        """Not a byte of the file, not its time, and nothing new beside it."""
        for sample in self._some():
            before = sample.path.read_bytes(), sample.path.stat().st_mtime_ns, _names(sample.path.parent)
            developer = self._ready(sample)
            developer.probe(sample.path)
            developer.read(sample.path)
            developer.read_reduced(sample.path, 40)
            after = sample.path.read_bytes(), sample.path.stat().st_mtime_ns, _names(sample.path.parent)
            assert before[:2] == after[:2], f"reading {sample} changed it"
            assert before[2] == after[2], f"reading {sample} left {', '.join(after[2] - before[2])} beside it"

    def test_what_is_no_frame_is_refused(self) -> None:
        """Text, an empty file, one of zeros, none at all: `UnreadableFrame` that names it, from every verb."""
        folder = self.folder()
        for suffix in self._suffixes()[:3]:
            files = {
                "a text": b"this is no picture, whatever it is called\n" * 40,
                "an empty file": b"",
                "a file of zeros": bytes(4096),
                "a missing file": None,
            }
            for words, data in files.items():
                path = folder / f"{words.replace(' ', '-')}{suffix}"
                if data is not None:
                    path.write_bytes(data)
                developer = self.make()
                for verb in ("probe", "read", "read_reduced"):
                    arguments = (path, 40) if verb == "read_reduced" else (path,)
                    _refused(
                        partial(getattr(developer, verb), *arguments), f"{verb} of {words} called {path.name}", path
                    )

    def test_a_cut_file_is_refused(self) -> None:
        """A copy that was broken off never becomes a frame with a grey patch: `UnreadableFrame` that names it."""
        folder = self.folder()
        for sample in self._some():
            data = sample.path.read_bytes()
            for share in (0.5, 0.95):
                cut = folder / f"cut-{share:g}-{sample.path.name}"
                cut.write_bytes(data[: int(share * len(data))])
                developer = self.make()
                _refused(partial(developer.read, cut), f"read of {share:.0%} of {sample}", cut)

    def _suffixes(self) -> tuple[str, ...]:
        return self.suffixes or (self.offer.capabilities if self.offer is not None else ())

    def _some(self) -> Sequence[Sample]:
        samples = [*self.samples(self.folder()), *self._given(self.folder())]
        if not samples:
            raise DoesNotApply(f"no file to try it with: stackcore can write none of {', '.join(self._suffixes())}")
        return samples

    def _shot(self, light: Any, name: str) -> Path:
        path = write_shot_of(self.folder(), self._suffixes(), light, name)
        if path is None:
            raise DoesNotApply("no raw file that stackcore can write")
        return path

    def _ready(self, sample: Sample) -> Developer:
        developer = self.make()
        developer.prepare(sample.path, Development())
        return developer


def _reading(sample: Sample) -> Callable[[Developer], Decoded]:
    return lambda developer: developer.read(sample.path)


def _check_frame(decoded: Decoded, sample: Sample) -> None:
    pixels, valid = decoded.pixels, decoded.valid
    assert pixels.ndim == 3, f"{sample} comes out with the shape {pixels.shape}"
    assert pixels.shape[2] == 3, f"{sample} comes out with the shape {pixels.shape}"
    assert pixels.dtype.name in FULL_SCALE, f"{sample} comes out as {pixels.dtype}, not {' or '.join(FULL_SCALE)}"
    if pixels.dtype == np.float32:
        assert np.isfinite(pixels).all(), f"{sample} comes out with pixels that are no numbers"
        assert float(pixels.max()) <= 1.5, f"{sample} comes out with {pixels.max():g}, and 1 is white"
    if valid is not None:
        assert valid.dtype == np.bool_, f"what is valid in {sample} comes as {valid.dtype}"
        assert valid.shape == pixels.shape[:2], f"what is valid in {sample} comes with the shape {valid.shape}"


def _refused(work: Callable[[], object], words: str, path: Path | None) -> None:
    try:
        found = work()
    except UnreadableFrame as error:
        text = str(error)
        assert path is None or path.name in text, f"{words} is refused without its name: {text}"
        return
    except Exception as error:
        raise AssertionError(f"{words} raised {type(error).__name__}, not UnreadableFrame: {error}") from error
    raise AssertionError(f"{words} was not refused: it gave a {type(found).__name__}")


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _size(told: tuple[Any, ...]) -> str:
    height, width, dtype = told
    return f"{width}x{height} {dtype}"
