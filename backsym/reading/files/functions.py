"""``functions`` of a problem file: names of abstract functions, and functions of one's own with their definitions.

A definition is a formula in the plain language over its arguments, ``x*tanh(softplus(x))`` or ``x, y: x*y``; it stands
in the place of every call.  Knows no equations.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from backsym.core.errors import InputError
from backsym.core.expr import Sym
from backsym.core.functions import FUNCTIONS, Function
from backsym.core.source import Source
from backsym.core.words import say
from backsym.reading.files.declarations import NAME, RESERVED
from backsym.reading.files.fields import Report, is_name, quoted, table, text
from backsym.reading.files.yamlfile import Scalar, Tree
from backsym.reading.meaning.resolve import FORMULA_CONSTANTS, resolve_expression
from backsym.reading.meaning.scope import Scope
from backsym.reading.plain.grammar import parse_expression
from backsym.reading.syntax import walk

ABSTRACT = ("abstract", "")
"""What a function is that has no definition."""


@dataclass(frozen=True)
class Functions:
    """The functions of a file."""

    abstract: frozenset[str] = frozenset()
    own: Mapping[str, Function] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return self.abstract | self.own.keys()


def read_functions(tree: Tree | None, report: Report) -> Functions:
    """The functions that the file declares; a definition may use those above it and abstract ones."""
    entries = table(tree, report, "functions", "phi: abstract")
    named = [(key, value) for key, value in entries if _checked(key, report)]
    abstract = frozenset(key.text for key, value in named if isinstance(value, Scalar) and _word(value) in ABSTRACT)
    own: dict[str, Function] = {}
    for key, value in named:
        definition = text(value, report, key.text, say("files.abstract_or_formula"))
        if key.text in abstract or definition is None or not isinstance(value, Scalar):
            continue
        try:
            own[key.text] = _defined(
                key.text, value.source(), Scope({}, abstract=abstract, own=dict(own), constants=FORMULA_CONSTANTS)
            )
        except InputError as error:
            report.extend(error.diagnostics)
            abstract |= {key.text}  # What calls it is not to be blamed, too.
    return Functions(abstract, own)


def _word(value: Scalar) -> str:
    return value.text.strip()


def _checked(key: Scalar, report: Report) -> bool:
    """Whether a function may have this name."""
    if key.text in FUNCTIONS or key.text in RESERVED:
        report.add(key, say("files.built_in", name=key.text))
    elif not is_name(key.text):
        report.add(key, say("files.no_function_name", name=quoted(key.text)), NAME)
    else:
        return True
    return False


def _defined(name: str, source: Source, known: Scope) -> Function:
    """The function of this definition; raises InputError at its place."""
    whole = source.text
    head, colon, body = whole.partition(":")
    start = len(head) + len(colon) if colon else 0
    formula = body if colon else whole
    if len(whole.strip()) > 1 and is_name(whole.strip()):
        raise source.error(say("files.definition_is_a_word", name=name, word=quoted(whole)), (0, len(whole)))
    inner = Source(formula, source.file, lambda offset: source.place(start + offset))
    if "\\" in whole:
        raise source.error(say("files.definition_in_latex", name=name), (0, len(whole)))
    tree = parse_expression(inner)
    used = dict.fromkeys(n.value for n in walk(tree) if n.kind == "name" and n.value not in FORMULA_CONSTANTS)
    args = tuple(word.strip() for word in head.split(",")) if colon else tuple(used)
    if not used:
        raise source.error(say("files.no_arguments", name=name), (0, len(whole)))
    if not colon and len(args) != 1:
        raise source.error(say("files.arguments_unclear", name=name, names=list(args)), (0, len(whole)))
    if not all(is_name(a) and not keyword.iskeyword(a) for a in args) or len(set(args)) != len(args):
        raise source.error(say("files.bad_arguments", name=name), (0, len(head)))
    for node in walk(tree):
        if node.kind == "name" and node.value not in args and node.value not in FORMULA_CONSTANTS:
            raise inner.error(say("files.not_an_argument", name=name, word=node.value), node.span)
    unused = [a for a in args if a not in used]
    if unused:
        raise source.error(say("files.unused_argument", name=name, word=unused[0]), (0, len(head)))
    try:
        resolve_expression(tree, inner, replace(known, names={a: Sym(a, ()) for a in args}))
    except InputError as error:
        try:  # What needs arrays, such as softmax.
            resolve_expression(tree, inner, replace(known, names={a: Sym(a, ("n",)) for a in args}))
        except InputError:
            raise error from None
    return Function(name, args, rf"\text{{{name}}}", definition=formula.strip(), expanded=True)
