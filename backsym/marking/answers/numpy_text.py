r"""NumPy and PyTorch as students paste them, respelled in the plain language.

``dZ1.sum(axis=0)`` becomes ``sum(dZ1, axis=0)``, ``X.T.dot(dZ)`` a matrix product, ``np.where(c, a, b)`` a choice by
indicators, ``v[:, None]`` a column and ``X.shape[0]`` the size of a dimension.  Knows brackets and the shapes of the
declared names; knows no grammar.  What it does not know stays as it is, for the reader to complain about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from backsym.core.expr import Dim, Shape
from backsym.core.functions import FUNCTIONS

Respelling = Callable[[str, list[str]], "str | None"]
"""From the name of a call and its arguments to the plain text; None where the call is none of this kind."""

MAX_ROUNDS = 40
"""A text with more calls is left as it is."""

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
_TURNED = re.compile(r"\.(?:transpose|t)\(\s*\)|\.(?:mT|H)\b")
_CHOICE = re.compile(r"(.+?)\s+if\s+(.+?)\s+else\s+(.+)", re.DOTALL)
_IDLE = re.compile(
    r"\.(?:(?:astype|to|float|double|copy|detach|clone|item|numpy|contiguous|flatten|ravel|squeeze|conj|cpu)\([^()]*\)"
    r"|(?:reshape|view)\(\s*-1\s*\))"
)
_SIZE = re.compile(r"\b([A-Za-z]\w*)\.(?:shape\[\s*(-?\d)\s*\]|size\(\s*(-?\d)\s*\))|\blen\(\s*([A-Za-z]\w*)\s*\)")
_DOT = re.compile(r"\bdot\s*\(")
_BRACES = re.compile(r"(?<![\w.])1\s*\{([^{}]*[<>=][^{}]*)\}")
_COMPARES = re.compile(r"[<>]=?|[=!]=")
_AXES = re.compile(r"(?:axes\s*=\s*)?[(\[]\s*[(\[]?\s*([01])\s*,?\s*[)\]]?\s*,\s*[(\[]?\s*([01])\s*,?\s*[)\]]?\s*[)\]]")
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
    if "\\" in text:
        return text
    if "(" in text:
        text = _SLOPE.sub(lambda m: f"{m[1] or m[2]}'(", text)
    if "1{" in text or "1 {" in text:
        text = _BRACES.sub(r"[\1]", text)
    if _LIKE_CODE.search(text) is None or len(_METHOD.findall(text)) + len(_FUNCTION.findall(text)) > MAX_ROUNDS:
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
            given = [text[start : match.start()].strip(), *_arguments(text[match.end() : end])]
            new = _METHODS[match[1]](match[1], given)
            if new is not None:
                return text[:start] + new + text[end + 1 :]
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


def _axis(part: str) -> str | None:
    match = _AXIS.match(part)
    return match[1] if match is not None else None


def _applied(name: str, given: list[str]) -> str:
    """A method that is a function of the plain language, such as ``x.exp()``; an axis gets its name."""
    if name in ("sum", "mean", "max", "min"):
        given = [given[0], *(f"axis={_axis(part)}" if _axis(part) else part for part in given[1:])]
    return f"{name}({', '.join(given)})"


def _between(sign: str) -> Respelling:
    """``subtract(a, b)`` as ``a - b``; a matrix product may say which factor it takes transposed."""

    def respelling(name: str, given: list[str]) -> str | None:
        factors = [part for part in given if not part.startswith("transpose_")]
        if len(factors) != 2 or (len(given) > 2 and sign != "@"):
            return None
        left, right = (
            f"({factor})" + (".T" if re.search(rf"transpose_{which}\s*=\s*True", ",".join(given)) else "")
            for which, factor in zip("ab", factors, strict=True)
        )
        return f"({left} {sign} {right})"

    return respelling


def _condition(text: str) -> str:
    """A condition as an indicator; what is one already stays."""
    return f"[{text}]" if _COMPARES.search(text) and not text.startswith(("(", "[")) else f"({text})"


def _compared(sign: str) -> Respelling:
    return lambda name, given: f"[({given[0]}) {sign} ({given[1]})]" if len(given) == 2 else None


def _same(name: str, given: list[str]) -> str | None:
    """``array(x)``: what changes nothing here."""
    return f"({given[0]})" if len(given) == 1 else None


def _turned(name: str, given: list[str]) -> str | None:
    """The transpose of a matrix, whose axes may be named."""
    axes = "".join(char for part in given[1:] for char in part if char.isdecimal() or char == "-")
    kept = name in ("permute", "transpose") and axes == "01" and (name == "permute" or len(given) == 2)
    if not given or axes not in ("", "10", "01", "-1-2", "-2-1"):
        return None
    return f"({given[0]})" if kept else f"({given[0]}).T"


def _contracted(name: str, given: list[str]) -> str | None:
    """``tensordot(A, B, axes)`` of matrices: one axis of each summed, or none."""
    if len(given) != 3:
        return None
    count = given[2].removeprefix("axes").lstrip(" =")
    if count in ("0", "1"):
        return f"outer({given[0]}, {given[1]})" if count == "0" else f"(({given[0]}) @ ({given[1]}))"
    axes = _AXES.fullmatch(given[2])
    if axes is None:
        return None
    left = f"({given[0]})" + (".T" if axes[1] == "0" else "")
    right = f"({given[1]})" + (".T" if axes[2] == "1" else "")
    return f"({left} @ {right})"


def _where(name: str, given: list[str]) -> str | None:
    if len(given) != 3:
        return None
    condition, yes, no = _condition(given[0]), given[1], given[2]
    if no.strip() in ("0", "0.0", "0."):
        return f"({condition}*({yes}))"
    other = f"(1 - {condition})*({no})"
    return f"({other})" if yes.strip() in ("0", "0.0", "0.") else f"({condition}*({yes}) + {other})"


def _filled(name: str, given: list[str]) -> str | None:
    """``x.masked_fill(c, 0)``: 0 where the condition holds."""
    return _where(name, [given[1], given[2], given[0]]) if len(given) == 3 else None


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


def _one(template: str) -> Respelling:
    """A function of one argument by what it is."""
    return lambda name, given: template.format(given[0]) if len(given) == 1 else None


def _step(name: str, given: list[str]) -> str | None:
    return f"[({given[0]}) > 0]" if given and given[1:] in ([], ["0"], ["0.0"], ["0."]) else None


def _each(words: str, respelling: Respelling) -> dict[str, Respelling]:
    return dict.fromkeys(words.split(), respelling)


_BOTH: Mapping[str, Respelling] = {
    **_each("matmul mm mv bmm", _between("@")),
    **_each("multiply mul", _between("*")),
    **_each("subtract sub", _between("-")),
    **_each("add", _between("+")),
    **_each("divide true_divide div", _between("/")),
    **_each("power pow", _between("**")),
    **_each("greater gt", _compared(">")),
    **_each("greater_equal ge", _compared(">=")),
    **_each("less lt", _compared("<")),
    **_each("less_equal le", _compared("<=")),
    **_each("negative neg", _one("(-({}))")),
    **_each("reciprocal", _one("(1/({}))")),
    **_each("transpose swapaxes permute", _turned),
    "masked_fill": _filled,
}
"""What is a function and a method, which has its owner as first argument."""

_METHODS: Mapping[str, Respelling] = {
    **_BOTH,
    **_each("dot", _between("@")),
    **_each("sum mean max min exp log tanh sigmoid relu sqrt abs square softmax norm", _applied),
}
_FUNCTIONS: Mapping[str, Respelling] = {
    **_BOTH,
    **_each("array asarray tensor as_tensor squeeze ravel atleast_1d int32 int64 float32 float64", _same),
    **_each("inner vdot", lambda name, given: f"dot({', '.join(given)})" if len(given) == 2 else None),
    **_each("maximum fmax", lambda name, given: f"max({', '.join(given)})"),
    **_each("minimum fmin", lambda name, given: f"min({', '.join(given)})"),
    **_each("heaviside step", _step),
    **_each("sum mean max min", _reduced),
    **_each("ones zeros eye", _sized),
    "where": _where,
    "indicator": lambda name, given: _condition(given[0]) if len(given) == 1 else None,
    "expit": _one("sigmoid({})"),
    "average": lambda name, given: f"mean({', '.join(given)})",
    "zeros_like": _one("(0*({}))"),
    "ones_like": _one("(0*({}) + 1)"),
    "tensordot": _contracted,
}

_METHOD = re.compile(rf"\.\s*({'|'.join(sorted(_METHODS, key=len, reverse=True))})\s*\(")
_FUNCTION = re.compile(rf"(?<![\w.])({'|'.join(sorted(_FUNCTIONS, key=len, reverse=True))})\s*\(")
_LIKE_CODE = re.compile(
    rf"\.\s*[A-Za-z]\w*\s*[(\[]|\b(?:np|numpy|torch|jnp|tf|jax|F)\.|\[\s*(?::|None|np)|{_FUNCTION.pattern}"
    r"|\b(?:dot|len|square)\s*\(|\.(?:mT|H)\b|\w\s+if\s.*\selse\s"
)
_ACTIVATIONS = "|".join(f.name for f in FUNCTIONS.values() if f.kind == "elementwise" and len(f.name) > 3)
_SLOPE = re.compile(
    rf"(?<![\w\\])(?:({_ACTIVATIONS})_?(?:prime|grad|gradient|deriv|derivative)|(?:d|d_|grad_)({_ACTIVATIONS}))\s*\("
)
"""``relu_prime(z)``, ``d_tanh(z)``: the derivative of a function."""
