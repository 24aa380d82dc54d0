"""Names that a spec may not give, because the generated Python needs them for something else.

The lists are written out, so that the same spec is accepted whatever Python and torch are installed.
"""

from __future__ import annotations

PYTHON_WORDS = frozenset(
    """
    False None True and as assert async await break class continue def del elif else except finally for from global if
    import in is lambda nonlocal not or pass raise return try while with yield match case type
    """.split()
)
"""Keywords, hard and soft."""

PYTHON_BUILTINS = frozenset(
    """
    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright
    credits delattr dict dir divmod enumerate eval exec exit filter float format frozenset getattr globals hasattr hash
    help hex id input int isinstance issubclass iter len license list locals map max memoryview min next object oct open
    ord pow print property quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple vars
    zip
    """.split()
)
"""Functions that are always there; a variable of such a name would hide them."""

MODULE_ATTRIBUTES = frozenset(
    """
    add_module apply bfloat16 buffers call_super_init children compile cpu cuda device double dtype dump_patches eval
    extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules mtia
    named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory
    state_dict to to_empty train training type weights xpu zero_grad
    """.split()
)
"""What torch's nn.Module already has; a label becomes an attribute beside these."""

MODULE_DICT_ATTRIBUTES = frozenset({"clear", "items", "keys", "pop", "update", "values"})
"""What torch's nn.ModuleDict has besides; a member's name becomes a key beside these."""

GENERATED_NAMES = frozenset({"F", "Tensor", "math", "nn", "self", "torch", "weights"})
"""Names that generated functions use themselves."""

GENERATED_CLASSES = frozenset(
    """
    BaseException Bool Callable Cluster Constant Cosine Crop Cutout Dict Exception Family Flip GradientRefinement
    GradientSearch Int Layers List Mapping Module ModuleDict ModuleList None OneCycle Plan PlainWeights Recipe
    Sequence Sgd SharedWeights Steps SuperWeight Tensor Tiles True False Tuple Weights
    """.split()
)
"""Classes that generated files import or that Python has; a definition's class needs another name."""


def class_name(name: str) -> str:
    """The Python class of a block, architecture or family: ``wide_block`` is ``WideBlock``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
