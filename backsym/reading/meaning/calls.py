"""How each kind of call is read: functions of the table, reductions, index sums, ones and eye, adjoints.

A part of ``resolve``, which hands itself over as ``r``.  Must not know about problem files, calculus or printing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from backsym.core import expr as ex
from backsym.core.dims import amount, dim_named, is_part, names_of, put_in, read_amount
from backsym.core.errors import InputError
from backsym.core.functions import ABSTRACT_LOSS, FUNCTIONS, REDUCTIONS, Function
from backsym.core.kinds import RuleTable, kind_named
from backsym.core.words import Said, say
from backsym.reading.meaning import blocks
from backsym.reading.meaning.blocks import concat_call
from backsym.reading.meaning.rules import Rules
from backsym.reading.meaning.scope import (
    along_letter,
    free_letters,
    index_reduction,
    is_delta,
    label_of,
    positional,
    suggest,
)
from backsym.reading.meaning.shape_hints import Mismatch, fits_elementwise
from backsym.reading.syntax import Node, as_index

MAX_MACROS = 8
"""Expanded functions inside each other: their definitions repeat arguments, so that size doubles at each level."""

MAX_WRITTEN_OUT = 20_000
"""Parts of an expression in which a definition has been put in the place of a call: definitions may use each other."""

_BUILT_IN = (*REDUCTIONS, ABSTRACT_LOSS, "ones", "zeros", "eye", "grad", "delta", "onehot", "concat", "vec")

CHOICE = say("meaning.usual.choice")
CONCATENATION = say("meaning.usual.concatenation")
CONVOLUTION = say("meaning.usual.convolution")
NORMALIZATION = say("meaning.usual.normalization")

_USUAL_NAMES: dict[str, Said] = {
    "ln": say("meaning.usual.ln"),
    "transpose": say("meaning.usual.transpose"),
    "matmul": say("meaning.usual.matmul"),
    "mse": say("meaning.usual.squared_loss"),
    "bce": say("words.did_you_mean", near="binary_cross_entropy"),
    "ce": say("words.did_you_mean", near="cross_entropy"),
    "sgn": say("words.did_you_mean", near="sign"),
    "sigma": say("words.did_you_mean", near="sigmoid"),
    "logistic": say("words.did_you_mean", near="sigmoid"),
    "swish": say("words.did_you_mean", near="silu"),
    "tr": say("words.did_you_mean", near="trace"),
    "argmax": say("meaning.usual.argmax"),
    "argmin": say("meaning.usual.argmin"),
    "where": CHOICE,
    "Piecewise": CHOICE,
    **dict.fromkeys(("Inverse", "inverse"), say("words.did_you_mean", near="inv")),
    "pinv": say("meaning.usual.pseudo_inverse"),
    **dict.fromkeys(("Derivative", "diff", "Integral"), say("meaning.usual.derivative")),
    "dropout": say("meaning.usual.dropout"),
    **dict.fromkeys(("concatenate", "cat", "stack", "hstack", "vstack"), CONCATENATION),
    **dict.fromkeys(("conv", "conv1d", "conv2d", "Conv2d"), CONVOLUTION),
    **dict.fromkeys(("layer_norm", "layernorm", "LayerNorm", "batch_norm", "batchnorm", "BatchNorm"), NORMALIZATION),
    **dict.fromkeys(("einsum", "tensordot"), say("meaning.usual.contraction")),
    **dict.fromkeys(("max_pool", "maxpool", "MaxPool"), say("meaning.usual.max_pool")),
    **dict.fromkeys(("float", "int", "round", "floor", "ceil"), say("meaning.usual.rounding")),
}
"""What people write for what there is by another name, or not at all."""


def call_rule(r: Rules, tree: Node) -> ex.Expr:
    name = tree.value.rstrip("'")
    order = len(tree.value) - len(name)
    if name in r.scope.abstract:
        return abstract_call(r, tree, name, order)
    if name in r.scope.own:
        return table_call(r, tree, r.scope.own[name], order)
    if is_delta(tree, r.scope):
        return delta_call(r, tree)
    if name == ABSTRACT_LOSS:
        return loss_call(r, tree, order)
    if order and name in REDUCTIONS and name in FUNCTIONS and len(positional(tree)) == 2:
        return table_call(r, tree, FUNCTIONS[name], order)
    if order and (name in REDUCTIONS or name in _SPECIAL):
        raise r.error(say("meaning.no_primed", name=name, written=tree.value), tree)
    if name in REDUCTIONS or (name == "prod" and index_reduction(tree, r.scope)):
        return reduction_call(r, tree)
    if name in _SPECIAL:
        return _SPECIAL[name](r, tree)
    if name in FUNCTIONS and FUNCTIONS[name].form == "pow" and not order and len(tree.children) == 2:
        return r.resolve(tree._replace(kind="pow", value=""))
    if (letter := along_letter(tree, r.scope)) is not None:
        return along_call(r, tree, letter)
    if name in FUNCTIONS:
        return table_call(r, tree, FUNCTIONS[name], order)
    raise unknown_function(r, tree, name)


def is_function(r: Rules, tree: Node) -> bool:
    """Whether there is a function of this name."""
    name = tree.value.rstrip("'")
    known = name in FUNCTIONS or name in REDUCTIONS or name in _SPECIAL or name == ABSTRACT_LOSS
    return known or name in r.scope.functions or is_delta(tree, r.scope)


_FORMULAS = {
    "mse_loss": "mean_squared_error(y, t)", "l1_loss": "mean_absolute_error(y, t)",
    "cross_entropy_with_logits": "softmax_cross_entropy(y, t)",
    "binary_cross_entropy_with_logits": "sigmoid_cross_entropy(y, t)",
    "hinge": "max(0, 1 - t*y)", "hinge_loss": "max(0, 1 - t*y)", "squared_hinge": "max(0, 1 - t*y)**2",
    "nll_loss": "-y[t]", "kl_divergence": "sum(t*log(t/y))",
}  # fmt: skip
"""Losses of libraries, of an output y and a target t, each with what it is: a near name would be another loss."""


def unknown_function(r: Rules, tree: Node, name: str) -> InputError:
    if r.scope.has(name):
        return r.error(say("meaning.quantity_not_function", name=name), tree, say("meaning.write_product", name=name))
    if name in _FORMULAS:
        formula = say("meaning.usual.formula", call=f"{name}(y, t)", formula=_FORMULAS[name])
        return r.error(say("meaning.unknown_function", name=name), tree, formula)
    hint = _USUAL_NAMES.get(name) or suggest(name, [*FUNCTIONS, *_BUILT_IN, *sorted(r.scope.functions)])
    if hint is None:
        abstract, product = say("meaning.declare_abstract", name=name), say("meaning.write_product", name=name)
        hint = say("words.both", first=abstract, second=product)
    return r.error(say("meaning.unknown_function", name=name), tree, hint)


def arguments(r: Rules, tree: Node, fewest: int, most: int, usage: str) -> tuple[Node, ...]:
    """The positional arguments, counted."""
    given = positional(tree)
    if not fewest <= len(given) <= most:
        count = len(given)
        if fewest == 1 < count and r.scope.all_latex and tree.value in r.scope.functions:
            raise r.error(say("meaning.of_several", name=tree.value, count=count), tree)
        if fewest == most:
            raise r.error(say("meaning.takes_arguments", name=tree.value, wanted=most, count=count, usage=usage), tree)
        either = say("meaning.takes_either", name=tree.value, fewest=fewest, most=most, count=count, usage=usage)
        raise r.error(either, tree)
    return given


def no_keywords(r: Rules, tree: Node) -> None:
    for child in tree.children:
        if child.kind == "keyword":
            raise r.error(say("meaning.no_such_keyword", name=tree.value, keyword=child.value), child)


# --- functions -------------------------------------------------------------------------------------------------------


def abstract_call(r: Rules, tree: Node, name: str, order: int) -> ex.Expr:
    no_keywords(r, tree)
    (arg,) = arguments(r, tree, 1, 1, f"{name}(z)")
    return ex.Fn(name, (r.resolve(arg),), order, "elementwise", span=r.mark(tree))


def loss_call(r: Rules, tree: Node, order: int) -> ex.Expr:
    no_keywords(r, tree)
    y, t = arguments(r, tree, 2, 2, f"{ABSTRACT_LOSS}(y, t)")
    return ex.Fn(ABSTRACT_LOSS, (r.resolve(y), r.resolve(t)), order, "scalar", span=r.mark(tree))


def table_call(r: Rules, tree: Node, function: Function, order: int) -> ex.Expr:
    usage = f"{function.name}({', '.join(function.args)})"
    given = arguments(r, tree, *function.arity, usage)
    kind = kind_named(function.kind)
    if order and (function.expanded or not (kind.entrywise and (function.partials or r.scope.derivatives))):
        raise r.error(say("meaning.no_primed", name=function.name, written=tree.value), tree)
    if function.along is not None and any(child.kind == "keyword" for child in tree.children):
        return along_axis(r, tree, function, function.along, given[0])
    if not kind.along_rows:
        no_keywords(r, tree)
    if function.expanded:
        return expanded_call(r, tree, function, given)
    args = [r.resolve(arg) for arg in given]
    if kind.entrywise and not r.scope.misfits:
        args = columns(r, args)
    if function.kind == "diag" and r.scope.strict_shapes:
        args = [whole_of_entries(arg) for arg in args]
    if function.unrolled is not None:
        args[-1] = signed_number(args[-1])
    check = reading.find(function.kind)
    if check is not None:
        check(r, tree, function, given, args)
    if kind.along_rows and len(args[0].shape) == 2 and axis_of(r, tree)[0] in (0, -2):
        return r.resolve(Node("array", f"along {tree.value} 0", (given[0],), tree.span))
    missing = len(function.args) - len(args)
    args += [r.definition(text, {}, tree) for text in function.defaults[len(function.defaults) - missing :]]
    return ex.Fn(function.name, tuple(args), order, function.kind, span=r.mark(tree))


def along_axis(r: Rules, tree: Node, function: Function, definition: str, given: Node) -> ex.Expr:
    """``var(X, axis=0)``: what is defined by sums over all entries, by sums along one axis."""
    axis, keepdims = axis_of(r, tree)
    arg = r.resolve(given)
    within(r, tree, arg, axis)
    if axis is None or len(arg.shape) == 1:
        return ex.Fn(function.name, (arg,), 0, function.kind, span=r.mark(tree))
    return r.definition(definition.format(axis=axis % len(arg.shape), keepdims=keepdims), {function.args[0]: arg}, tree)


def within(r: Rules, tree: Node, arg: ex.Expr, axis: int | None) -> None:
    """Raises InputError for an axis that an array does not have."""
    if axis is not None and not -len(arg.shape) <= axis < len(arg.shape):
        raise r.error(say("meaning.no_such_axis", axis=axis, shape=ex.show_shape(arg.shape)), tree)


def along_call(r: Rules, tree: Node, letter: Node) -> ex.Expr:
    """``softmax(e, j)``: of the numbers e at all positions of a letter, or of an array along its axis."""
    no_keywords(r, tree)
    body, _ = positional(tree)
    if letter.value in free_letters(body, r.scope):
        return over_letter(r, tree, body, letter)
    if letter.value in r.frame.letters:
        raise r.error(say("meaning.letter_in_argument", name=tree.value, letter=letter.value), letter)
    dim, value = r.scope.range_of(letter.value), r.resolve(body)
    if dim is None:
        message = say("meaning.unknown_range", name=letter.value)
        raise r.error(message, letter, say("meaning.declare_range", name=letter.value))
    axes = [axis for axis, own in enumerate(value.shape) if own == dim]
    if len(axes) != 1 or len(value.shape) > 2:
        shape = ex.show_shape(value.shape)
        raise r.error(say("meaning.not_one_axis", letter=letter.value, dim=dim, shape=shape), letter)
    if axes[0] == len(value.shape) - 1:
        return r.resolve(tree._replace(children=(body,)))
    turned = r.resolve(tree._replace(children=(Node("transpose", "", (body,), body.span),)))
    return ex.T(turned) if len(turned.shape) == 2 else turned


def over_letter(r: Rules, tree: Node, body: Node, letter: Node) -> ex.Expr:
    """A function along an axis of numbers with a letter: of a row of an array, or written out."""
    leaves = FUNCTIONS[tree.value].kind != "rowreduce"
    first, *indices = body.children if body.kind == "entry" else (body,)
    known = r.scope.names.get(first.value) if first.kind == "name" else None
    last = indices and indices[-1].kind == "name" and indices[-1].value == letter.value
    others = last and letter.value not in free_letters(Node("entry", "", (first, *indices[:-1]), body.span), r.scope)
    rows = isinstance(known, ex.Sym) and len(known.shape) == len(indices) and (len(indices) == 1 or r.scope.members)
    if others and rows:
        row = first if len(indices) == 1 else Node("entry", "", (first, *indices[:-1]), body.span)
        whole = tree._replace(children=(row,))
        return r.resolve(Node("entry", "", (whole, letter), tree.span) if leaves else whole)

    def call(name: str, *args: Node) -> Node:
        return Node("call", name, args, tree.span)

    above = call("exp", body)
    total = call("sum", above, letter)
    forms = {
        "softmax": lambda: Node("div", "", (above, total), tree.span),
        "log_softmax": lambda: Node("add", "", (body, Node("neg", "", (call("log", total),), tree.span)), tree.span),
        "logsumexp": lambda: call("log", total),
    }
    if tree.value not in forms:
        raise r.error(say("meaning.along_last_axis", name=tree.value), letter)
    value = r.resolve(forms[tree.value]())
    if value.shape:
        raise r.error(say("meaning.numbers_over_letter", name=tree.value, letter=letter.value), tree)
    return value


def whole_of_entries(e: ex.Expr) -> ex.Expr:
    """The vector of which a number with one letter is the entry, as in ``diag(p_n (1 - p_n))``; of others the same."""
    letters = ex.free_indices(e)
    if e.shape or len(letters) != 1:
        return e
    vector = _along(e, letters[0])
    return vector if vector is not None and vector.shape == (letters[0].dim,) else e


def _along(e: ex.Expr, letter: ex.Ix) -> ex.Expr | None:
    """An expression without the letter of its entries; None where it is not made entry by entry."""
    if isinstance(e, ex.Entry):
        return e.base if e.indices == (letter,) and letter not in ex.free_indices(e.base) else None
    if letter not in ex.free_indices(e):
        return e
    if not isinstance(e, (ex.Add, ex.Neg, ex.Mul, ex.Div, ex.Pow)) and not (isinstance(e, ex.Fn) and e.entrywise):
        return None
    parts = [_along(child, letter) for child in ex.children(e)]
    if any(part is None for part in parts):
        return None
    new = iter(part for part in parts if part is not None)
    return ex.rebuild(e, lambda child: next(new))


def expanded_call(r: Rules, tree: Node, function: Function, given: Sequence[Node]) -> ex.Expr:
    """A function that is shown in full: its definition with the arguments put in."""
    r.macros += 1
    if r.macros > MAX_MACROS:
        raise r.error(say("meaning.too_many_definitions", limit=MAX_MACROS), tree)
    args = {name: r.resolve(arg) for name, arg in zip(function.args, given, strict=True)}
    r.macros -= 1
    shapes = [value.shape for value in args.values()]
    if function.kind == "scalar" and len(shapes) == 2 and not fits_elementwise(*shapes):
        both = [ex.show_shape(shape) for shape in shapes]
        error = r.error(say("meaning.compares_one_shape", name=function.name, shapes=both), tree)
        raise Mismatch(error, "compare", *args.values())
    if function.kind == "vectors":
        for node, value in zip(given, args.values(), strict=True):
            if len(value.shape) > 2 or (len(value.shape) == 2 and value.shape[1] != 1):
                hint = say("meaning.usual.matmul")
                raise r.error(
                    say("meaning.takes_vectors", name=function.name, shape=ex.show_shape(value.shape)), node, hint
                )
    assert function.definition is not None, f"{function.name} is marked expanded but has no definition"
    whole = r.definition(function.definition, args, tree)
    if sum(1 for _ in islice(ex.walk(whole), MAX_WRITTEN_OUT + 1)) > MAX_WRITTEN_OUT:
        raise r.error(say("meaning.too_long_written_out", name=function.name), tree)
    return whole


reading: RuleTable[Callable[[Rules, Node, Function, Sequence[Node], Sequence[ex.Expr]], None]] = RuleTable("reading")
"""Checks the arguments of a call, for each kind of function that has something to check."""


@reading("elementwise")
def check_fit(r: Rules, tree: Node, function: Function, given: Sequence[Node], args: Sequence[ex.Expr]) -> None:
    r.fit(given, args, tree, "combine")


@reading("rowwise", "rowreduce")
def check_row(r: Rules, tree: Node, function: Function, given: Sequence[Node], args: Sequence[ex.Expr]) -> None:
    """A function along the last axis needs one, and says so when another axis, of more than two, is asked for."""
    rank = len(args[0].shape)
    if rank == 0:
        raise r.error(say("meaning.needs_array", name=tree.value), tree)
    for keyword in tree.children:
        if keyword.kind != "keyword":
            continue
        if keyword.value != "axis":
            hint = say("meaning.only_last_axis") if keyword.value == "dim" else None
            raise r.error(say("meaning.no_such_keyword", name=tree.value, keyword=keyword.value), keyword, hint)
        axis = integer(r, keyword)
        if axis not in (-1, rank - 1) and not (rank == 2 and axis in (0, -2)):
            within(r, tree, args[0], axis)
            raise r.error(say("meaning.along_last_axis", name=tree.value), keyword)


@reading("matrix")
def check_signature(r: Rules, tree: Node, function: Function, given: Sequence[Node], args: Sequence[ex.Expr]) -> None:
    """The shapes are those of a signature; where a power is written out, it is a whole number."""
    if function.unrolled is not None:
        check_power(r, tree, given[-1], args[-1])
    shapes = [arg.shape for arg in args]
    if function.signature(shapes) is not None:
        return
    if all(signature.takes == (("n", "n"),) for signature in function.signatures):
        raise r.error(say("meaning.needs_square", name=tree.value, shape=ex.show_shape(shapes[0])), tree)
    wanted = [" and ".join(f"[{', '.join(axes)}]" for axes in signature.takes) for signature in function.signatures]
    raise r.error(
        say("meaning.needs_shapes", name=tree.value, wanted=wanted, shapes=tuple(map(ex.show_shape, shapes))), tree
    )


MAX_POWER = 8
"""A power of a matrix is a product of so many factors at most."""


def signed_number(e: ex.Expr) -> ex.Expr:
    """A number with its sign."""
    return ex.num(-e.arg.value) if isinstance(e, ex.Neg) and isinstance(e.arg, ex.Num) else e


def check_power(r: Rules, tree: Node, node: Node, power: ex.Expr) -> None:
    whole = isinstance(power, ex.Num) and power.value.denominator == 1 and 0 < abs(power.value) <= MAX_POWER
    if not whole:
        raise r.error(say("meaning.whole_power", most=MAX_POWER), node)


@reading("kron", "cumulative")
def check_rank(r: Rules, tree: Node, function: Function, given: Sequence[Node], args: Sequence[ex.Expr]) -> None:
    rank = 2 if function.kind == "kron" else 1
    shapes = [arg.shape for arg in args]
    if any(len(shape) != rank for shape in shapes):
        message = say("meaning.takes_rank", name=tree.value, rank=rank, shapes=list(map(ex.show_shape, shapes)))
        raise r.error(message, tree)


def otimes_call(r: Rules, tree: Node) -> ex.Expr:
    """``A \\otimes B``: of two matrices the Kronecker product, of vectors the outer product."""
    if all(len([dim for dim in r.resolve(side).shape if dim != 1]) == 2 for side in tree.children):
        return r.resolve(Node("call", "kron", tree.children, tree.span))
    columns = tuple(Node("column", "", (side,), side.span) for side in tree.children)
    return r.resolve(Node("call", "outer", columns, tree.span))


def vec_call(r: Rules, tree: Node) -> ex.Expr:
    """``vec(A)``: the columns of a matrix one below the other; a vector is its only column."""
    no_keywords(r, tree)
    (arg,) = arguments(r, tree, 1, 1, "vec(A)")
    value = r.resolve(arg)
    if len(value.shape) < 2:
        return value
    if len(value.shape) > 2:
        raise r.error(say("meaning.takes_rank", name=tree.value, rank=2, shapes=[ex.show_shape(value.shape)]), tree)
    return ex.Reshape(ex.T(value), (dim_named(amount(value.shape[0]) * amount(value.shape[1])),), span=r.mark(tree))


@reading("diag", "scalar")
def check_square(r: Rules, tree: Node, function: Function, given: Sequence[Node], args: Sequence[ex.Expr]) -> None:
    shape, vectors = args[0].shape, function.kind == "diag"
    if function.name != "trace" and not vectors:
        return
    if not (len(shape) == 2 and shape[0] == shape[1]) and not (vectors and len(shape) == 1):
        raise r.error(
            say(
                "meaning.needs_square_or_vector" if vectors else "meaning.needs_square",
                name=tree.value,
                shape=ex.show_shape(shape),
            ),
            tree,
        )


# --- reductions ------------------------------------------------------------------------------------------------------


def reduction_call(r: Rules, tree: Node) -> ex.Expr:
    letters = index_reduction(tree, r.scope)
    if letters:
        return index_reduction_call(r, tree, letters)
    pairwise = tree.value in FUNCTIONS
    usage = f"{tree.value}(x), {tree.value}(x, axis=0)" + (f" or {tree.value}(x, y)" if pairwise else "")
    given = arguments(r, tree, 1, 2 if pairwise else 1, usage)
    if len(given) == 2:
        return table_call(r, tree, FUNCTIONS[tree.value], 0)
    return array_reduction(r, tree, given[0])


def array_reduction(r: Rules, tree: Node, body: Node) -> ex.Expr:
    """Over all entries or one axis.  A vector's only axis is all of it, and a scalar is its own sum."""
    axis, keepdims = axis_of(r, tree)
    arg = r.resolve(body)
    rank = len(arg.shape)
    within(r, tree, arg, axis)
    if rank == 0:
        letters = list(free_letters(body, r.scope))
        if letters:
            raise r.error(say("meaning.needs_letters", name=tree.value, body=r.quote(body), letter=letters[0]), tree)
        return arg
    if axis is None or rank == 1:
        return ex.Reduce(tree.value, arg, span=r.mark(tree))
    return ex.Reduce(tree.value, arg, axis % rank, keepdims, span=r.mark(tree))


