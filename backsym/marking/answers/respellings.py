"""Names that are written in another way: ``dh`` beside a quantity d, ``d_h``, ``z_j`` for an entry of z2.

Knows names; knows no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from backsym.core.names import split_name
from backsym.reading.latex.names import Vocabulary

_CODE_NAME = re.compile(r"(?<![\w\\./{])d_?([A-Za-z]\w*)(?![\w/(']|\s*/\s*d)")
_DIFFERENTIAL = re.compile(r"(?<![\w\\/{])d([A-Za-z]\w*)(?!\w)(?!\s*/\s*d[A-Za-z])")


def whole_differentials(text: str, loss: str, names: Container[str]) -> str:
    """``dL/dh``, and the fraction, where there is also a quantity d: never a quotient of products."""
    if "d" not in names:
        return text
    above = rf"d\s*(?:{re.escape(loss)}(?!\w)|\\mathcal\s*\{{\s*{re.escape(loss)}\s*\}})"
    below = r"d\s*([A-Za-z]\w*)"
    quotient = rf"(?<![\w\\]){above}\s*/\s*{below}|\\[dt]?frac\s*\{{\s*{above}\s*\}}\s*\{{\s*{below}\s*\}}"
    return re.sub(quotient, lambda m: f"grad({m[1] or m[2]})" if (m[1] or m[2]) in names else m[0], text)


def differentials(text: str, names: Container[str]) -> str:
    """``dh`` as the derivative by h where there is also a quantity d, so that it may be a product, too."""
    if "d" not in names:
        return text
    return _DIFFERENTIAL.sub(lambda m: f"grad({m[1]})" if m[1] in names and m[0] not in names else m[0], text)


def untagged(target: str, names: Iterable[str], words: Vocabulary) -> dict[str, str]:
    """What a letter without its tag stands for: z for z2, if this is asked for or the only z."""
    tagged: dict[str, list[str]] = {}
    for name in names:
        base, tag = split_name(name)
        if tag and not words.has(base) and not words.is_index(base):
            tagged.setdefault(base, []).append(name)
    asked = {base: target for base, found in tagged.items() if target in found}
    return {base: found[0] for base, found in tagged.items() if len(found) == 1} | asked


def named_as_in_code(text: str, names: Container[str]) -> str:
    """``dh`` and ``d_h`` as the derivative by h, so that what else is wrong with the text is found."""
    return _CODE_NAME.sub(lambda m: f"grad({m[1]})" if m[1] in names and m[0] not in names else m[0], text)
