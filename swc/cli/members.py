"""The option that names members."""

from __future__ import annotations

import click


def _names(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise click.BadParameter(f"{text!r} is no list of members such as slim,mid")
    return names


MEMBERS = click.option(
    "--members", callback=_names, metavar="NAMES", help="Members, such as slim,mid. [default: all of them]"
)
