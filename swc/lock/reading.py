"""Reading lock files strictly: what is damaged is reported where it stands, and nothing is ignored or guessed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from swc.diagnostics import Diagnostic, Source, Span, SpecError
from swc.documents import DocumentError, parse_document
from swc.lock.model import FORMAT_VERSION, Lock, Shape, place_of_key
from swc.lock.outline import Outline
from swc.plan.model import CLUSTER_NAME
from swc.record import FormatError, Record

_RENEW = "run `swc search` again to renew it, or delete it"
_RESTORE = "correct it, restore it from version control, or run `swc search` again"

_KINDS: dict[str, tuple[type, ...]] = {
    "family": (str,),
    "structure": (str,),
    "data": (str,),
    "epochs": (int,),
    "seed": (int,),
    "threshold": (int, float),
    "threshold_used": (int, float),
    "clusters": (dict,),
}
_OPTIONAL: dict[str, tuple[type, ...]] = {"bins": (str,), "val": (int, float), "outline": (dict,)}
_HASH = re.compile(r"[0-9a-f]{16}")
_BINS = re.compile(r"bins [1-9]\d*( for [^;]+)?(; bins [1-9]\d* for [^;]+)*")
_LARGEST = 10**9
_SIMILARITIES = {"structure", "data", "search"}
_WORDS = {str: "text", int: "a whole number", dict: "an object"}


def read_lock(path: Path, display: str) -> Lock:
    """Read a lock file.

    Args:
        path: the file.
        display: what messages call it.

    Raises:
        SpecError: SW0701 when it cannot be read or is no lock file, SW0702 when another release wrote it, SW0707 when
            there is none.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        missing = Diagnostic(
            "SW0707",
            f"there is no lock file {display}",
            help="`swc search` writes one; without a search, leave out --lock, or share by kernel size with --no-lock",
        )
        raise SpecError((missing,)) from error
    except IsADirectoryError as error:
        folder = Diagnostic(
            "SW0701", f"{display} is a folder, and no lock file", help="name the lock file, or its spec"
        )
        raise SpecError((folder,)) from error
    except OSError as error:
        raise _broken(display, f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _broken(display, f"it is no UTF-8 text ({error.reason} at byte {error.start})") from error
    return parse_lock(Source(display, text))


def parse_lock(source: Source) -> Lock:
    """Read the text of a lock file.

    Raises:
        SpecError: as :func:`read_lock`.
    """
    content = _json(source)
    if content.keys() >= _SIMILARITIES and "clusters" not in content:
        raise _other_file(source)
    version = content.get("format_version", FORMAT_VERSION)
    if type(version) is not int:
        place = place_of_key(source, "format_version")
        raise _broken(source.name, "its `format_version` is not a whole number", place)
    if version != FORMAT_VERSION:
        raise SpecError(
            (
                Diagnostic(
                    "SW0702",
                    f"lock file {source.name} has format version {version}, and this swc reads version "
                    f"{FORMAT_VERSION}",
                    place_of_key(source, "format_version"),
                    help=f"use the release of swc that wrote it, or {_RENEW}",
                ),
            )
        )
    _check_entries(source, content)
    clusters = _clusters(source, content["clusters"])
    outline = _outline(source, content["outline"]) if "outline" in content else None
    known = {key: content[key] for key in (*_KINDS, "bins", "val") if key in content and key != "clusters"}
    return Lock(**known, clusters=clusters, outline=outline, source=source)


def _json(source: Source) -> dict[str, Any]:
    conflict = re.search(r"^<{7}.*", source.text, re.MULTILINE)
    if conflict:
        raise _broken(source.name, "it has unresolved merge conflicts", Span(source, *conflict.span()))
    try:
        content = parse_document(source.text, finite=False)
    except DocumentError as error:
        place = None
        if error.key is not None:
            place = place_of_key(source, error.key, last=True)
        elif error.position is not None and source.text:
            end = min(error.position + 1, len(source.text))
            place = Span(source, max(0, end - 1), end)
        raise _broken(source.name, f"it is no valid JSON ({error})", place) from error
    if not isinstance(content, dict):
        raise _broken(source.name, "it holds no object")
    return content


def _check_entries(source: Source, content: dict[str, Any]) -> None:
    for key in ("format_version", *_KINDS):
        if key not in content:
            raise _broken(source.name, f"its `{key}` is missing")
    for key, kinds in (_KINDS | _OPTIONAL).items():
        if key in content and (not isinstance(content[key], kinds) or isinstance(content[key], bool)):
            expected = "a number" if float in kinds else _WORDS[kinds[0]]
            raise _broken(source.name, f"its `{key}` is not {expected}", place_of_key(source, key))
    if not _HASH.fullmatch(content["structure"]):
        why = "its `structure` is no hash of sixteen hexadecimal digits"
        raise _broken(source.name, why, place_of_key(source, "structure"))
    if "bins" in content and not _BINS.fullmatch(content["bins"]):
        why = "its `bins` are not as a spec writes them (`bins 4; bins 2 for *.query`)"
        raise _broken(source.name, why, place_of_key(source, "bins"))
    _check_numbers(source, content)
    unknown = sorted(set(content) - set(_KINDS) - set(_OPTIONAL) - {"format_version"})
    if unknown:
        raise _broken(source.name, f"it has an unknown entry `{unknown[0]}`", place_of_key(source, unknown[0]))


def _check_numbers(source: Source, content: dict[str, Any]) -> None:
    for key in ("threshold", "threshold_used"):
        if not -1 <= content[key] <= 1:
            raise _broken(source.name, f"its `{key}` is no cosine, from -1 to 1", place_of_key(source, key))
    if content["threshold_used"] > content["threshold"]:
        why = "its `threshold_used` is above its `threshold`, from which it can only have been lowered"
        raise _broken(source.name, why, place_of_key(source, "threshold_used"))
    if not 0 <= content.get("val", 0) < 1:
        raise _broken(source.name, "its `val` is no fraction, from 0 to below 1", place_of_key(source, "val"))
    for key, least in (("epochs", 1), ("seed", 0)):
        if content[key] < least:
            raise _broken(source.name, f"its `{key}` is below {least}", place_of_key(source, key))


def _clusters(source: Source, content: dict[str, Any]) -> dict[str, dict[str, Shape]]:
    clusters: dict[str, dict[str, Shape]] = {}
    seen: dict[str, str] = {}
    names: dict[str, str] = {}
    for cluster, layers in content.items():
        if not CLUSTER_NAME.fullmatch(cluster):
            why = f"its cluster `{cluster}` has a name that is not letters, digits, `-` and `_`, with a letter first"
            raise _broken(source.name, why, place_of_key(source, cluster))
        twin = names.setdefault(cluster.casefold(), cluster)
        if twin != cluster:
            why = f"the names of its clusters `{twin}` and `{cluster}` differ in nothing but case"
            raise _broken(source.name, why, place_of_key(source, cluster))
        if not isinstance(layers, dict) or not layers:
            raise _broken(source.name, f"its cluster `{cluster}` names no layers", place_of_key(source, cluster))
        for name, shape in layers.items():
            if not (
                isinstance(shape, list) and len(shape) == 4 and all(type(n) is int and 0 < n < _LARGEST for n in shape)
            ):
                raise _broken(
                    source.name, f"layer `{name}` has no shape of four whole numbers", place_of_key(source, name)
                )
            if name in seen:
                raise _broken(
                    source.name,
                    f"layer `{name}` is in cluster `{seen[name]}` and in `{cluster}`",
                    place_of_key(source, name, last=True),
                )
            seen[name] = cluster
        clusters[cluster] = {name: (*shape,) for name, shape in layers.items()}
    return clusters


def _outline(source: Source, content: dict[str, Any]) -> Outline:
    """What the lock says that the spec was."""
    record = Record(content, "outline")
    try:
        members = record.record("members")
        channels, height, width = record.integers("input", 3)
        found = Outline(
            (channels, height, width),
            record.integer("classes"),
            {name: members.text(name) for name in members.values},
            record.texts("hints"),
        )
        record.close()
    except FormatError as error:
        raise _broken(source.name, str(error), place_of_key(source, "outline")) from error
    return found


def _other_file(source: Source) -> SpecError:
    """The similarities of a search lie beside the lock, and are easily named instead of it."""
    lock = source.name.removesuffix(".similarities.json") + ".lock"
    return SpecError(
        (
            Diagnostic(
                "SW0701",
                f"{source.name} holds the similarities that a search measured, and is no lock file",
                help=f"name the lock file beside it: {lock}" if lock != source.name + ".lock" else "name the lock file",
            ),
        )
    )


def _broken(display: str, why: str, place: Span | None = None) -> SpecError:
    help_ = _RENEW if place is None else _RESTORE
    return SpecError((Diagnostic("SW0701", f"lock file {display} is damaged: {why}", place, help=help_),))
