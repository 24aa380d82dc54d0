"""Comparing two versions of a family: what changed, and whether checkpoints still load (docs/diff.md)."""
