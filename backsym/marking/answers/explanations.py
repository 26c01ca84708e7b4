r"""What a text says about its own signs, ``where H is the Heaviside step function``: a clause without an equation.

Such a clause is words, and kept apart from the mathematics before it.  Knows words only: no grammar, no names.
"""

from __future__ import annotations

from dataclasses import dataclass

from backsym.core.words import Said, say
from backsym.text.pieces import Piece, partner, words_and_signs

_BEGINS = ("where", "wobei", "with", "here")
_VERBS = frozenset("is are denotes denote means represents stands ist sind bezeichnet steht".split())
_CHANGES = frozenset(
    "reversed flipped negated negative opposite inverted replaced swapped exchanged omitted dropped removed missing "
    "ignored zero doubled halved twice half squared transposed divided multiplied wrong not no "
    "umgekehrt negiert negativ ersetzt vertauscht weggelassen fehlt null doppelt halbiert quadriert transponiert "
    "geteilt multipliziert falsch nicht kein keine".split()
)
"""Words that say of a sign, a factor or a quantity that it is another: what has one is not left out."""
_DENIES = frozenset(
    "wrong incorrect false falsch inkorrekt mistake mistaken disagree gegenteil contradiction counterexample "
    "ungültig durchgestrichen widerspruch gegenbeispiel".split()
)
_DENYING = (
    *("not correct", "not right", "almost right", "almost correct", "nearly right", "nearly correct", "fast richtig"),
    *("common error", "typical error", "usual error", "frequent error", "häufiger fehler", "typischer fehler"),
)
"""Words, and words in a row, that say of what stands beside them that it is not so."""
_COMMENTS = ("#", "//", "%")
_BRACES = ("\\underbrace", "\\overbrace")
_STRUCK = frozenset("cancel xcancel bcancel cancelto sout st xout hcancel textst".split())
"""Macros that strike through what they are given."""
_BY_ENTRIES = ("element", "entry", "entri", "eintrag", "component", "komponent", "hadamard", "point", "punkt", "wise")
_STEPS = ("heaviside", "unit step", "step function", "einheitssprung", "stufenfunktion")
_QUOTES = ("\\text", "\\textrm", "\\mbox", "\\mathrm")
_SPACES = (" ", "\t", ",", ";", ".", "\\qquad", "\\quad", "\\,", "\\;", "\\:", "\\ ", "{", *_QUOTES)


@dataclass(frozen=True)
class Explained:
    """A text without its clauses, and the names that these say are Heaviside's step."""

    text: str
    steps: frozenset[str] = frozenset()


def explained(text: str) -> Explained:
    """The text without the clauses at the ends of its lines that explain signs in words."""
    if not any(word in text for word in _BEGINS):
        return Explained(text)
    steps: set[str] = set()
    lines: list[str] = []
    for line in text.split("\n"):
        start = next((n for n in range(1, len(line)) if _begins(line, n)), None)
        if start is None:
            lines.append(line)
            continue
        words = _words(line[start:])
        if any(step in " ".join(words).lower() for step in _STEPS):
            steps.add(words[1])
        lines.append(_stripped(line[:start]))
    return Explained("\n".join(lines), frozenset(steps))


def _begins(line: str, start: int) -> bool:
    """Whether a clause begins here: its word, a sign, a verb, and no equation, bracket of code or comparison."""
    word = next((word for word in _BEGINS if line.startswith(word, start)), None)
    if word is None or line[start - 1].isalnum() or line[start - 1] in "._\\":
        return False
    clause = line[start:]
    words = _words(clause)
    if words[1:2] == ["respect"]:
        return False  # The gradient with respect to v is ...
    if any(word.lower() in _CHANGES or word.isdecimal() for word in words[2:]):
        return False
    told = [word for word in words[2:] if word not in _VERBS]
    if words[1:] and not _is_said_of(words[1], " ".join(told).lower()):
        return False
    if not any(word.isalpha() and word.islower() and len(word) > 2 for word in told) or _is_formula(told):
        return False  # Where z is Wx.
    verb = any(verb in _VERBS for verb in words[2:5]) or (word == "wobei" and words[-1] in _VERBS)
    said = verb or any(step in " ".join(words).lower() for step in _STEPS)
    return said and not any(sign in clause for sign in ("=", "<", ">", "\\frac")) and clause[len(word) :][:1] != "("


