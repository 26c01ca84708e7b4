"""Other names in the texts of a problem file: in equations, plain or LaTeX, and in Markdown with $math$.

Works on texts, so that what a variant does not change stays as its author wrote it.  Whether a rewritten equation
means what it should is for the caller to check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from backsym.core.functions import FUNCTIONS
from backsym.core.names import GREEK, split_name
from backsym.parts.table import KINDS
from backsym.reading.latex.equations import is_latex
from backsym.text.mathtext import INLINE

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LATEX = re.compile(
    r"\\(?:text|textbf|textit|textrm|operatorname|mathrm)\s*\{(?P<word>[^{}]*)\}"
    r"|\\(?:begin|end|mathbb)\s*\{[^{}]*\}|\^\s*\{?T(?![A-Za-z])"
    r"|\\(?P<macro>[A-Za-z]+)|\\.|(?P<letter>[A-Za-z])",
    re.DOTALL,
)
_UPRIGHT = re.compile(r"\\text\{([^{}]*)\}")


@dataclass(frozen=True)
class Renaming:
    """``names`` are whole names of quantities, ``letters`` their letters, ``functions`` go by the names in equations.

    ``words`` replaces words in prose.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    letters: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def equation(self, text: str) -> str:
        """An equation, an expression or a name."""
        return self.latex(text) if is_latex(text) else self.plain(text)

    def plain(self, text: str) -> str:
        def one(match: re.Match[str]) -> str:
            word = match[0]
            if word in self.names:
                return self.names[word]
            if word.startswith("d") and word[1:] in self.names:
                before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
                return "d" + self.names[word[1:]] if before.endswith("/") or after.startswith("/") else word
            called = text[match.end() :].lstrip("'′’ ").startswith("(")
            return self.functions.get(word, word) if called else word

        return _NAME.sub(one, text)

    def latex(self, text: str) -> str:
        """A formula: letters of quantities wherever they stand, and functions by their signs."""
        signs: dict[str, str] = {}
        for old, new in self.functions.items():
            written = FUNCTIONS[old].latex if old in FUNCTIONS else f"\\{old}"
            upright = _UPRIGHT.fullmatch(written)
            signs[upright[1] if upright else written[1:]] = signs[old] = FUNCTIONS[new].latex

        def one(match: re.Match[str]) -> str:
            if match["word"] is not None:
                return signs.get(match["word"].strip(), match[0])
            if match["letter"] is not None:
                return self._letter(match["letter"], text[match.end() :])
            macro = match["macro"]
            if macro is None:
                return match[0]
            if macro in signs:
                return _apart(signs[macro], text[match.end() :])
            return self._letter(macro, text[match.end() :], match[0]) if macro in GREEK else match[0]

        return _LATEX.sub(one, text)

    def _letter(self, letter: str, after: str, written: str | None = None) -> str:
        new = self.letters.get(letter)
        if new is None:
            return written or letter
        return _apart(f"\\{new}" if new in GREEK else new, after)

    def prose(self, text: str) -> str:
        """Markdown: formulas as formulas, words as words; code stays."""
        out, position = "", 0
        for match in INLINE.finditer(text):
            out += self._words(text[position : match.start()])
            kind = match.lastgroup or ""
            inner = match[kind] if kind else ""
            if kind in ("math", "display"):
                out += match[0].replace(inner, self.latex(inner))
            elif kind in ("strong", "emphasis"):
                out += match[0].replace(inner, self._words(inner))
            else:
                out += match[0]
            position = match.end()
        return out + self._words(text[position:])

    def _words(self, text: str) -> str:
        if not self.words:
            return text
        found = sorted(self.words, key=len, reverse=True)
        pattern = r"(?<!\w)(" + "|".join(map(re.escape, found)) + r")(?!\w)"
        return re.sub(pattern, lambda match: self.words[match[1]], text)

    def file(self, value: Mapping[str, object]) -> dict[str, object]:
        """All texts of a problem file, given as strings, lists and mappings."""
        return {key: self._field(key, item) for key, item in value.items()}

    def _field(self, key: str, value: object) -> object:
        if key in ("title", "objective", "text") and isinstance(value, str):
            return self.prose(value)
        if key in ("forward", "loss") or (key == "symbols" and not isinstance(value, dict)):
            return self._all(value)
        if key in ("symbols", "values") and isinstance(value, dict):
            return {self.plain(name): item for name, item in value.items()}
        if key == "functions" and isinstance(value, dict):
            return {name: item for name, item in value.items() if name not in self.functions}
        if key == "derivatives" and isinstance(value, dict):
            kept = {name: item for name, item in value.items() if name not in self.functions}
            moved = {self.functions[name]: item for name, item in value.items() if name in self.functions}
            return {**moved, **kept}
        if key == "parts" and isinstance(value, list):
            return [self._part(item) for item in value]
        return value

    def _all(self, value: object) -> object:
        if isinstance(value, str):
            return self.equation(value)
        return [self._all(item) for item in value] if isinstance(value, list) else value

    def _part(self, part: object) -> object:
        if not isinstance(part, dict):
            return part

        def holds(key: str) -> str | None:
            return KINDS[key].holds if key in KINDS else None

        return {
            key: self.prose(item)
            if (key in ("text", "answer") or holds(key) == "words") and isinstance(item, str)
            else self._all(item)
            if key == "form" or holds(key) == "names"
            else item
            for key, item in part.items()
        }


def names_with(letters: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """The names that change with their letters; ``_`` keeps letter and tag apart where they would run together."""
    found: dict[str, str] = {}
    for name in names:
        base, tag = split_name(name)
        if base in letters:
            rest = name[len(base) :]
            new = letters[base] + rest
            found[name] = new if split_name(new) == (letters[base], tag) else f"{letters[base]}_{rest}"
    return found


def _apart(sign: str, after: str) -> str:
    """A macro that ends in a letter, with a space before another one."""
    return f"{sign} " if re.search(r"\\[A-Za-z]+$", sign) and after[:1].isalpha() else sign
