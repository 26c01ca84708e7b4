r"""What people write by hand or paste, respelled as LaTeX: ``W2^T dL/dz2[k]``, ``z₁``, ``sum_k a_k b_k``, ``1(z > 0)``.

Words are told apart by the names of a problem: ``z2`` is the quantity and not z times 2, ``wx`` is w times x where no
``wx`` is declared.  What is LaTeX already stays as it is.  Knows vocabularies; knows no grammar and no shapes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from backsym.core.lazy import lazy
from backsym.core.names import GREEK
from backsym.reading.latex.lexer import MACROS
from backsym.reading.latex.names import Vocabulary

_BELOW = dict(zip("₀₁₂₃₄₅₆₇₈₉₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", "0123456789()aeoxhklmnpstijruv", strict=True))
_ABOVE = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵀⁿⁱʲᵏˡᵐᵃᵇᶜᵈᵉᶠᵍʰᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", "0123456789+-()Tnijklmabcdefghoprstuvwxyz", strict=True))
_SAME = {
    "−": "-", "–": "-", "—": "-", "⊙": r"\odot ", "∘": r"\odot ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ",
    "•": r"\cdot ", "⊗": r"\otimes ", "∇": r"\nabla ", "×": r"\times ", "⊤": r"\top ",
    "½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "¼": r"\frac{1}{4}",
    "𝟙": r"\mathbb{1}", "𝟏": r"\mathbb{1}", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": "",
    "\u2061": "", "\u2062": "", "ₗ": "_l", "“": "", "”": "",
}  # fmt: skip

_PIECE = re.compile(
    rf"""(?P<words>\\(?:text|textrm|textbf|textit|operatorname|mathrm|mathsf|mathit|mathtt)\*?\s*\{{[^{{}}\\]*\}})
    |(?P<environment>\\(?:begin|end)\s*\{{[a-z]+\*?\}})
    |(?P<macro>\\[A-Za-z]+)
    |(?P<escape>\\.)
    |(?P<module>\b(?:np|numpy|torch|jnp|tf)\.(?=[A-Za-z]))
    |(?P<transpose>\.T\b|\.t\(\)|\.transpose\(\))
    |(?P<word>[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*)
    |(?P<below>[{"".join(_BELOW)}]+)
    |(?P<above>[{"".join(_ABOVE)}]+)
    |(?P<number>[0-9]+(?:\.[0-9]+|\.(?=\s*[-+*/)\],]))?)
    |(?P<power>\*\*)
    |(?P<compare>[<>!=]=)
    |(?P<sigma>[ΣΣ∑])
    |(?P<space>\s+)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_INDEX = r"(?:[A-Za-z]\w*'*|\d+)(?:\s*[-+*]\s*(?:[A-Za-z]\w*'*|\d+))*"
_INDICES = re.compile(rf"\[\s*({_INDEX}(?:\s*,\s*{_INDEX})*)\s*\]")
_SCRIPT = re.compile(r"\s*(?:([A-Za-z](?![a-z0-9])|[a-z0-9]+)('*))")
_LETTER = re.compile(r"\s*([A-Za-z0-9])('*)")
_TRANSPOSED = re.compile(r"\s*(?:\^\s*\{?\s*(?:T(?![A-Za-z0-9_])|\\top(?![A-Za-z]))|ᵀ|\.T\b)")
_TURNED = re.compile(r"^(?:\^\{(?:\\top|T)\}|T|\\top ?)$")
_TAG = re.compile(r"\(\s*([A-Za-z0-9]+)\s*\)")
_EXPONENT = re.compile(r"\s*(-?\s*\d+(?:\.\d+)?)")
_COMPARISON = re.compile(r"[<>≥≤≠]|\\[gl]e(?:q|qslant)?\b|\\ne(?:q)?\b|\\[gl]t\b|!=|==")
_LOSS_AFTER = re.compile(r"\s*([A-Za-z]+)(?![\w(])")
_TURNED_WORD = re.compile(r"T([A-Za-z]\w*)")
_OPENS, _CLOSES = "([{", ")]}"
_ADJOINT = re.compile(r"(?:d(?P<loss>[A-Za-z]+?)_?d_?|grad_?|d_)(?P<below>\w+)|(?P<barred>\w+?)_?bar")
_SPELLED = {"maximum": "max", "minimum": "min"}
_MAX_SPLIT = 24


