r"""Which part of a problem a question of a note is: by what it is asked, of what, and whether it can be answered.

What a question leaves out is told by the arguments of the loss, ``J(w)``, or by what the note asked for before, if that
is one quantity alone.  A question that a part cannot answer, the minimizer of a loss that is not quadratic, is none.

Knows what depends on what; knows no problem files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from backsym.reading.notes.asking.network import Network
from backsym.reading.notes.asking.questions import Request
from backsym.text.phrases import Phrases, words_of

_DESCENT = Phrases(
    "gradient descent", "gradient-descent", "gradientenabstieg", "gradientenabstiegs", "gradientenverfahren"
)
_OTHER_WAYS = Phrases(
    "momentum", "adam", "rmsprop", "adagrad", "nesterov", "ascent", "gradient-ascent", "stochastic", "sgd",
    "mini-batch", "minibatch", "perceptron", "coordinate descent", "em algorithm", "gradientenaufstieg",
    "stochastischen", "stochastischer", "perzeptron", "projected", "proximal",
)  # fmt: skip
"""Other rules by which weights are updated."""
_MINIMIZING = Phrases(
    "minimize", "minimise", "minimizes", "minimises", "minimizing", "minimising", "minimum", "minimizer", "loss",
    "cost", "objective", "error function", "likelihood", "optimization", "optimisation", "minimieren", "minimiert",
    "verlust", "verlustfunktion", "kostenfunktion", "zielfunktion", "optimierung",
)  # fmt: skip
_ROOTS = Phrases("root", "roots", "zeros", "nullstelle", "nullstellen", "root-finding")
"""Words of notes in which Newton's method solves f(x) = 0, which is another step."""
_LETTERS_ONLY = ("jacobian", "hessian", "stationary")
"""Questions that no part answers in numbers."""
MOST_AXES = 4
"""A second derivative has at most so many axes."""


@dataclass(frozen=True)
class Answerable:
    """The kind of a part, with its items and its method, "" for the usual one."""

    kind: str
    names: tuple[str, ...]
    method: str = ""
    again: bool = False
    """Whether the same was asked for in letters before."""


@dataclass(frozen=True)
class Habits:
    """What a note speaks of: gradient descent and no other way to learn, and that something is minimized."""

    descent: bool
    minimizing: bool


def habits_of(text: str, *, stated: bool) -> Habits:
    """What the words say; ``stated`` if the note has a step of descent as a formula."""
    words = words_of(text)
    return Habits(
        (stated or words in _DESCENT) and words not in _OTHER_WAYS, words in _MINIMIZING and words not in _ROOTS
    )


def answerable(request: Request, network: Network, before: Iterable[str], habits: Habits) -> Answerable | None:
    """The part that a question is; None for none.

    ``before`` are the quantities by which the note asked for derivatives before.
    """
    if request.in_numbers and (not network.in_numbers or request.kind in _LETTERS_ONLY):
        return None
    if request.kind == "jacobian":
        return _jacobian(request, network)
    if request.kind == "compute":
        names = request.names or tuple(network.sides)
        computed = network.in_numbers and all(name in network.sides for name in names)
        return Answerable("compute", names) if computed else None
    again = request.kind == "again"
    if again:
        request = replace(request, kind="derive", names=request.names or tuple(dict.fromkeys(before)))
    names = request.names or _left_out(request, network, list(dict.fromkeys(before)))
    if not names or not all(map(network.has_slope_by, names)):
        return None
    request = replace(request, names=names)
    if request.kind in ("derive", "list") and request.in_numbers:
        return Answerable("compute", tuple(f"d{network.loss}/d{name}" for name in names), again=again)
    if request.kind in ("derive", "list"):
        gradients = any(network.ranks.get(name) for name in names)
        return Answerable(request.kind if request.kind == "list" or not gradients else "gradients", names)
    if network.recurrent:
        return None
    if request.kind == "hessian":
        axes = 2 * max(network.ranks.get(name) or 0 for name in names)
        return Answerable("hessian", names) if axes <= MOST_AXES else None
    if request.kind == "stationary":
        one = len(names) == 1 and network.is_quadratic(names[0])
        # A sum of squares has no largest value.
        return Answerable("stationary", names) if one and request.bends * network.curvature(names[0]) >= 0 else None
    if any(name in network.sides for name in names):
        return None
    if request.kind == "newton":
        small = all((network.ranks.get(name) or 0) < 2 for name in names)
        return Answerable("update", names, "newton") if small and habits.minimizing else None
    return Answerable("update", names) if request.kind == "update" or habits.descent else None


def _left_out(request: Request, network: Network, before: list[str]) -> tuple[str, ...]:
    """By what a question is asked that does not say so; none where that is open."""
    arguments = network.arguments.get(network.loss, ())
    if request.everything or request.several or (request.nabla and not arguments):
        learned = (network.matrices if request.matrices else network.parameters) or ()
        known = {*request.without} <= {*learned}
        found = tuple(name for name in learned if known and name not in request.without)
        return tuple(dict.fromkeys((*found, *request.also))) if found else ()
    if request.kind in ("update", "update rule"):
        stated = tuple(dict.fromkeys(name for name, _ in network.rates if network.known(name)))
        learned = network.parameters or stated or (arguments if len(arguments) == 1 else ())
        return learned if {*stated} <= {*learned} else ()
    # The gradient of J(w, b) is by both, that of f(x, y) as well if nothing else is given.
    chosen, given = {*(network.parameters or ())}, {*network.targets} - {*network.sides}
    own = {*arguments} <= chosen or (not chosen and {*arguments} == given)
    if len(arguments) == 1 or (own and request.kind in ("derive", "list", "hessian")):
        return arguments
    asked = before if request.kind not in ("derive", "list") and not arguments else []
    return tuple(asked) if len(asked) == 1 else ()


def _jacobian(request: Request, network: Network) -> Answerable | None:
    behind = network.behind(request.of)
    names = request.names or network.arguments.get(request.of) or tuple(behind - {*network.sides})
    if len(names) != 1:
        return None
    (by,) = names
    fits = request.of in network.sides and by in behind and by in network.ranks
    single = not network.recurrent and not {request.of, by} & {*network.families}
    return Answerable("jacobian", (f"d{request.of}/d{by}",)) if fits and single else None
