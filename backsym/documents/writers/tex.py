"""Blocks to LaTeX that compiles with the pdflatex of a plain TeX Live: amsmath and its fonts only.

All text is escaped here.  This module must not know about problems.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from backsym.core.errors import BacksymError
from backsym.core.names import GREEK
from backsym.core.words import say
from backsym.documents.content import blocks as bl
from backsym.documents.content.markup import inlines_plain
from backsym.documents.content.options import FULL, Options
from backsym.documents.content.sentences import catalogue
from backsym.documents.writers.breaking import (
    BEFORE_RANGE,
    EQUALS,
    GAP,
    HANGING,
    REMARK,
    as_formula,
    fits_beside,
    fitted,
    in_column,
    in_letters,
    number_width,
    range_column,
    reach_of,
    remark_lines,
    remark_width,
    side_by_side,
    together,
)
from backsym.printing.latex import to_latex
from backsym.printing.layout import Sized, is_tall
from backsym.printing.measure import broken, width, width_in_line
from backsym.text.mathtext import LATIN_LETTERS

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
_STYLES = {"strong": "textbf", "emphasis": "emph", "code": "texttt"}
_LISTED = {2: "section", 3: "subsection"}
"""Headings that the contents list."""

_SECTIONS = {1: "section*", 2: "section*", 3: "subsection*", 4: "subsubsection*"}

ROOM = 40.5
"""The width of the text in em."""

SMALL = 10 / 10.95
"""The size of letters after \\small, where others have 11 points."""


def tex(document: bl.Document, options: Options = FULL, stem: str = "solution") -> dict[str, str | bytes]:
    """The whole document, through its template; a fragment has no preamble, for a document that has its own."""
    from backsym.documents.writers.templating import render_template

    text = render_template(
        "fragment.tex.jinja" if options.fragment else "tex.jinja",
        options.templates,
        title=inlines_tex(document.title),
        plain_title=_plain(document.title),
        language=escape(document.language),
        byline=[inlines_tex(line) for line in document.byline],
        header=inlines_tex(document.header),
        logo=_logo_name(document.logo, stem),
        paper=document.paper,
        colour=options.colour,
        opening=tex_text(document.opening),
        contents=document.contents,
        contents_title=escape(catalogue(document.language).text("document.contents")),
        body=tex_text(document.blocks),
    )
    logo: dict[str, str | bytes] = {_logo_name(document.logo, stem): document.logo.data} if document.logo else {}
    return {f"{stem}.tex": text, **logo}


def _plain(content: bl.Inlines) -> str:
    """Text for the file's own data, which knows no formula: signs that it may lack are left out."""
    words = " ".join(inlines_plain(content).split())
    return escape("".join(sign for sign in words if sign.isascii() or sign in LATIN_LETTERS))


def _logo_name(logo: bl.Logo | None, stem: str) -> str:
    """The name of the file beside the document; pdflatex shows no SVG."""
    if logo is not None and logo.ending == ".svg":
        raise BacksymError(say("documents.svg_logo"))
    return f"{stem}-logo{logo.ending}" if logo is not None else ""


def tex_text(blocks: Iterable[bl.Block]) -> str:
    """Blocks without title and preamble; no newline at the end."""
    return _joined(blocks)


def inlines_tex(content: bl.Inlines) -> str:
    return "".join(_inline(item) for item in content)


def _block(block: bl.Block) -> str:
    if isinstance(block, bl.Heading):
        command = _SECTIONS.get(block.level, "paragraph*")
        end = "\\mbox{}\\nopagebreak" if command == "paragraph*" else ""
        large = "".join(_inline(item, large=True) for item in block.content)
        listed = _LISTED.get(block.level)
        line = f"\n\\phantomsection\\addcontentsline{{toc}}{{{listed}}}{{{inlines_tex(block.content)}}}"
        return f"\\{command}{{{large}}}{end}{line if listed else ''}"
    if isinstance(block, bl.Paragraph):
        return inlines_tex(block.content)
    if isinstance(block, bl.Equations):
        return _beside(block.rows) if block.beside else _display(block.rows)
    if isinstance(block, bl.Bullets):
        texts = [inlines_tex(item) for item in block.items]
        # A bracket after \\item would be its label.
        items = "\n".join(f"  \\item {'{}' if text.startswith('[') else ''}{text}" for text in texts)
        return f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
    if isinstance(block, bl.Listed):
        return _listed(block)
    if isinstance(block, bl.Quote):
        return f"\\begin{{quote}}\n{_joined(block.blocks)}\n\\end{{quote}}"
    if isinstance(block, bl.Code):
        lines = " \\\\\n".join(escape(line).replace(" ", "~") or "~" for line in block.text.split("\n"))
        return f"\\begin{{flushleft}}\n\\ttfamily\n{lines}\n\\end{{flushleft}}"
    if isinstance(block, bl.Picture):
        words = "".join(f"{{{inlines_tex(content)}}}" for content in (block.legend, block.elsewhere))
        return f"\\drawing{{{block.height:.3g}cm}}{words}{{%\n{block.drawn.tikz()}}}"
    if isinstance(block, bl.Table):
        return _table(block)
    if isinstance(block, bl.Aside):
        return f"\\aside{block.kind}{{{inlines_tex(block.content)}}}"
    if isinstance(block, bl.Derivations):
        return _joined(block.blocks)
    if isinstance(block, bl.Blanks):
        fields = " ".join(f"{inlines_tex(label)}: \\hrulefill\\quad" for label in block.labels[:2])
        points = [f"{inlines_tex(label)}: \\rule{{3em}}{{0.4pt}}" for label in block.labels[2:]]
        return "\\noindent " + " ".join([fields, *points]) + (f" / {escape(block.total)}" if block.total else "")
    if isinstance(block, bl.Room):
        return f"\\nopagebreak\\vspace*{{{block.height:g}cm}}"
    raise TypeError(f"no LaTeX for a block of type {type(block).__name__}")


