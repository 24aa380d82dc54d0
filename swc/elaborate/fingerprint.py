"""Fingerprints of what a network computes, whatever words describe it.

Every tensor carries a digest of the operation that made it, the settings of that operation and the digests of the
tensors that went in; operations with weights count with their full names. Two bodies may be written differently and do
the same: members whose results have the same digest compute the same function of the same weights, for images of any
size.
"""

from __future__ import annotations

import hashlib

_BYTES = 12


def fingerprint(*made_of: object) -> str:
    """A digest of plain values (names, numbers, tuples of them, other digests)."""
    return hashlib.blake2b(repr(made_of).encode(), digest_size=_BYTES).hexdigest()
