"""Image data sets: what they are called, where they lie, and how they become batches on a device.

``load`` finds a data set under a folder and checks it against a family's input and classes; ``Loader`` deals batches.
"""

from swc_runtime.datasets.batches import Batch, Loader, ordered_batches
from swc_runtime.datasets.catalogue import NAMES, load
from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.images import read_image
from swc_runtime.datasets.normalisation import Normalisation
from swc_runtime.datasets.splits import FolderSplit, Split, TensorSplit

__all__ = [
    "NAMES",
    "Batch",
    "Dataset",
    "FolderSplit",
    "Loader",
    "Normalisation",
    "Split",
    "TensorSplit",
    "load",
    "ordered_batches",
    "read_image",
]
