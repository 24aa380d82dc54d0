"""Who gets which weight: composed for a thread's step with a graph, or kept between calls in evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock, get_ident
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from swc_runtime.assembly import Assembly
from swc_runtime.cancellation import Cancelled, checkpoint, work_here
from swc_runtime.compiled import CompiledWeights, weight_in_graph
from swc_runtime.kept import Kept
from swc_runtime.leaves import check_traced
from swc_runtime.problems import ThreadProblem
from swc_runtime.resolution import Resolution
from swc_runtime.sources import Sources
from swc_runtime.step import Step
from swc_runtime.templates import full_precision

if TYPE_CHECKING:
    from swc_runtime.bank import SuperWeightBank
    from swc_runtime.evaluating import Modes

# Looked up once: each attribute on the way would be a look into memory that a network has pushed out of the caches.
_compiler, _cuda = torch.compiler, torch.cuda
_is_grad_enabled = torch.is_grad_enabled
_is_traced = torch.compiler.is_dynamo_compiling
_AUTOCAST_FROM = frozenset({torch.float32, torch.float16, torch.bfloat16})  # what autocast takes to another precision
# torch has no public names for these.
_autocast_somewhere = torch._C._is_any_autocast_enabled  # noqa: SLF001 - for any kind of device, by one look
_backward_pass = torch._C._current_graph_task_id  # noqa: SLF001 - a number for the one this thread computes, or -1
_dispatch_modes = torch._C._len_torch_dispatch_stack  # noqa: SLF001
_transformation = torch._C._functorch.peek_interpreter_stack  # noqa: SLF001
_trace = torch._C._get_tracing_state  # noqa: SLF001


class Level:
    """A level of a step as a context."""

    def __init__(self, composer: Composer, *, anew: bool) -> None:
        self._composer = composer
        self._anew = anew
        self._entered: list[Step] = []

    def __enter__(self) -> None:
        self._entered.append(self._composer.enter(training=False, anew=self._anew))

    def __exit__(self, *_: object) -> None:
        self._composer.leave(self._entered.pop())


class Composer:
    """Composes the weights of a bank for any number of threads; a copy of a bank gets a composer of its own.

    A thread's outermost call begins a step. While gradients are recorded, or the bank is in training mode, the step
    composes what is asked for, each thing once, and forgets it in the end. Otherwise it takes the weights that are
    kept, once it has seen that nothing they were composed from has changed.
    """

    def __init__(self, bank: SuperWeightBank) -> None:
        self._bank = bank
        self._lock = RLock()  # held while weights to keep are composed and while the assignment changes
        self._running: dict[int, Step] = {}  # by thread
        self._traced = Step(None)  # torch.compile traces one function at a time
        self._compiled = CompiledWeights(bank, self._lock)
        self._kept: Kept | None = None
        self._changing: int | None = None  # the thread that changes the assignment: others wait
        self._probing: int | None = None  # the thread that probes: others are refused
        self.probes: dict[str, Tensor] | None = None
        self.modes: dict[str, Modes] = {}  # of members, as predictions saw them

    def enter(self, *, training: bool, anew: bool = False) -> Step:
        """Begin a step, or one more level of the one this thread is within; ``leave`` it, come what may.

        Args:
            training: whether what is computed is part of a training.
            anew: take no weights that are kept.

        Raises:
            ThreadProblem: another thread probes, or is within a call in training mode as this would be.
        """
        if _is_traced():
            self._traced.depth += 1
            return self._traced
        me, task = get_ident(), _backward_pass()
        anew = anew or training  # in training mode nothing is kept, also not without gradients
        training = training and _is_grad_enabled()
        step = self._running.get(me)
        if step is None or step.task != task:  # a backward pass is no part of the step it was started in
            step = self._begun(me, task, step, training=training, anew=anew)
        elif training and not step.training:
            step.training = True
            self._check_training(me)
        step.depth += 1
        return step

    def leave(self, step: Step) -> None:
        """Leave one level; with the outermost one, everything that the step composed is forgotten."""
        step.depth -= 1
        if step.depth == 0:
            step.forget()
            if not _is_traced():
                self._drop(step)

    def running(self) -> Step | None:
        """The step that this thread is within, if any."""
        if _is_traced():
            return self._traced if self._traced.depth > 0 else None
        step = self._running.get(get_ident())
        return step if step is not None and step.task == _backward_pass() else None

    def weight(self, name: str) -> Tensor:
        """Return the weight of a layer: its probe, the one of this thread's step, or one composed for the caller.

        It may be written to, so it is none of those that are kept.
        """
        return self._weight(name, own=True)

    def weight_to_use(self, name: str) -> Tensor:
        """Return the weight of a layer for its forward method, which will not write to it: also one that is kept.

        Raises:
            Cancelled: nobody waits for what this thread computes any more.
        """
        if _is_traced() or self.probes is not None:
            return self._weight(name, own=False)
        step = self._running.get(get_ident())
        if step is None:
            checkpoint()
            step = self.enter(training=self._bank.training)
            try:
                return self._weight_in(step, name, own=False)
            finally:
                self.leave(step)
        if step.work is not None and step.work.cancelled:
            raise Cancelled
        if step.kept is not None and (step.graphless or not _is_grad_enabled()):
            weight = step.kept.weights.get(name)
            if weight is not None:
                return self._cast(step.kept, name, weight) if _autocast_somewhere() else weight
        return self._weight(name, own=False)

    def forget(self) -> None:
        """Let go of the weights that are kept; steps that have begun with them end with them."""
        self._kept = None
        self._compiled.forget()

    def place(self) -> None:
        """Let go of what is kept where parameters were moved or cast."""
        self._kept = None
        self._compiled.place()

    def locked(self) -> AbstractContextManager[object]:
        """Return a context within which this thread alone may change what is composed."""
        return self._lock

    @contextmanager
    def changing(self, what: str) -> Iterator[None]:
        """Change the assignment: calls of other threads wait until that is done; they are not to have begun before.

        Raises:
            ThreadProblem: another thread is within a call.
        """
        with self._lock:
            before, self._changing = self._changing, get_ident()
            try:
                self._check_alone(what)
                yield
            finally:
                self._changing = before

    @contextmanager
    def giving(self, probes: dict[str, Tensor]) -> Iterator[None]:
        """Give these tensors as the layers' weights.

        Raises:
            ThreadProblem: another thread is within a call.
        """
        before = self._probing, self.probes
        self._probing = get_ident()
        try:
            self._check_alone("probe")
            self.probes = probes
            yield
        finally:
            self._probing, self.probes = before

    def composed(self, member: str | None = None) -> dict[str, Tensor]:
        """Return the weights of all layers (of one member), also while the family is probed."""
        step = self.enter(training=False, anew=True)
        try:
            anew = Step(step.resolution)  # what the caller's step gave out may have been written to
            return {
                name: self._weight_in(anew, name, own=True)
                for name in self._bank.layers
                if member is None or name.partition(".")[0] == member
            }
        finally:
            self.leave(step)

    def _begun(self, me: int, task: int, outer: Step | None, *, training: bool, anew: bool) -> Step:
        step = Step(self._bank.resolution, task, outer)
        step.training = training
        step.work = work_here()
        self._running[me] = step  # first seen by others, then looking out for them
        try:
            if self._changing is not None and self._changing != me:
                with self._lock:
                    pass
            if task == -1:
                self._check_probing(me)
            if training:
                self._check_training(me)
            if not anew and self._keeps():
                kept = self._kept
                if kept is None or not kept.sources.unchanged():
                    kept = self._renewed()
                if kept is not None:
                    step.kept, step.resolution = kept, kept.resolution
                    step.graphless = _is_grad_enabled()  # nothing needs a graph: see _keeps
                    return step
            self._bank.refresh()
            step.resolution = self._bank.resolution
        except BaseException:
            self._drop(step)
            raise
        return step

    def _drop(self, step: Step) -> None:
        me = get_ident()
        if step.outer is None:
            self._running.pop(me, None)
        else:
            self._running[me] = step.outer

    def _keeps(self) -> bool:
        """Whether a call in evaluation may be answered with weights that are kept.

        Not beside a training on an accelerator: some optimizers write through ``.data``, which is not noticed there
        until ``eval`` is called. Not where something looks on that must see how they are composed: a trace, a
        transformation, a dispatch mode, or a CUDA graph, which will be run again when the weights are others.
        """
        bank = self._bank
        if self.probes is not None or (bank.training and bank.device.type != "cpu"):
            return False
        if _is_grad_enabled() and any(parameter.requires_grad for parameter in bank.parameters()):
            return False
        return not (
            _dispatch_modes()
            or _transformation() is not None
            or _trace() is not None
            or _compiler._is_compiling_flag  # noqa: SLF001 - is_compiling() looks at more
            or (_cuda._initialized and _cuda.is_current_stream_capturing())  # noqa: SLF001
        )

    def _keeps_in_graphs(self) -> bool:
        """Whether a graph that is compiled now may read weights that are kept."""
        if self._bank.training or _is_grad_enabled() or torch.compiler.is_exporting():
            return False
        like = next(self._bank.parameters())
        return like.device.type == "cpu" and self._compiled.fits(like)  # CUDA graphs would not run the operator again

    def _renewed(self) -> Kept | None:
        with self._lock:
            kept = self._kept
            if kept is None or not kept.sources.unchanged():
                self._kept = None
                self._bank.refresh(everything=True)
                sources = Sources.of(self._bank.template_banks())
                kept = self._kept = None if sources is None else Kept(sources, self._bank.resolution)
            return kept

    def _weight(self, name: str, *, own: bool) -> Tensor:
        if self.probes is not None:
            return self.probes[name]
        step = self.running()
        if step is not None:
            return self._weight_in(step, name, own=own)
        step = self.enter(training=self._bank.training, anew=True)
        try:
            return self._weight_in(step, name, own=own)
        finally:
            self.leave(step)

    def _weight_in(self, step: Step, name: str, *, own: bool) -> Tensor:
        """Return the weight of a layer as ``step`` has it; its ``own`` is composed by it, not kept beyond it."""
        if not own and step.kept is not None and (step.graphless or not _is_grad_enabled()):
            weight = step.kept.weights.get(name)
            if weight is None:
                self._fill(step.kept, name)
                weight = step.kept.weights[name]
            return weight
        if not own and step is self._traced and self._keeps_in_graphs():
            return self._bank.shaped(name, weight_in_graph(self._compiled, name, step.flats))
        resolution = step.resolution or self._bank.resolution
        index = resolution.assembly_of[name]
        key = (index, _is_grad_enabled())
        weight = step.weights.get(key)
        if weight is None:
            weight = step.weights[key] = self._assembled(resolution, resolution.assemblies[index], step)
        return self._bank.shaped(name, weight)

    def _fill(self, kept: Kept, name: str) -> None:
        """Compose the weights of all layers of the member that the layer ``name`` belongs to."""
        member = name.partition(".")[0]
        with self._lock, torch.inference_mode(mode=False), torch.no_grad():  # inference tensors could not be used later
            step = Step(kept.resolution)
            weights = {}
            for layer in self._bank.layers:
                if layer.partition(".")[0] != member or layer in kept.weights:
                    continue
                index = kept.resolution.assembly_of[layer]
                if index not in kept.assembled:
                    assembly = kept.resolution.assemblies[index]
                    kept.assembled[index] = self._assembled(kept.resolution, assembly, step)
                weights[layer] = self._bank.shaped(layer, kept.assembled[index])
            _readable_by_all_streams(weights.values())
            kept.weights.update(weights)

    def _cast(self, kept: Kept, name: str, weight: Tensor) -> Tensor:
        """Return a kept weight in the type that autocast would give it in each call, cast once and kept as well."""
        kind = weight.device.type
        if not torch.is_autocast_enabled(kind) or weight.dtype not in _AUTOCAST_FROM:
            return weight
        dtype = torch.get_autocast_dtype(kind)
        cast = kept.cast.get((name, dtype))
        if cast is None:
            with self._lock, torch.inference_mode(mode=False), torch.no_grad():
                cast = weight.to(dtype)
                _readable_by_all_streams([cast])
                kept.cast[name, dtype] = cast
        return cast

    def _assembled(self, resolution: Resolution, assembly: Assembly, step: Step) -> Tensor:
        device = self._bank.template_bank(assembly.banks[0]).templates.device
        with full_precision(device), _own_tensors_saved():
            return assembly.weight([self._mixtures(resolution, name, step) for name in assembly.banks])

    def _mixtures(self, resolution: Resolution, name: str, step: Step) -> tuple[Tensor, ...]:
        key = (name, _is_grad_enabled())
        mixtures = step.mixtures.get(key)
        if mixtures is None:
            try:
                mixtures = self._bank.template_bank(name)(resolution.selections[name])
            except RuntimeError as error:
                check_traced(error)
                raise
            step.mixtures[key] = mixtures
        return mixtures

    def _check_probing(self, me: int) -> None:
        if self._probing is not None and self._probing != me:
            raise ThreadProblem(
                "another thread probes this family, and gets the gradients of every call: call it when that is done"
            )

    def _check_training(self, me: int) -> None:
        if any(step.training for thread, step in list(self._running.items()) if thread != me):
            raise ThreadProblem(
                "another thread is within a call of this family in training mode: train from one thread at a time, or "
                "put the family into evaluation mode to predict"
            )

    def _check_alone(self, what: str) -> None:
        others = sum(thread != get_ident() for thread in list(self._running))
        if others:
            raise ThreadProblem(
                f"cannot {what} while {others} other thread{'s are' if others > 1 else ' is'} within a call of this "
                "family: let them end first, or work on a copy (copy.deepcopy)"
            )


def _readable_by_all_streams(weights: Iterable[Tensor]) -> None:
    """Wait until weights that threads with streams of their own will read are there."""
    for device in {weight.device for weight in weights if weight.is_cuda}:
        torch.cuda.current_stream(device).synchronize()


def _own_tensors_saved() -> AbstractContextManager[object]:
    """Return a context in which what autograd keeps of composing is out of reach of activation checkpointing.

    A block may compose a weight that the next one only uses, while each composes it when it is computed again: torch
    counts the tensors that are kept, and would take one for another.
    """
    if (
        _is_grad_enabled()
        and not torch.compiler.is_compiling()
        and torch._C._autograd._top_saved_tensors_default_hooks(True) is not None  # noqa: FBT003, SLF001
    ):
        return torch.autograd.graph.saved_tensors_hooks(_itself, _itself)
    return nullcontext()


def _itself(tensor: Tensor) -> Tensor:
    return tensor
