"""Blocks to LaTeX that compiles with the pdflatex of a plain TeX Live: amsmath and its fonts only.

All text is escaped here.  This module must not know about problems.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from backsym.documents.blocks import (
    Block,
    Bullets,
    Document,
    Equations,
    Heading,
    Inline,
    Inlines,
    Math,
    Paragraph,
    Row,
    Steps,
    Text,
)
from backsym.documents.options import FULL, Options
from backsym.errors import BacksymError
from backsym.mathtext import LATIN_LETTERS
from backsym.names import GREEK

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "_": r"\_", "&": r"\&", "#": r"\#", "$": r"\$",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
}  # fmt: skip
_SIGNS = {
    "−": "-", "×": r"\times", "·": r"\cdot", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "→": r"\to",
    "←": r"\leftarrow", "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum", "∞": r"\infty", "∈": r"\in", "ℝ": r"\mathbb{R}",
    "⊙": r"\odot", "⊤": r"\top", "±": r"\pm", "²": "^2", "³": "^3", "√": r"\surd", "′": r"\prime",
}  # fmt: skip
_TEXT_SIGNS = {
    "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "…": r"\ldots{}", "\u00a0": "~",
    "•": r"\textbullet{}",
}  # fmt: skip
_MACRO = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
_NO_WIDTH = frozenset(["mathbf", "text", "left", "right", "operatorname", "mathcal", "mathbb", "underbrace", "boxed"])
_WORDS = frozenset(["log", "exp", "tanh", "max", "min", "sin", "cos", "sinh", "cosh", "dots"])
_STYLES = {"strong": "textbf", "emphasis": "emph", "code": "texttt"}
_SECTIONS = {1: "section*", 2: "section*", 3: "subsection*", 4: "subsubsection*"}

WIDE = 78
"""Signs, roughly, that fit on a line of displayed mathematics."""

DEEPEST = 3
"""Substeps are indented up to this depth: LaTeX allows six nested lists."""


def tex(document: Document, options: Options = FULL) -> str:
    """The whole document, through its template; a fragment has no preamble, for a document that has its own."""
    from backsym.documents.templating import render_template

    return render_template(
        "fragment.tex.jinja" if options.fragment else "tex.jinja",
        options.templates,
        title=inlines_tex(document.title),
        byline=[inlines_tex(line) for line in document.byline],
        body=tex_text(document.blocks),
    )


def tex_text(blocks: Iterable[Block]) -> str:
    """Blocks without title and preamble; no newline at the end."""
    return "\n\n".join(_block(block, 0) for block in blocks)


def inlines_tex(content: Inlines) -> str:
    return "".join(_inline(item) for item in content)


def _block(block: Block, depth: int) -> str:
    if isinstance(block, Heading):
        command = _SECTIONS.get(block.level, "paragraph*")
        end = "\\mbox{}" if command == "paragraph*" else ""
        return f"\\{command}{{{inlines_tex(block.content)}}}{end}"
    if isinstance(block, Paragraph):
        return inlines_tex(block.content)
    if isinstance(block, Equations):
        return _display(block.rows)
    if isinstance(block, Bullets):
        texts = [inlines_tex(item) for item in block.items]
        # A bracket after \\item would be its label.
        items = "\n".join(f"  \\item {'{}' if text.startswith('[') else ''}{text}" for text in texts)
        return f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
    if isinstance(block, Steps):
        return "\n\n".join(_steps(block, depth))
    raise TypeError(f"no LaTeX for a block of type {type(block).__name__}")


def _steps(block: Steps, depth: int) -> Iterator[str]:
    for item in block.items:
        equation = _block(item.equation, depth)
        if item.substeps is None:
            yield f"{inlines_tex(item.why)}\n{equation}"
            continue
        inner = _block(item.substeps, depth + 1)
        yield inlines_tex(item.why)
        yield f"\\begin{{quote}}\n{inner}\n\\end{{quote}}" if depth < DEEPEST else inner
        if not item.repeats:
            yield equation


# --- mathematics -----------------------------------------------------------------------------------------------------


def _display(rows: tuple[Row, ...]) -> str:
    lines = [line for r in rows for line in _row_lines(r)]
    if len(rows) == 1 and len(lines) == 1:
        only = rows[0]
        head = f"{only.lhs} = {only.rhs}" if only.lhs else only.rhs
        return "\\begin{equation*}\n" + head + (f", \\quad {only.tail}" if only.tail else "") + "\n\\end{equation*}"
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def _row_lines(r: Row) -> list[str]:
    """One row as lines of an alignment; a row that is too wide is broken before its top-level signs."""
    left = f"{r.lhs} &= " if r.lhs else "& "
    tail = f", \\quad {r.tail}" if r.tail else ""
    if width(r.lhs) + width(r.rhs) + width(r.tail) <= WIDE:
        return [left + r.rhs + tail]
    lines: list[str] = []
    current = ""
    for piece in break_points(r.rhs):
        if current and width(r.lhs) + width(current) + width(piece) > WIDE:
            lines.append(current)
            current = ""
        current += piece
    lines.append(current)
    result = [left + lines[0], *(f"&\\quad {{}} {line.strip()}" for line in lines[1:])]
    if tail and width(r.lhs) + width(lines[-1]) + width(r.tail) > WIDE:
        return [*result[:-1], result[-1] + ",", f"&\\qquad {r.tail}"]
    return [*result[:-1], result[-1] + tail]


def width(latex: str) -> int:
    """About how many signs wide a formula is: a fraction counts for the wider of its two parts, a script for half."""
    return _width(latex, 0, len(latex))


def _width(latex: str, start: int, end: int) -> int:
    total, position, halved = 0.0, start, False
    while position < end:
        sign = latex[position]
        step, size = 1, 1.0
        if sign == "\\":
            match = _MACRO.match(latex, position)
            assert match is not None
            step, name = len(match[0]), match[1]
            size = 1.0
            if name == "frac":
                first = _group_end(latex, position + step)
                second = _group_end(latex, first)
                size = max(_width(latex, position + step, first), _width(latex, first, second)) + 0.5
                step = second - position
            elif name in _NO_WIDTH:
                size = 0.0
            elif name in _WORDS:
                size = float(len(name))
        elif sign in "{} ":
            size = 0.0
        elif sign in "_^":
            halved = True
            position += 1
            continue
        elif sign in "+=-<>":
            size = 2.0
        if halved and sign == "{":
            close = _group_end(latex, position)
            total += 0.6 * _width(latex, position + 1, close - 1)
            position, halved = close, False
            continue
        total += 0.6 * size if halved else size
        halved = False
        position += step
    return round(total)


def _group_end(latex: str, position: int) -> int:
    """The position after the braced group that starts at ``position``; after one sign where there is none."""
    if position >= len(latex) or latex[position] != "{":
        return min(position + 1, len(latex))
    depth = 0
    for at in range(position, len(latex)):
        if latex[at] == "\\":
            continue
        if latex[at] in "{}" and (at == 0 or latex[at - 1] != "\\"):
            depth += 1 if latex[at] == "{" else -1
            if depth == 0:
                return at + 1
    return len(latex)


def break_points(latex: str) -> list[str]:
    """The formula cut before each ``+`` and ``-`` that stands outside all braces and brackets."""
    pieces: list[str] = []
    depth, last = 0, 0
    for match in re.finditer(r"\\left|\\right|\\[A-Za-z]+|\\.|[{}()\[\]]|(?<= )[+-](?= )", latex):
        token = match[0]
        if token in ("\\left", "{", "(", "["):
            depth += 1
        elif token in ("\\right", "}", ")", "]"):
            depth -= 1
        elif token in ("+", "-") and depth == 0 and match.start() > last:
            pieces.append(latex[last : match.start()])
            last = match.start()
    return [*pieces, latex[last:]]


# --- text ------------------------------------------------------------------------------------------------------------


def _inline(item: Inline) -> str:
    if isinstance(item, Math):
        return f"${item.latex}$"
    if isinstance(item, Text):
        text = escape(item.text)
        return f"\\{_STYLES[item.style]}{{{text}}}" if item.style != "plain" else text
    raise TypeError(f"no LaTeX for inline content of type {type(item).__name__}")


def escape(text: str) -> str:
    """Plain text as LaTeX; raises BacksymError for a sign that pdflatex has no font for, naming it and the text."""
    escaped = "".join(_sign(sign, text) for sign in unicodedata.normalize("NFC", text))
    # Two dashes, commas or apostrophes would be drawn as one other sign.
    return re.sub("(?<=([-,']))(?=\\1)", "{}", escaped)


def _sign(sign: str, text: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    if " " <= sign <= "~" or sign in "\n\t":
        return sign
    if sign in _TEXT_SIGNS:
        return _TEXT_SIGNS[sign]
    if sign in _SIGNS:
        return f"\\ensuremath{{{_SIGNS[sign]}}}"
    name = unicodedata.name(sign, "")
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+|FINAL SIGMA)", name)
    if greek is not None and greek[2].lower() in _GREEK:
        return _greek(greek[1] == "CAPITAL", greek[2].lower())
    if sign in LATIN_LETTERS:
        return sign
    what = f"{sign!r} ({name})" if name else f"U+{ord(sign):04X}"
    around = " ".join(text.split())
    around = around if len(around) <= 60 else around[:57] + "..."
    raise BacksymError(f"the sign {what} in {around!r} cannot be set by pdflatex; --format md can show it")


_GREEK = frozenset(["lamda", "final sigma", *(name.lower() for name in GREEK)])
_LATIN_CAPITALS = {
    "alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I", "kappa": "K", "mu": "M", "nu": "N",
    "omicron": "O", "rho": "P", "tau": "T", "chi": "X",
}  # fmt: skip


def _greek(capital: bool, name: str) -> str:
    name = {"lamda": "lambda", "final sigma": "varsigma"}.get(name, name)
    if capital:
        return _LATIN_CAPITALS.get(name) or f"\\ensuremath{{\\{name.capitalize()}}}"
    return "o" if name == "omicron" else f"\\ensuremath{{\\{name}}}"
