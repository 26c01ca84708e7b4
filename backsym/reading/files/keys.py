"""The keys of problem files and collections, each with what it is for: the one table of them.

Those of the kinds of parts are in the table of kinds.

The readers take their known keys from here, and so does the schema.  Knows no values.
"""

from __future__ import annotations

from collections.abc import Mapping

from backsym.parts.table import KINDS

Keys = Mapping[str, str]

MASTHEAD: Keys = {
    "course": "The course.",
    "author": "The author or authors.",
    "date": "The date, as it is to be printed.",
    "due": "When answers are due, as it is to be printed.",
    "header": "A line at the head of every page.",
    "logo": "A picture above the title: a .png, .jpg or .svg file beside this file.",
    "paper": "The paper: a4 (the default) or letter.",
}

PROBLEM: Keys = {
    "title": "The title of the problem; by default the name of the file.",
    "objective": "What the problem teaches.",
    "text": "The introduction: Markdown with $math$ and $$displayed math$$.",
    **MASTHEAD,
    "language": "The language of the sentences, a folder of templates: en (the default) or de.",
    "notation": "How names print: superscript (the default: z1 as z^{(1)}), subscript (z_1), bracket (z^{[1]}), a map.",
    "dims": "Dimensions: a name with its LaTeX, with a fixed size, with both, or with nothing; or a list of names.",
    "indices": "Index letters, each with the dimension that it runs over.",
    "symbols": "Given quantities, each with its shape or a map of properties; nodes may get latex here; or a list.",
    "functions": "Functions of one's own: a formula such as x*tanh(softplus(x)) or 'x, y: x*y', or abstract.",
    "derivatives": "How the derivative of a function is shown.",
    "forward": "The forward equations in order; each defines one node. Plain, LaTeX or SymPy's spelling.",
    "loss": "The node to differentiate, a scalar; by default that of the last equation.",
    "show_forward": "Whether the question sheet prints the forward equations; true by default.",
    "figure": "A graph that stands with the text: network, vectorized or scalar; none by default.",
    "parts": "What is asked, in order.",
    "values": "Numbers for given quantities, for a worked example; lists for vectors and matrices.",
    "tolerance": "How far a number in an answer may be off, as a share of it: 0.01 by default.",
    "credit": "The share of the marks that an answer keeps, by the kind of its error: sign: 1/2; none by default.",
    "follow_through": "The share that an answer is worth which follows from an earlier wrong one; 1 by default.",
    "variants": "How variants of the problem are drawn.",
}

NOTATION: Keys = {
    "layer": "Where the tag of a name stands.",
    "gradient": "How a derivative of the loss by a vector or matrix is written.",
    "vectors": "How vectors and matrices are set.",
    "transpose": "The sign of a transpose.",
    "delta": "The letter of the pre-activations, z: the derivative by z^{(l)} is delta^{(l)}.",
}

DIMENSION: Keys = {
    "latex": "How the dimension prints.",
    "size": "Its fixed size.",
}

SYMBOL: Keys = {
    "shape": "A list of dimensions; empty, or absent, for a scalar.",
    "role": "What the quantity is: it decides what the loss is differentiated by.",
    "one_hot": "Whether one entry along the last axis is 1 and the others are 0; implies sums_to_one.",
    "sums_to_one": "Whether the entries along the last axis sum to 1.",
    "values": "The numbers that an entry may be, at least two, such as [-1, 1].",
    "positive": "Whether every entry is greater than 0.",
    "symmetric": "Whether a square matrix is its own transpose.",
    "label": "The dimension whose positions 1, 2, ... are the classes that the quantity names.",
    "latex": "How the quantity prints.",
    "from": "0: positions along the axis count from 0, as in w_0, ..., w_D; a list with 0 or 1 for each axis.",
    "for": "An index letter: there is one such quantity for each of its values, in an array with a leading axis.",
}

PART_EXTRAS: Keys = {
    "text": "A text before the question.",
    "marks": "The marks of the part.",
    "points": "Another name for marks.",
    "accept": "Which forms of an answer count as correct.",
    "form": "An expression to present the result in.",
    "tolerance": "How far a number in an answer may be off, as a share of it; by default that of the problem.",
    "answer": "The answer to a question in words.",
    "method": "How an update is found: gradient (the default), or newton.",
    "layout": "Which way round a Jacobian is: numerator, outputs along the rows (the default), or denominator.",
    **MASTHEAD,
}


def part_kinds() -> Keys:
    """The keys of the kinds of parts, which their table has."""
    return {name: kind.about for name, kind in KINDS.items()}


VARIANTS: Keys = {
    "activation": "Functions, each with those that may stand in its place.",
    "loss": "Further losses: functions such as cross_entropy, or equations of the loss.",
    "dims": "Dimensions, each with its possible sizes, a list or a range such as 2..5.",
    "letters": "Letters of quantities, each with those that may stand in its place.",
    "values": "Given quantities, each with a list of values, with {from, to, step} for each entry, or one_hot.",
    "words": "What the texts call a function or a loss, where that is not its name.",
}

GRID: Keys = {
    "from": "The least number.",
    "to": "The greatest number.",
    "step": "The distance of neighbouring numbers; 1 by default.",
}

COLLECTION: Keys = {
    "title": "The title of the collection; by default the name of the file.",
    **MASTHEAD,
    "text": "An introduction.",
    "language": "The language of the headings between the problems; en by default.",
    "credit": "Partial credit by the kind of error, for problems that say nothing of it.",
    "follow_through": "The share of answers that follow from a wrong one, for problems that say nothing of it.",
    "sections": "The sections in order; a file with this key is a collection.",
}

SECTION: Keys = {
    "title": "The title of the section.",
    "objective": "What the section teaches.",
    "problems": "The problem files, relative to the collection.",
}

MEANT: Mapping[str, str] = {
    **dict.fromkeys(("equations", "eqs", "model", "network", "formulas", "nodes"), "forward"),
    **dict.fromkeys(("variables", "vars", "parameters", "params", "inputs", "quantities", "shapes"), "symbols"),
    **dict.fromkeys(("dimensions", "sizes"), "dims"),
    **dict.fromkeys(("questions", "tasks", "exercises"), "parts"),
    **dict.fromkeys(("type", "kind"), "role"),
    **dict.fromkeys(("dim", "size"), "shape"),
    **dict.fromkeys(("tex", "symbol"), "latex"),
    "score": "marks",
    "name": "title", "description": "text", "lang": "language", "onehot": "one_hot", "prove": "show",
    "question": "ask", "solution": "answer", "vectorise": "vectorize",
}  # fmt: skip
"""What authors call a key, beside names that are merely misspelt."""
