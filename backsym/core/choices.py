"""The lists of words that a user chooses from: each stands once.  The first is the default where there is one.

Knows no meaning of the words.
"""

from __future__ import annotations

ACCEPT = ("any", "by_name", "simplified", "chain")
"""Which forms of an answer count as right."""

TAGS = (
    "sign", "factor", "missing_factor", "extra_factor", "missing_prime", "wrong_node", "wrong_index", "transpose",
    "order", "shape", "hadamard_vs_matmul", "missing_path", "missing_sum", "extra_sum", "wrong_axis", "exponent",
    "parentheses", "evaluation_point", "undeclared", "syntax", "limit", "circular", "chain", "claim",
)  # fmt: skip
"""What can be wrong with an answer; the last three are true answers that earn nothing."""

UNREAD = ("undeclared", "syntax", "limit")
"""The tags of answers that are not read, so that nothing in them could earn a share of the marks."""

GRAPHS = ("vectorized", "scalar", "network")
"""What is drawn of a problem."""

DRAWN_DERIVATIVES = ("none", "edges", "nodes", "numbers")
"""What is written at the edges or nodes of a graph."""

DRAWINGS = {
    "svg": (".svg",),
    "tikz": (".tex", ".tikz"),
    "dot": (".dot", ".gv"),
    "mermaid": (".mmd",),
}
"""The forms of a drawing, each with the endings of its files."""

HINTS = ("none", "gentle", "full")
"""How much feedback gives away."""

VERSIONS = ("solution", "questions", "key")
"""What is written of a problem."""

DETAIL = ("full", "concise", "brief")
"""How much of a derivation is shown; the last two are one."""

LOGOS = (".png", ".jpg", ".jpeg", ".svg")
"""The endings of pictures that a document may show."""

PAPERS = ("a4", "letter")
"""The paper of a document."""

ENGINES = ("typst", "latex")
"""What makes a PDF."""

YAML_ENDINGS = (".yaml", ".yml")
"""Files of problems, and of answers, that are taken from a folder."""

PROBLEM_ENDINGS = (*YAML_ENDINGS, ".json")
"""Problem files that a collection may name."""

NOTE_ENDINGS = (".md", ".markdown", ".tex")
"""Lecture notes."""

LAYOUTS = ("numerator", "denominator")
"""Which way round a Jacobian is: the outputs along the rows, or along the columns."""

STATIONARY = "stationary"
"""The part that asks where a derivative is zero."""

METHODS = ("gradient", "newton")
"""How an update of a quantity is found: by the gradient and a rate, or by the second derivative."""
