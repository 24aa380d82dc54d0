"""The command line of swc."""


def main() -> None:
    """Run swc."""
