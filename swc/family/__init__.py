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
    "Hint",
    "Kind",
    "Layer",
    "Member",
    "Norm",
    "Recipe",
    "Refinement",
    "Schedule",
    "ScheduleKind",
    "Sgd",
    "Sharing",
    "TemplatesHint",
]