def axis_of(r: Rules, tree: Node) -> tuple[int | None, bool]:
    axis: int | None = None
    keepdims = False
    for keyword in tree.children:
        if keyword.kind != "keyword":
            continue
        if keyword.value == "axis":
            axis = integer(r, keyword)
        elif keyword.value == "keepdims":
            word = keyword.children[0].value
            if word not in ("True", "False"):
                raise r.error(say("meaning.keepdims_value"), keyword)
            keepdims = word == "True"
        else:
            raise r.error(
                say("meaning.no_such_keyword", name=tree.value, keyword=keyword.value),
                keyword,
                say("meaning.takes_axis"),
            )
    return axis, keepdims


def integer(r: Rules, keyword: Node) -> int:
    """The whole number given to a keyword."""
    value = keyword.children[0]
    sign = 1
    if value.kind == "neg":
        value, sign = value.children[0], -1
    if value.kind != "num" or not value.value.isdecimal():
        raise r.error(say("meaning.keyword_not_whole", keyword=keyword.value), keyword)
    return sign * int(value.value)


def index_reduction_call(r: Rules, tree: Node, letters: Sequence[Node]) -> ex.Expr:
    no_keywords(r, tree)
    body = positional(tree)[0]
    inside = free_letters(body, r.scope)
    seen: set[str] = set()
    for letter in letters:
        check_letter(r, tree, letter, inside)
        if letter.value in seen:
            raise r.error(say("meaning.letter_twice", name=tree.value, letter=letter.value), letter)
        seen.add(letter.value)
    value, bound = r.under(letters, body)
    indices = []
    for node, letter_ in zip(letters, bound, strict=True):
        dim = letter_.dim if letter_.dim is not None else r.scope.range_of(node.value)
        if dim is None:
            raise r.error(
                say("meaning.unknown_range", name=node.value), node, say("meaning.declare_range", name=node.value)
            )
        indices.append(ex.Ix(letter_.shown, dim))
    unused = [letter for letter in letters if letter.value not in inside]
    if value.shape and unused:
        k, text = unused[0].value, r.quote(body)
        example = f"{text}[{k}]" if len(value.shape) == 1 else f"{text}[..., {k}]"
        raise r.error(
            say("meaning.whole_array_in_sum", text=text, shape=ex.show_shape(value.shape), k=k, example=example), tree
        )
    if tree.value == "prod" and (value.shape or unused):
        raise r.error(say("latex.product_over_index"), tree)
    return ex.IndexReduce(tree.value, value, tuple(indices), span=r.mark(tree))


