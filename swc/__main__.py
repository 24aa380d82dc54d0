"""``python -m swc``."""

from swc.cli import main

main(prog_name="swc")
