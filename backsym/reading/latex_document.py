r"""A lecture note as a problem: the forward equations and declarations in a Markdown or .tex file.

Displayed equations whose left side is a quantity, or its entries, are the forward equations; formulas with ``\in`` declare
shapes, index ranges and, by the words beside them, roles.  The result is the tree of a problem file, with the places in
the note, so that everything after this is as for YAML.

Knows the marks of formulas in such files; reads no mathematics itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from backsym.errors import Diagnostic, InputError
from backsym.expr import show_shape
from backsym.problem import Problem
from backsym.reading.latex import Segment, Spelled, segments
from backsym.reading.latex_declare import Declaration, Declarations
from backsym.reading.latex_names import Vocabulary, split_tag
from backsym.reading.source import Location, Source
from backsym.reading.yamlfile import Document, Listing, Mark, Scalar, Table, Tree, text_of

MAX_FORMULAS = 20_000

SUFFIXES = (".md", ".markdown", ".tex")

_ENVIRONMENTS = "equation|align|gather|multline|eqnarray|displaymath|flalign"
_OPENING = re.compile(
    rf"""(?P<skip>```|<!--|(?<!\\)%|\\begin\{{verbatim\}}|\\begin\{{lstlisting\}})
    |(?P<escaped>\\[$%\\])
    |(?P<display>\$\$|\\\[|\\begin\{{(?P<env>{_ENVIRONMENTS})(?P<star>\*?)\}})
    |(?P<inline>\$|\\\()
    """,
    re.VERBOSE,
)
_CLOSING = {"$$": "$$", "\\[": "\\]", "$": "$", "\\(": "\\)", "```": "```", "<!--": "-->", "%": "\n"}
_TITLE = re.compile(r"^#+[ \t]+(.+?)[ \t]*#*$|\\(?:title|section|chapter)\*?\{([^{}]+)\}", re.MULTILINE)

_IN = re.compile(r"\\in(?![A-Za-z])|∈")

_LAST_WORDS = re.compile(r"[\w\-]+(?:\s+(?:vector|matrix|array|scalar|value))?[\s$\\(]*\Z")
_ROLES = (
    ("parameter", re.compile(r"\b(weights?|bias(es)?|parameters?|learned|trainable)\b", re.IGNORECASE)),
    ("target", re.compile(r"\b(targets?|labels?|one[- ]hot|ground[- ]truth)\b", re.IGNORECASE)),
    ("constant", re.compile(r"\b(constants?|hyper-?parameters?|regulari[sz]ation strength)\b", re.IGNORECASE)),
    ("input", re.compile(r"\b(inputs?|data|features?)\b", re.IGNORECASE)),
)
_ONE_HOT = re.compile(r"\bone[- ]hot\b", re.IGNORECASE)


@dataclass(frozen=True)
class Formula:
    """A formula in a note, without its delimiters."""

    start: int
    end: int
    displayed: bool


def is_document(path: str) -> bool:
    return Path(path).suffix.lower() in SUFFIXES


def document_tree(path: str) -> Table:
    """The note as the tree of a problem file; raises InputError if it has no forward equation."""
    document = Document(path, text_of(path))
    if not document.text.strip():
        raise InputError([Diagnostic("this file is empty", path, hint="it needs displayed equations")])
    return _Note(document).tree()


# --- formulas --------------------------------------------------------------------------------------------------------


def formulas(text: str, tex: bool) -> Iterator[Formula]:
    """The formulas of a note in order.  Each closing delimiter is searched for once it is known to be missing."""
    position = text.find("\\begin{document}") if tex else 0
    position = max(position, 0)
    missing: set[str] = set()
    while (match := _OPENING.search(text, position)) is not None:
        position = match.end()
        if match["escaped"] or (match[0] == "%" and not tex):
            continue
        closing = f"\\end{{{match['env']}{match['star']}}}" if match["env"] else _CLOSING.get(match[0])
        closing = closing or match[0].replace("begin", "end")
        end = -1 if closing in missing else text.find(closing, position)
        if end < 0:
            missing.add(closing)
            continue
        if not match["skip"]:
            yield Formula(position, end, match["display"] is not None)
        position = end + len(closing)


class _Note:
    def __init__(self, document: Document):
        self.document = document
        self.source = Source(document.text, document.file, self.locate)
        self.tex = str(document.file).lower().endswith(".tex")
        self.formulas = tuple(islice(formulas(document.text, self.tex), MAX_FORMULAS + 1))
        if len(self.formulas) > MAX_FORMULAS:
            raise InputError([Diagnostic(f"more than {MAX_FORMULAS} formulas in one note", document.file)])
        self.declared = Declarations()
        self.words: dict[str, str] = {}

    # --- places ---

    def locate(self, offset: int) -> Location:
        starts = self.document.line_starts
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1, self.document.lines[line - 1]

    def mark(self, start: int, end: int) -> Mark:
        line, column, _ = self.locate(start)
        return Mark(self.document, line, column, start, end)

    def scalar(self, text: str, start: int, end: int) -> Scalar:
        return Scalar(self.mark(start, end), "", text)

    # --- the tree ---

    def tree(self) -> Table:
        declares = [self.declares(n, f) for n, f in enumerate(self.formulas)]
        equations = self.equations(
            f for f, declared in zip(self.formulas, declares, strict=True) if f.displayed and not declared
        )
        if not equations:
            hint = r"displayed, such as $$ z = w x + b $$ or \[ \mathbf{z} = \mathbf{W} \mathbf{x} \]"
            raise InputError([Diagnostic("this note has no forward equation", self.document.file, hint=hint)])
        layer = self.layer([d.spelled for d in self.declared.found] + [s.left for s in equations])
        fields = {
            "title": self.title(),
            "notation": self.table({"layer": self.word(layer)}),
            "dims": self.dims(layer),
            "indices": self.indices(),
            "symbols": self.symbols(equations, layer),
            "forward": Listing(self.mark(0, 0), "", tuple(self.equation(s) for s in equations)),
        }
        return self.table({key: value for key, value in fields.items() if value is not None})

    def word(self, text: str) -> Scalar:
        return self.scalar(text, 0, 0)

    def table(self, entries: dict[str, Tree]) -> Table:
        return Table(self.mark(0, 0), "", tuple((self.word(key), value) for key, value in entries.items()))

    def title(self) -> Tree | None:
        match = _TITLE.search(self.document.text)
        if match is None:
            return None
        return self.scalar((match[1] or match[2]).strip(), *match.span())

    def equation(self, segment: Segment) -> Scalar:
        return self.scalar(self.document.text[segment.start : segment.end], segment.start, segment.end)

    # --- declarations ---

    def declares(self, number: int, formula: Formula) -> bool:
        if _IN.search(self.document.text, formula.start, formula.end) is None:
            return False
        before = len(self.declared.found)
        found = self.declared.read(self.source, formula.start, formula.end)
        words = self.prose(number)
        self.words.update({d.spelled.name: words for d in self.declared.found[before:]})
        return found

    def prose(self, number: int) -> str:
        """The words that tell what a formula declares: those right before or after it, else its list item or line."""
        formula, text = self.formulas[number], self.document.text
        before = self.formulas[number - 1].end if number else 0
        close = _LAST_WORDS.search(text, max(before, formula.start - 60, text.rfind("\n", 0, formula.start)), formula.start)
        if close is not None and any(pattern.search(close[0]) for _, pattern in _ROLES):
            return close[0]
        after = self.formulas[number + 1 : number + 2]
        near = text[formula.end : min(after[0].start if after else len(text), formula.end + 200)].partition("\n\n")[0]
        if any(pattern.search(near) for _, pattern in _ROLES):
            return near
        start = text.rfind("\n", 0, formula.start) + 1
        item = re.compile(r"\n\s*(?:[-*+]\s|\d+[.)]\s|\\item\b|\n)")
        match = item.search(text, formula.end, formula.end + 400)
        return text[max(start, formula.start - 400) : match.start() if match else formula.end + 200]

    def dims(self, layer: str) -> Tree | None:
        spelled = {name: s for name, s in self.declared.dims.items() if not name.isdecimal()}
        entries: dict[str, Tree] = {}
        for name, dim in spelled.items():
            own = dim.key[1] != "" and dim.below != (layer == "subscript")
            entries[name] = self.word(dim.latex(False) if own else "")
        return self.table(entries) if entries else None

    def indices(self) -> Tree | None:
        letters = {d.spelled.name: self.word(d.shape[0]) for d in self.declared.found if d.letter}
        return self.table(dict(letters)) if letters else None

    def symbols(self, equations: Iterable[Segment], layer: str) -> Tree | None:
        nodes = {s.left.name: s.left for s in equations}
        entries: dict[str, tuple[Scalar, Tree]] = {}
        for declaration in self.declared.found:
            spelled = declaration.spelled
            if declaration.letter or spelled.name in entries or spelled.name in self.declared.dims:
                continue
            fields: dict[str, Tree] = {"shape": self.shape(declaration)}
            if spelled.name not in nodes:
                fields.update(self.roles(spelled.name))
            fields.update(self.spelling(spelled, layer, bool(declaration.shape)))
            entries[spelled.name] = self.scalar(spelled.name, *spelled.span), self.table(fields)
        for name, left in nodes.items():
            fields = self.spelling(left, layer, left.bold)
            if name not in entries and fields:
                entries[name] = self.scalar(name, *left.span), self.table(fields)
        return Table(self.mark(0, 0), "", tuple(entries.values())) if entries else None

    def shape(self, declaration: Declaration) -> Listing:
        start, end = declaration.spelled.span
        items = tuple(self.scalar(dim, start, end) for dim in declaration.shape)
        return Listing(self.mark(start, end), "", items)

    def roles(self, name: str) -> dict[str, Tree]:
        words = self.words.get(name, "")
        role = next((role for role, pattern in _ROLES if pattern.search(words)), None)
        fields: dict[str, Tree] = {"role": self.word(role)} if role else {}
        if role == "target" and _ONE_HOT.search(words):
            fields["one_hot"] = self.word("true")
        return fields

    def spelling(self, spelled: Spelled, layer: str, bold: bool) -> dict[str, Tree]:
        """The author's spelling, where the notation would print another."""
        other_layer = spelled.key[1] != "" and spelled.below != (layer == "subscript")
        usual = not other_layer and spelled.key == split_tag(spelled.name)
        return {} if usual or spelled.calligraphic else {"latex": self.word(spelled.latex(bold))}

    @staticmethod
    def layer(names: list[Spelled]) -> str:
        tagged = [name for name in names if name.key[1]]
        below = sum(name.below for name in tagged)
        return "subscript" if below * 2 > len(tagged) else "superscript"

    # --- equations ---

    def equations(self, found: Iterable[Formula]) -> list[Segment]:
        """The forward equations, each quantity's first."""
        words = Vocabulary({d.spelled.name: len(d.shape) for d in self.declared.found}, open=True)
        first: dict[str, Segment] = {}
        for formula in found:
            for segment in segments(self.source, words, formula.start, formula.end):
                first.setdefault(segment.left.name, segment)
        return list(first.values())


# --- a report --------------------------------------------------------------------------------------------------------


def what_was_read(problem: Problem) -> str:
    """What was found in a note, for the user to check: the equations with their lines, and the given quantities."""
    count = len(problem.equations)
    lines = [f"{problem.path or problem.title}: {count} forward equation{'s' if count != 1 else ''}"]
    for equation in problem.equations:
        text = " ".join(equation.text.replace("&", "").split())
        lines.append(f"  line {equation.line}: {equation.name} {show_shape(equation.shape)}, {text}")
    given = [s for s in problem.symbols.values() if s.role != "node"]
    for symbol in given:
        role = "one-hot target" if symbol.one_hot else symbol.role
        lines.append(f"  {role} {symbol.name} {show_shape(symbol.shape)}")
    lines.append(f"  loss {problem.loss}")
    return "\n".join(lines)
