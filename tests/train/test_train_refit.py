"""The least squares behind a refit, against numpy: singular values, normal equations and patient descent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from swc_runtime.transfer.factor import nearest, nearest_seen, spread
from swc_runtime.transfer.grouping import Wanted, kept_groups, sharing_groups


def random(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def weighted_error(targets, weights, product):
    return float((weights.double() * (targets.double() - product).square()).sum())


SIZES = st.tuples(st.integers(1, 7), st.integers(1, 9), st.integers(1, 8), st.integers(0, 1000))


@given(SIZES)
def test_the_nearest_product_has_the_error_of_the_singular_values_left_out(size):
    """Eckart-Young with rows of different weight, whether there are more rows or more columns."""
    rows, columns, count, seed = size
    targets, weights = random(seed, rows, columns), random(seed + 1, rows).abs() + 0.1
    a, t = nearest(targets, weights, count)
    assert a.shape[1] == t.shape[0] <= min(rows, columns, count)
    values = np.linalg.svd((weights.sqrt()[:, None] * targets).double().numpy(), compute_uv=False)
    expected = float((values[count:] ** 2).sum())
    assert weighted_error(targets, weights[:, None], a @ t) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(SIZES, st.integers(0, 3))
def test_spreading_changes_no_product_and_gives_vectors_of_unit_norm(size, more):
    groups, numbers, rank, seed = size
    a, t = random(seed, groups, rank).double(), random(seed + 1, rank, numbers).double()
    count = min(rank, groups, numbers) + more
    fresh = random(seed + 2, count, numbers)
    coefficients, templates = spread(a, t, fresh)
    torch.testing.assert_close(coefficients @ templates, a @ t, rtol=1e-6, atol=1e-6)
    assert float(coefficients.square().sum(1).mean()) == pytest.approx(1)
    rank_found = np.linalg.matrix_rank((a @ t).numpy(), tol=1e-6 * float((a @ t).norm()))
    if rank_found == count:  # orthogonal templates of one norm: the shortest steps that a product of this size allows
        gram = templates @ templates.T
        torch.testing.assert_close(
            gram, torch.eye(count).double() * gram[0, 0], rtol=1e-5, atol=1e-5 * float(gram[0, 0])
        )
    if more and numbers >= count:  # what the product does not need stays for training to use
        assert np.linalg.matrix_rank(templates.numpy(), tol=1e-9) == count


def test_spreading_shares_the_strongest_direction_among_all_templates():
    a, t = torch.ones(3, 1, dtype=torch.float64), random(0, 1, 50).double()
    coefficients, templates = spread(a, t, torch.zeros(4, 50))
    norms = templates.norm(dim=1)
    torch.testing.assert_close(norms, norms[:1].expand(4))
    torch.testing.assert_close(coefficients, torch.full((3, 4), 0.5, dtype=torch.float64))


def test_zeros_are_fitted_by_zeros():
    coefficients, templates = spread(*nearest(torch.zeros(3, 5), torch.ones(3), 2), random(0, 2, 5))
    torch.testing.assert_close(coefficients @ templates, torch.zeros(3, 5, dtype=torch.float64), atol=1e-6, rtol=0)


def crops(rows, columns, sizes):
    weights = torch.zeros(len(sizes), rows, columns)
    for index, (height, width, weight) in enumerate(sizes):
        weights[index, :height, :width] = weight
    return weights.flatten(1)


CROPS = [(4, 3, 1.0), (4, 3, 2.0), (2, 3, 1.0), (4, 1, 0.5), (3, 2, 1.0), (4, 3, 1.0), (1, 1, 3.0), (4, 3, 1.0)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_cropped_products_that_exist_are_found(count):
    weights = crops(4, 3, CROPS)
    truth = random(count, len(CROPS), count).double() @ random(count + 9, count, 24).double()
    targets = (
        truth.view(len(CROPS), 12, 2) + (weights == 0)[..., None] * 1e3
    ).float()  # what is not seen does not count
    a, t = nearest_seen(targets, weights, count)
    seen = weights[..., None].expand(-1, -1, 2).flatten(1)
    missed = weighted_error(targets.flatten(1), seen, a @ t)
    assert missed < 1e-5 * weighted_error(targets.flatten(1), seen, torch.zeros(1).double())


def test_cells_that_few_vectors_see_do_not_blow_templates_up():
    """Two nearly equal vectors alone see the last column: a small difference would need large templates."""
    sizes = [(4, 2, 1.0)] * 6 + [(4, 3, 1.0)] * 2
    targets = random(1, 1, 12, 2).repeat(8, 1, 1) + 0.1 * random(2, 8, 12, 2)
    a, t = spread(*nearest_seen(targets, crops(4, 3, sizes), 3), random(3, 3, 24))
    assert float(t.norm(dim=1).max()) < 3 * float(targets.flatten(1).norm(dim=1).max())
    assert float(a.norm(dim=1).max()) < 3


@pytest.mark.parametrize("seed", range(5))
def test_numpy_s_least_squares_gain_little_on_cropped_products_from_there_or_from_anywhere(seed):
    weights, targets = crops(4, 3, CROPS), random(seed, len(CROPS), 12, 2)
    a, t = nearest_seen(targets, weights, 2)
    seen = weights[..., None].expand(-1, -1, 2).flatten(1).double().numpy()
    flat = targets.flatten(1).double().numpy()
    found = (seen * (flat - a.numpy() @ t.numpy()) ** 2).sum()
    for again in (
        solved_rows(flat, seen, t.numpy()) @ t.numpy(),
        a.numpy() @ solved_rows(flat.T, seen.T, a.numpy().T).T,
    ):
        assert found <= 1.02 * (seen * (flat - again) ** 2).sum()
    rng = np.random.default_rng(seed)
    best = min(descended(flat, seen, rng.standard_normal((2, 24))) for _ in range(8))
    assert found <= 1.1 * best
    wider = nearest_seen(targets, weights, 3)
    assert (seen * (flat - (wider[0] @ wider[1]).numpy()) ** 2).sum() < found


def solved_rows(targets, weights, templates):
    rows = []
    for target, weight in zip(targets, weights, strict=True):
        root = np.sqrt(weight)
        rows.append(np.linalg.lstsq((root * templates).T, root * target, rcond=None)[0])
    return np.array(rows)


def descended(targets, weights, templates):
    """Rows and columns solved for in turn, one at a time, from any start."""
    for _ in range(100):
        rows = solved_rows(targets, weights, templates)
        templates = solved_rows(targets.T, weights.T, rows.T).T
    return (weights * (targets - rows @ templates) ** 2).sum()


def wanted(**values):
    return {name: Wanted(torch.full((2, 2, 1), float(value)), 1.0) for name, value in values.items()}


def test_users_that_want_the_same_share_and_others_do_not():
    users = ("a.x", "b.x", "a.y", "b.y")
    wishes = {name: Wanted(torch.full((2, 2, 1), v), 1.0) for name, v in zip(users, (1.0, 1.0, 2.0, 1.0), strict=True)}
    assert sharing_groups(users, [users], wishes, 4) == [("a.x", "b.x", "b.y"), ("a.y",)]
    assert sharing_groups(users, [users[:1], users[1:]], wishes, 4) == [("a.x",), ("b.x", "b.y"), ("a.y",)]


def test_a_crop_shares_with_what_it_is_a_crop_of():
    whole = random(0, 4, 4, 9)
    wishes = {"a": Wanted(whole[:2, :3], 1.0), "b": Wanted(whole, 1.0), "c": Wanted(whole[:2, :3] + 1, 1.0)}
    assert sharing_groups("abc", ["abc"], wishes, 3) == [("a", "b"), ("c",)]


def test_with_too_few_vectors_the_nearest_join_first():
    values = {"a": 0.0, "b": 5.0, "c": 5.5, "d": 9.0}
    assert sharing_groups("abcd", ["abcd"], wanted(**values), 3) == [("a",), ("b", "c"), ("d",)]
    assert sharing_groups("abcd", ["abcd"], wanted(**values), 2) == [("a",), ("b", "c", "d")]
    assert sharing_groups("abcd", ["abcd"], wanted(**values), 1) == [("a", "b", "c", "d")]


def test_a_group_of_unknown_users_counts_among_the_vectors_and_stays():
    assert sharing_groups("abcd", ["ab", "cd"], wanted(a=0.0, b=1.0), 2) == [("a", "b"), ("c", "d")]
    assert sharing_groups("abcd", ["ab", "cd"], wanted(a=0.0, b=1.0), 3) == [("a",), ("b",), ("c", "d")]


def test_unknown_users_read_what_their_place_reads_elsewhere_or_what_most_read():
    users = ("a.x", "a.y", "a.z", "new.x", "new.w")
    rows = {"a.x": 5, "a.y": 7, "a.z": 7}
    assert kept_groups(users, [users], rows) == [("a.x", "new.x"), ("a.y", "a.z", "new.w")]
    assert kept_groups(users, [users], {}) == [users]
