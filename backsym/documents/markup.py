"""User text, a little Markdown with $math$, to blocks.

Understood: paragraphs, bullet lists, **strong**, *emphasis*, `code`, $inline$ and $$displayed$$ mathematics, and a
backslash before any of these signs.  Mathematics is checked here, because the text comes from outside: a macro that is
not known is an error that names it, so that no document can read or run anything because of it.

This module must not know about problems or output languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backsym.documents.blocks import Block, Bullets, Equations, Inline, Inlines, Math, Paragraph, Row, Text
from backsym.errors import BacksymError, near_name
from backsym.names import GREEK

_MACROS = frozenset(
    (
        "frac dfrac tfrac sqrt sum prod int lim max min sup inf arg log ln exp sin cos tan sinh cosh tanh det dim "
        "ker Pr gcd deg hom sec csc cot limsup liminf mathbf mathrm mathit mathcal mathbb mathsf mathtt mathfrak "
        "boldsymbol text textbf textit textrm operatorname hat tilde bar vec dot ddot overline underline widehat "
        "widetilde overbrace underbrace overset underset stackrel left right big Big bigg Bigg bigl bigr Bigl "
        "Bigr middle nabla partial infty ell hbar Re Im cdot cdots dots ldots vdots ddots times div pm mp ast "
        "star circ bullet odot oplus otimes ominus wedge vee cap cup setminus in ni notin subset subseteq supset "
        "supseteq emptyset varnothing forall exists neg lnot le leq ge geq ne neq lt gt ll gg approx sim simeq "
        "cong equiv propto mid parallel perp to gets rightarrow leftarrow Rightarrow Leftarrow leftrightarrow "
        "Leftrightarrow longrightarrow mapsto implies iff quad qquad top bot prime dagger intercal lvert rvert "
        "lVert rVert vert Vert langle rangle lfloor rfloor lceil rceil lbrace rbrace lbrack rbrack displaystyle "
        "textstyle scriptstyle limits nolimits binom boxed begin end therefore because angle triangle square mod "
        "bmod pmod colon not phantom substack varepsilon vartheta varpi varrho varsigma varphi imath jmath aleph"
    ).split()
) | frozenset(name for name in GREEK if name != "omicron")
_ENVIRONMENTS = frozenset("matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases aligned gathered".split())
_SIGNS = frozenset("\\,;:! {}_%#&$|")

_MACRO = re.compile(r"\\([A-Za-z]+|.|$)", re.DOTALL)
_INLINE = re.compile(
    r"\\(?P<literal>[\\`*$_{}\[\]<>#|-])"
    r"|\$\$(?P<display>(?:[^$\\]|\\.)*)\$\$"
    r"|\$(?P<math>(?:[^$\\]|\\.)+)\$"
    r"|\*\*(?P<strong>[^*$`\n]+)\*\*"
    r"|\*(?P<emphasis>[^*$`\s](?:[^*$`\n]*[^*$`\s])?)\*"
    r"|`(?P<code>[^`\n]+)`",
    re.DOTALL,
)


def blocks_of(text: str, where: str) -> tuple[Block, ...]:
    """The blocks of a user's text; ``where`` names the text in errors."""
    result: list[Block] = []
    for is_list, chunk in _chunks(text):
        if is_list:
            result.append(Bullets(tuple(_inlines(item, where) for item in _items(chunk))))
        else:
            result.extend(_paragraph(chunk, where))
    return tuple(result)


def inlines_of(text: str, where: str) -> Inlines:
    """The inline content of a user's text of one line, such as a title."""
    return _inlines(" ".join(text.split()), where)


