r"""NumPy and PyTorch as students paste them, respelled in the plain language.

``dZ1.sum(axis=0)`` becomes ``sum(dZ1, axis=0)``, ``X.T.dot(dZ)`` a matrix product, ``np.where(c, a, b)`` a choice by
indicators, ``v[:, None]`` a column and ``X.shape[0]`` the size of a dimension.  Knows brackets and the shapes of the
declared names; knows no grammar.  What it does not know stays as it is, for the reader to complain about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from backsym.expr import Dim, Shape

MAX_ROUNDS = 40
"""A text with more calls is left as it is."""

_LIKE_CODE = re.compile(
    r"\.\s*[A-Za-z]\w*\s*[(\[]|\b(?:np|numpy|torch|jnp|tf|jax|F)\.|\[\s*(?::|None|np)"
    r"|\b(?:matmul|mm|dot|where|multiply|len|expit|heaviside|power|square|sum|mean|max|min|ones(?:_like)?|zeros(?:_like)?|eye)\s*\("
    r"|\.(?:mT|H)\b|\w\s+if\s.*\selse\s"
)
_MODULE = re.compile(
    r"\b(?:np|numpy|torch|jnp|tf|jax|nn|scipy)\.(?=[A-Za-z])|\b(?:linalg|functional|special|math)\.(?=[A-Za-z])"
    r"|\bF\.(?=(?:relu|softmax|sigmoid|tanh|gelu|silu|log_softmax)\b)"
)
_COLUMN = re.compile(
    r"\[\s*:\s*,\s*(?:None|newaxis)\s*\]|\.reshape\(\s*\(?\s*-1\s*,\s*1\s*\)?\s*\)|\.unsqueeze\(\s*(?:1|-1)\s*\)"
)
_ROW = re.compile(
    r"\[\s*(?:None|newaxis)\s*(?:,\s*:\s*)?\]|\.reshape\(\s*\(?\s*1\s*,\s*-1\s*\)?\s*\)|\.unsqueeze\(\s*0\s*\)"
)
_TURNED = re.compile(r"\.(?:transpose|t|conj)\(\s*\)|\.(?:mT|H)\b")
_CHOICE = re.compile(r"(.+?)\s+if\s+(.+?)\s+else\s+(.+)", re.DOTALL)
_IDLE = re.compile(r"\.(?:astype|to|float|double|copy|detach|clone|item|numpy|contiguous)\([^()]*\)")
_SIZE = re.compile(r"\b([A-Za-z]\w*)\.(?:shape\[\s*(-?\d)\s*\]|size\(\s*(-?\d)\s*\))|\blen\(\s*([A-Za-z]\w*)\s*\)")
_METHOD = re.compile(
    r"\.\s*(dot|matmul|mm|mul|multiply|sum|mean|max|min|pow|exp|log|tanh|sigmoid|relu|sqrt|abs|square|softmax|norm)\s*\("
)
_FUNCTION = re.compile(
    r"\b(matmul|mm|where|multiply|expit|heaviside|power|sum|mean|max|min|(?:ones|zeros)(?:_like)?|eye)\s*\("
)
_DOT = re.compile(r"\bdot\s*\(")
_ATOM = re.compile(r"(?:\bd\w*\s*/\s*)?[A-Za-zα-ωΑ-Ω∂]\w*'*\Z")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_AXIS = re.compile(r"\s*(?:(?:axis|dim)\s*=\s*)?(-?\d)\s*\Z")
_KEYWORDS = (
    (re.compile(r"\bdim\s*=(?!=)"), "axis="), (re.compile(r"\bkeepdim\s*=(?!=)"), "keepdims="),
    (re.compile(r"\bdtype\s*=\s*[\w.]+"), ""),
)  # fmt: skip


def respelled(text: str, shapes: Mapping[str, Shape], dots: bool = False) -> str:
    """The text without the idioms of array libraries; ``shapes`` are those of the declared names.

    With ``dots``, ``dot(a, b)`` is the matrix product, as for NumPy's matrices.
    """
    if _LIKE_CODE.search(text) is None or "\\" in text:
        return text
    if len(_METHOD.findall(text)) + len(_FUNCTION.findall(text)) > MAX_ROUNDS:
        return text
    if " if " in text and (choice := _CHOICE.fullmatch(text)) is not None:
        text = _where("where", [choice[2], choice[1], choice[3]]) or text
    if dots:
        text = _DOT.sub("matmul(", text)
    # A sum is written alike in the plain language; without these signs nothing but its arguments is to be looked at.
    if "." in text:
        text = _MODULE.sub("", _MODULE.sub("", text))
    if "=" in text:
        for pattern, new in _KEYWORDS:
            text = pattern.sub(new, text)
    if any(sign in text for sign in (".", "len", "None", "newaxis")):
        text = _SIZE.sub(lambda m: _size(m, shapes), text)
        text = _IDLE.sub("", _TURNED.sub(".T", _COLUMN.sub(".T.T", _ROW.sub(".T", text))))
    for _ in range(MAX_ROUNDS):
        changed = _one_call(text)
        if changed is None:
            return text
        text = changed
    return text


def _size(match: re.Match[str], shapes: Mapping[str, Shape]) -> str:
    """``X.shape[0]`` as the name, or the number, of that dimension."""
    name = match[1] or match[4]
    shape = shapes.get(name) or (shapes.get(name[1:]) if name[0] == "d" else None)
    axis = int(match[2] or match[3] or 0)
    if shape is None or not -len(shape) <= axis < len(shape):
        return match[0]
    dim: Dim = shape[axis]
    return str(dim)


def _one_call(text: str) -> str | None:
    """The text with the first call that has another spelling respelled; None if there is none."""
    for match in _METHOD.finditer(text):
        start = _receiver(text, match.start())
        end = _closing(text, match.end() - 1)
        if start is not None and end is not None:
            owner = text[start : match.start()].strip()
            given = _arguments(text[match.end() : end])
            return text[:start] + _method(match[1], owner, given) + text[end + 1 :]
    for match in _FUNCTION.finditer(text):
        end = _closing(text, match.end() - 1)
        if end is None or text[: match.start()].rstrip().endswith("."):
            continue
        new = _FUNCTIONS[match[1]](match[1], _arguments(text[match.end() : end]))
        if new is not None:
            return text[: match.start()] + new + text[end + 1 :]
    return None


# --- what stands where -----------------------------------------------------------------------------------------------


def _receiver(text: str, dot: int) -> int | None:
    """Where the expression begins that a method is called on."""
    at = dot
    while True:
        while at > 0 and text[at - 1] == " ":
            at -= 1
        if at > 0 and text[at - 1] in _PAIRS:
            opening = _opening(text, at - 1)
            if opening is None:
                return None
            at = opening
            if at == 0 or not (text[at - 1].isalnum() or text[at - 1] in "_'.])"):
                return at
        elif text[:at].endswith(".T"):
            at -= 2
            continue
        match = _ATOM.search(text[:at])
        if match is not None:
            return match.start()
        if at == dot or text[at - 1 : at] not in _PAIRS:
            return at if at < dot else None


def _opening(text: str, closing: int) -> int | None:
    depth = 0
    for n in range(closing, -1, -1):
        depth += (text[n] in ")]}") - (text[n] in "([{")
        if depth == 0:
            return n
    return None


def _closing(text: str, opening: int) -> int | None:
    depth = 0
    for n in range(opening, len(text)):
        depth += (text[n] in "([{") - (text[n] in ")]}")
        if depth == 0:
            return n
    return None


def _arguments(inside: str) -> list[str]:
    """The arguments between parentheses."""
    parts: list[str] = []
    depth, start = 0, 0
    for n, char in enumerate(inside):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(inside[start:n].strip())
            start = n + 1
    return [part for part in [*parts, inside[start:].strip()] if part]


# --- how it is spelled -----------------------------------------------------------------------------------------------


def _method(name: str, owner: str, given: list[str]) -> str:
    if name in ("dot", "matmul", "mm") and len(given) == 1:
        return f"({owner} @ ({given[0]}))"
    if name in ("mul", "multiply") and len(given) == 1:
        return f"({owner} * ({given[0]}))"
    if name == "pow" and len(given) == 1:
        return f"({owner})**({given[0]})"
    if name in ("sum", "mean", "max", "min"):
        given = [f"axis={_axis(part)}" if _axis(part) else part for part in given]
    return f"{name}({', '.join([owner, *given])})"


def _axis(part: str) -> str | None:
    match = _AXIS.match(part)
    return match[1] if match is not None else None


def _product(name: str, given: list[str]) -> str | None:
    if len(given) != 2:
        return None
    sign = "*" if name == "multiply" else "@"
    return f"(({given[0]}) {sign} ({given[1]}))"


def _where(name: str, given: list[str]) -> str | None:
    if len(given) != 3:
        return None
    condition, yes, no = given
    if no.strip() in ("0", "0.0", "0."):
        return f"(({condition})*({yes}))"
    return f"(({condition})*({yes}) + (1 - ({condition}))*({no}))"


def _reduced(name: str, given: list[str]) -> str | None:
    """``sum(X, 0)``: the second argument is an axis."""
    if name in ("sum", "mean") and len(given) >= 2 and (match := re.fullmatch(r"-?\d", given[1])) is not None:
        return f"{name}({', '.join([given[0], f'axis={match[0]}', *given[2:]])})"
    return None


def _sized(name: str, given: list[str]) -> str | None:
    """``ones((N, 1))``: the size as a tuple."""
    if len(given) == 1 and given[0].startswith("(") and given[0].endswith(")") and "," in given[0]:
        return f"{name}({given[0][1:-1].strip().rstrip(',')})"
    return None


_FUNCTIONS: Mapping[str, Callable[[str, list[str]], str | None]] = {
    **dict.fromkeys(("matmul", "mm", "multiply"), _product),
    "where": _where,
    "expit": lambda name, given: f"sigmoid({given[0]})" if len(given) == 1 else None,
    "heaviside": lambda name, given: f"(({given[0]}) > 0)" if given and given[1:] in ([], ["0"], ["0.0"]) else None,
    "zeros_like": lambda name, given: f"(0*({given[0]}))" if len(given) == 1 else None,
    "ones_like": lambda name, given: f"(0*({given[0]}) + 1)" if len(given) == 1 else None,
    "power": lambda name, given: f"({given[0]})**({given[1]})" if len(given) == 2 else None,
    **dict.fromkeys(("sum", "mean", "max", "min"), _reduced),
    **dict.fromkeys(("ones", "zeros", "eye"), _sized),
}
