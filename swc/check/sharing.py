"""The `share` section: clusters, refinement, templates and bins (hints are resolved against layers later)."""

from __future__ import annotations

import re

from swc.check.choices import CLUSTERS, REFINEMENTS, Bounds
from swc.check.naming import check_distinct
from swc.check.reading import Reading, read_choice
from swc.check.sections import check_once, keyword_span
from swc.diagnostics import Diagnostics, Related, Span
from swc.family import Clustering, ClusterMethod, Refinement, Sharing
from swc.syntax import tree as t

TEMPLATES = Bounds(1, 1_000)
BINS = Bounds(1, 1_000)

# Names that the planner gives: `conv3x3-bin1`, `conv3x3-bin1of4`, `conv3x3-part2`.
_TAKEN = re.compile(r"(?:bin|part|shape)[0-9]+(?:of[0-9]+)?")


def read_sharing(share: t.Share | None, diagnostics: Diagnostics) -> Sharing:
    """The settings of a `share` section, with defaults for those it leaves out."""
    items = share.items if share else ()
    check_once(((f"`{word}`", keyword_span(item, word)) for word, item in _settings(items)), diagnostics)
    clustering, refinement = Clustering(), Refinement()
    chosen: Refinement | None = refinement
    templates = Sharing().templates
    bins: list[t.Bins] = []
    for item in items:
        match item:
            case t.Clusters():
                reading = read_choice(item.choice, "way to find clusters", CLUSTERS, diagnostics)
                clustering = _clustering(reading, item.span) if reading else clustering
            case t.Refine():
                reading = read_choice(item.choice, "way to refine", REFINEMENTS, diagnostics)
                chosen = _refinement(reading) if reading else chosen
            case t.Templates():
                bounds = _templates(item, diagnostics)
                templates = templates if item.patterns else bounds
                _check_patterns(item.patterns, diagnostics)
            case t.Bins():
                bins.append(item)
                _check_count("the number of bins", item.count, BINS, item.span, diagnostics)
                _check_patterns(item.patterns, diagnostics)
            case t.Hint():
                _check_hint(item, diagnostics)
            case t.Cluster():
                _check_patterns(item.patterns, diagnostics)
    _check_cluster_names([item.name for item in items if isinstance(item, t.Cluster)], diagnostics)
    for item in bins:
        _check_bins(item, clustering, items, diagnostics)
    general = next((item for item in bins if not item.patterns), None)
    if general is None:
        return Sharing(clustering, chosen, templates)
    return Sharing(clustering, chosen, templates, general.count, bins_span=general.span)


def _settings(items: tuple[t.Node, ...]) -> list[tuple[str, t.Node]]:
    """What may stand once, with its keyword: everything but hints."""
    hints = [
        isinstance(x, t.Hint | t.Cluster) or (isinstance(x, t.Templates | t.Bins) and bool(x.patterns)) for x in items
    ]
    return [(type(x).__name__.lower(), x) for x, hint in zip(items, hints, strict=True) if not hint]


def _clustering(reading: Reading, span: Span) -> Clustering:
    method = ClusterMethod(reading.name)
    if method is not ClusterMethod.GRADIENT:
        return Clustering(method, span=span)
    return Clustering(method, float(reading.values["threshold"]), int(reading.values["epochs"]), span)


def _refinement(reading: Reading) -> Refinement | None:
    if reading.name == "none":
        return None
    return Refinement(float(reading.values["threshold"]), int(reading.values["after"]))


def _check_count(what: str, value: int, bounds: Bounds, span: Span, diagnostics: Diagnostics) -> None:
    if not bounds.holds(value):
        diagnostics.error("SW0317", f"{what} must be {bounds}, and this is {value}", span, label="out of bounds")


def _templates(item: t.Templates, diagnostics: Diagnostics) -> tuple[int, int]:
    for value in dict.fromkeys((item.low, item.high)):
        _check_count("the number of templates", value, TEMPLATES, item.span, diagnostics)
    if item.low > item.high >= TEMPLATES.low:
        patterns = ", ".join(pattern.text for pattern in item.patterns)
        ordered = f"templates {item.high}..{item.low}{' for ' if patterns else ''}{patterns}"
        diagnostics.error(
            "SW0324",
            f"no number is at least {item.low} and at most {item.high}",
            item.span,
            label="the smaller number comes first",
            help=f"write `{ordered}`",
            fix=ordered,
        )
    return item.low, item.high


def _check_bins(bins: t.Bins, clustering: Clustering, items: tuple[object, ...], diagnostics: Diagnostics) -> None:
    if clustering.method is not ClusterMethod.SINGLE:
        return
    clusters = next(item for item in items if isinstance(item, t.Clusters))
    diagnostics.error(
        "SW0324",
        "`bins` splits layers by depth, and `clusters single` keeps them together",
        bins.span,
        label="contradicts",
        related=(Related(clusters.span, "one cluster for each kernel size"),),
        help="leave out `bins`, or write `clusters depth`",
    )


def _check_hint(hint: t.Hint, diagnostics: Diagnostics) -> None:
    if hint.kind.text == "apart" and len(hint.patterns) == 1:
        diagnostics.error(
            "SW0510",
            "`apart` keeps layers of one pattern from those of another, and there is only one pattern",
            hint.patterns[0].span,
            label="apart from what?",
            help="name two patterns, as `apart *.group1.*, *.group3.*`; `private` gives layers weights of their own",
        )
    ways = {
        "tie": "keep one of the two, and name the layers that it shall be with",
        "apart": "keep one of the two, and name the layers that it shall not be with",
    }
    lonely = len({pattern.text for pattern in hint.patterns}) == 1
    _check_patterns(hint.patterns, diagnostics, ways.get(hint.kind.text) if lonely else None)


def _check_patterns(patterns: tuple[t.Pattern, ...], diagnostics: Diagnostics, advice: str | None = None) -> None:
    places = ((f"the pattern `{p.text}`", p.span) for p in patterns)
    check_once(places, diagnostics, advice or "keep one of the two")


def _check_cluster_names(names: list[t.Name], diagnostics: Diagnostics) -> None:
    """Clusters made by hand have names that differ, also where upper and lower case do not count."""
    for name in names:
        if _TAKEN.fullmatch(name.text.lower()):
            diagnostics.error(
                "SW0511",
                f"a cluster cannot be called `{name}`: swc gives such names to clusters that it makes itself",
                name.span,
                label="not possible here",
                help="choose another name",
            )
    check_distinct(((name, name.text.casefold()) for name in names), "SW0512", "cluster", diagnostics)
