"""The runtime of generated families."""

from swc_runtime.bank import SuperWeightBank
from swc_runtime.errors import PlanError
from swc_runtime.family import Family
from swc_runtime.functional import attention, channel_count, concat, global_pool, positions
from swc_runtime.layers import SharedConv2d, SharedLinear
from swc_runtime.moved import Moved
from swc_runtime.plan import Cluster, Layers, Plan, SuperWeight, Tiles
from swc_runtime.recipe import (
    Constant,
    Cosine,
    Crop,
    Cutout,
    Flip,
    GradientRefinement,
    GradientSearch,
    OneCycle,
    Recipe,
    Sgd,
    Steps,
)
from swc_runtime.serving.deadline import Timely
from swc_runtime.serving.frontier import Frontier, FrontierPoint
from swc_runtime.structure import SharedLayer, SharedSuperWeight
from swc_runtime.weights import PlainWeights, SharedWeights, Weights

__all__ = [
    "Cluster",
    "Constant",
    "Cosine",
    "Crop",
    "Cutout",
    "Family",
    "Flip",
    "Frontier",
    "FrontierPoint",
    "GradientRefinement",
    "GradientSearch",
    "Layers",
    "Moved",
    "OneCycle",
    "PlainWeights",
    "Plan",
    "PlanError",
    "Recipe",
    "Sgd",
    "SharedConv2d",
    "SharedLayer",
    "SharedLinear",
    "SharedSuperWeight",
    "SharedWeights",
    "Steps",
    "SuperWeight",
    "SuperWeightBank",
    "Tiles",
    "Timely",
    "Weights",
    "attention",
    "channel_count",
    "concat",
    "global_pool",
    "positions",
]
