"""A checked program with its family and plan to the Python source of a module (see README.md here)."""

from swc.emit.emitter import emit
from swc.emit.names import class_name
from swc.emit.view import MARKER, spec_name

__all__ = ["MARKER", "class_name", "emit", "spec_name"]
