"""swc, the SuperWeight compiler: .sw specs of parameter-shared families to plain PyTorch."""

__version__ = "0.1.0"
