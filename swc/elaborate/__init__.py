"""Checked program to family: members, layers and shapes."""

from swc.elaborate.elaborate import elaborate

__all__ = ["elaborate"]