@dataclass
class _Writer:
    """The state of one respelling."""

    text: str
    words: Vocabulary
    single: bool
    out: list[str] = field(default_factory=list)
    position: int = 0
    brackets: list[str] = field(default_factory=list)
    """What closes each open bracket, by how it was opened: ``below`` in a subscript, ``}`` where a power's parentheses
    became braces, else empty."""

    def run(self) -> str:
        while self.position < len(self.text):
            match = _PIECE.match(self.text, self.position)
            assert match is not None, "the last alternative matches any character"
            self.position = match.end()
            kind = match.lastgroup
            assert kind is not None
            getattr(self, "_" + kind)(match[0])
        return "".join(self.out)

    # --- looking around ---

    def next_is(self, signs: str) -> bool:
        position = self.position
        while position < len(self.text) and self.text[position] in " \t":
            position += 1
        return position < len(self.text) and self.text[position] in signs

    def inside(self, start: int) -> str:
        """What stands in the bracket that opens at ``start``; empty if nothing closes it."""
        return self.text[start + 1 : self.closing.get(start, start)]

    @lazy
    def closing(self) -> dict[int, int]:
        """The place of the bracket that closes each one that opens, of whatever kind."""
        found: dict[int, int] = {}
        stack: list[int] = []
        for n, char in enumerate(self.text):
            if char in _OPENS:
                stack.append(n)
            elif char in _CLOSES and stack:
                found[stack.pop()] = n
        return found

    @property
    def before(self) -> str:
        """The last thing written that is not space."""
        return next((piece for piece in reversed(self.out) if piece.strip()), "")

    @property
    def in_subscript(self) -> bool:
        return bool(self.brackets) and self.brackets[-1] == "below"

    # --- pieces ---

    def _words(self, text: str) -> None:
        self.out.append(text)

    def _environment(self, text: str) -> None:
        self.out.append(text)

    def _escape(self, text: str) -> None:
        self.out.append(text)

    def _space(self, text: str) -> None:
        self.out.append(" ")

    def _module(self, text: str) -> None:
        """``np.`` before a function is left out."""

    def _transpose(self, text: str) -> None:
        self.out.append(r"^{\top}")

    def _number(self, text: str) -> None:
        text = text.rstrip(".")
        if text == "1" and self.is_indicator():
            self.out.append(r"\mathbb{1}")
        elif text == "1" and (self.text.startswith("_", self.position) or self.is_column_of_ones()):
            self.out.append(r"\mathbf{1}")
        else:
            self.out.append(text)

    def is_column_of_ones(self) -> bool:
        """Whether a 1 is transposed, or right of something transposed or of parentheses, where no number stands."""
        if _TRANSPOSED.match(self.text, self.position) is not None:
            return True
        before = self.before
        return _TURNED.search(before) is not None or (before == ")" and self.out[-1] == " ")

    def is_indicator(self) -> bool:
        """Whether a bracket with a comparison in it follows."""
        if not self.next_is("([{"):
            return False
        start = next(n for n in range(self.position, len(self.text)) if self.text[n] in _OPENS)
        return _COMPARISON.search(self.inside(start)) is not None

    def _sigma(self, text: str) -> None:
        if text != "∑" and self.words.known("Sigma"):
            self.out.append(r"\Sigma ")
        else:
            self.out.append(r"\sum")

    def _macro(self, text: str) -> None:
        name = text[1:]
        if name not in MACROS and (function := self.words.word(name)) is not None:
            self.out.append(rf"\operatorname{{{function.replace('_', '')}}}")
            return
        self.out.append(text + " ")

    def _below(self, text: str) -> None:
        self.subscript("".join(_BELOW[c] for c in text).strip("()"))

    def _above(self, text: str) -> None:
        self.out.append("^{" + "".join(_ABOVE[c] for c in text) + "}")

    def _compare(self, text: str) -> None:
        self.out.append({">=": r"\ge ", "<=": r"\le ", "!=": r"\ne ", "==": "="}[text])

    def _power(self, text: str) -> None:
        self.raised(tags=False)

    def raised(self, tags: bool = True) -> None:
        if (match := _TURNED_WORD.match(self.text, self.position)) is not None and self.is_turned(match[1]):
            self.position += 1
            self.out.append(r"^{\top} ")
        elif (match := _EXPONENT.match(self.text, self.position)) is not None:
            self.position = match.end()
            self.out.append(f"^{{{match[1]}}}")
        elif tags and (match := _TAG.match(self.text, self.position)) is not None:
            self.position = match.end()
            self.out.append(f"^{{({match[1]})}}")
        elif self.text.startswith("(", self.position):
            self.position += 1
            self.brackets.append("}")
            self.out.append("^{")
        else:
            self.out.append("^")

    def is_turned(self, word: str) -> bool:
        """Whether a word after a superscript sign begins with that of a transpose: ``v^TMv``."""
        return not self.words.has("T" + word) and (self.words.has(word) or bool(self.split(word)))

    def _other(self, text: str) -> None:
        if text == "⊤" and not self.before.endswith(("^", "{")):
            self.out.append(r"^{\top}")
        elif text in _SAME:
            self.out.append(_SAME[text])
        elif text == "^":
            self.raised()
        elif text == "_":
            self.below()
        elif text == "@":
            self.out.append(" ")
        elif text in _OPENS:
            self.open(text)
        elif text in _CLOSES:
            closing = self.brackets.pop() if self.brackets else ""
            self.out.append("}" if closing == "}" else text)
        else:
            self.out.append(text)

    def open(self, text: str) -> None:
        match = _INDICES.match(self.text, self.position - 1) if text == "[" else None
        after = self.text[self.position - 2 : self.position - 1] if self.position > 1 else ""
        if match is not None and (after.isalnum() or (after in ")]}'₀₁₂₃₄₅₆₇₈₉ᵀ" and after)):
            self.position = match.end()
            self.subscript(match[1])
            return
        self.brackets.append("")
        self.out.append(text)

    # --- subscripts ---

    def subscript(self, content: str) -> None:
        """A subscript; one right after another joins it."""
        if self.out and self.out[-1].startswith("_{"):
            self.out[-1] = f"{self.out[-1][:-1]},{content}}}"
        else:
            self.out.append(f"_{{{content}}}")

    def below(self) -> None:
        """What follows an underscore."""
        target = self.before.strip()
        if self.next_is("{"):
            start = self.text.index("{", self.position)
            content = self.inside(start)
            plain = _COMPARISON.search(content) is None and target not in (r"\nabla", r"\bar")
            if plain and not set(content) & set("{}\\=+-"):
                self.position = start + len(content) + 2
                self.subscript(content)
                return
            self.position = start + 1
            self.brackets.append("below" if plain else "")
            self.out.append("_{")
            return
        if target == r"\nabla" and (match := re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)").match(self.text, self.position)):
            self.position = match.end()
            self.out.append("_{")
            self.name(match[1])
            self.out.append("}")
            return
        pattern = _LETTER if self.single or target in (r"\sum", r"\max", r"\min") else _SCRIPT
        if (match := pattern.match(self.text, self.position)) is not None:
            self.position = match.end()
            self.subscript(match[1] + match[2])
        else:
            self.out.append("_")

    # --- words ---

    def _word(self, text: str) -> None:
        if self.in_subscript:
            self.out.append(text)
        elif self.words.has(text) or "_" not in text or self.adjoint(text) is not None:
            self.name(text)
        else:
            # An underscore that is no part of a declared name is a subscript.
            head = self.longest(text)
            self.position -= len(text) - len(head)
            self.name(head)

    def longest(self, text: str) -> str:
        """The longest declared name at the start of a word, up to one of its underscores; else up to the first."""
        parts = text.split("_")
        for count in range(len(parts), 1, -1):
            head = "_".join(parts[:count])
            if self.words.has(head) or (head[:1] == "d" and self.words.has(head[1:])):
                return head
        return parts[0]

    def name(self, text: str) -> None:
        if not self.declared(text) and not self.known_word(text):
            self.unknown(text)

    def declared(self, text: str) -> bool:
        """Write a declared name, if it is one."""
        if not self.words.has(text):
            return False
        self.out.append(text if len(text) == 1 else rf"\text{{{text}}}")
        return True

    def known_word(self, text: str) -> bool:
        """Write a function, a sum, a Greek letter, the d of a derivative or an indicator, if it is one."""
        lower = text.lower()
        if len(text) == 1:
            self.out.append(r"\mathbb{1}" if text == "I" and self.is_indicator() else text)
        elif lower in ("sum", "max", "min") and self.next_is("_"):
            self.out.append("\\" + lower)
        elif lower == "sigmoid" or (lower == "sigma" and not self.words.known("sigma")):
            self.out.append(r"\sigma " if ("sigmoid", "") not in self.words.abstract_keys else r"\text{sigmoid}")
        elif text in GREEK:
            self.out.append(f"\\{text} ")
        elif (function := self.words.word(_SPELLED.get(lower, text))) is not None:
            self.out.append(rf"\text{{{function.replace('_', '')}}}")
        elif (below := self.adjoint(text)) is not None:
            self.out.append("d ")
            self.name(below)
            if text.startswith("grad"):
                self.skip_loss()
        elif text[0] == "d" and not self.words.known("d") and self.differentiated(text[1:].lstrip("_")):
            self.out.append("d ")
            self.name(text[1:].lstrip("_"))
        else:
            return False
        return True

    def skip_loss(self) -> None:
        """The loss that a gradient is of, ``grad_y L``."""
        match = _LOSS_AFTER.match(self.text, self.position)
        if match is not None and match[1] in (self.words.loss, "L", "J"):
            self.position = match.end()

    def adjoint(self, text: str) -> str | None:
        """The quantity of an adjoint as code names it: ``dLdz``, ``dL_dz``, ``grad_z``, ``z_bar``; None for others."""
        match = _ADJOINT.fullmatch(text)
        if match is None or match["loss"] not in (None, self.words.loss, "L", "J", "loss", "Loss"):
            return None
        below = match["below"] or match["barred"]
        return below if self.words.has(below) else None

    def differentiated(self, text: str) -> bool:
        """Whether a d before this is that of a derivative: of a quantity, of one with a tag to come, or of the loss."""
        head = text.split("_")[0]
        declared = self.words.has(text) or self.words.has(head) or self.words.known(head)
        return declared or text in (self.words.loss, "L") or bool(self.split(text))

    def unknown(self, text: str) -> None:
        pieces = self.split(text)
        if pieces:
            for piece in pieces:
                self.name(piece)
                self.out.append(" ")
            self.out.pop()
            return
        if (glued := self.glued(text)) is not None:
            self.name(glued[0])
            self.subscript(glued[1])
            return
        match = re.fullmatch("(" + "|".join(GREEK) + r"|[A-Za-z])(\d+)", text)
        if match is not None:
            self.name(match[1])
            self.subscript(match[2])
        else:
            self.out.append(rf"\text{{{text}}}")

    def glued(self, text: str) -> tuple[str, str] | None:
        """``W2kj``: a declared array with a letter for each of its axes."""
        for size in range(len(text) - 1, 0, -1):
            head, letters = text[:size], text[size:]
            rank = self.words.ranks.get(head)
            if rank and rank == len(letters) and letters.isalpha() and letters.islower():
                return head, letters
        return None

    def split(self, text: str) -> list[str]:
        """A word as a product of declared names, the longest first; empty if it is none."""
        if len(text) > _MAX_SPLIT:
            return []
        pieces: list[str] = []
        while text:
            size = next((n for n in range(len(text), 0, -1) if self.words.has(text[:n])), 0)
            if not size and pieces and text[0] == "d" and self.words.has(text[1:]):
                return [*pieces, text]  # xdz: x dz
            if not size:
                return []
            pieces.append(text[:size])
            text = text[size:]
        return pieces


def loosened(text: str, words: Vocabulary, single: bool = False) -> str:
    """The text as LaTeX; ``single`` takes one letter only for a subscript without braces, as TeX does."""
    return _Writer(text, words, single).run()
