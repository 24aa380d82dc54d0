"""Text to syntax tree."""

from swc.syntax.parser import LANGUAGE_VERSION, parse
from swc.syntax.tree import File

__all__ = ["LANGUAGE_VERSION", "File", "parse"]
