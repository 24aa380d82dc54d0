"""Scores against numpy written from the definitions."""

from __future__ import annotations

import io
import json
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from train_families import digits, tiny

from swc_runtime.evaluation import Evaluation, Score, evaluate, subset_scores
from swc_runtime.evaluation_table import evaluation_table


def reference(probabilities, labels):
    """Top-1, NLL and 15-bin ECE (bins open below, closed above) of (N, classes)."""
    confidence, answer = probabilities.max(1), probabilities.argmax(1)
    nll = -np.mean([np.log(row[label]) for row, label in zip(probabilities, labels, strict=True)])
    ece = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            ece += inside.mean() * abs((answer == labels)[inside].mean() - confidence[inside].mean())
    return (answer == labels).mean(), nll, ece


@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(2, 12), st.floats(0.1, 3))
@settings(max_examples=25, deadline=None)
def test_scores_of_every_subset(seed, members, classes, sharpness):
    generator = np.random.default_rng(seed)
    logits = sharpness * generator.normal(size=(members, 40, classes))
    labels = generator.integers(0, classes, 40)
    names = [f"m{n}" for n in range(members)]
    log_probabilities = torch.from_numpy(logits).float().log_softmax(-1)
    found = list(subset_scores(names, log_probabilities, torch.from_numpy(labels)))
    each = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    subsets = [s for size in range(1, members + 1) for s in combinations(range(members), size)]
    assert [score.members for score in found] == [tuple(names[i] for i in s) for s in subsets]
    for score, subset in zip(found, subsets, strict=True):
        probabilities = each[list(subset)].mean(0)
        top1, nll, ece = reference(probabilities, labels)
        second, first = np.sort(probabilities, axis=1)[:, -2:].T
        tied = (first - second < 1e-6).mean()  # in single precision either answer may win
        assert score.top1 == pytest.approx(top1, abs=1e-6 + tied)
        edges = (np.abs(first * 15 - np.round(first * 15)) < 1e-4).mean()  # and such a confidence into either bin
        assert score.nll == pytest.approx(nll, rel=1e-4, abs=1e-5)
        assert score.ece == pytest.approx(ece, abs=1e-5 + tied + 2 * edges)


def test_full_confidence_shares_the_last_bin():
    probabilities = torch.tensor([[[1.0, 0.0], [0.96, 0.04], [0.92, 0.08]]])
    (score,) = subset_scores(["a"], probabilities.log(), torch.tensor([1, 0, 0]))
    assert score.ece == pytest.approx(abs(1 / 2 - (1 + 0.96) / 2) * 2 / 3 + abs(1 - 0.92) / 3, abs=1e-5)


def test_certainty_that_is_wrong_has_a_finite_nll():
    logits = torch.tensor([[[0.0, 300.0]], [[0.0, 200.0]]])
    scores = list(subset_scores(["a", "b"], logits.log_softmax(-1), torch.tensor([0])))
    assert [score.nll for score in scores] == pytest.approx([300.0, 200.0, 200.0 + np.log(2)])


def test_a_family_is_looked_at_once_and_left_as_it_was():
    family, data = tiny(), digits()
    family.train()
    family.members["small"].bn1.eval()
    modes = [module.training for module in family.modules()]
    before = {name: value.clone() for name, value in family.state_dict().items()}
    found = evaluate(family, data, batch=100)
    assert [module.training for module in family.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in family.state_dict().items())
    images = data.normalise(data.test.images)
    for members in (("small",), ("large",), ("small", "large")):
        probabilities = family.predict(images, members=members)
        top1 = float((probabilities.argmax(1) == data.test.labels).float().mean())
        assert found.score(members).top1 == pytest.approx(top1)
    assert found.images == 355
    assert found.ensemble.members == ("small", "large")
    assert found.score(["large", "small"]) is found.ensemble
    with pytest.raises(KeyError):
        found.score(["huge"])
    assert Evaluation.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_parameters_alone_are_those_of_plain_members():
    family = tiny()
    plain = {name: sum(p.numel() for p in member.parameters()) for name, member in family.independent().items()}
    assert evaluate(family, digits()).alone == plain


def made_up(members):
    names = tuple(f"m{n}" for n in range(members))
    scores = tuple(
        Score(subset, 0.5 + 0.01 * size + 0.001 * int(subset[0][1:]), 1.0, 0.05)
        for size in range(1, members + 1)
        for subset in combinations(names, size)
    )
    return Evaluation("fam", "digits", 355, 1000, dict.fromkeys(names, 800), scores)


@pytest.mark.parametrize(("members", "rows"), [(1, 1), (2, 3), (4, 15), (5, 9)])
def test_the_table_shows_members_subsets_and_ensemble(members, rows):
    out = io.StringIO()
    Console(file=out, width=100).print(evaluation_table(made_up(members)))
    text = out.getvalue()
    assert sum(line.startswith("│") for line in text.splitlines()) == rows
    assert "fam on digits (355 test images)" in text
    assert "1,000 parameters in all" in text
    if members > 1:
        assert "ensemble of all" in text
        assert "m0 + m1" in text or members == 2 or "m1 + m2" in text
