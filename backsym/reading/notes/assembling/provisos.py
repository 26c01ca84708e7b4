r"""What the words of a note change in what its equations say: "we ignore the bias", "treat $q$ as a constant".

Such words are refused where they are about something that the equations have, or lack: taken as they stand, the
equations would be another problem.  A sentence that asks, supposes or denies changes nothing.

Knows words and the first look at the equations; reads no mathematics.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from backsym.core.errors import InputError
from backsym.core.source import Source
from backsym.core.words import Said, say
from backsym.reading.latex.declarations import names_in_formula
from backsym.reading.latex.lexer import has_sign, tokens_in
from backsym.reading.latex.names import letter_of_name, split_tag
from backsym.reading.notes.asking.questions import ALL
from backsym.reading.notes.assembling.asked import role_by_custom
from backsym.reading.notes.assembling.said import FROZEN, Sentence
from backsym.reading.notes.assembling.stated import DERIVATIVES, Stated
from backsym.reading.notes.equations import Equations
from backsym.reading.notes.prose import Formula
from backsym.reading.notes.told_functions import named_functions
from backsym.reading.syntax import walk
from backsym.text.phrases import Phrases, Word, words_of

_LEAVES_OUT = Phrases(
    "ignore", "ignored", "ignores", "ignoring", "neglect", "neglected", "neglects", "neglecting", "drop", "drops",
    "dropped", "dropping", "omit", "omits", "omitted", "omitting", "leave out", "left out", "leaving out", "discard",
    "discarded", "without", "there is no", "there are no", "has no", "have no", "no", "vernachl\u00e4ssigen",
    "vernachl\u00e4ssigt", "ignorieren", "ignoriert", "weggelassen", "weglassen", "lassen weg", "lassen wir", "ohne",
    "keinen", "kein", "keine", "verzichten auf", "entf\u00e4llt", "entfallen",
)  # fmt: skip
_UP_TO = Phrases("up to terms", "bis auf terme")
BIAS = Phrases(
    "bias", "biases", "bias term", "bias terms", "bias vector", "bias vectors", "bias-term", "bias-vektor",
    "bias-terme", "biasse",
)  # fmt: skip
PENALTIES = Phrases(
    "penalty", "penalties", "weight decay", "weight-decay", "regularizer", "regulariser", "regularization",
    "regularisation", "regularization term", "regularisation term", "regularized", "regularised",
    "strafterm", "strafterms", "regularisierungsterms", "regularisierung",
    "regularisierungsterm", "regularisiert", "gewichtsabfall",
)  # fmt: skip
_FILLERS = frozenset(
    "the a an any all terms term vector vectors bias biases weight weights parameter parameters der die das den dem"
    " alle allen terme vektor und and in of von wir we sie factor faktor".split()
)
"""Words between one of those and what is left out."""
_OF_WHAT = frozenset("of on for to von f\u00fcr des der".split())
"""Words behind a penalty that is one of several."""
_LEFT_OUT = frozenset(
    "ignored neglected dropped omitted discarded vernachl\u00e4ssigt ignoriert weggelassen entf\u00e4llt"
    " vernachl\u00e4ssigen ignorieren weglassen weg".split()
)
"""Words behind what is left out."""
AS_A_CONSTANT = frozenset("constant constants fixed frozen konstant konstante konstanten fest eingefroren".split())
_HELD = frozenset(
    "is are be being as a an the held kept treated considered regarded taken fixed to it here now wird werden ist sind"
    " als eine wie wir gehalten behandelt betrachtet angesehen in this step lassen hier im folgenden"
    " set gesetzt auf gleich equal exactly all alle".split()
)
"""Words between a quantity and the word that calls it constant."""
_NO_FLOW = Phrases(
    "stop gradient", "stop-gradient", "stop the gradient", "stopgrad", "stop-grad", "stopped gradient", "detach",
    "detached", "no gradient flows", "no gradient is", "gradients do not flow", "gradients do not pass",
    "does not flow", "is not propagated", "are not propagated", "not back-propagated", "not backpropagated",
    "kein gradient", "keinen gradienten",
    "do not backpropagate", "don t backpropagate", "do not back-propagate", "not differentiate through",
    "is blocked", "are blocked", "is cut", "are cut", "no gradients", "do not let gradients", "don t let gradients",
    "flie\u00dft nicht", "fliesst nicht", "flie\u00dfen nicht", "flie\u00dft kein", "keine gradienten",
    "do not propagate", "not differentiated through", "leiten nicht durch", "nicht zur\u00fcckpropagiert",
)  # fmt: skip
_TRUNCATES = Phrases(
    "truncate", "truncated bptt", "truncated backpropagation", "truncated back-propagation", "through at most",
    "truncated gradient", "tbptt", "abgeschnittene backpropagation", "\u00fcber h\u00f6chstens",
)  # fmt: skip
_PARTS = frozenset(
    "row rows column columns entry entries component components element elements block half diagonal zeile zeilen"
    " spalte spalten eintrag eintr\u00e4ge komponente komponenten".split()
)
"""What a part of an array is called."""
TIES = Phrases(
    "share", "shares", "shared", "tied", "weight sharing", "same weights", "same weight", "same parameters",
    "identical", "teilen sich", "geteilt", "geteilte", "gekoppelt", "dieselben gewichte", "gleichen gewichte",
)  # fmt: skip
ALIKE = Phrases(
    *(f"{same} {what}" for same in ("identical", "same", "gleiche", "identische") for what in
      ("shape", "shapes", "size", "sizes", "dimension", "dimensions", "form", "gr\u00f6\u00dfe", "distribution")),
)  # fmt: skip
OF_WEIGHTS = Phrases(
    "weight", "weights", "weight sharing", "weight matrix", "weight matrices", "parameters", "gewichte", "parameter",
    "gewichtsmatrix",
)  # fmt: skip
_OTHER_TOTAL = Phrases(
    *(f"{word} {article} sum" for word in ("instead of", "rather than") for article in ("the", "a")),
    "statt der summe", "anstelle der summe", "anstatt der summe", "statt einer summe",
)  # fmt: skip
_EXCEPTS = Phrases(
    "except", "except for", "apart from", "other than", "with the exception", "ausser", "au\u00dfer", "bis auf",
    "mit ausnahme",
)  # fmt: skip
_EACH = frozenset("all every each layer layers unit units alle jede jeder jedes schicht schichten".split())
_ACTIVATIONS = Phrases(
    "activation", "activations", "activation function", "activation functions", "nonlinearity", "non-linearity",
    "nonlinearities", "aktivierung", "aktivierungen", "aktivierungsfunktion", "nichtlinearit\u00e4t",
)  # fmt: skip
_APPLIES = Phrases(
    "passed through", "pass through", "fed through", "sent through", "squashed by", "squashed through", "durch eine",
    "run through", "layer uses", "layers use", "layer applies", "layer is", "layers are", "units use", "neurons use",
    "schicht verwendet", "schicht benutzt", "schicht hat", "is applied to", "are applied to", "wird auf",
)  # fmt: skip
_WRITTEN = {"exp": {"softmax", "sigmoid", "tanh", "softplus", "logsoftmax"}, "max": {"relu"}}
"""The functions that may be written out, by what they are written with."""
_ONE_EXAMPLE = Phrases(
    *(f"{of} {one} {kind}{what}" for of in ("for", "of", "on") for one in ("a", "one", "a single", "one single")
      for kind in ("", "training ") for what in ("example", "sample", "data point") if one + kind != "a"),
    "per-example gradient", "per-example gradients", "per-sample gradient", "per-sample gradients",
    "f\u00fcr ein einzelnes beispiel", "f\u00fcr ein beispiel", "f\u00fcr ein einziges beispiel",
    "f\u00fcr ein trainingsbeispiel", "f\u00fcr ein einzelnes trainingsbeispiel",
)  # fmt: skip
_SLOPES = Phrases(
    "gradient", "gradients", "derivative", "derivatives", "compute", "derive", "find", "calculate", "differentiate",
    "gradienten", "ableitung", "ableitungen", "berechnen", "bestimmen", "berechne",
)  # fmt: skip
_LIKELIHOOD = Phrases("log-likelihood", "log likelihood", "loglikelihood", "log-likelihood-funktion")
_NEGATIVE = frozenset("negative negated minus negativen negativer neg".split())
_BASE = Phrases(
    "base 2", "base 10", "base two", "base ten", "base-2", "base-10", "binary logarithm", "binary logarithms",
    "decimal logarithm", "common logarithm", "logarithm to base", "basis 2", "basis 10", "basis zwei", "basis zehn",
    "zweierlogarithmus", "zehnerlogarithmus", "dualer logarithmus", "dekadischer logarithmus", "measured in bits",
    "in bits",
)  # fmt: skip
_NORM = Phrases("norm", "norms", "-norm", "normen")
_OTHER_NORMS = Phrases(
    "spectral", "nuclear", "maximum", "max", "infinity", "manhattan", "operator", "mahalanobis", "weighted", "spektral",
    "spektralnorm", "maximumsnorm", "supremumsnorm", "betragssummennorm", "trace", "sup",
    "l norm",
)  # fmt: skip
_NAMES_OF_NORMS = frozenset(
    r"\ell_1 \ell^1 L_1 L^1 l_1 1 \ell_\infty L_\infty \infty p \ell_p L_p \mathbf{A} A".split()
)
"""Formulas before "norm" that are not the usual one."""
_COLUMNS = Phrases(
    "each column", "every column", "the columns", "columns of", "column by column", "column-wise", "columnwise",
    "per column", "axis 0", "axis zero", "first axis", "jede spalte", "jeder spalte", "den spalten", "die spalten",
    "spaltenweise", "pro spalte",
)  # fmt: skip
_ROWS = Phrases(
    "each row", "every row", "row by row", "row-wise", "rowwise", "per row", "last axis", "jede zeile", "jeder zeile",
    "zeilenweise", "pro zeile",
)  # fmt: skip
_SOFTMAX = Phrases("softmax", "softmaxes", "softmax-funktion", "sums to one", "sum to one", "sums to 1", "sum to 1")
_CONVOLVES = Phrases(
    "convolution", "convolutions", "convolved", "cross-correlation", "convolution operator", "convolution operation",
    "faltung", "faltungsoperator", "kreuzkorrelation", "gefaltet", "convolutional",
)  # fmt: skip
_BY_ENTRIES = Phrases(
    "hadamard", "element-wise", "elementwise", "component-wise", "componentwise", "pointwise", "entry-wise",
    "entrywise", "elementweise", "elementweises", "komponentenweise", "eintragsweise", "element by element",
    "entry by entry",
)  # fmt: skip
_OTHER_PRODUCTS = Phrases(
    "kronecker", "outer", "matrix", "cross product", "composition", "dyadic", "tensor", "concatenation", "inner",
    "dot product", "scalar product", "\u00e4u\u00dferes", "\u00e4u\u00dfere", "matrizenprodukt", "matrixprodukt",
    "verkettung", "skalarprodukt", "kreuzprodukt", "tensorprodukt", "kronecker-produkt", "matrixmultiplikation",
)  # fmt: skip
_SIGNS = frozenset(("*", "odot", "otimes", "circ", "star", "ast", "bullet", "oplus", "cdot", "times"))
_ROWWISE = frozenset(("softmax", "logsoftmax", "log_softmax", "logsumexp"))
_OF_SQUARES = {"L2", "ell2"}
"""What a penalty of squares is called, "$L_2$ regularization"."""
_ADDED = Phrases(
    "weight decay", "weight-decay", "regularizer", "regulariser", "regularization", "regularisation", "regularized",
    "regularised", "regularize", "regularise", "ridge", "penalty", "penalize", "penalise", "lasso", "regularisierung",
    "regularisieren", "gewichtsabfall", "strafterm", "regularisierungsterm", "label smoothing",
)  # fmt: skip
_NEGATES = Phrases("negative of", "negation of", "minus", "negative von", "negativen von", "negierte")
_LEADS = Phrases(
    "normalising", "normalizing", "standardising", "standardizing", "rescaling", "centering", "centring", "averaging",
    "clipping", "whitening", "up to a factor", "up to the factor", "a factor of", "square root of", "half of",
    "the logarithm of", "the exponential of", "twice", "times", "bis auf den faktor", "die wurzel aus",
    "die h\u00e4lfte von", "normieren", "mitteln", "gemittelt",
)  # fmt: skip
"""Words before what is displayed that do something to it, or to what it is computed from."""
_COUNTED = Phrases(
    "inputs", "input units", "input neurons", "input features", "hidden units", "hidden neurons", "neurons", "units",
    "outputs", "output units", "output neurons", "features", "eing\u00e4nge", "eing\u00e4ngen", "neuronen",
    "ausg\u00e4nge", "ausg\u00e4ngen", "einheiten", "eingaben", "ausgaben",
)  # fmt: skip
_ITS_NEGATIVE = Phrases(
    *(f"{does} its {word}" for does in ("minimise", "minimize", "minimising", "minimizing") for word in
      ("negative", "negation")), "loss is its negative",
    *(f"negative of {it}" for it in ("this", "that", "it")), "negative davon", "minimieren ihr negatives",
    "minimieren das negative",
)  # fmt: skip
_TIED = Phrases("tied", "weight tying", "gekoppelte gewichte", "gekoppelten gewichten", "gewichte gekoppelt")
_TRANSPOSE_OF = Phrases(
    "transpose of", "transposes of", "transposed weights", "transponierte von", "transponierte der",
    "transponierten der", "transponierte des",
)  # fmt: skip
_WEIGHTS = Phrases("weight", "weights", "weight matrix", "gewichte", "gewichtsmatrix", "gewichten")
_LINEAR = frozenset("linear affine linearen lineare".split())
_LAST = _HELD | frozenset("layer uses use has have with activation activations units schicht hat".split())
_OUTER = Phrases("last layer", "output layer", "final layer", "letzte schicht", "ausgabeschicht")
_DOUBTFUL = Phrases(
    "leaky with", "with slope", "with a slope",
    "dropout", "drop-out", "averaged", "average over", "mean over", "gemittelt", "mittelwert \u00fcber",
    "is normalised", "is normalized", "are normalised", "are normalized", "wird normiert", "ist normiert",
    "batch normalization", "batch normalisation", "layer normalization", "layer normalisation", "clipped", "tied",
    "summed over", "summiert", "sum over all", "\u00fcber alle", "over all",
    "weight sharing", "share the same", "gekoppelt", "instead", "rather than", "stattdessen", "ignore", "neglect",
    "vernachl\u00e4ssigen", "stop", "label smoothing", "up to a constant", "bis auf eine konstante",
    "up to terms", "bis auf terme", "erratum", "in degrees", "in grad", "skip connection", "residual connection",
    "row vector", "row vectors", "zeilenvektor", "zeilenvektoren", "rescaled", "scaled by", "skaliert",
    "numerator layout", "denominator layout", "numerator-layout", "denominator-layout",
)  # fmt: skip
"""Words that may change what the equations say."""
_BOUND = frozenset(
    "triangular diagonal block-diagonal bidiagonal tridiagonal banded orthogonal orthonormal unitary circulant toeplitz"
    " hankel hermitian idempotent stochastic low-rank rank-one"
    " unit-norm normalized normalised"
    " dreiecksmatrix diagonalmatrix bandmatrix orthogonalmatrix permutationsmatrix einheitsvektor normiert"
    " diagonale diagonalen orthogonale orthogonalen".split()
)
_BOUND_BY = Phrases(
    "unit vector", "unit norm", "unit length", "norm one", "norm 1", "length one", "length 1", "rank one", "rank 1",
    "permutation matrix", "rotation matrix", "projection matrix", "identity matrix", "sum to one", "sums to one",
    "sum to 1", "sums to 1", "norm eins", "l\u00e4nge eins", "rang eins", "on the unit sphere", "on the simplex",
)  # fmt: skip
"""Words that leave a quantity fewer free entries than it has."""
_AROUND = _HELD | frozenset(
    "lower upper strictly strict unit square real matrix vector weight weights parameter parameters with has have of be"
    " norm length constrained restricted required assumed matrices and untere obere quadratische sei mit hat sein seien"
    " lie lies must stay remain both each d h".split()
)
"""Words between a quantity and such a word."""
_CALLED = frozenset("weight weights bias matrix vector parameter parameters embedding gewichte vektor".split())
_STAYS = frozenset("is are be being stay stays remain remains kept held ist sind sei bleibt bleiben wird".split())
"""Words between a quantity and the word that calls it frozen, behind it and before it."""
_JOINS = frozenset(("and", "und", "with", "mit"))
_INDEPENDENT = Phrases(
    "does not depend on", "do not depend on", "independent of", "not a function of", "unabh\u00e4ngig von",
    "h\u00e4ngt nicht von", "h\u00e4ngen nicht von",
)  # fmt: skip
_ZERO = frozenset("zero null 0 vanish vanishes verschwindet".split())
_OR = frozenset("or and oder und if for wenn f\u00fcr mean else otherwise".split())
"""Words behind a zero that is only one case."""
_ADDS = Phrases(
    "add", "adds", "added", "adding", "plus", "addieren", "addiert", "hinzu", "hinzugef\u00fcgt", "erg\u00e4nzt"
)
_HAS_BIAS = Phrases(
    "has a bias", "have a bias", "have biases", "has its own bias", "has also a bias", "hat einen bias",
    "haben einen bias", "hat auch einen bias",
)  # fmt: skip
_CONSTANTS = ("lambda", "alpha", "gamma", "mu", "eta", "beta")
"""Letters of the factors of penalties."""
_CORRECTED = Phrases(
    "erratum", "errata", "correction", "correctly", "corrected", "should read", "must read", "should have been",
    "should be replaced", "is replaced by", "replace", "mistake in", "typo", "typo in", "instead", "instead of",
    "rather than", "korrektur", "richtigstellung", "muss es", "muss lauten", "lautet richtig", "tippfehler",
    "stattdessen", "anstelle von", "ersetzen", "ersetzt", "statt", "anstatt",
)  # fmt: skip


_REPLACES = Phrases(
    "replace", "replaces", "replaced", "replacing", "exchange", "swap", "substitute", "ersetzen", "ersetze", "ersetzt",
)  # fmt: skip
_REPLACED_BY = frozenset("by with for durch".split())
_EQUATED = Phrases(
    "loss", "cost", "error", "objective", "activation", "activations", "nonlinearity", "non-linearity", "regularizer",
    "regulariser", "penalty", "bias", "verlust", "fehler", "kosten", "aktivierung", "verlustfunktion",
    "aktivierungsfunktion",
)  # fmt: skip
"""What an equation is of."""

_OF_MATHEMATICS = tuple(
    "loss cost bias weight gradient deriv slope sum averag mean zero constant activation function log norm softmax relu"
    " sigmoid tanh index indices row column layer input output target label factor term regular penal matri vector entr"
    " element product transpos denot notation symbol batch example sample class divid multipl scal round clip mask"
    " train dropout estimator approx depend independent differentiat propagat verlust kosten gewicht ableit steigung"
    " null konstant aktivier funktion zeile spalte schicht eingabe ausgabe ziel faktor vektor eintr produkt"
    " angle degree measured winkel gemessen wahrscheinlich beispiel klasse unabh h\u00e4ng differenz complex"
    " imagin modulo integer komplex ganzzahl".split()
)
"""How words begin by which a sentence speaks of what is computed."""
_DESCRIBES = frozenset(
    "represents too between stands i-th th previous next preceding for of batch shape shapes any ones per"
    " every respective row-wise"
    " a an the this that these those its our and or of in on at to by for from with as is are be was let given where"
    " here now we consider have has input inputs target targets weight weights bias biases parameter parameters vector"
    " vectors matrix matrices scalar scalars number numbers hidden layer layers output outputs prediction predictions"
    " predicted activation activations loss cost error objective function functions network neural neuron neurons unit"
    " units size sizes dimension dimensions denote denotes denoted define defined definition set example examples data"
    " feature features label labels class classes one-hot true learning rate step logistic sigmoid softmax tanh relu"
    " linear regression model single two three first second which such called all each i e respectively using one"
    " training sample samples entries entry element-wise elementwise applied compute computes computed real valued"
    " pre-activation pre-activations logit logits it they both also then so thus follows following equation equations"
    " column row correct index constant constants exponential mask masks"
    " fixed margin hyperparameter correct regularization strength coefficient factor initial state time steps"
    " der die das den dem des ein eine einen einer eines und oder von in im auf an zu mit f\u00fcr als ist sind seien"
    " es sei gegeben wobei dabei hier wir betrachten eingabe eingaben ausgabe ziel zielwert gewicht gewichte bias"
    " parameter vektor vektoren matrix matrizen skalar zahl schicht schichten neuron netz verlust fehler funktion"
    " gr\u00f6\u00dfe einheiten bezeichnet lernrate klasse beispiel beispiele die".split()
)
"""Words that say what something is, and change nothing of it."""


@dataclass(frozen=True)
class Kind:
    """Words that change the problem: the message, whether a sentence says so of this one, and whether what it says
    is ``shown`` by the equations.

    Of each of ``said`` a phrase must stand in it, no "no" before it, and none of ``unless``.  A sentence that asks,
    supposes or denies counts ``always``, or not.
    """

    message: Said
    holds: Callable[[Sentence], bool] = lambda s: True
    said: tuple[Phrases, ...] = ()
    unless: tuple[Phrases, ...] = ()
    always: bool = False
    shown: Callable[[], object] = lambda: False

    def changes(self, s: Sentence) -> bool:
        plain = (self.always or not s.other_case) and all(map(s.states, self.said))
        return plain and not any(map(s.has, self.unless)) and self.holds(s) and not self.shown()


def refuse(source: Source, sentences: Iterable[Sentence], kinds: Sequence[Kind]) -> None:
    """Raises InputError with each sentence that changes the problem, and what it does."""
    found = [(kind.message, s) for s in sentences for kind in kinds if kind.changes(s)]
    if found:
        raise InputError(source.diagnostic(message, (s.start, s.end)) for message, s in found)


def _has_any(places: Sequence[int], start: int, end: int) -> bool:
    n = bisect_left(places, start)
    return n < len(places) and places[n] < end


class Provisos:
    """The sentences of a note that change what ``equations`` say."""

    def __init__(self, note: Stated, equations: Equations):
        self.source, self.formulas, self.sentences = note.source, note.formulas, note.sentences
        self.equations = equations
        self.computed = {e.name for e in equations.found}
        self.known = {*equations.given(), *self.computed}
        self.biases = {name for name in equations.given() if letter_of_name(name) == "b"}
        self.calls = {tree.value for tree in equations.parts() if tree.kind == "call"}
        self.signs = {t.text for e in equations.found for t in tokens_in(note.source, e.segment.start, e.segment.end)}

    def check(self) -> None:
        """Raises InputError with each sentence that changes the problem."""
        refuse(self.source, self.sentences, self.kinds())

    def kinds(self) -> tuple[Kind, ...]:
        """What the first look at the equations tells."""
        return (
            Kind(say("notes.proviso.left_out"), self.leaves_out, unless=(_UP_TO,)),
            Kind(say("notes.proviso.held"), said=(_NO_FLOW,), always=True),
            Kind(say("notes.proviso.held"), said=(_TRUNCATES,)),
            Kind(say("notes.proviso.held"), self.holds),
            Kind(say("notes.proviso.denied"), self.denies, always=True),
            Kind(say("notes.proviso.base"), lambda s: "log" in self.calls, said=(_BASE,)),
            Kind(say("notes.proviso.norm"), self.other_norm, said=(_NORM,), always=True),
            Kind(
                say("notes.proviso.columns"), lambda s: bool(self.calls & _ROWWISE), said=(_SOFTMAX, _COLUMNS),
                unless=(_ROWS,),
            ),
            Kind(
                say("notes.proviso.product"), lambda s: bool(self.signs & {"*", "ast", "star"}), said=(_CONVOLVES,),
                unless=(_BY_ENTRIES,),
            ),
            Kind(say("notes.proviso.product"), self.other_product, said=(_OTHER_PRODUCTS,), unless=(_BY_ENTRIES,)),
            Kind(say("notes.proviso.added"), self.adds, unless=(_LEAVES_OUT,)),
            Kind(say("notes.proviso.corrected"), self.corrects, said=(_CORRECTED,), always=True),
            Kind(say("notes.proviso.averaged"), lambda s: "sum" in self.calls, said=(_OTHER_TOTAL,)),
            Kind(say("notes.proviso.tied"), self.ties, said=(TIES, OF_WEIGHTS), unless=(ALIKE,)),
            Kind(say("notes.proviso.tied"), lambda s: not self.twice()[0], said=(_TIED,)),
            Kind(say("notes.proviso.tied"), self.transposes, said=(_TRANSPOSE_OF, _WEIGHTS)),
            Kind(say("notes.proviso.layer"), self.linear),
            Kind(say("notes.proviso.excepted"), self.excepts, said=(_EXCEPTS,), unless=(_SLOPES,)),
            Kind(say("notes.proviso.function"), self.other_function, unless=(_EXCEPTS,)),
            Kind(say("notes.proviso.negated"), lambda s: not self.begins_with_minus(), said=(_ITS_NEGATIVE,)),
            Kind(say("notes.proviso.negated"), self.negates, said=(_NEGATES,)),
            Kind(say("notes.proviso.negated"), self.negates_likelihood, said=(_LIKELIHOOD,)),
        )  # fmt: skip

    def check_free(
        self, asked: Collection[str], known: Collection[str], families: Collection[str], sizes: Collection[str]
    ) -> None:
        """Raises InputError where a sentence binds or keeps what is ``asked``; without any, of what is given, but for
        what is ``known`` to be bound.

        So does one that asks for the gradient of one example, of a loss of ``families`` or divided by ``sizes``, or
        tells the loss of one where another equation of it is a sum.
        """
        names = set(asked) or set(self.equations.given()) - set(known)
        sides = [e.sides[1] for e in self.equations.found if e.sides is not None]
        sums = any(t.kind == "call" and t.value == "sum" for side in sides for t in walk(side))
        below = [t for side in sides for tree in walk(side) if tree.kind == "div" for t in walk(tree.children[1])]
        loss = self.equations.loss()
        seconds = [
            t for e in self.equations.seconds if e.left.name == loss for t in tokens_in(self.source, e.start, e.end)
        ]
        totals = not sums and any(token.text == "sum" for token in seconds)
        many = (sums and bool(families)) or any(t.value in sizes for t in below)
        everything = any(s.has(ALL) for s in self.sentences)
        kinds = (
            Kind(say("notes.proviso.bound"), lambda s: any(self.bound(s, n) & names for n in _binding(s))),
            Kind(say("notes.proviso.bound"), lambda s: bool(self.kept_in_part(s) & names)),
            Kind(say("notes.proviso.frozen"), lambda s: any(self.bound(s, n) & names for n in s.places_of(FROZEN))),
            Kind(say("notes.proviso.frozen"), lambda s: everything and bool(self.kept(s) & names)),
            Kind(say("notes.proviso.example"), lambda s: many, said=(_ONE_EXAMPLE, _SLOPES)),
            Kind(say("notes.proviso.total"), lambda s: totals, said=(_ONE_EXAMPLE,)),
        )
        refuse(self.source, self.sentences, kinds)

    def kept(self, s: Sentence) -> set[str]:
        """ "The output weights $v$ are fixed": the names of what is constant."""
        constant = [n for n, word in enumerate(s.words) if word in AS_A_CONSTANT]
        return {name for n in constant for m in s.before(n, _HELD) for name in self.names(s.shown.get(m))}

    def kept_in_part(self, s: Sentence) -> set[str]:
        """ "The first row of $W$ is fixed": the names of which a part is constant, or zero."""
        found: set[str] = set()
        for n, word in enumerate(s.words):
            if word in AS_A_CONSTANT or word in _ZERO:
                whole = [m for m in s.before(n, _HELD) if {*s.words[max(0, m - 3) : m]} & _PARTS]
                found |= {name for m in whole if m in s.shown for name in self.subject(s.shown[m])}
        return found

    def frozen(self) -> set[str]:
        """ "$W_0$ is frozen", "the frozen weights $W_0$": the names of what is kept as it is."""
        plain = (s for s in self.sentences if not s.other_case)
        return {name for s in plain for n in s.places_of(FROZEN) for name in self.kept_by(s, n)}

    def kept_by(self, s: Sentence, n: int) -> set[str]:
        """What a word such as "frozen" is said of: what stands before it, else behind it, apart from fillers."""
        behind = n + FROZEN.length_at(s.words, n) - 1
        ahead = [m for m in s.before(n, _STAYS) if m in s.shown]
        places = ahead or [m for m in s.behind(behind, _CALLED) if m in s.shown]
        return {name for m in places for name in self.subject(s.shown[m])}

    def bound(self, s: Sentence, number: int) -> set[str]:
        """What a word such as "diagonal" is said of: what stands before it or behind it, apart from fillers."""
        ahead = [n for n in s.before(number, _AROUND) if n in s.shown]
        behind = [n for n in s.behind(number, _AROUND) if n in s.shown]
        between = s.words[ahead[0] + 1 : number] if ahead else ()
        if between and not _JOINS.intersection(between):
            gap = self.source.text[s.shown[ahead[0]].end : s.places[number]]
            behind = behind if "," in gap else []  # "$W$ is frozen and $A$ is not" binds W alone.
        return {name for n in (*ahead, *behind) for name in self.subject(s.shown[n])}

    def doubtful(self) -> list[tuple[Sentence, int]]:
        """Sentences that may change the problem, in words that are not read, and from where to quote them."""
        found = []
        for s in (s for s in self.sentences if not self.is_heading(s)):
            adds = not self.is_penalised() and not s.has(_LEAVES_OUT)
            places = s.places_of(_DOUBTFUL) + (s.places_of(_ADDED) if adds else []) + self.counts(s)
            places += [n for n in s.places_of(_LEADS) if n < s.last_displayed]
            places += [n for n, f in s.shown.items() if f.displayed and self.labelled(f) in _DOUBTFUL]
            found += [(s, s.quoted_from(max(places)))] if places else []
        return found

    def is_heading(self, s: Sentence) -> bool:
        """Whether it is a title, or begins with a word in braces."""
        text = self.source.text
        line = text[text.rfind("\n", 0, s.start) + 1 : s.start].lstrip()
        title = text.startswith("#", s.start) or line.startswith(("#", "\\section", "\\subsection"))
        return line.endswith("{") or (title and "\n" not in text[s.start : s.end].strip())

    def labelled(self, formula: Formula) -> list[Word]:
        r"""The words in a formula, ``\text{(averaged over the batch)}``, those of macros too."""
        return words_of(self.source.text, formula.start, formula.end)

    def counts(self, s: Sentence) -> list[int]:
        """ "5 inputs and 3 hidden units", of numbers that no formula has."""
        found = [n for n, word in enumerate(s.words) if word.isdecimal() and _COUNTED.length_at(s.words, n + 1)]
        tokens = (tokens_in(self.source, f.start, f.end) for f in self.formulas) if found else ()
        written = {t.text for each in tokens for t in each if t.kind == "number"}
        return [n for n in found if s.words[n] not in written]

    def unread(self, used: Collection[int]) -> list[tuple[Sentence, int]]:
        """Sentences that speak of the mathematics in words that nothing here reads, and from where to quote them.

        A sentence with one of the places ``used``, or that leads to what is displayed, is read; behind what is
        displayed it is one by itself.
        """
        found, places = [], sorted(used)
        for s in self.sentences:
            last = s.last_displayed
            kept = [n for n in s.places_of(FROZEN) if not s.other_case and self.kept_by(s, n)]
            read = {n + m for n in kept for m in range(FROZEN.length_at(s.words, n))} | s.shown.keys()
            words = [w for n, w in enumerate(s.words[last + 1 :], last + 1) if n not in read and w[:1].isalpha()]
            about = any(word.startswith(_OF_MATHEMATICS) for word in words)
            formulas = [f for n, f in s.shown.items() if n > last]
            about = about or any(self.names(f) & self.known or self.is_derivative(f) for f in formulas)
            strange = [word for word in words if word not in _DESCRIBES and not (kept and word in _STAYS)]
            behind = s.shown[last].end if last >= 0 else s.start
            if about and strange and not self.is_heading(s) and not _has_any(places, behind, s.end):
                found.append((s, s.quoted_from(len(s.words))))
        return found

    def is_derivative(self, formula: Formula) -> bool:
        """Whether a formula is a derivative that is said to be nothing."""
        derives = has_sign(self.source, formula.start, formula.end, *DERIVATIVES)
        return derives and "=" not in self.source.text[formula.start : formula.end]

    def names(self, formula: Formula | None) -> set[str]:
        """The names of a formula that is nothing but names."""
        found = names_in_formula(self.source, formula.start, formula.end) if formula is not None else []
        return {spelled.name for spelled in found}

    def subject(self, formula: Formula) -> set[str]:
        """The names of a formula, or of the left side of a declaration; of a member, ``a_k``, that of its array."""
        tokens = tokens_in(self.source, formula.start, formula.end)
        end = next((t.start for t in tokens if t.text.lstrip("\\") == "in"), formula.end)
        found = {spelled.name for spelled in names_in_formula(self.source, formula.start, end)}
        return {_base(name) if name not in self.known and _base(name) in self.known else name for name in found}

    def entry_names(self, formula: Formula | None) -> set[str]:
        """The same, and of an entry the name of its array."""
        return self.names(formula) | set(self.texts(formula)[:1] if formula is not None else ())

    def texts(self, formula: Formula) -> list[str]:
        tokens = tokens_in(self.source, formula.start, formula.end)
        return [t.text for t in tokens if t.text not in ("{", "}", ".", ",", "")]

    # --- kinds ---

    def leaves_out(self, s: Sentence) -> bool:
        """ "We ignore the bias", "without $b$", "$b$ is dropped", where the equations have it."""
        objects: list[int] = []
        for n, word in enumerate(s.words):
            if (length := _LEAVES_OUT.length_at(s.words, n)) and not self.is_of_slope(s, n):
                at = n + length
                while at < len(s.words) and s.words[at] in _FILLERS:
                    objects.append(at)
                    at += 1
                objects.append(at)
            zero = word in _ZERO and not {*s.words[n + 1 : n + 2]} & _OR
            objects += s.before(n, _HELD) if word in _LEFT_OUT or zero else ()
        biases = bool(self.biases) and any(BIAS.length_at(s.words, n) for n in objects)
        lengths = [(n, PENALTIES.length_at(s.words, n)) for n in objects]
        biases |= bool(self.penalty()) and any(
            length and not {*s.words[n + length : n + length + 1]} & _OF_WHAT for n, length in lengths
        )
        named = {name for n in objects for name in self.names(s.shown.get(n)) if not name.endswith("0")}
        return biases or bool(named & self.known)

    def is_of_slope(self, s: Sentence, n: int) -> bool:
        """ "The derivative by $b$ has no factor $x$"."""
        has = {"has", "have", "contains", "ist", "enth\u00e4lt"} & {*s.words[max(0, n - 1) : n + 1]}
        return bool(has) and any(word.startswith(("gradient", "derivative", "ableitung")) for word in s.words[:n])

    def holds(self, s: Sentence) -> bool:
        """ "Treat $q$ as a constant", where q is computed."""
        return bool(self.kept(s) & self.computed)

    def denies(self, s: Sentence) -> bool:
        """ "$q$ does not depend on $w$", of which it is computed."""
        ends = [(n, n + length) for n in range(len(s.words)) if (length := _INDEPENDENT.length_at(s.words, n))]
        return any(
            self.names(s.shown.get(m)) & self.computed
            and self.entry_names(s.shown.get(behind)) & self.equations.behind(self.names(s.shown.get(m)))
            for n, behind in ends
            for m in s.before(n, _HELD)
        )

    def other_norm(self, s: Sentence) -> bool:
        r""" "where $\|\cdot\|$ is the $\ell_1$ norm"."""
        bars = any(not f.displayed and any("||" in t for t in self.texts(f)[:1]) for f in s.shown.values())
        named = (self.source.text[f.start : f.end].strip() in _NAMES_OF_NORMS for n, f in s.shown.items()
                 if _NORM.length_at(s.words, n + 1))  # fmt: skip
        numbered = any(_NORM.length_at(s.words, n + 1) for n, word in enumerate(s.words) if word in ("1", "one"))
        return "norm" in self.calls and bars and (s.has(_OTHER_NORMS) or numbered or any(named))

    def other_product(self, s: Sentence) -> bool:
        """ "where $*$ denotes the matrix product", of a sign that the equations have."""
        alone = {self.texts(f)[0] for f in s.shown.values() if len(self.texts(f)) == 1}
        return bool(alone & self.signs & _SIGNS)

    def adds(self, s: Sentence) -> bool:
        r""" "We use weight decay with coefficient $\lambda$", of a letter that no equation has, or of a number."""
        if any(f.displayed for f in s.shown.values()):
            return False
        penalised = self.is_penalised() or bool(self.penalty())
        known = self.known | self.equations.dims.keys() | (_OF_SQUARES if penalised else set())
        strange = [names for f in s.shown.values() if len(names := self.names(f)) == 1 and not names & known]
        number = any(word[:1].isdecimal() for word in s.words) and not penalised
        terms = (self.texts(f) for f in s.shown.values() if not self.names(f)) if s.has(_ADDS) else ()
        term = any(not {"=", "in", "partial", "nabla"} & {*t} and {*t} & {*_CONSTANTS} - self.known for t in terms)
        added = s.has(_ADDS) and (s.has(BIAS) or any(self.names(f) & self.computed for f in s.shown.values()))
        term |= added and bool(strange)
        bias = s.has(_HAS_BIAS) and not self.biases
        return term or bias or (s.has(_ADDED) and (bool(strange) or number))

    def is_penalised(self) -> bool:
        """Whether the letter of the factor of a penalty stands in an equation."""
        return any(split_tag(name)[0] in _CONSTANTS for name in self.known)

    def penalty(self) -> set[str]:
        """The names of the terms of a sum that nothing computed and no data are in, as powers, lengths or functions."""
        found: set[str] = set()
        nodes = [e.segment.left.key for e in self.equations.found]
        data = {name for name, at in self.equations.given().items() if role_by_custom(at, nodes) is not None}
        trees = (t for e in self.equations.found for side in (e.sides or ())[1:] for t in walk(side))
        for term in (term for tree in trees if tree.kind == "add" for term in tree.children):
            names = {t.value for t in walk(term) if t.kind == "name"}
            raised = any(t.kind == "pow" or (t.kind == "call" and t.value != "delta") for t in walk(term))
            if raised and not names & (self.computed | data):
                found |= names
        return found

    def negates(self, s: Sentence) -> bool:
        r""" "The loss is the negative of $\ell$", which is computed."""
        ends = (n + _NEGATES.length_at(s.words, n) for n in s.places_of(_NEGATES))
        return any(self.names(s.shown.get(n)) & self.computed for n in ends)

    def begins_with_minus(self) -> bool:
        """Whether the loss has a minus before its first term."""
        last = self.equations.found[-1]
        first = last.sides[1] if last.sides is not None else None
        while first is not None and first.kind in ("add", "terms", "div", "mul"):
            first = first.children[0]
        return first is not None and first.kind == "neg"

    def negates_likelihood(self, s: Sentence) -> bool:
        r""" "Differentiate the negative log-likelihood", where "$$\ell = ...$$ is the log-likelihood", and no minus."""

        def signs(of: Sentence) -> set[bool]:
            return {of.words[max(0, n - 1)] in _NEGATIVE for n in of.places_of(_LIKELIHOOD)}

        last = self.equations.found[-1]
        at = last.segment.start
        shows = (
            signs(of) == {False} and any(f.start <= at < f.end for f in of.shown.values()) for of in self.sentences
        )
        trees = [*walk(last.sides[1])] if last.sides is not None else []
        logs = [t.children[0].kind for t in trees if t.kind == "call" and t.value == "log"]
        bare = bool(logs) and all(kind in ("name", "entry") for kind in logs)  # Logarithms of probabilities.
        positive = bare and not any(t.kind in ("neg", "div") for t in trees)
        return True in signs(s) and not self.begins_with_minus() and (positive or any(shows))

    def corrects(self, s: Sentence) -> bool:
        """ "Erratum: the loss should read $L = ...$", where L has another equation, or a second that is not taken."""
        taken = {e.segment.start for e in self.equations.found}
        others = [e for e in self.equations.segments if s.start <= e.start < s.end and e.start not in taken]
        within = [self.texts(f) for f in s.shown.values() if not f.displayed]
        return bool(others) or any(t[0] in self.computed and "=" in t for t in within if t)

    def ties(self, s: Sentence) -> bool:
        r""" "The layers share their weights", where $W_1$ and $W_2$ are given, each for itself."""
        numbered: dict[str, int] = {}
        for base, mark in (split_tag(name) for name in self.equations.given()):
            numbered[base] = numbered.get(base, 0) + mark.isdecimal()
        named = {base for f in s.shown.values() if not f.displayed for base in map(_base, self.names(f))}
        weights = {base for base, count in numbered.items() if count > 1 and base[:1].isupper()}
        return bool(weights & named if named else weights) and not any(
            split_tag(name)[0] in weights for name in self.computed
        )

    def twice(self) -> tuple[set[str], bool]:
        """What is learned and stands twice, and whether one of it is transposed."""
        nodes = [e.segment.left.key for e in self.equations.found]
        given = {name for name, at in self.equations.given().items() if role_by_custom(at, nodes) is None}
        trees = [t for e in self.equations.found if e.sides is not None for t in walk(e.sides[1])]
        uses = Counter(t.value for t in trees if t.kind == "name" and t.value in given)
        twice = {name for name, count in uses.items() if count > 1}
        return twice, any(t.children[0].value in twice for t in trees if t.kind == "transpose")

    def transposes(self, s: Sentence) -> bool:
        """ "The decoder weights are the transpose of the encoder's", where each stands once, and none transposed."""
        shown = {text for f in s.shown.values() for text in self.texts(f)} & {"top", "'", "^T"}
        return not shown and not self.twice()[1]

    def linear(self, s: Sentence) -> bool:
        """ "The last layer is linear", where what the loss uses is computed by a function of its own."""
        outer = [
            n
            for n, w in enumerate(s.words)
            if w in _LINEAR and any(_OUTER.length_at(s.words, m) for m in s.before(n, _LAST))
        ]
        last = self.equations.found[-1].uses
        applied = (e for e in self.equations.found if e.sides is not None and e.name in last)
        calls = {e.sides[1].value for e in applied if e.sides is not None and e.sides[1].kind == "call"}
        followed = {*named_functions(s.words)} & self.calls
        return bool(outer) and not followed and bool(calls & {"sigmoid", "tanh", "relu", "softmax"})

    def excepts(self, s: Sentence) -> bool:
        """ "For all layers except the last", said of an equation; what is asked for may have exceptions."""
        places = s.places_of(_EXCEPTS)
        return any({*s.words[:n]} & _EACH for n in places)

    def other_function(self, s: Sentence) -> bool:
        """ "Hidden activations are tanh", or "it is passed through a softmax", where no equation has that."""
        if any(f.displayed for f in s.shown.values()):
            return False
        named = {*named_functions(s.words)}
        ends = [n + _ACTIVATIONS.length_at(s.words, n) - 1 for n in s.places_of(_ACTIVATIONS)]
        is_one = any(
            name for n in ends for m in s.behind(n, _HELD) if m > n + 1 for name in named_functions(s.words[m : m + 2])
        )
        said = s.has(_APPLIES) or is_one or (bool(ends) and "sigmoid" in self.calls)
        written = {name for call in self.calls for name in _WRITTEN.get(call, ())}
        return said and bool(named) and not named & (self.calls | written) and not self.equations.functions

    # --- another problem ---

    def speaks_of_equations(self, s: Sentence) -> bool:
        """Whether it speaks of a loss or a function, or has a quantity that is computed."""
        named = any(self.names(f) & self.computed for f in s.shown.values() if not f.displayed)
        return named or s.has(_EQUATED) or bool({*named_functions(self.spelled(s))})

    def replaces(self, s: Sentence) -> bool:
        r""" "Replace $\tanh$ by a ReLU", where the equations still have what is replaced, or lack what replaces it."""
        words = self.spelled(s)
        bys = [n for n, word in enumerate(words) if word in _REPLACED_BY] if s.has(_REPLACES) else []
        if not bys:
            return False
        by = next((n for n in bys if n > s.places_of(_REPLACES)[0]), bys[0])
        olds = {*named_functions(words[:by])} | {w for w in words[:by] if w in self.computed}
        news = {*named_functions(words[by:])}
        written = {name for call in self.calls for name in _WRITTEN.get(call, ())}
        return bool(olds & (self.calls | written | self.computed) or (news and not news & (self.calls | written)))

    def spelled(self, s: Sentence) -> list[str]:
        """The words, and each formula that is one sign or letter as that, without its backslash."""
        texts = {n: self.texts(f) for n, f in s.shown.items() if not f.displayed}
        return [texts[n][0].lstrip("\\") if len(texts.get(n, ())) == 1 else w for n, w in enumerate(s.words)]


def _binding(s: Sentence) -> list[int]:
    """The numbers of the words that leave a quantity fewer free entries."""
    return [n for n, word in enumerate(s.words) if word in _BOUND or _BOUND_BY.length_at(s.words, n)]


def _base(name: str) -> str:
    return split_tag(name)[0]