def check_math(latex: str, where: str) -> str:
    """The formula itself, if it uses known macros only and its braces match; BacksymError otherwise."""
    stripped = _MACRO.sub("", latex)
    for match in _MACRO.finditer(latex):
        name = match[1]
        if name.isalpha():
            if name not in _MACROS:
                near = near_name(name, _MACROS)
                hint = f"; did you mean \\{near}?" if near else ""
                raise BacksymError(f"{where}: unknown macro \\{name} in ${latex}${hint}")
        elif name not in _SIGNS:
            raise BacksymError(f"{where}: unknown macro \\{name} in ${latex}$")
    for match in re.finditer(r"\\(?:begin|end)\s*\{([^}]*)\}", latex):
        if match[1] not in _ENVIRONMENTS:
            raise BacksymError(f"{where}: unknown environment {match[1]} in ${latex}$")
    depth = 0
    for sign in stripped:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            break
    if depth:
        raise BacksymError(f"{where}: braces do not match in ${latex}$")
    for sign in ("%", "#", "~", "^^"):
        if sign in stripped:
            raise BacksymError(f"{where}: {sign} has no meaning in ${latex}$; leave it out")
    if ("&" in stripped or "\\\\" in latex) and "\\begin" not in latex and "\\substack" not in latex:
        raise BacksymError(f"{where}: & and \\\\ need an environment such as aligned, in ${latex}$")
    return latex.strip()


def _chunks(text: str) -> Iterator[tuple[bool, str]]:
    """Runs of lines: (is a list, its text).  A blank line, or the start of a list, ends a paragraph."""
    current: list[str] = []
    in_list = False
    for line in [*text.splitlines(), ""]:
        starts_item = line.lstrip().startswith("- ")
        indented = line.startswith((" ", "\t"))
        if not line.strip() or (starts_item and not in_list):
            if current and not (in_list and starts_item):
                yield in_list, "\n".join(current)
                current = []
            in_list = starts_item
        elif in_list and not starts_item and not indented:
            yield True, "\n".join(current)
            current, in_list = [], False
        if line.strip():
            current.append(line)


def _items(chunk: str) -> list[str]:
    items: list[str] = []
    for line in chunk.splitlines():
        if line.lstrip().startswith("- "):
            items.append(line.lstrip()[2:].strip())
        else:
            items[-1] += " " + line.strip()
    return items


def _paragraph(chunk: str, where: str) -> Iterator[Block]:
    """A paragraph, cut at its displayed formulas."""
    text = "\n".join(line.strip() for line in chunk.splitlines())
    run: list[Inline] = []
    for piece in _pieces(text, where):
        if isinstance(piece, Row):
            if run:
                yield Paragraph(_trimmed(run))
                run = []
            yield Equations((piece,))
        else:
            run.append(piece)
    if run and _trimmed(run):
        yield Paragraph(_trimmed(run))


def _inlines(text: str, where: str) -> Inlines:
    pieces = list(_pieces(text, where))
    return _trimmed([Math(piece.rhs) if isinstance(piece, Row) else piece for piece in pieces])


def _trimmed(run: list[Inline]) -> Inlines:
    """Without white space at both ends, and with neighbouring plain texts merged."""
    merged: list[Inline] = []
    for piece in run:
        last = merged[-1] if merged else None
        if isinstance(piece, Text) and isinstance(last, Text) and piece.style == last.style == "plain":
            merged[-1] = Text(last.text + piece.text)
        else:
            merged.append(piece)
    if merged and isinstance(merged[0], Text) and merged[0].style == "plain":
        merged[0] = Text(merged[0].text.lstrip())
    if merged and isinstance(merged[-1], Text) and merged[-1].style == "plain":
        merged[-1] = Text(merged[-1].text.rstrip())
    return tuple(piece for piece in merged if not (isinstance(piece, Text) and not piece.text))


def _pieces(text: str, where: str) -> Iterator[Inline | Row]:
    position = 0
    for match in _INLINE.finditer(text):
        if match.start() > position:
            yield _plain(text[position : match.start()], text, where)
        position = match.end()
        kind = match.lastgroup
        assert kind is not None
        value = match[kind]
        if kind == "literal":
            yield Text(value)
        elif kind == "display":
            yield Row("", check_math(" ".join(value.split()), where))
        elif kind == "math":
            yield Math(check_math(" ".join(value.split()), where))
        else:
            yield Text(value, kind)
    if position < len(text):
        yield _plain(text[position:], text, where)


def _plain(piece: str, text: str, where: str) -> Text:
    if "$" in piece:
        raise BacksymError(
            f"{where}: a $ without its partner in {' '.join(text.split())!r}; write \\$ for the sign itself"
        )
    return Text(piece.replace("\n", " "))
