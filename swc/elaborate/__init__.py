"""Checked program to family: members, layers and shapes."""

from swc.elaborate.elaborate import by_other_names, elaborate

__all__ = ["by_other_names", "elaborate"]
