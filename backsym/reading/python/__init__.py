"""Reading Python: NumPy and PyTorch as people write them, through the standard library's ``ast``; never evaluated."""
