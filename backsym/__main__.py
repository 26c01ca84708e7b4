"""``python -m backsym`` is the command ``backsym``."""

from backsym.cli import main

main(prog_name="backsym")
