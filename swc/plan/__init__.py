"""Planning: from an elaborated family to the plan of what is shared, within the budget (see README.md here)."""

from swc.plan.clusters import cluster_name, initial_clusters
from swc.plan.graph import layer_shape_graph
from swc.plan.hints import shareable_layers
from swc.plan.notes import notes
from swc.plan.planner import fits, plan_family
from swc.plan.serial import from_json, to_json
from swc.plan.smallest import smallest_budget

__all__ = [
    "cluster_name",
    "fits",
    "from_json",
    "initial_clusters",
    "layer_shape_graph",
    "notes",
    "plan_family",
    "shareable_layers",
    "smallest_budget",
    "to_json",
]
