"""Image data sets: what they are called, where they lie, and how they become batches on a device.

``load`` finds a data set under a folder and checks it against a family's input and classes; ``Loader`` deals batches.
"""

from swc_runtime.datasets.batches import Batch, Loader, ordered_batches
from swc_runtime.datasets.catalogue import NAMES, load
from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.images import Alpha, read_image
from swc_runtime.datasets.normalisation import Normalisation
from swc_runtime.datasets.reading import SourceSplit
from swc_runtime.datasets.splits import Split, TensorSplit
from swc_runtime.datasets.user_data import from_torch

__all__ = [
    "NAMES",
    "Alpha",
    "Batch",
    "Dataset",
    "Loader",
    "Normalisation",
    "SourceSplit",
    "Split",
    "TensorSplit",
    "from_torch",
    "load",
    "ordered_batches",
    "read_image",
]
