"""One file for each kind of data set, which lists the ``DataKind``s that it registers as ``KINDS``."""