def check_letter(r: Rules, tree: Node, letter: Node, inside: dict[str, Node]) -> None:
    if letter.kind == "num":
        raise r.error(
            say("meaning.letters_expected", name=tree.value), letter, say("meaning.write_axis", letter=letter.value)
        )
    if letter.kind != "name":
        raise r.error(say("meaning.letters_expected", name=tree.value), letter)
    known = bool(letter.children) or letter.value in inside or r.scope.range_of(letter.value) is not None
    if not known and letter.value in r.scope.names:
        raise r.error(say("meaning.quantity_for_letter", letter=letter.value), letter)


# --- built by name ---------------------------------------------------------------------------------------------------


def dims_of(r: Rules, tree: Node, most: int) -> tuple[ex.Dim, ...]:
    no_keywords(r, tree)
    usage = "ones(N) or ones(N, D)" if most == 2 else "eye(D)"
    return tuple(dim_of(r, arg) for arg in arguments(r, tree, 1, most, usage))


def dim_of(r: Rules, tree: Node) -> ex.Dim:
    if tree.kind == "num" and tree.value.isdecimal() and int(tree.value) > 0:
        return int(tree.value)
    if tree.kind == "name" and tree.value in r.scope.dims:
        size = r.scope.dims[tree.value].size
        return tree.value if size is None else size
    computed = read_amount(tree.value) if tree.kind == "name" else None
    if computed is not None and all(name in r.scope.dims for name in names_of(computed)):
        for name in names_of(computed):
            size = r.scope.dims[name].size
            computed = computed if size is None else put_in(computed, name, size)
        return dim_named(computed)
    if tree.kind in ("mul", "add", "sub") and (summed := blocks.size_of(r.resolve(tree))) is not None:
        return summed
    hint = suggest(r.quote(tree), sorted(r.scope.dims)) or say("meaning.declare_dimension")
    raise r.error(say("meaning.not_dimension", name=r.quote(tree)), tree, hint)


