"""Why an answer is not read: the kind of mistake, and the words for it.

Must not know how answers are read.
"""

from __future__ import annotations

import re

from backsym.core.errors import InputError
from backsym.marking.answers.model import Clash
from backsym.reading.meaning.shape_hints import Mismatch

_TAGS = (
    ("limit", (
        r"nested (?:more|too)|characters; at most|more than \d+ (?:tokens|losses|primes)|has more than|too long"
        r"|too large|primes; at most"
    )),
    ("undeclared", (
        r"not declared|unknown function|not a declared name|not a dimension|unknown macro|has no forward equation"
    )),
    ("wrong_index", (
        r"\bind(?:ex|ices)\b.*(?:runs over|free|not bound|range|letter|twice|for )|runs over|position|has no index"
        r"|needs the index letters"
    )),
    ("shape", r"^cannot |has no entries|needs a vector|takes vectors|is a scalar|which is \[|size of|shape"),
)  # fmt: skip
"""What the message of an error says about its kind."""


_WHOLE_LOCAL = "a local derivative is written entry by entry"
JACOBIAN = "the derivative of an array by an array, a Jacobian, is not read"
"""What an author, and a student, is told of ``dz/dW`` for arrays."""

_AUTHORS = re.compile(r"(?:indices|functions|notation): \{|(?:is|are) declared in ")
"""Advice that is for who writes a problem file, not for who answers."""


class Refused(Exception):
    """An answer that cannot be read."""

    def __init__(self, tag: str, message: str, hint: str | None = None, clash: Clash | None = None):
        self.tag, self.message, self.hint, self.clash = tag, message, hint, clash
        super().__init__(message)


def refused(error: InputError) -> Refused:
    """An error of the reader as the refusal of an answer."""
    diagnostic = error.diagnostics[0]
    message = re.sub(r"\\text\{(\w+)\}", r"\1", diagnostic.message)
    advice = re.sub(r"\\text\{(\w+)\}", r"\1", diagnostic.hint or "").split("; ")
    if diagnostic.message == _WHOLE_LOCAL:
        return Refused("syntax", JACOBIAN, "write its entries, such as dz[k]/dW[k, j], or what the product with it is")
    hint = "; ".join(part for part in advice if _AUTHORS.search(part) is None) or None
    if isinstance(error, Mismatch):
        return Refused("shape", message, hint, Clash(error.operation, error.left, error.right))
    tag = next((tag for tag, pattern in _TAGS if re.search(pattern, message)), "syntax")
    return Refused(tag, message, hint)
