"""Lock files: the clusters that a search found, kept beside the spec under version control."""

from swc.lock.file import lock_path, lock_text, read_lock, write_lock
from swc.lock.former import with_names_of_now
from swc.lock.model import Lock
from swc.lock.settings import bins_text, lowered, other_held_out, other_settings, unused_lock
from swc.lock.structure import outline, structure_hash
from swc.lock.verify import verify_lock

__all__ = [
    "Lock",
    "bins_text",
    "lock_path",
    "lock_text",
    "lowered",
    "other_held_out",
    "other_settings",
    "outline",
    "read_lock",
    "structure_hash",
    "unused_lock",
    "verify_lock",
    "with_names_of_now",
    "write_lock",
]
