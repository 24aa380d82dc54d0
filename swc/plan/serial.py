"""The plan as JSON, a public and versioned format, and back.

Keys, in this order: ``format_version, family, structure, budget, refined, parameters {total, templates, coefficients,
private, norms, biases, weights}, members [{name, parameters_alone, layers [{name, shape, cluster, superweights}]}],
clusters [{name, kernel, fan_in, layers, fold {rows, columns, templates} or null}], superweights [{id, cluster, at,
shape, templates, coefficient_vectors, users}]``.

A layer's ``shape`` is [out, in, kh, kw], its ``cluster`` null if it owns its weight. A SuperWeight lies ``at``
[row, column] of its cluster's plane and has the ``shape`` [rows, columns, kh, kw]. Members and layers come in the
spec's order, clusters sorted by name, SuperWeights by cluster and then row by row. Each layer, cluster and
SuperWeight stands on a line of its own, so that plans can be compared with a line-based diff.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from attrs import asdict

from swc.diagnostics import Diagnostic, SpecError
from swc.plan.model import (
    FORMAT_VERSION,
    Cluster,
    Fold,
    LayerPlan,
    MemberPlan,
    Parameters,
    Plan,
    Rectangle,
    SuperWeight,
)
from swc.plan.sense import check_sense
from swc.record import FormatError, Record


def to_json(plan: Plan) -> str:
    """Write a plan as JSON text that ends with a newline; equal plans give equal bytes."""
    kernels = {cluster.name: cluster.kernel for cluster in plan.clusters}
    head = {
        "format_version": plan.format_version,
        "family": plan.family,
        "structure": plan.structure,
        "budget": plan.budget,
        "refined": plan.refined,
        "parameters": asdict(plan.parameters),
    }
    members = [
        f'{{"name": {_line(member.name)}, "parameters_alone": {member.parameters_alone}, "layers": '
        f"{_array(4, (_line(asdict(layer)) for layer in member.layers))}}}"
        for member in plan.members
    ]
    superweights = (_line(_superweight(s, kernels[s.cluster])) for s in plan.superweights)
    entries = [f'"{key}": {_line(value)}' for key, value in head.items()]
    entries.append(f'"members": {_array(2, members)}')
    entries.append(f'"clusters": {_array(2, (_line(asdict(cluster)) for cluster in plan.clusters))}')
    entries.append(f'"superweights": {_array(2, superweights)}')
    return "{\n  " + ",\n  ".join(entries) + "\n}\n"


def from_json(text: str, name: str = "this") -> Plan:
    """Read a plan that :func:`to_json` wrote; fields that a later swc may have added are passed over.

    ``name`` is what messages call the document.

    Raises:
        SpecError: the text is no JSON, no plan, a plan that contradicts itself, or one of a version that this swc does
            not know (SW0610). The summary names the place in the document, like ``superweights[3].templates``.
    """
    try:
        plan = _plan(Record.parse(text))
        check_sense(plan)
    except FormatError as error:
        raise SpecError(
            (
                Diagnostic(
                    code="SW0610",
                    summary=f"{name} is not a plan that swc can read: {error}",
                    help="write it again from its spec: `swc plan SPEC --format json`",
                ),
            )
        ) from None
    return plan


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _array(indent: int, items: Iterator[str] | list[str]) -> str:
    lines = list(items)
    if not lines:
        return "[]"
    pad = "\n" + " " * (indent + 2)
    return "[" + pad + ("," + pad).join(lines) + "\n" + " " * indent + "]"


def _superweight(s: SuperWeight, kernel: tuple[int, int]) -> dict[str, object]:
    return {
        "id": s.id,
        "cluster": s.cluster,
        "at": (s.rectangle.row, s.rectangle.column),
        "shape": (s.rectangle.rows, s.rectangle.columns, *kernel),
        "templates": s.templates,
        "coefficient_vectors": s.coefficient_vectors,
        "users": s.users,
    }


def _plan(root: Record) -> Plan:
    version = root.integer("format_version")
    if version != FORMAT_VERSION:
        message = f"its format_version is {version}, and this swc knows {FORMAT_VERSION}"
        raise FormatError(message)
    parameters = root.record("parameters")
    clusters = tuple(_read_cluster(cluster) for cluster in root.records("clusters"))
    kernels = {cluster.name: cluster.kernel for cluster in clusters}
    return Plan(
        format_version=version,
        family=root.text("family"),
        structure=root.text("structure"),
        budget=root.integer("budget"),
        refined=root.flag("refined"),
        parameters=Parameters(
            total=parameters.integer("total"),
            templates=parameters.integer("templates"),
            coefficients=parameters.integer("coefficients"),
            private=parameters.integer("private"),
            norms=parameters.integer("norms"),
            biases=parameters.integer("biases"),
            weights=parameters.integer("weights"),
        ),
        members=tuple(_read_member(member) for member in root.records("members")),
        clusters=clusters,
        superweights=tuple(_read_superweight(superweight, kernels) for superweight in root.records("superweights")),
    )


def _read_member(record: Record) -> MemberPlan:
    layers = tuple(_read_layer(layer) for layer in record.records("layers"))
    return MemberPlan(record.text("name"), record.integer("parameters_alone"), layers)


def _read_layer(record: Record) -> LayerPlan:
    out, inputs, height, width = record.integers("shape", 4)
    cluster = None if record.is_null("cluster") else record.text("cluster")
    return LayerPlan(record.text("name"), (out, inputs, height, width), cluster, record.texts("superweights"))


def _read_cluster(record: Record) -> Cluster:
    height, width = record.integers("kernel", 2)
    fold = None
    if not record.is_null("fold"):
        tiles = record.record("fold")
        fold = Fold(tiles.integer("rows"), tiles.integer("columns"), tiles.integer("templates"))
    return Cluster(record.text("name"), (height, width), record.integer("fan_in"), record.texts("layers"), fold)


def _read_superweight(record: Record, kernels: Mapping[str, tuple[int, int]]) -> SuperWeight:
    row, column = record.integers("at", 2)
    rows, columns, *kernel = record.integers("shape", 4)
    cluster = record.text("cluster")
    if (*kernel,) != kernels.get(cluster, (*kernel,)):
        message = f"{record.path}.shape: its kernel size is not that of the cluster {cluster}"
        raise FormatError(message)
    return SuperWeight(
        id=record.text("id"),
        cluster=cluster,
        rectangle=Rectangle(row, column, rows, columns),
        templates=record.integer("templates"),
        coefficient_vectors=record.integer("coefficient_vectors"),
        users=record.texts("users"),
    )