def ones_call(r: Rules, tree: Node) -> ex.Expr:
    return ex.Ones(dims_of(r, tree, 2), span=r.mark(tree))


def zeros_call(r: Rules, tree: Node) -> ex.Expr:
    return ex.Zeros(dims_of(r, tree, 2), span=r.mark(tree))


def direct_call(r: Rules, tree: Node) -> ex.Expr:
    """``direct(dL/dy)``: the local derivative in the loss's own equation, all other quantities held fixed."""
    no_keywords(r, tree)
    (arg,) = arguments(r, tree, 1, 1, "direct(dL/dy)")
    if arg.kind != "partial":
        raise r.error(say("meaning.direct_of_derivative"), arg)
    return r.resolve(Node("partial", "direct", arg.children, arg.span))


def eye_call(r: Rules, tree: Node) -> ex.Expr:
    return ex.Eye(dims_of(r, tree, 1)[0], span=r.mark(tree))


def log_size_call(r: Rules, tree: Node) -> ex.Expr:
    """The logarithm of what stands between bars: of a square matrix its determinant, else the absolute value."""
    arg = r.resolve(tree.children[0])
    if len(arg.shape) == 2 and arg.shape[0] == arg.shape[1] != 1:
        return ex.Fn("logdet", (arg,), 0, "matrix", span=r.mark(tree))
    return ex.Fn("log", (ex.Fn("abs", (arg,), span=r.mark(tree.children[0])),), span=r.mark(tree))


