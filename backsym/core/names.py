"""Names of quantities: a base (one letter, the name of a Greek letter, or a word) and a tag (the rest)."""

from __future__ import annotations

import re
from functools import lru_cache

GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
).split()

SHORT = {"lam": "lambda", "lamda": "lambda", "lmbda": "lambda", "eps": "epsilon", "ell": "ell"}
"""What programmers call a Greek letter, ``lambda`` being a keyword of Python, and the script l of LaTeX.

The name stays, the letter is printed.
"""

MARKS = frozenset(
    "hat bar tilde dot star prime prev next curr new in out pre post min max mid pos neg ref rec raw true pred targ "
    "init first last mean std var norm inv model head tail left right fwd bwd res skip cand gate forget cell hid "
    "hidden input output att attn emb embed key val query src tgt enc dec real fake gen disc".split()
)
"""What is customary behind the name of a Greek letter without a ``_``: ``munew`` and ``phimax`` are no words."""

ACCENTS = ("hat", "bar", "tilde", "dot", "star", "prime")
"""The tags that are printed as a mark of the letter in every notation."""

WORD = 3
"""So many small letters that are no letter with an accent are a word: ``out``, ``std``, ``hprev``, ``logits``."""

WORDS = frozenset({"num"})
"""What is a word although it is the name of a Greek letter and one letter more."""

_GREEK = "|".join(sorted(GREEK, key=len, reverse=True))
_LETTER = re.compile(f"((?:{'|'.join(SHORT)})(?![a-z])|{_GREEK}|[A-Za-z])_*(.*)")
_SMALL = re.compile("[a-z]+")


def is_capital(letter: str) -> bool:
    """Whether this is one capital letter, Latin or Greek by its name."""
    return letter[:1].isupper() and (len(letter) == 1 or letter in GREEK)


@lru_cache(maxsize=4096)
def split_name(name: str) -> tuple[str, str]:
    """Base and tag: ``z1`` is ('z', '1'), ``h_a`` ('h', 'a'), ``Wq`` ('W', 'q'), ``mu`` ('mu', '').

    A word keeps together: ``loss2`` is ('loss', '2').
    """
    match = _LETTER.fullmatch(name)
    if match is None:
        return name, ""
    run = _SMALL.match(name)
    if run is not None and is_word(run[0]):
        return run[0], name[run.end() :].lstrip("_")
    return match[1], match[2]


def has_letter(name: str, letter: str) -> bool:
    """Whether a name is a letter with any tag: z, z1 and z_out for z."""
    return split_name(name)[0] == letter


def accented_name(name: str) -> tuple[str, str, str]:
    """Base, tag and accent: ``z1bar``, ``zbar1`` and ``z_bar_1`` are ('z', '1', 'bar'), ``z1`` is ('z', '1', '')."""
    base, tag = split_name(name)
    parts = [part for part in tag.split("_") if part]
    for accent in ACCENTS if not is_word(base) else ():
        for n, part in enumerate(parts):
            rest = part.removeprefix(accent) if part.startswith(accent) else part.removesuffix(accent)
            if rest != part and (not rest or rest.isdecimal() or len(rest) == 1):
                return base, "_".join([*parts[:n], *([rest] if rest else []), *parts[n + 1 :]]), accent
    return base, tag, ""


def is_word(text: str) -> bool:
    """Whether small letters are one word, not a letter with a tag behind it."""
    if len(text) < WORD or text in GREEK or text in SHORT or not _SMALL.fullmatch(text):
        return False
    if text in WORDS:
        return True
    if text[1:] in ACCENTS:
        return False
    greek = next((letter for letter in GREEK if text.startswith(letter)), "")
    rest = text[len(greek) :]
    return not (greek and (len(greek) >= WORD or len(rest) == 1 or rest in MARKS))
