"""Functions of tensors that generated code calls and torch does not have under one name.

The last three serve tensors of which only a run can tell whether they are images (B, C, H, W), tokens (B, N, C) or
vectors (B, C); elsewhere, generated code calls torch itself.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor

_LONGEST_WAVE = 10_000.0


def attention(query: Tensor, key: Tensor, value: Tensor, heads: int = 1) -> Tensor:
    """Scaled dot-product attention (Vaswani et al., 2017, eq. 1), each head on its own part of the features.

    Args:
        query: (B, N, C).
        key: (B, M, C).
        value: (B, M, D).
        heads: divides C and D.

    Returns:
        (B, N, D): for each query and head, the values averaged with weights softmax(q·k / sqrt(C / heads)).
    """
    q, k, v = (x.view(*x.shape[:2], heads, -1).transpose(1, 2) for x in (query, key, value))  # (B, heads, N, C / heads)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def positions(x: Tensor) -> Tensor:
    """Add to images the fixed sine-cosine code of their rows and columns (Beyer et al., 2022, sec. 2).

    A quarter of the channels each has the sines and cosines of the row, the sines and cosines of the column, at
    frequencies that fall from 1 to 1/10,000 geometrically.

    Args:
        x: (B, C, H, W), C a multiple of 4.

    Returns:
        A tensor like ``x``.
    """
    quarter, height, width = x.shape[1] // 4, x.shape[2], x.shape[3]
    exact = torch.promote_types(x.dtype, torch.float32)  # half precision is too coarse for angles
    steps = torch.arange(quarter, device=x.device, dtype=exact) / max(1, quarter - 1)
    frequency = _LONGEST_WAVE**-steps
    rows = frequency[:, None] * torch.arange(height, device=x.device)  # (C/4, H)
    columns = frequency[:, None] * torch.arange(width, device=x.device)  # (C/4, W)
    code = torch.cat(
        [
            torch.cat([rows.sin(), rows.cos()])[:, :, None].expand(-1, -1, width),
            torch.cat([columns.sin(), columns.cos()])[:, None, :].expand(-1, height, -1),
        ]
    )
    return x + code.to(x.dtype)


def global_pool(x: Tensor) -> Tensor:
    """Return the mean over all positions of images or tokens, (B, C)."""
    return x.mean(1) if x.ndim == 3 else x.mean((2, 3))


def concat(*tensors: Tensor) -> Tensor:
    """Return images, tokens or vectors joined along their channels."""
    return torch.cat(tensors, _channel_axis(tensors[0]))


def channel_count(x: Tensor) -> int:
    """Return the number of channels C of images, tokens or vectors."""
    return x.shape[_channel_axis(x)]


def _channel_axis(x: Tensor) -> int:
    return 2 if x.ndim == 3 else 1