def grad_call(r: Rules, tree: Node) -> ex.Expr:
    no_keywords(r, tree)
    (arg,) = arguments(r, tree, 1, 1, "grad(z)")
    if not r.scope.derivatives:
        raise r.error(say("meaning.gradient_in_forward"), tree)
    target = r.resolve(arg)
    if arg.kind != "name" or not isinstance(target, ex.Sym):
        raise r.error(say("meaning.grad_of_name"), arg)
    return ex.Adj(target.name, target.declared, span=r.mark(tree))


def columns(r: Rules, values: Sequence[ex.Expr]) -> list[ex.Expr]:
    """The operands, with a column [D, 1] beside a vector [D] made that vector.

    In a forward equation the author's array is kept as it is, and NumPy's broadcasting decides; so it does where a
    vector was made a column on purpose, ``v[:, None]``.
    """
    shapes = [value.shape for value in values]
    if max(map(len, shapes), default=0) < 2:
        return list(values)
    vectors = {shape for shape in shapes if len(shape) == 1 and shape != (1,)}
    matrices = [shape for shape in shapes if len(shape) == 2 and not is_column(shape) and ex.scalar_if_ones(shape)]
    if len(vectors) != 1 or matrices or not r.scope.derivatives or any(map(_made_column, values)):
        return list(values)
    (vector,) = vectors
    return [ex.Reshape(v, vector) if v.shape == (*vector, 1) else v for v in values]


