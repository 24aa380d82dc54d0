"""Training on Lightning Fabric: ``train`` runs a family's recipe; ``Session`` is what it and the search stand on.

``options`` and the family's recipe give a ``Timetable``; a ``Session`` puts family, optimizer and batches on the
device; ``loop`` goes through the epochs and calls ``refine``, ``evaluate`` and the checkpoint functions of ``state``.
"""

from swc_runtime.training.devices import PRECISIONS, open_fabric
from swc_runtime.training.history import History
from swc_runtime.training.loop import FINAL, LAST, resumable, train
from swc_runtime.training.options import TrainOptions
from swc_runtime.training.schedule import Timetable, learning_rate, timetable
from swc_runtime.training.session import EpochRecord, Session
from swc_runtime.training.state import load_family, save_family

__all__ = [
    "FINAL",
    "LAST",
    "PRECISIONS",
    "EpochRecord",
    "History",
    "Session",
    "Timetable",
    "TrainOptions",
    "learning_rate",
    "load_family",
    "open_fabric",
    "resumable",
    "save_family",
    "timetable",
    "train",
]