def _listed(block: bl.Listed) -> str:
    labels = ["" if block.first is None else f"[{block.first + n}.]" for n in range(len(block.items))]
    items = "\n".join(f"  \\item{label} {_joined(item)}" for label, item in zip(labels, block.items, strict=True))
    kind = "itemize" if block.first is None else "enumerate"
    return f"\\begin{{{kind}}}\n{items}\n\\end{{{kind}}}"


def _table(block: bl.Table, below: str = "4pt") -> str:
    """Rows with some air, because a cell may hold a matrix; a long table goes on over the page, below its head."""
    table, widths, small = in_letters(block, ROOM, SMALL)
    rows = [" & ".join(map(_in_cell, cells)) for cells in (table.head, *table.rows)]
    # The starred ends keep the first two rows, and the last two, on one page.
    # Where the head has numbers, which no other page can repeat, all rows are on its page.
    stays = {*range(len(rows) - 1)} if block.numbered else {1, len(rows) - 2} - {0, len(rows) - 1}
    airs = [*["4pt"] * (len(rows) - 1), below]
    ends = [r"\\*" if n in stays else r"\\" for n in range(len(rows))]
    rows = [f"{text} {end}[{air}]" for text, end, air in zip(rows, ends, airs, strict=True)]
    line = r"\hline \noalign{\vskip 4pt}"
    body = "\n".join([rows[0], line if block.numbered else line + r"\endhead", *rows[1:]])
    ragged = r">{\raggedright\arraybackslash}"
    columns = "".join("l" if most is None else f"{ragged}p{{{most:.1f}em}}" for most in widths)
    text = f"\\begin{{longtable}}{{{columns}}}\n{body}\n\\end{{longtable}}"
    return f"{{\\small\n{text}\n}}" if small else text


def _before_tables(blocks: Sequence[bl.Block]) -> Iterator[int]:
    """Where what leads to a table begins, with its heading: LaTeX lets a page end before a table in any case."""
    for n, block in enumerate(blocks):
        if isinstance(block, bl.Table) and n and isinstance(blocks[n - 1], (bl.Paragraph, bl.Heading)):
            headed = n > 1 and isinstance(blocks[n - 2], bl.Heading)
            yield n - 2 if headed and isinstance(blocks[n - 1], bl.Paragraph) else n - 1


def _staying(block: bl.Block) -> str:
    """A block on the page of the next one, as far as it needs more than a penalty for that."""
    if isinstance(block, (bl.Equations, bl.Derivations)):
        return f"\\begin{{staying}}\n{_block(block)}\n\\end{{staying}}"
    if isinstance(block, bl.Table):
        # Its last row has room for a line below it, which is then set into that room.
        return f"{_table(block, below='36pt')}\n\\vspace{{-32pt}}"
    return _block(block)


def _in_cell(cell: bl.Inlines) -> str:
    """The content of a cell; a formula in the size of a display keeps off those in the rows above and below it."""
    return "".join(_AIRY % _inline(item) if _is_displayed(item) else _inline(item) for item in cell)


_AIRY = r"\raisebox{0pt}[\dimexpr\height+3pt][\dimexpr\depth+3pt]{%s}"


def _is_displayed(item: bl.Inline) -> bool:
    return isinstance(item, bl.Math) and isinstance(item.layout, Sized) and item.layout.size == "display"


