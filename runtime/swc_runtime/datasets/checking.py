"""Every image is read once before it is trained on: what cannot be read is told together, the rest is measured.

One pass gives all that is known of images: what they are by content, mean and deviation of the training images, and
the labels of sources that carry them. What a pass over files has found is remembered (``remembered``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from swc_runtime.datasets.checked import TOLD, Checked, Found
from swc_runtime.datasets.classes import check_parts
from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.identity import ContentDigest
from swc_runtime.datasets.kind import Request
from swc_runtime.datasets.normalisation import darkness_told, pixel_sums
from swc_runtime.datasets.reading import SourceSplit, in_workers, reader_deaths
from swc_runtime.datasets.remembered import place_of, recall, remember
from swc_runtime.datasets.sources import Source
from swc_runtime.problems import DataError
from swc_runtime.progress import Phase

_BATCH = 16
_LINE = 10_000
"""Images after which a line is written where there are no bars: a tenth of all, and at least these."""

_NOTHING = [[0], [0]]
_HOPELESS = 256
"""When so many images come first and none can be read, the rest is not tried."""


def checked(parts: Mapping[str, Source], request: Request) -> dict[str, Checked]:
    """Read every image of every part once, with the phase ``check``.

    Raises:
        DataError: images cannot be read, and are not to be left out; the first 20 are told, and how many there are.
    """
    places = {part: place_of(source, request) for part, source in parts.items()}
    known = {part: recall(places[part], len(source)) for part, source in parts.items()}
    anew = {part: source for part, source in parts.items() if known[part] is None}
    found = {part: known[part] or Checked() for part in parts}
    total = sum(len(source) for source in anew.values())
    if len(anew) < len(parts):
        count = sum(len(source) for source in parts.values()) - total
        request.reporter.say(f"{count:,} images are as they were when they were last checked")
    if not anew:
        return found
    with request.reporter.phase("check", total) as phase, reader_deaths():
        done = _check(anew, request, found, phase)
    bad = sum(len(found[part].unreadable) for part in anew)
    if bad and (not request.skip_unreadable or bad == done):
        problems = [text for one in found.values() for text in one.problems][:TOLD]
        raise DataError(_unreadable(problems, bad, done, total))
    for part, source in anew.items():
        if places[part] == place_of(source, request):  # it has not changed while it was read
            remember(places[part], found[part])
    return found


def _check(parts: Mapping[str, Source], request: Request, found: dict[str, Checked], phase: Phase) -> int:
    """Take everything in; returns how many images were read or tried."""
    done, total = 0, sum(len(source) for source in parts.values())
    step = max(_LINE, total // 10)
    for batch in _batches(parts, request.workers):
        found[batch.part].take(batch)
        count = len(batch.digests) + len(batch.problems)
        done += count
        bad = sum(len(found[part].unreadable) for part in parts)
        phase.advance(count, note=f"{bad:,} unreadable" if bad else "")
        if done // step > (done - count) // step:
            phase.milestone(f"{done:,} of {total:,} images{f', {bad:,} unreadable' if bad else ''}")
        if done >= _HOPELESS and bad == done and not request.skip_unreadable:
            break
    return done


def _unreadable(problems: Sequence[str], bad: int, done: int, total: int) -> str:
    lines = [f"  {text}" for text in problems]
    if bad > len(problems):
        lines.append(f"  and {bad - len(problems):,} more")
    of = f"the first {done:,} images (of {total:,})" if done < total else f"{total:,} images"
    way = "Mend them, or leave them out (--skip-unreadable)." if bad < done else "None is left to train on."
    return f"{bad:,} of {of} cannot be used:\n" + "\n".join(lines) + f"\n{way}"


def _batches(parts: Mapping[str, Source], workers: int) -> Iterator[Found]:
    names = list(parts)
    examining = _Examining(tuple(parts.values()), tuple(names))
    batches = [
        examining.numbered(part, range(start, min(start + _BATCH, len(source))))
        for part, source in enumerate(parts.values())
        for start in range(0, len(source), _BATCH)
    ]
    yield from in_workers(examining, batches, workers, collate=_together)


class _Examining:
    """All images of several sources under one numbering, each as the small summary that is sent back."""

    def __init__(self, sources: tuple[Source, ...], names: tuple[str, ...]) -> None:
        self._sources, self._names = sources, names
        self._starts = [0]
        for source in sources:
            self._starts.append(self._starts[-1] + len(source))

    def numbered(self, part: int, indices: range) -> list[int]:
        start = self._starts[part]
        return [start + index for index in indices]

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, number: int) -> Found:
        part = next(part for part in range(len(self._sources)) if number < self._starts[part + 1])
        index = number - self._starts[part]
        try:
            found = self._sources[part].examine(index)
        except DataError as problem:
            return Found(self._names[part], {}, {}, [(index, str(problem))], 0, _NOTHING)
        labels = {} if found.label is None else {index: found.label}
        pixels = found.image.shape[1] * found.image.shape[2]
        sums = pixel_sums(found.image[None]).tolist()
        return Found(self._names[part], {index: found.digest}, labels, [], pixels, sums, int(found.image.max()))


def _together(found: list[Found]) -> Found:
    digests: dict[int, bytes] = {}
    labels: dict[int, int] = {}
    problems: list[tuple[int, str]] = []
    for one in found:
        digests.update(one.digests)
        labels.update(one.labels)
        problems += one.problems
    sums: Any = sum(torch.tensor(one.sums) for one in found)
    pixels, highest = sum(one.pixels for one in found), max(one.highest for one in found)
    return Found(found[0].part, digests, labels, problems, pixels, sums.tolist(), highest)


def checked_dataset(
    name: str,
    parts: Mapping[str, Source],
    labels: Mapping[str, Sequence[int]] | None,
    class_names: tuple[str, ...],
    request: Request,
    called: Mapping[str, str] | None = None,
) -> Dataset:
    """Check the sources of a data set, and make it.

    Args:
        name: what it is called; without a path.
        parts: ``train`` and ``test``, perhaps ``val``.
        labels: of all images of the parts; None where the sources carry them.
        class_names: in the order of labels.
        request: what is asked for.
        called: what people call the parts, where it is something else.

    Raises:
        DataError: images cannot be read, classes lack images, or nothing can be learned from the images.
    """
    found = checked(parts, request)
    digest = ContentDigest((*class_names, *(("on black",) if request.alpha == "black" else ())))
    splits: dict[str, SourceSplit] = {}
    skipped: list[str] = []
    for part, source in parts.items():
        one = found[part]
        kept = torch.tensor(sorted(one.digests), dtype=torch.int64)
        known = one.labels if labels is None else labels[part]
        chosen = [known[index] for index in kept.tolist()]
        digest.add(chosen, (one.digests[index] for index in kept.tolist()))
        splits[part] = SourceSplit(
            source, kept, torch.tensor(chosen, dtype=torch.int64), request.input, request.workers
        )
        skipped += [source.name(index) for index in sorted(one.unreadable)]
    titles = {part: (called or {}).get(part, part) for part in parts}
    present = {titles[part]: {class_names[n] for n in set(split.labels.tolist())} for part, split in splits.items()}
    check_parts(name, present, class_names, allow_missing=request.allow_missing_classes)
    if not len(splits["train"]):
        raise DataError(f"{name} has no training images.")
    if skipped:
        request.reporter.say(f"left out, as they cannot be read: {_some(skipped)}")
    if dark := darkness_told(found["train"].moments.highest):
        request.reporter.say(dark)
    return Dataset(
        name=name,
        train=splits["train"],
        test=splits["test"],
        input=request.input,
        classes=len(class_names),
        normalise=found["train"].moments.normalisation(name),
        class_names=class_names,
        identity=digest.hex(),
        val=splits.get("val"),
        skipped=tuple(skipped),
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - TOLD:,} more" if len(names) > TOLD else ""
    return f"{', '.join(names[:TOLD])}{more}"
