"""What the calls of array libraries mean: one table of the functions and methods of NumPy, PyTorch, JAX and TensorFlow.

A line says how a call becomes a tree: a function of the plain language, an operator, or an operation on arrays that
``meaning.arrays`` has a rule for.  The owner of a method is its first argument.  Knows no names and no shapes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from backsym.core.functions import FUNCTIONS, REDUCTIONS
from backsym.core.words import say
from backsym.reading.meaning.arrays import NUMPY
from backsym.reading.python.building import Builder, Call, is_condition, rounds
from backsym.reading.syntax import Node

Meaning = Callable[[Builder, Call], Node]

_KEYWORDS = {"dim": "axis", "keepdim": "keepdims", "axes": "axes"}
_IDLE = frozenset(("dtype", "device", "copy", "requires_grad", "inplace"))
"""Keywords that change no value."""

_SLOPES_BEFORE = ("d_", "grad_", "d")
_SLOPES_AFTER = ("_prime", "_grad", "_gradient", "_derivative", "_deriv", "prime", "grad")

_TORCH = ("torch", "F", "nn")
_OF_TORCH = {
    **dict.fromkeys(("var", "std"), say("python.torch.one_less")),
    "cross_entropy": say("python.torch.of_logits"),
    "binary_cross_entropy": say("python.torch.is_mean"),
}
"""Functions that are others in PyTorch than those of the same names elsewhere, and how these differ."""


def meaning_of(b: Builder, call: Call) -> Node:
    """The tree of a call; one that no line has is a function of the plain language, or unknown to it."""
    if call.path[-1:] and call.name == "outer" and call.path[-1] in _UFUNCS:
        return _outer_of(b, call, _UFUNCS[call.path[-1]])
    if call.name in _OF_TORCH and call.path and call.path[0] in _TORCH:
        raise b.refusal(say("python.of_torch", name=call.name), call.at, _OF_TORCH[call.name])
    meaning = _TABLE.get(call.name)
    if meaning is not None:
        return meaning(b, call)
    known = call.name.rstrip("'") in FUNCTIONS
    if call.method and not known:
        raise b.refusal(say("python.method", name=call.name), call.at)
    slope = None if known else slope_of(call.name)
    args = [b.node(arg) for arg in call.args]
    return b.call(call.name if slope is None else f"{slope}'", [*args, *_keywords(b, call)], call.at)


def slope_of(name: str) -> str | None:
    """The function whose derivative ``relu_prime``, ``d_tanh`` or ``drelu`` is; None for other names."""
    bases = [name.removeprefix(p) for p in _SLOPES_BEFORE] + [name.removesuffix(p) for p in _SLOPES_AFTER]
    return next((f for f in bases if f != name and f in FUNCTIONS and FUNCTIONS[f].kind == "elementwise"), None)


def is_library(name: str) -> bool:
    """Whether a call of this name is of a library, not of the plain language."""
    known = name in FUNCTIONS or name in REDUCTIONS or name in ("ones", "zeros", "eye")
    return not known and (name in _TABLE or slope_of(name) is not None)


# --- arguments -------------------------------------------------------------------------------------------------------


def _keywords(b: Builder, call: Call) -> list[Node]:
    """The keywords that the plain language has, too."""
    found: list[Node] = []
    for name, value in call.keywords.items():
        if name not in _IDLE:
            found.append(b.make("keyword", _KEYWORDS.get(name, name), (b.node(value),), value))
    return found


def _given(b: Builder, call: Call, names: str, fewest: int) -> tuple[list[ast.expr], list[ast.expr | None]]:
    """The first ``fewest`` of ``names``, by position or keyword, and the others, which may be missing."""
    order = names.split()
    values: dict[str, ast.expr] = dict(zip(order, call.args, strict=False))
    for word, value in call.keywords.items():
        word = _KEYWORDS.get(word, word)
        if word in _IDLE:
            continue
        if word not in order or word in values:
            raise b.refusal(say("meaning.no_such_keyword", name=call.name, keyword=word), call.at)
        values[word] = value
    if len(call.args) > len(order) or any(word not in values for word in order[:fewest]):
        raise b.refusal(say("python.arguments", name=call.name, names=order, count=len(call.args)), call.at)
    return [values[word] for word in order[:fewest]], [values.get(word) for word in order[fewest:]]


def _arrays(b: Builder, call: Call, count: int) -> list[Node]:
    """So many arrays, and nothing else."""
    return [b.node(arg) for arg in _given(b, call, " ".join(f"x{n}" for n in range(count)), count)[0]]


def _axis_numbers(b: Builder, call: Call, axis: ast.expr | None) -> list[int] | None:
    """The axes of ``axis=0`` or ``axis=(0, 1)``; None for all of them."""
    if axis is None or b.name_of(axis) == "None":
        return None
    parts = _elements(axis)
    numbers = [number for part in parts if (number := b.integer(part)) is not None]
    if len(numbers) < len(parts):
        raise b.refusal(say("python.axis"), axis)
    return [number - (b.code.dotted and number > 0) for number in numbers]


def _sizes(b: Builder, parts: Sequence[ast.expr]) -> list[Node]:
    """The sizes of a shape, given one by one or together; -1 is what is left."""
    given = _listed(parts)
    if len(given) == 1 and isinstance(given[0], ast.Attribute) and given[0].attr == "shape":
        return [b.array("shape", (b.node(given[0].value),), given[0])]
    return [b.number("-1", part) if b.integer(part) == -1 else b.node(part) for part in given]


def _listed(parts: Sequence[ast.expr]) -> list[ast.expr]:
    """Arguments that are given one by one or as one list."""
    return _elements(parts[0]) if len(parts) == 1 else list(parts)


def _elements(tree: ast.expr) -> list[ast.expr]:
    """The elements of a list; of anything else, itself."""
    return list(tree.elts) if isinstance(tree, (ast.Tuple, ast.List)) else [tree]


# --- what a call becomes ---------------------------------------------------------------------------------------------


def _flattened(b: Builder, call: Call) -> Node:
    """``x.ravel()`` lays out rows, ``x.ravel(order='F')`` columns."""
    (value,), (order,) = _given(b, call, "a order", 1)
    array = b.node(value)
    if isinstance(order, ast.Constant) and order.value == "F":
        array = b.make("transpose", "", (array,), call.at)
    elif order is not None and not (isinstance(order, ast.Constant) and order.value == "C"):
        raise b.refusal(say("python.axis"), call.at)
    return b.array("flatten", (array,), call.at)


def _joined(b: Builder, call: Call) -> Node:
    """``concatenate((a, b), axis=0)``: an axis that counts from the end is that of a vector or a matrix."""
    if len(call.args) > 1 and not call.keywords and b.integer(call.args[1]) is None:
        return b.call("concat", [b.node(part) for part in call.args], call.at)
    (given,), (axis,) = _given(b, call, "arrays axis", 1)
    place = 0 if axis is None else b.integer(axis)
    if place is None or not isinstance(given, (ast.Tuple, ast.List)):
        raise b.refusal(say("meaning.concat_of_one", name=call.name), call.at)
    return b.array(f"concat {place}", [b.node(part) for part in given.elts], call.at)


def _stacked(b: Builder, call: Call) -> Node:
    """``vstack``: matrices below each other; ``hstack``: side by side, or vectors one after the other."""
    (given,), _ = _given(b, call, "arrays", 1)
    if not isinstance(given, (ast.Tuple, ast.List)):
        raise b.refusal(say("meaning.concat_of_one", name=call.name), call.at)
    return b.array(f"concat {call.name}", [b.node(part) for part in given.elts], call.at)


def _one_hot(b: Builder, call: Call) -> Node:
    """one_hot(y, K), whose number of classes is known."""
    (labels,), _ = _given(b, call, "labels num_classes", 1)
    return b.call("onehot", (b.node(labels),), call.at)


def _same(b: Builder, call: Call) -> Node:
    """``array(x)``: what changes nothing here."""
    return b.node(call.args[0]) if call.args else _arrays(b, call, 1)[0]


def _number(b: Builder, call: Call) -> Node:
    """``x.item()``, and ``float(x)`` of Python itself: a number, which no array is."""
    (value,) = _arrays(b, call, 1)
    return b.array("number", (value,), call.at)


def _cast(b: Builder, call: Call) -> Node:
    """``x.astype(float)``, ``int(z > 0)``: whole numbers are kept of conditions only."""
    names = {call.name, *(b.name_of(part) for part in (*call.args[1:], *call.keywords.values()))}
    value = b.node(call.args[0]) if call.args else _arrays(b, call, 1)[0]
    whole = any("int" in name or name in ("long", "short") for name in names)
    truth = any(name in ("bool", "bool_") for name in names)
    if call.name == "float" and not call.path and not call.method:
        return _number(b, call)
    if is_condition(value) or not (whole or truth):
        return value
    if truth:
        return b.make("cmp", "!=", (value, b.number("0", call.at)), call.at)
    raise b.refusal(say("meaning.usual.rounding"), call.at, say("python.condition"))


def _binary(kind: str) -> Meaning:
    def meaning(b: Builder, call: Call) -> Node:
        left, right = _arrays(b, call, 2)
        right = b.make("neg", "", (right,), call.at) if kind == "sub" else right
        return b.make("add" if kind == "sub" else kind, NUMPY, (left, right), call.at)

    return meaning


def _product(b: Builder, call: Call) -> Node:
    """A matrix product, of which TensorFlow takes factors transposed."""
    given, turns = _given(b, call, "x y transpose_a transpose_b", 2)
    factors = [
        b.make("transpose", "", (b.operand(factor),), factor) if _is_true(turn) else b.operand(factor)
        for factor, turn in zip(given, turns, strict=True)
    ]
    return b.make("matmul", NUMPY, factors, call.at)


def _is_true(tree: ast.expr | None) -> bool:
    return isinstance(tree, ast.Constant) and tree.value is True


def _compared(sign: str) -> Meaning:
    return lambda b, call: b.make("cmp", sign, _arrays(b, call, 2), call.at)


def _logical(word: str) -> Meaning:
    def meaning(b: Builder, call: Call) -> Node:
        conditions = _arrays(b, call, 1 if word == "not" else 2)
        if not all(map(is_condition, conditions)):
            raise b.refusal(say("python.condition"), call.at)
        if word == "not":
            return b.negated(conditions[0], call.at)
        return (b.both if word == "and" else b.either)(conditions, call.at)

    return meaning


def _named(name: str, count: int = 1) -> Meaning:
    """A function of the plain language."""
    return lambda b, call: b.call(name, _arrays(b, call, count), call.at)


def _operation(name: str, count: int = 1) -> Meaning:
    """An operation on arrays."""
    return lambda b, call: b.array(name, _arrays(b, call, count), call.at)


def _dot(b: Builder, call: Call) -> Node:
    """``dot(x, y)``, a product of arrays."""
    return b.array("dot", [b.operand(arg) for arg in _given(b, call, "x0 x1", 2)[0]], call.at)


def _formula(make: Callable[[Builder, Node, ast.expr], Node]) -> Meaning:
    """A function of one argument by what it is."""
    return lambda b, call: make(b, _arrays(b, call, 1)[0], call.at)


def _plus_one(b: Builder, x: Node, at: ast.expr) -> Node:
    return b.make("add", NUMPY, (b.number("1", at), x), at)


def _minus_one(b: Builder, x: Node, at: ast.expr) -> Node:
    return b.make("add", NUMPY, (x, b.make("neg", "", (b.number("1", at),), at)), at)


def _reduced(op: str) -> Meaning:
    """``sum(x, axis, keepdims)``; ``max(x, y)`` without a library is the larger of two, letters are summed over."""

    def meaning(b: Builder, call: Call) -> Node:
        if op == "sum" and (each := _for_each(b, call)) is not None:
            return each
        bare = not call.path and not call.method
        letters = len(call.args) > 1 and b.integer(call.args[1]) is None and not isinstance(call.args[1], ast.Tuple)
        if len(call.args) > 1 and ((bare and op in ("max", "min")) or letters):
            return b.call(op, [*map(b.node, call.args), *_keywords(b, call)], call.at)
        (x,), (axis, keep) = _given(b, call, "x axis keepdims", 1)
        numbers = _axis_numbers(b, call, axis)
        done = b.node(x)
        if keep is None and b.code.dotted and numbers == [1]:
            keep = ast.copy_location(ast.Constant(value=True), call.at)  # The column that MATLAB makes of it.
        kept = b.name_of(keep) if keep is not None and not isinstance(keep, ast.Constant) else str(_is_true(keep))
        if numbers is not None and len(numbers) > 1:
            return b.array(f"reduce {op} {kept} " + " ".join(map(str, numbers)), (done,), call.at)
        children = [done]
        if numbers:
            at = b.number(str(abs(numbers[0])), call.at)
            at = b.make("neg", "", (at,), call.at) if numbers[0] < 0 else at
            children.append(b.make("keyword", "axis", (at,), call.at))
        if keep is not None:
            children.append(b.make("keyword", "keepdims", (b.make("name", kept, (), keep),), keep))
        return b.call(op, children, call.at)

    return meaning


def _for_each(b: Builder, call: Call) -> Node | None:
    """``sum(f(x[t]) for t in range(T))``, or of a list of such along its axis, is a sum over the letter; else None.

    The letter is one of the language's own: ``x[t-1]`` is the member before, and none before the first.
    """
    each = call.args[0] if call.args else None
    if not isinstance(each, (ast.GeneratorExp, ast.ListComp)) or call.method:
        return None
    first = [_axis_numbers(b, call, axis) for axis in (*call.args[1:], *call.keywords.values())]
    if first != ([[0]] if isinstance(each, ast.ListComp) or call.path else []) and (call.path or first):
        raise b.refusal(say("python.construct"), call.at)
    loop, *others = each.generators
    size = rounds(loop.iter)
    if others or loop.ifs or not isinstance(loop.target, ast.Name) or not isinstance(size, ast.Name):
        raise b.refusal(say("python.rounds"), each)
    bound = b.make("name", loop.target.id, (b.make("name", size.id, (), size),), loop.target)
    return b.call("sum", (b.node(each.elt), bound), call.at)


def _along(b: Builder, call: Call) -> Node:
    """``softmax(x, axis)``: along one axis."""
    (x,), (axis,) = _given(b, call, "x axis", 1)
    numbers = _axis_numbers(b, call, axis)
    if numbers is not None and len(numbers) != 1:
        raise b.refusal(say("python.axis"), call.at)
    return b.array(f"along {call.name} {numbers[0] if numbers else -1}", (b.node(x),), call.at)


def _turned(b: Builder, call: Call) -> Node:
    """The transpose; axes may be named, in NumPy as a permutation, in PyTorch as a pair."""
    x = b.node(call.args[0]) if call.args else _arrays(b, call, 1)[0]
    parts = [*call.args[1:], *call.keywords.values()]
    listed = len(parts) == 1 and isinstance(parts[0], (ast.Tuple, ast.List))
    numbers = [b.integer(part) for part in _listed(parts)]
    kept = numbers == [0, 1] and (call.name == "permute" or (call.name == "transpose" and listed))
    if numbers and not kept and sorted(n for n in numbers if n is not None) not in ([0, 1], [-2, -1]):
        raise b.refusal(say("python.permutation"), call.at)
    return x if kept else b.make("transpose", "", (x,), call.at)


def _where(b: Builder, call: Call) -> Node:
    condition, yes, no = _arrays(b, call, 3)
    return b.choice(condition, yes, no, call.at)


def _filled(b: Builder, call: Call) -> Node:
    """``x.masked_fill(c, v)``: v where the condition holds."""
    x, condition, value = _arrays(b, call, 3)
    return b.choice(condition, value, x, call.at)


def _step(b: Builder, call: Call) -> Node:
    """``heaviside(x, v)``, which is v at 0."""
    (x,), (at_zero,) = _given(b, call, "x v", 1)
    tree, zero = b.node(x), b.number("0", call.at)
    value = at_zero.value if isinstance(at_zero, ast.Constant) else None
    if at_zero is None or value in (0, 1):
        return b.make("cmp", ">=" if value == 1 else ">", (tree, zero), call.at)
    there = b.make("mul", NUMPY, (b.node(at_zero), b.make("cmp", "==", (tree, zero), call.at)), call.at)
    return b.make("add", NUMPY, (b.make("cmp", ">", (tree, zero), call.at), there), call.at)


def _clamped(b: Builder, call: Call) -> Node:
    """``x.clamp(min=0)``: no less than that."""
    (x,), (least, most) = _given(b, call, "x min max", 1)
    tree = b.node(x)
    for name, bound in (("max", least), ("min", most)):
        tree = b.call(name, (tree, b.node(bound)), call.at) if bound is not None else tree
    return tree


def _contracted(b: Builder, call: Call) -> Node:
    """``tensordot(A, B, axes)`` of matrices: one axis of each summed, or none."""
    (x, y, axes), _ = _given(b, call, "x y axes", 3)
    left, right = b.node(x), b.node(y)
    if (count := b.integer(axes)) == 0:
        return b.array("outer", (left, right), call.at)
    if count == 1:
        return b.make("matmul", NUMPY, (left, right), call.at)
    numbers = [b.integer(one) for part in _elements(axes) for one in _elements(part)]
    if len(numbers) != 2 or not set(numbers) <= {0, 1, -1}:
        raise b.refusal(say("python.tensordot"), call.at)
    left = b.make("transpose", "", (left,), call.at) if numbers[0] == 0 else left
    right = b.make("transpose", "", (right,), call.at) if numbers[1] in (1, -1) else right
    return b.make("matmul", NUMPY, (left, right), call.at)


def _einsum(b: Builder, call: Call) -> Node:
    """``einsum('nk,kj->nj', A, B)``; PyTorch takes the operands as a list, too."""
    if not call.args or not isinstance(call.args[0], ast.Constant) or not isinstance(call.args[0].value, str):
        raise b.refusal(say("python.einsum"), call.at)
    operands = list(call.args[1:])
    operands = _listed(operands) if operands else operands
    letters, arrow, output = "".join(call.args[0].value.split()).partition("->")
    inputs = letters.split(",")
    if not arrow:  # The result has the letters that stand once, in alphabetical order.
        output = "".join(sorted(x for x in set(letters) - {","} if letters.count(x) == 1))
    if not all(group.isalpha() or not group for group in (*inputs, output)) or max(map(len, inputs)) > 8:
        raise b.refusal(say("python.einsum"), call.at)
    if len(operands) != len(inputs):
        raise b.refusal(say("python.einsum_groups", groups=len(inputs), arrays=len(operands)), call.at)
    return b.array(f"einsum {','.join(inputs)}->{output}", [b.node(x) for x in operands], call.at)


def _outer_of(b: Builder, call: Call, kind: str) -> Node:
    """``np.multiply.outer(u, v)``, and so for sums."""
    u, v = _arrays(b, call, 2)
    if kind == "mul":
        return b.array("outer", (u, v), call.at)
    v = b.make("neg", "", (v,), call.at) if kind == "sub" else v
    return b.make("add", NUMPY, (b.array("expand -1", (u,), call.at), v), call.at)


def _reshaped(b: Builder, call: Call) -> Node:
    """``x.reshape(P, Q)`` fills rows; with ``order='F'``, or in MATLAB, columns."""
    parts = [*call.args[1:], *(value for word, value in call.keywords.items() if word in ("shape", "newshape"))]
    order = call.keywords.get("order")
    if order is None and len(parts) > 1 and isinstance(parts[-1], ast.Constant) and isinstance(parts[-1].value, str):
        order = parts.pop()
    by_columns = b.code.dotted if order is None else isinstance(order, ast.Constant) and order.value == "F"
    if order is not None and not by_columns and not (isinstance(order, ast.Constant) and order.value == "C"):
        raise b.refusal(say("python.axis"), call.at)
    array, sizes = b.node(call.args[0]), _sizes(b, parts)
    if not by_columns:
        return b.array("reshape", (array, *sizes), call.at)
    turned = b.array("reshape", (b.make("transpose", "", (array,), call.at), *reversed(sizes)), call.at)
    return turned if len(sizes) < 2 else b.make("transpose", "", (turned,), call.at)


def _reshaped_as(b: Builder, call: Call) -> Node:
    x, like = _arrays(b, call, 2)
    return b.array("reshape", (x, b.array("shape", (like,), call.at)), call.at)


def _expanded(b: Builder, call: Call) -> Node:
    (x, axis), _ = _given(b, call, "x axis", 2)
    numbers = _axis_numbers(b, call, axis) or []
    return b.array("expand " + " ".join(map(str, numbers)), (b.node(x),), call.at)


def _squeezed(b: Builder, call: Call) -> Node:
    (x,), (axis,) = _given(b, call, "x axis", 1)
    numbers = _axis_numbers(b, call, axis)
    return b.array("squeeze" + "".join(f" {n}" for n in numbers or ()), (b.node(x),), call.at)


def _made(name: str) -> Meaning:
    """``ones((N, 1))``: an array of a shape."""
    return lambda b, call: b.array(name, _sizes(b, call.args), call.at)


def _full(b: Builder, call: Call) -> Node:
    (shape, value), _ = _given(b, call, "shape value", 2)
    return b.make("mul", NUMPY, (b.node(value), b.array("ones", _sizes(b, (shape,)), call.at)), call.at)


def _full_like(b: Builder, call: Call) -> Node:
    x, value = _arrays(b, call, 2)
    return b.make("mul", NUMPY, (value, b.array("ones", (b.array("shape", (x,), call.at),), call.at)), call.at)


def _tiled(b: Builder, call: Call) -> Node:
    """``np.tile(x, (N, 1))``, and ``repmat(x, N, 1)`` of MATLAB."""
    parts = list(call.args[1:])
    return b.array(call.name, (b.node(call.args[0]), *_sizes(b, parts)), call.at)


def _like(name: str) -> Meaning:
    return lambda b, call: b.array(name, (b.array("shape", _arrays(b, call, 1), call.at),), call.at)


def _chained(b: Builder, call: Call) -> Node:
    (arrays,), _ = _given(b, call, "arrays", 1)
    if not isinstance(arrays, (ast.List, ast.Tuple)) or len(arrays.elts) < 2:
        raise b.refusal(say("python.multi_dot"), call.at)
    return b.make("matmul", NUMPY, [b.node(x) for x in arrays.elts], call.at)


def _part_changed(b: Builder, call: Call) -> Node:
    """What ``programs`` makes of ``dz[y] -= 1``: ``part_sub(dz[y], 1)``."""
    part, value = call.args if len(call.args) == 2 else (call.at, call.at)
    if not isinstance(part, ast.Subscript):
        raise b.refusal(say("python.construct"), call.at)
    same = isinstance(value, ast.Subscript) and ast.dump(value.slice) == ast.dump(part.slice)
    taken = value.value if isinstance(value, ast.Subscript) and same else value
    items = [b.item(item) for item in _elements(part.slice)]
    facts = f"{call.name} {'same' if same else 'one'}"
    return b.array(facts, (b.node(part.value), b.node(taken), *items), call.at)


def _counted(b: Builder, call: Call) -> Node:
    """``np.arange(N)``, each position of an axis."""
    (size,), _ = _given(b, call, "n", 1)
    return b.array("arange", _sizes(b, [size]), call.at)


def _length(b: Builder, call: Call) -> Node:
    """``len(x)``, and ``x.size(0)`` of PyTorch."""
    if call.name == "size" and len(call.args) == 1:
        return b.array("count", (b.node(call.args[0]),), call.at)
    axis = b.integer(call.args[1]) if len(call.args) == 2 else 0
    if axis is None or not 1 <= len(call.args) <= 2:
        raise b.refusal(say("python.axis"), call.at)
    return b.array(f"size {axis}", (b.node(call.args[0]),), call.at)


def _each(words: str, meaning: Meaning) -> dict[str, Meaning]:
    return dict.fromkeys(words.split(), meaning)


_UFUNCS = {"multiply": "mul", "add": "add", "subtract": "sub"}

_TABLE: Mapping[str, Meaning] = {
    # The same array, or its numbers in another type.
    **_each("asanyarray contiguous copy detach clone numpy conj cpu requires_grad_ as_tensor", _same),
    "item": _number,
    **_each("array asarray tensor astype to type float int bool double long", _cast),
    **_each("float16 float32 float64 int32 int64", _cast),
    # Arithmetic, comparisons, conditions.
    **_each("multiply mul", _binary("mul")),
    **_each("add", _binary("add")),
    **_each("subtract sub", _binary("sub")),
    **_each("divide true_divide div", _binary("div")),
    **_each("power pow float_power", _binary("pow")),
    **_each("negative neg", _formula(lambda b, x, at: b.make("neg", "", (x,), at))),
    "reciprocal": _formula(lambda b, x, at: b.make("div", NUMPY, (b.number("1", at), x), at)),
    **_each("greater gt", _compared(">")),
    **_each("greater_equal ge", _compared(">=")),
    **_each("less lt", _compared("<")),
    **_each("less_equal le", _compared("<=")),
    **_each("equal eq", _compared("==")),
    **_each("not_equal ne", _compared("!=")),
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "logical_not": _logical("not"),
    "where": _where,
    **_each("print disp display", _same),
    "masked_fill": _filled,
    "indicator": _formula(lambda b, x, at: x),
    **_each("heaviside step", _step),
    # Functions of numbers.
    **_each("maximum fmax", _named("max", 2)),
    **_each("minimum fmin", _named("min", 2)),
    **_each("clamp clamp_min", _clamped),
    **_each("absolute fabs", _named("abs")),
    "expit": _named("sigmoid"),
    "swish": _named("silu"),
    "log1p": _formula(lambda b, x, at: b.call("log", (_plus_one(b, x, at),), at)),
    "expm1": _formula(lambda b, x, at: _minus_one(b, b.call("exp", (x,), at), at)),
    "logsigmoid": _formula(lambda b, x, at: b.call("log", (b.call("sigmoid", (x,), at),), at)),
    # Along axes.
    **{op: _reduced(op) for op in REDUCTIONS},
    **_each("reduce_sum nansum", _reduced("sum")),
    **_each("average reduce_mean", _reduced("mean")),
    **_each("amax reduce_max", _reduced("max")),
    **_each("amin reduce_min", _reduced("min")),
    **_each("softmax log_softmax logsumexp", _along),
    # Matrices.
    **_each("matmul mm mv bmm", _product),
    "dot": _dot,
    **_each("inner vdot", _operation("inner", 2)),
    "inverse": _named("inv"),
    "atan": _named("arctan"),
    **_each("outer ger", _operation("flat_outer", 2)),
    "tensordot": _contracted,
    "einsum": _einsum,
    "multi_dot": _chained,
    **_each("diagflat diag_embed", _named("diag")),
    **_each("transpose swapaxes moveaxis permute t", _turned),
    # Shapes.
    **_each("concatenate concat cat", _joined),
    **_each("vstack hstack", _stacked),
    **_each("reshape view", _reshaped),
    **_each("reshape_as view_as", _reshaped_as),
    **_each("flatten ravel", _flattened),
    "squeeze": _squeezed,
    **_each("unsqueeze expand_dims", _expanded),
    "atleast_1d": _operation("atleast 1"),
    "atleast_2d": _operation("atleast 2"),
    **_each("len size", _length),
    **_each("part_set part_add part_sub part_mul part_div", _part_changed),
    **_each("arange range", _counted),
    **_each("ones zeros", lambda b, call: _made(call.name)(b, call)),
    **_each("one_hot", _one_hot),
    **_each("eye identity", _made("eye")),
    **_each("tile repmat", _tiled),
    "full": _full,
    "full_like": _full_like,
    "ones_like": _like("ones"),
    "zeros_like": _like("zeros"),
}  # fmt: skip
"""The name of a function or method, and what it means."""