def _made_column(e: ex.Expr) -> bool:
    """Whether somebody gave a vector a second axis."""
    if isinstance(e, ex.Reshape) and not e.regroups:
        return len(e.arg.shape) == 1 and e.shape == (*e.arg.shape, 1)
    return isinstance(e, (ex.Add, ex.Neg, ex.Mul)) and any(map(_made_column, ex.children(e)))


def is_column(shape: ex.Shape) -> bool:
    return len(shape) == 2 and shape[1] == 1


def delta_call(r: Rules, tree: Node) -> ex.Expr:
    """``delta(i, j)``: a letter without a range of its own takes the other's, and so does a shifted index."""
    no_keywords(r, tree)
    arguments(r, tree, 2, 2, "delta(i, j)")
    return compared_positions(r, tuple(map(as_index, tree.children)), tree, equal=True)


def compared_positions(r: Rules, sides: Sequence[Node], tree: Node, *, equal: bool) -> ex.Expr:
    """Whether two positions, letters or labels, are the same, or differ."""
    labels = [label_of(side, r.scope) for side in sides]
    dims: list[ex.Dim | None] = [label.of for label in labels if label is not None]
    dims += [r.frame.letters[ix.value].dim for ix in sides if ix.value in r.frame.letters]
    dim = next((d for d in dims if d is not None), None)
    known = [d for d in dims if d is not None]
    if len(known) == 2 and is_part(known[0], known[1]):
        dim = known[1]
    i, j = (r.index(ix, dim) for ix in sides)
    return ex.Delta(i, j, equal, span=r.mark(tree))


