"""Blocks that call themselves, directly or by way of others: a network of that form has no end."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field

from swc.check.program import Definition, Module
from swc.check.walk import calls
from swc.diagnostics import Diagnostics, Related
from swc.syntax import tree as t

MAXIMUM_WEIGHT = 150
"""How deep statements and expressions may nest over a whole chain of blocks, so that later stages keep their stack."""

_Key = tuple[str, str]


def check_cycles(modules: Mapping[str, Module], diagnostics: Diagnostics) -> None:
    """Report each cycle of calls once (SW0211), and chains of calls that are too long (SW0220)."""
    search = _Search(modules, diagnostics)
    for module in modules.values():
        for item in module.file.items:
            definition = module.names.get(item.name.text) if isinstance(item, t.Block | t.Arch) else None
            if definition is not None and definition.module == module.name:
                search.visit(definition)


@define
class _Frame:
    """A definition on the way down: the calls that are still to be followed, and the weight found so far."""

    definition: Definition
    pending: list[tuple[t.Call, int]]
    weight: int = 1
    via: tuple[t.Call, int] | None = None


@define
class _Search:
    modules: Mapping[str, Module]
    diagnostics: Diagnostics
    weights: dict[_Key, int] = field(factory=dict)

    def visit(self, definition: Definition) -> None:
        """Follow the calls of a definition, depth first and without recursion."""
        if _key(definition) in self.weights:
            return
        path = [self._frame(definition, None)]
        while path:
            frame = path[-1]
            if not frame.pending:
                path.pop()
                self._leave(frame, path[-1] if path else None)
                continue
            call, depth = frame.pending.pop(0)
            called = self.modules[frame.definition.module].names.get(call.function.text)
            if called is None or called.is_arch:
                continue
            known = self.weights.get(_key(called))
            start = next((i for i, x in enumerate(path) if _key(x.definition) == _key(called)), None)
            if start is not None:
                self._report_cycle(path[start:], call)
            elif known is not None:
                frame.weight = max(frame.weight, depth + known)
            else:
                path.append(self._frame(called, (call, depth)))

    def _frame(self, definition: Definition, via: tuple[t.Call, int] | None) -> _Frame:
        return _Frame(definition, list(calls(definition.node.body)), via=via)

    def _leave(self, frame: _Frame, caller: _Frame | None) -> None:
        if frame.weight > MAXIMUM_WEIGHT:
            self.diagnostics.error(
                "SW0220",
                f"the blocks under `{frame.definition.name}` nest too deep",
                frame.definition.node.name.span,
                label=f"more than {MAXIMUM_WEIGHT} levels of calls and expressions",
                help="call fewer blocks from within each other",
            )
            frame.weight = 1  # said once is enough for those that call it
        self.weights[_key(frame.definition)] = frame.weight
        if caller is not None and frame.via is not None:
            caller.weight = max(caller.weight, frame.via[1] + frame.weight)

    def _report_cycle(self, cycle: list[_Frame], last: t.Call) -> None:
        names = [frame.definition.name for frame in cycle]
        steps = [frame.via[0] for frame in cycle[1:] if frame.via is not None]
        related = tuple(
            Related(call.function.span, f"`{name}` calls `{call.function}`")
            for name, call in zip(names, steps, strict=False)
        )
        way = " → ".join(f"`{name}`" for name in (*names, names[0]))
        self.diagnostics.error(
            "SW0211",
            f"block `{names[0]}` calls itself" + (f": {way}" if len(names) > 1 else ""),
            last.function.span,
            label=f"`{names[-1]}` calls `{names[0]}`" if len(names) > 1 else "calls itself",
            related=related,
            help="write repetition with `repeat`",
        )


def _key(definition: Definition) -> _Key:
    return definition.module, definition.name
