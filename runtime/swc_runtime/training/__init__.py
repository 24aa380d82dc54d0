"""Training on Lightning Fabric: ``train`` runs a family's recipe; ``Session`` is what it and the search stand on.

``options`` and the family's recipe give a ``Timetable``; a ``Session`` puts family, optimizer and batches on the
device; ``loop`` goes through the epochs and calls ``refine``, ``validate`` and ``evaluate``; ``keeping`` writes
checkpoints and curves into the run's ``folder``, and takes them up again.
"""

from swc_runtime.training.devices import PRECISIONS, open_fabric
from swc_runtime.training.folder import BEST, FINAL, LAST, check_free, clear, occupied
from swc_runtime.training.history import History
from swc_runtime.training.loop import train
from swc_runtime.training.options import TrainOptions, check_options
from swc_runtime.training.processes import end_others, led
from swc_runtime.training.schedule import Timetable, learning_rate, timetable
from swc_runtime.training.session import EpochRecord, Session
from swc_runtime.training.state import check_classes, load_family, save_family
from swc_runtime.training.validation import Validation, held_out

__all__ = [
    "BEST",
    "FINAL",
    "LAST",
    "PRECISIONS",
    "EpochRecord",
    "History",
    "Session",
    "Timetable",
    "TrainOptions",
    "Validation",
    "check_classes",
    "check_free",
    "check_options",
    "clear",
    "end_others",
    "held_out",
    "learning_rate",
    "led",
    "load_family",
    "occupied",
    "open_fabric",
    "save_family",
    "timetable",
    "train",
]
