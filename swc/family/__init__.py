"""The elaborated family and its training recipe: plain frozen values."""

from swc.family.model import (
    BinsHint,
    Budget,
    ClusterHint,
    Clustering,
    ClusterMethod,
    Family,
    Hint,
    Kind,
    Layer,
    Member,
    Norm,
    Refinement,
    Sharing,
    TemplatesHint,
)
from swc.family.moved import Former, Moved
from swc.family.recipe import Augment, AugmentKind, Recipe, Schedule, ScheduleKind, Sgd

__all__ = [
    "Augment",
    "AugmentKind",
    "BinsHint",
    "Budget",
    "ClusterHint",
    "ClusterMethod",
    "Clustering",
    "Family",
    "Former",
    "Hint",
    "Kind",
    "Layer",
    "Member",
    "Moved",
    "Norm",
    "Recipe",
    "Refinement",
    "Schedule",
    "ScheduleKind",
    "Sgd",
    "Sharing",
    "TemplatesHint",
]
