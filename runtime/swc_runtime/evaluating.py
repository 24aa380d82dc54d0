"""Evaluation without switching modes: a module as it would be after ``eval()``, while it stays what it is."""

from __future__ import annotations

import types
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import torch
from torch import nn

from swc_runtime.bank import SuperWeightBank
from swc_runtime.problems import RuntimeProblem

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def in_evaluation(module: nn.Module) -> bool:
    """Whether every part of ``module`` is in evaluation mode; the mode of a bank changes nothing that it computes."""
    seen = [module]
    for part in seen:
        if part.training:
            return False
        children = part._modules  # noqa: SLF001 - modules() keeps a set of all it has seen, at each call
        if children:
            seen += [child for child in children.values() if child is not None and type(child) is not SuperWeightBank]
    return True


class Modes:
    """The modes of all parts of a module, looked at in a few microseconds; for one that is asked again and again."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        parts = list(module.modules())
        self._attributes = [part.__dict__ for part in parts]
        self._children: list[dict[str, Any]] = [part._modules for part in parts]  # noqa: SLF001 - as above
        self._known = self._submodules()

    def in_evaluation(self) -> bool:
        """Whether the parts are those they were, and all of them in evaluation mode."""
        try:
            return self._submodules() == self._known and not any(map(_is_training, self._attributes))
        except KeyError:  # TorchScript keeps its mode elsewhere
            return False

    def _submodules(self) -> list[Any]:
        return list(chain.from_iterable(map(dict.values, self._children)))


_is_training = itemgetter("training")


def evaluation_view(module: ModuleT) -> ModuleT:
    """Return ``module`` itself where all of it is in evaluation mode, otherwise a twin of it that is.

    The twin shares every parameter, buffer and hook and all that is shared through a bank, so it computes what
    ``module`` would after ``eval()``; no flag of ``module`` is touched, which makes this safe while other threads train
    or evaluate it. Take a new view for each use: it does not follow submodules that are replaced later. What a forward
    method stores on ``self`` is stored on the twin.

    Raises:
        RuntimeProblem: a part of it is a TorchScript module in training mode, of which no twin can be made.
    """
    if in_evaluation(module):
        return module
    twin: ModuleT = _twin(module, {})
    return twin


def _twin(module: nn.Module, twins: dict[int, nn.Module]) -> Any:
    known = twins.get(id(module))
    if known is not None:
        return known
    if isinstance(module, SuperWeightBank):
        return module  # layers compose from the bank itself
    if isinstance(module, torch.jit.ScriptModule):
        if in_evaluation(module):
            return module
        raise RuntimeProblem(
            f"a {type(module).__name__} made by torch.jit is in training mode, and cannot be evaluated beside it: call "
            "eval() on it first"
        )
    compiled = module._modules.get("_orig_mod")  # noqa: SLF001 - where torch.compile keeps what it compiled
    if compiled is not None:
        return _twin(compiled, twins)  # its code was made for the original, in training mode
    twin = type(module).__new__(type(module))
    twins[id(module)] = twin
    own = dict(module.__dict__)
    own["training"] = False
    own["_compiled_call_impl"] = None  # likewise, where a module was compiled in place
    own["_modules"] = {
        name: None if child is None else _twin(child, twins)
        for name, child in module._modules.items()  # noqa: SLF001
    }
    for name, value in own.items():
        if name not in _ORDINARY:
            own[name] = _bound_to_twins(value, twins)
    twin.__dict__.update(own)
    return twin


_ORDINARY = frozenset(vars(nn.Module()))
"""What every module has: none of it refers to another module, but for the submodules."""


def _bound_to_twins(value: Any, twins: dict[int, nn.Module]) -> Any:
    """Return an attribute as the twin has it: modules and methods of modules that are not registered as submodules."""
    if isinstance(value, nn.Module):
        return _twin(value, twins)
    if isinstance(value, types.MethodType) and isinstance(value.__self__, nn.Module):
        return types.MethodType(value.__func__, _twin(value.__self__, twins))
    if type(value) is partial:
        arguments = [_bound_to_twins(argument, twins) for argument in value.args]
        named = {name: _bound_to_twins(argument, twins) for name, argument in value.keywords.items()}
        bound = partial(_bound_to_twins(value.func, twins), *arguments, **named)
        bound.__dict__.update({name: _bound_to_twins(about, twins) for name, about in value.__dict__.items()})
        return bound
    if type(value) in (list, tuple, dict):
        return _contents_bound_to_twins(value, twins)
    return value


def _contents_bound_to_twins(value: Any, twins: dict[int, nn.Module]) -> Any:
    parts = value.values() if isinstance(value, dict) else value
    bound = [_bound_to_twins(part, twins) for part in parts]
    if all(new is old for new, old in zip(bound, parts, strict=True)):
        return value  # the same object: what a forward method keeps in it is kept
    return dict(zip(value, bound, strict=True)) if isinstance(value, dict) else type(value)(bound)