def norm_call(r: Rules, tree: Node) -> ex.Expr:
    """``norm(x)``, the root of the sum of all squares; that is no 2-norm, ``norm(W, ord=2)``, of a matrix."""
    order = next((c.children[0] for c in tree.children if c.kind == "keyword" and c.value == "ord"), None)
    given = positional(tree)
    if order is None and len(given) == 2:
        order = given[1]
    if order is None or (order.kind, order.value) != ("num", "2"):
        return table_call(r, tree, FUNCTIONS["norm"], 0)
    value = table_call(r, tree._replace(children=given[:1]), FUNCTIONS["norm"], 0)
    shape = ex.children(value)[0].shape
    if len([dim for dim in shape if dim != 1]) > 1 and not r.scope.misfits:
        name = r.quote(given[0])
        raise r.error(say("meaning.two_norm_of_matrix", name=name, shape=ex.show_shape(shape)), tree)
    return value


def one_hot_call(r: Rules, tree: Node) -> ex.Expr:
    """``onehot(y)``: the one-hot vector of a label, or one for each of many."""
    no_keywords(r, tree)
    (arg,) = arguments(r, tree, 1, 1, "onehot(y)")
    label = label_of(arg, r.scope)
    if label is None:
        raise r.error(say("meaning.onehot_of_label", name=r.quote(arg)), arg)
    if arg.kind == "name":
        return ex.OneHot(label, label.of, span=r.mark(tree))
    found = r.index(arg, None)
    assert isinstance(found, ex.Label)
    return ex.OneHot(ex.Entry(label, found.at), label.of, span=r.mark(tree))


_SPECIAL: dict[str, Callable[[Rules, Node], ex.Expr]] = {
    "ones": ones_call,
    "zeros": zeros_call,
    "eye": eye_call,
    "grad": grad_call,
    "direct": direct_call,
    "log size": log_size_call,
    "onehot": one_hot_call,
    "concat": concat_call,
    "norm": norm_call,
    "vec": vec_call,
    "otimes": otimes_call,
}
