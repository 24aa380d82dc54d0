"""Vision transformers of the library against those of torch and torchvision, which others wrote."""

import torch
from emit_compiled import check_structure, check_values, compiled
from torch import nn
from torchvision.models import vit_b_16

from swc_runtime import PlainWeights

SPEC = """sw 1
family vits {
    input image(3, 32, 32)
    output classes(10)
    budget 40% of members
    member small = vit(depth=2, width=32, heads=4)
    member large = vit(depth=3, width=48, heads=3, patch=8, ratio=2)
}
"""


def test_the_base_model_has_the_parameters_of_the_published_one() -> None:
    text = SPEC.replace("32, 32)", "224, 224)").replace("classes(10)", "classes(1000)")
    text = text.replace("depth=2, width=32, heads=4", "depth=12, width=768, heads=12, patch=16")
    one = compiled(text, shared=False)
    with torch.device("meta"):
        published = vit_b_16()
    # Ours has no class token, and its positions are fixed.
    learned = published.class_token.numel() + published.encoder.pos_embedding.numel()
    expected = sum(p.numel() for p in published.parameters()) - learned
    assert one.family.members[0].parameters_alone == expected


def test_a_block_computes_what_torch_s_encoder_layer_does() -> None:
    torch.manual_seed(0)
    one = compiled(SPEC, shared=False)
    block = one.load().architectures["small"](PlainWeights()).get_submodule("blocks.1").eval()
    other = nn.TransformerEncoderLayer(32, 4, 128, dropout=0, activation="gelu", batch_first=True, norm_first=True)
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.3)
    state = block.state_dict()
    names = {"self_attn.out_proj": "out", "linear1": "up", "linear2": "down", "norm1": "ln1", "norm2": "ln2"}
    renamed = {f"{new}.{end}": state[f"{old}.{end}"] for new, old in names.items() for end in ("weight", "bias")}
    for end in ("weight", "bias"):
        parts = [state[f"{part}.{end}"] for part in ("query", "key", "value")]
        renamed[f"self_attn.in_proj_{end}"] = torch.cat(parts)
    other.load_state_dict(renamed)
    x = torch.randn(2, 7, 32)
    torch.testing.assert_close(block(x), other.eval()(x))


def test_members_have_the_elaborated_layers_and_compute_what_the_spec_says() -> None:
    one = compiled(SPEC, shared=False)
    check_structure(one)
    check_values(one)


def test_projections_share_and_frozen_members_compute_the_same() -> None:
    one = compiled(SPEC)
    torch.manual_seed(0)
    family = one.load()()
    assert sum(p.numel() for p in family.parameters()) == one.plan.parameters.total <= one.plan.budget
    layers = {x.name: x.cluster for m in one.plan.members for x in m.layers}
    assert layers["small.blocks.0.query"] == layers["large.blocks.2.down"] == "linear"
    x = torch.randn(2, 3, 32, 32)
    logits = family(x)
    logits.square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in family.parameters())
    family.eval()
    with torch.no_grad():
        expected = family(x)
        for i, network in enumerate(family.freeze().values()):
            torch.testing.assert_close(network(x), expected[i], rtol=1e-4, atol=1e-4)
