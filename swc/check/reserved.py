"""Names that a spec may not give, because the generated Python needs them for something else.

The lists are written out, so that the same spec is accepted whatever Python and torch are installed.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PYTHON_WORDS = _words(
    """
    False None True and as assert async await break class continue def del elif else except finally for from global if
    import in is lambda nonlocal not or pass raise return try while with yield match case type
    """
)
"""Keywords, hard and soft."""

PYTHON_BUILTINS = _words(
    """
    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright
    credits delattr dict dir divmod enumerate eval exec exit filter float format frozenset getattr globals hasattr hash
    help hex id input int isinstance issubclass iter len license list locals map max memoryview min next object oct open
    ord pow print property quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple vars
    zip
    """
)
"""Functions that are always there; a variable of such a name would hide them."""

MODULE_ATTRIBUTES = _words(
    """
    add_module apply bfloat16 buffers call_super_init children compile cpu cuda device double dtype dump_patches eval
    extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules
    mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory
    state_dict to to_empty train training type weights xpu zero_grad
    """
)
"""What torch's nn.Module already has; a label becomes an attribute beside these."""

MODULE_DICT_ATTRIBUTES = frozenset({"clear", "items", "keys", "pop", "update", "values"})
"""What torch's nn.ModuleDict has besides; a member's name becomes a key beside these."""

GENERATED_NAMES = frozenset({"F", "Tensor", "math", "nn", "self", "torch", "weights"})
"""Names that generated functions use themselves."""

PYTHON_MODULES = _words(
    """
    abc argparse array ast asyncio base64 bisect builtins cmath code codecs collections concurrent contextlib copy csv
    ctypes dataclasses datetime decimal difflib dis email enum errno fractions functools gc glob gzip hashlib heapq html
    http importlib inspect io itertools jax json keyword linecache locale logging math multiprocessing numbers numpy
    operator os pathlib pdb pickle platform pprint queue random re sched select shutil signal site socket sqlite3 ssl
    stat statistics string struct subprocess swc swc_runtime symbol sympy sys tempfile test textwrap threading time
    timeit token tokenize torch torchvision traceback types typing unittest uuid warnings weakref xml zipfile
    """
)
"""Modules that a generated file of the same name would hide from those beside it."""

GENERATED_CLASSES = _words(
    """
    BaseException Bool Callable Cluster Constant Cosine Crop Cutout Dict Exception Family Flip GradientRefinement
    GradientSearch Int Layers List Mapping Module ModuleDict ModuleList Moved None OneCycle Plan PlainWeights Recipe
    Frontier FrontierPoint PlanError Sequence Sgd SharedConv2d SharedLayer SharedLinear SharedSuperWeight SharedWeights
    Steps SuperWeight SuperWeightBank Tensor Tiles Timely True False Tuple Weights
    """
)
"""Classes that generated files import or that Python has; a definition's class needs another name."""


def class_name(name: str) -> str:
    """The Python class of a block, architecture or family: ``wide_block`` is ``WideBlock``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