def _joined(blocks: Iterable[bl.Block]) -> str:
    """Blocks one after another; a displayed formula belongs to the paragraph before it, so no empty line parts them.

    Where there is no such paragraph, LaTeX makes an empty one, whose line is taken back.
    """
    blocks = bl.with_legends(blocks)
    text = ""
    before: bl.Block | None = None
    roomy = set(_before_tables(blocks))
    kept = [False, *bl.kept(blocks)]
    for n, (block, led, stays) in enumerate(zip(blocks, kept, kept[1:], strict=False)):
        displayed = isinstance(block, (bl.Equations, bl.Derivations))
        if displayed and isinstance(before, (bl.Paragraph, bl.Equations, bl.Derivations)):
            text += "\n"
        elif before is not None:
            keep = "\\keepwithnext" if isinstance(block, bl.Heading) else "\\nopagebreak"
            text += f"{keep}\n\n" if led else "\n\n"
            # Below a bar there is no depth of a line that keeps a limit of a sum off the words.
            back = "-0.7" if isinstance(before, bl.Aside) else "-"
            text += f"\\vspace{{{back}\\baselineskip}}\n" if displayed else ""
        text += "\\needroom\n" if n in roomy else ""
        text += _staying(block) if stays else _block(block)
        before = block
    return text


# --- mathematics -----------------------------------------------------------------------------------------------------


def _display(rows: tuple[bl.Row, ...]) -> str:
    rows = fitted(rows, ROOM)
    left = max(width(r.lhs) if r.lhs is not None else 0.0 for r in rows)
    end = range_column(rows, reach_of((_lines(replace(r, tail=None), ROOM, left) for r in rows), ROOM), ROOM)
    found = [_lines(r, ROOM, left, ranges=end is not None) for r in rows]
    column = _remark_column(rows, found, end)
    if end is not None and column is None and any(r.reason for r in rows):
        # Remarks behind the lines would push a column of ranges off the page.
        end, found = None, [_lines(r, ROOM, left) for r in rows]
        column = _remark_column(rows, found, end)
    groups = [
        group
        for r, (texts, own) in zip(rows, found, strict=True)
        for group in _remarked(texts, r, own, (left, column), ranges=end is not None)
    ]
    lines = [line for group in groups for line in group]
    if column is not None:
        lines = _widened(lines, rows, left, column)
    if len(rows) == 1 and len(lines) == 1 and column is None:
        return "\\begin{equation*}\n" + lines[0].replace("&= ", "= ", 1).removeprefix("& ") + "\n\\end{equation*}"
    # The starred ends keep the first line, the last one, and a remark, on the page of its neighbour.
    followed = [n < len(group) - 1 for group in groups for n, _ in enumerate(group)]
    ends = [r" \\*" if kept or n in (0, len(lines) - 2) else r" \\" for n, kept in enumerate(followed[:-1])]
    body = "\n".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))
    count = 1 + (end is not None) + (column is not None)
    kind, columns = ("alignat*", f"{{{count}}}") if count > 1 else ("align*", "")
    return f"\\begin{{{kind}}}{columns}\n{body}\n\\end{{{kind}}}"


def _widened(lines: list[str], rows: Sequence[bl.Row], left: float, column: float) -> list[str]:
    """The lines as wide as the remarks on lines of their own, which have no width, so that both are in the middle."""
    beside = {_why(r): column + remark_width(r.reason) for r in rows if fits_beside(r.reason, column, ROOM)}
    below = [r.reason for r in rows if not fits_beside(r.reason, column, ROOM)]
    own = (line for reason in below for line in remark_lines(reason, ROOM - left - GAP))
    missing = max((left + GAP + REMARK * width_in_line(line) for line in own), default=0.0) - max(beside.values())
    widest = max(beside, key=beside.__getitem__)
    room = f" \\hspace{{{missing:.1f}em}}"
    return [f"{line}{room}" if missing > 0 and line.endswith(f"&& {widest}") else line for line in lines]


def _why(r: bl.Row) -> str:
    return f"\\why{{{to_latex(as_formula(r.reason))}}}"


def _remark_column(rows: Sequence[bl.Row], found: Sequence[tuple[list[str], float]], end: float | None) -> float | None:
    """Where a column of remarks begins, behind the longest line or the column of ranges that ends there."""
    reach = end or reach_of(found, ROOM)
    alone = [(r, own) for r, (_, own) in zip(rows, found, strict=True)]
    return reach if in_column(alone, reach, ROOM) else None


def _beside(rows: tuple[bl.Row, ...]) -> str:
    """Several equations on a line, aligned in columns."""
    lines = side_by_side(rows, ROOM)
    count = max(map(len, lines))
    if count == 1:
        return _display(rows)
    body = " \\\\\n".join(" & \\qquad ".join(map(_cell, line)) for line in lines)
    return f"\\begin{{alignat*}}{{{count}}}\n{body}\n\\end{{alignat*}}"


