"""Syntax trees to a checked program: names resolved, types known, settings read."""

from swc.check.load import check_text, load_program
from swc.check.operations import OPERATIONS, Operation, OperationKind, Type
from swc.check.program import Definition, Module, Program, Settings

__all__ = [
    "OPERATIONS",
    "Definition",
    "Module",
    "Operation",
    "OperationKind",
    "Program",
    "Settings",
    "Type",
    "check_text",
    "load_program",
]
