"""Names of quantities: a base (one letter, or the name of a Greek letter) and a tag (the rest)."""

from __future__ import annotations

import re

GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
).split()

_NAME = re.compile(
    "(" + "|".join(sorted(GREEK, key=len, reverse=True)) + "|[A-Za-z])_*(.*)",
)


def split_name(name: str) -> tuple[str, str]:
    """Base and tag: ``z1`` is ('z', '1'), ``h_a`` ('h', 'a'), ``Wq`` ('W', 'q'), ``mu`` ('mu', '')."""
    match = _NAME.fullmatch(name)
    return (match[1], match[2]) if match else (name, "")