def _cell(r: bl.Row) -> str:
    tail = f", \\quad {to_latex(r.tail)}" if r.tail is not None else ""
    remark = f" \\why{{{to_latex(as_formula(r.reason))}}}" if r.reason else ""
    return (
        f"{to_latex(r.lhs)} &= {to_latex(r.right)}{tail}{remark}" if r.lhs else f"& {to_latex(r.right)}{tail}{remark}"
    )


def _remarked(
    lines: list[str], r: bl.Row, reach: float, edges: tuple[float, float | None], *, ranges: bool
) -> list[list[str]]:
    """The lines of a row with its remark: in a column, behind the last line, or on lines of its own.

    Lines that belong on one page are together.  ``edges`` are where the left sides end, and where the column of remarks
    begins, if there is one.
    """
    *before, last = lines
    if not r.reason:
        return together(lines)
    left, column = edges
    text = _why(r)
    if column is not None and fits_beside(r.reason, column, ROOM):
        return together([*before, f"{last}{' && &&' if ranges and r.tail is None else ' &&'} {text}"])
    if column is None and fits_beside(r.reason, reach, ROOM):
        return together([*before, f"{last} {text}"])
    command = "why" if column is None else "whybelow"
    own = remark_lines(r.reason, ROOM - left - GAP)
    return together(lines, [f"& \\{command}{{{to_latex(line)}}}" for line in own])


def _lines(r: bl.Row, room: float, left: float, *, ranges: bool = False) -> tuple[list[str], float]:
    """One row as lines of an alignment whose left sides are ``left`` em wide, and where the last one ends.

    A row that is too wide is broken.  With ``ranges`` they have a column of their own.
    """
    start = left + (EQUALS if r.lhs is not None else 0.0)
    room -= start
    parts = broken(r.right, room, room - HANGING)
    head = f"{'' if r.again else to_latex(r.lhs)} &= ".lstrip() if r.lhs is not None else "& "
    lines = [head + to_latex(parts[0]), *(f"&\\quad {{}} {to_latex(part)}" for part in parts[1:])]
    end = start + width(parts[-1]) + (HANGING if len(parts) > 1 else 0.0)
    if r.tail is None:
        return lines, end
    if ranges:
        return [*lines[:-1], f"{lines[-1]}, && \\quad {to_latex(r.tail)}"], end
    if width(parts[-1]) + width(r.tail) + BEFORE_RANGE + number_width(r.reason) > room:
        return [*lines[:-1], lines[-1] + ",", f"&\\qquad {to_latex(r.tail)}"], start + 2.0 + width(r.tail)
    return [*lines[:-1], f"{lines[-1]}, \\quad {to_latex(r.tail)}"], end + BEFORE_RANGE + width(r.tail)


# --- text ------------------------------------------------------------------------------------------------------------


def _inline(item: bl.Inline, *, large: bool = False) -> str:
    """``large`` formulas, in a heading, have fractions of full size."""
    if isinstance(item, bl.Math):
        style = "\\displaystyle " if large and is_tall(item.layout) else ""
        return f"${style}{to_latex(item.layout)}$"
    if isinstance(item, bl.Ref):
        return f"\\{'marked' if item.here else 'linked'}{{{item.target}}}{{{item.text}}}"
    if isinstance(item, bl.Break):
        return "\\newline "
    if isinstance(item, bl.Link):
        return f"\\href{{{escape(item.address)}}}{{{escape(item.text)}}}"
    if isinstance(item, bl.Text):
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
        return _greek(greek[2].lower(), capital=greek[1] == "CAPITAL")
    if sign in LATIN_LETTERS:
        return sign
    what = f"{sign!r} ({name})" if name else f"U+{ord(sign):04X}"
    around = " ".join(text.split())
    around = around if len(around) <= 60 else around[:57] + "..."
    raise BacksymError(say("documents.no_sign", sign=what, around=around))


_GREEK = frozenset(["lamda", "final sigma", *(name.lower() for name in GREEK)])
_LATIN_CAPITALS = {
    "alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I", "kappa": "K", "mu": "M", "nu": "N",
    "omicron": "O", "rho": "P", "tau": "T", "chi": "X",
}  # fmt: skip


def _greek(name: str, *, capital: bool) -> str:
    name = {"lamda": "lambda", "final sigma": "varsigma"}.get(name, name)
    if capital:
        return _LATIN_CAPITALS.get(name) or f"\\ensuremath{{\\{name.capitalize()}}}"
    return "o" if name == "omicron" else f"\\ensuremath{{\\{name}}}"