def _is_said_of(sign: str, told: str) -> bool:
    """Whether what is told of the sign of a product is that it is this product; of any other sign, anything."""
    if sign in ("⊙", "∘", "odot", "circ", "⊗", "otimes"):
        return any(stem in told for stem in _BY_ENTRIES) or (sign in ("⊗", "otimes") and "outer" in told)
    return any(char.isalnum() for char in sign) or "produ" in told or "multipl" in told


def _is_formula(words: list[str]) -> bool:
    return any(sign in word for word in words for sign in "+*/^=")


def _words(clause: str) -> list[str]:
    for quote in _QUOTES:
        clause = clause.replace(quote, " ")
    for sign in "{}$\\,.;:":
        clause = clause.replace(sign, " ")
    return clause.split()


def _stripped(text: str) -> str:
    while (end := next((end for end in _SPACES if text.endswith(end)), None)) is not None:
        text = text.removesuffix(end)
    return text


def taken_back(text: str) -> Said | None:
    """What a text says beside its mathematics that it must not be read without; None for most texts.

    A comment that calls it wrong, a brace below which it is a number, and MATLAB's division from the left, whose sign
    is space in LaTeX.
    """
    for line in text.split("\n"):
        comment = min((n for sign in _COMMENTS if (n := line.find(sign)) >= 0), default=len(line))
        if denies(line[comment:]):
            return say("answers.denied", said=line[comment:].strip())
    for brace in _BRACES:
        for part in text.split(brace)[1:]:
            if (label := _label(part)) and (_is_number(label) or denies(label)):
                return say("answers.denied", said=label)
    if "\\" in text and any(piece.macro in _STRUCK for piece in words_and_signs(text)):
        return say("answers.crossed_out")
    return say("answers.left_division") if "\\" in text and _divides_left(text) else None


def denies(text: str) -> bool:
    """Whether words call what they are about wrong."""
    said = "".join(char if char.isalnum() else " " for char in text.lower()).split()
    return not _DENIES.isdisjoint(said) or any(words in " ".join(said) for words in _DENYING)


def _label(after: str) -> str:
    """What stands at the other side of a brace, of which the argument begins here."""
    bare = after.lstrip()
    end = partner(bare, 0, "{", "}") if bare[:1] == "{" else None
    script = bare[end + 1 :].lstrip() if end is not None else ""
    if script[:1] not in ("_", "^"):
        return ""
    script = script[1:].lstrip()
    end = partner(script, 0, "{", "}") if script[:1] == "{" else None
    return script[:1] if end is None else script[1:end].strip()


def _is_number(label: str) -> bool:
    said = label.removeprefix("=").strip().lstrip("-").replace(".", "")
    return label[:1] == "=" and said.isdecimal()


def _divides_left(text: str) -> bool:
    """Whether backslashes stand between operands, before space or a letter, and none begins a macro of LaTeX."""
    pieces = list(words_and_signs(text))
    if any(len(piece.macro) > 1 or piece.macro in (",", ";", ":", "!", "[", "(", "{", "\\") for piece in pieces):
        return False
    return any(
        piece.macro
        and (before.word or before.text in ("'", ")", "]"))
        and (piece.macro.isalpha() or _is_operand(after))
        for before, piece, after in zip(pieces, pieces[1:], [*pieces[2:], *pieces[-1:]], strict=False)
    )


def _is_operand(piece: Piece) -> bool:
    return bool(piece.word) or piece.text == "("
