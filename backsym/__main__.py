"""``python -m backsym`` is the command ``backsym``."""

from backsym.cli.main import main

main(prog_name="backsym")
