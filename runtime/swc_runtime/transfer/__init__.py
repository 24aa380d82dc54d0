"""From one training to the next: a new family that starts from the weights of a trained one.

``places`` says what of a family holds numbers; ``source`` reads the trained family; ``start`` matches the two and
copies; ``refit`` fills a template bank from the weights that its layers had, for which ``grouping`` says who shares a
vector, and ``factor`` finds the numbers; ``report`` accounts for all of it.
"""

from swc_runtime.transfer.report import Item, TransferReport
from swc_runtime.transfer.source import Source, checkpoint_of, open_source, source_of
from swc_runtime.transfer.start import start_from

__all__ = ["Item", "Source", "TransferReport", "checkpoint_of", "open_source", "source_of", "start_from"]
