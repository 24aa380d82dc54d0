"""Attention and positions against their equations, number by number."""

import math

import pytest
import torch
from torch import Tensor

from swc_runtime import attention, channel_count, concat, global_pool, positions


def attended(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """softmax(q·k / sqrt(d)) v, one head, query and image after the other."""
    batch, count, features = query.shape
    size, out = features // heads, value.shape[2] // heads
    result = torch.zeros(batch, count, value.shape[2], dtype=query.dtype)
    for b in range(batch):
        for h in range(heads):
            for i in range(count):
                scores = [
                    sum(float(query[b, i, h * size + c] * key[b, j, h * size + c]) for c in range(size))
                    for j in range(key.shape[1])
                ]
                weights = [math.exp(score / math.sqrt(size)) for score in scores]
                for c in range(out):
                    mixed = sum(w * float(value[b, j, h * out + c]) for j, w in enumerate(weights))
                    result[b, i, h * out + c] = mixed / sum(weights)
    return result


@pytest.mark.parametrize(("heads", "keys", "features", "values"), [(1, 5, 6, 6), (2, 3, 4, 8), (3, 5, 6, 3)])
def test_attention_is_the_equation(heads: int, keys: int, features: int, values: int) -> None:
    torch.manual_seed(heads)
    query = torch.randn(2, 5, features, dtype=torch.float64)
    key, value = torch.randn(2, keys, features).double(), torch.randn(2, keys, values).double()
    torch.testing.assert_close(attention(query, key, value, heads), attended(query, key, value, heads))


def test_attention_takes_tokens_that_are_a_view_of_an_image() -> None:
    image = torch.randn(2, 4, 3, 3, dtype=torch.float64).to(memory_format=torch.channels_last)
    tokens = torch.flatten(image, 2).transpose(1, 2)
    torch.testing.assert_close(attention(tokens, tokens, tokens, 2), attended(tokens, tokens, tokens, 2))


def test_positions_are_sines_and_cosines_of_rows_and_columns() -> None:
    x = torch.randn(2, 12, 5, 7)
    added = positions(x) - x
    for k in range(3):
        frequency = 10_000 ** (-k / 2)
        for i in range(5):
            for j in range(7):
                waves = (math.sin(i * frequency), math.cos(i * frequency))
                waves += (math.sin(j * frequency), math.cos(j * frequency))
                assert added[:, k::3, i, j].tolist() == [pytest.approx(waves, abs=1e-5)] * 2


def test_positions_tell_every_place_apart_and_keep_the_precision() -> None:
    code = positions(torch.zeros(1, 8, 16, 16))[0].flatten(1)
    assert len({tuple(column) for column in code.T.tolist()}) == 256
    assert positions(torch.zeros(1, 4, 2, 2, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert positions(torch.zeros(1, 4, 1, 1)).flatten().tolist() == [0, 1, 0, 1]


def test_functions_of_any_form() -> None:
    image, tokens, vectors = torch.randn(2, 3, 4, 5), torch.randn(2, 6, 3), torch.randn(2, 3)
    torch.testing.assert_close(global_pool(image), image.flatten(2).mean(2))
    torch.testing.assert_close(global_pool(tokens), tokens.sum(1) / 6)
    for x, shape in ((image, (2, 6, 4, 5)), (tokens, (2, 6, 6)), (vectors, (2, 6))):
        assert channel_count(x) == 3
        assert concat(x, -x).shape == shape
        assert channel_count(concat(x, -x)) == 6
