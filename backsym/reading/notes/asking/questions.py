r"""The questions of a sentence: "Compute the Hessian of $J$ with respect to $w$ and find the minimizer".

A sentence is read from its first word to its last: verbs, what they ask for, of what and by what, and words that change
nothing.  One with any other word asks for something else, "the eigenvalues of the Hessian", and is no question here.

Knows words and what formulas are; knows neither the equations of the note nor problem files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from backsym.reading.notes.asking.sentences import NOTHING, Element, Meant, Reader
from backsym.reading.notes.upstream import JACOBIAN
from backsym.text.phrases import Phrases, Word

_BEFORE = Phrases(
    *"abcdefghjklmnopqrstuvwxyz", "i", "ii", "iii", "iv", "v", "vi", "item", "part", "subpart", "question", "problem",
    "exercise", "task", "aufgabe", "teil", "teilaufgabe", "frage", "textbf", "please", "now", "then", "next", "also",
    "finally", "first", "and", "again", "hence", "bitte", "nun", "dann", "und", "schlie\u00dflich", "zuerst", "points",
    "point", "pt", "pts", "punkte", "using the chain rule", "mit der kettenregel",
    "use the chain rule to", "apply the chain rule to", "use backpropagation to", "using backpropagation",
    "use the chain rule and", "apply the chain rule and", "by the chain rule", "apply backpropagation to",
)  # fmt: skip
"""What may stand before a question: its number, and words that change nothing."""
_VERBS = Phrases(
    "compute", "calculate", "derive", "find", "determine", "obtain", "give", "write", "write out", "state", "work out",
    "deduce", "infer", "provide", "formulate", "recover", "read off", "produce", "folgern sie", "folgere",
    "evaluate", "perform", "carry out", "do", "execute", "take", "apply", "what is", "what are", "express", "form",
    "berechnen sie", "berechne", "bestimmen sie", "bestimme", "ermitteln sie", "ermittle", "finden sie", "finde",
    "geben sie", "gib", "leiten sie", "leite", "schreiben sie", "f\u00fchren sie", "f\u00fchre", "was ist",
    "wie lautet", "wie lauten", "stellen sie", "machen sie", "notieren sie",
)  # fmt: skip
_LISTS = Phrases("write down", "state", "list", "schreiben sie", "notieren sie")
"""Verbs that ask for no derivation."""
_SET = Phrases("set", "setting", "setzen sie", "setze")
_SOLVE = Phrases("solve", "l\u00f6sen sie", "l\u00f6se")
_OTHERS = Phrases(
    "use", "check", "verify", "approximate", "estimate", "decide",
    "discuss", "argue", "sketch", "plot", "implement", "compare", "comment", "interpret",
    "justify", "describe", "simplify", "diskutieren sie", "vergleichen sie", "implementieren sie", "begr\u00fcnden sie",
)  # fmt: skip
"""Verbs of questions that no part answers."""
_SHOW = Phrases(
    "show that", "prove that", "verify that", "show", "prove", "verify", "zeigen sie dass", "zeige dass",
    "beweisen sie dass",
)  # fmt: skip
_FOR = Phrases("for", "nach", "f\u00fcr")
_MINIMIZE = Phrases("minimize", "minimise", "maximize", "maximise", "minimieren sie", "maximieren sie")
_MINIMIZES = Phrases(
    "minimizes", "minimises", "minimize", "minimise", "maximizes", "maximises", "maximize", "maximise", "minimiert",
    "minimieren", "maximiert", "maximieren", "minimal macht", "maximal macht",
)  # fmt: skip
_FOR_WHICH = Phrases("for which", "for what", "f\u00fcr welches", "f\u00fcr welchen", "f\u00fcr welche")
_LEAST = Phrases(
    "minimize", "minimise", "minimizes", "minimises", "minimized", "minimised", "minimal", "minimizer", "minimiser",
    "smallest", "minimiert", "minimieren", "minimalstelle", "minimierer",
)  # fmt: skip
_LARGEST = Phrases(
    "maximize", "maximise", "maximizes", "maximises", "maximized", "maximised", "maximal", "maximizer", "maximiser",
    "maximiert", "maximieren", "maximalstelle",
)  # fmt: skip
_SMALLEST = Phrases(
    "minimal", "minimized", "minimised", "maximal", "maximized", "maximised", "smallest", "minimiert", "maximiert"
)
_IS = Phrases("is", "are", "ist", "wird")
_WHERE = Phrases("for which", "at which", "f\u00fcr das", "f\u00fcr den", "f\u00fcr die", "where")
_THAT = Phrases("that", "which", "das", "die", "der", "so that", "sodass")
_GRADIENT = Phrases(
    "gradient", "gradients", "gradient vector", "derivative", "derivatives", "partial derivative",
    "partial derivatives", "first derivative", "gradienten", "ableitung", "ableitungen", "partielle ableitung",
    "partiellen ableitungen", "subgradient", "subgradients", "sub-gradient", "sub-gradients", "subgradienten",
)  # fmt: skip
_GRADIENTS = Phrases("gradients", "derivatives", "partial derivatives", "ableitungen", "partiellen ableitungen")
"""Nouns that mean those by all parameters, where nothing else is said."""
_BACKWARD = Phrases(
    "backpropagation", "backprop", "back-propagation", "backward pass", "backpropagation equations",
    "backprop equations", "back-propagation equations", "backward equations", "backpropagation algorithm",
    "backpropagation rules", "backpropagation formulas", "backpropagation pass", "r\u00fcckw\u00e4rtsdurchlauf",
    "backpropagation-gleichungen", "backpropagation-formeln", "backpropagation through time", "bptt equations",
)  # fmt: skip
"""Nouns that mean all gradients, too."""
_NETWORK = Phrases(
    "network", "neural network", "model", "architecture", "network above", "model above", "above network",
    "above model", "layer", "rnn", "cell", "netz", "netzes", "netzwerk", "netzwerks", "modell", "modells",
)  # fmt: skip
"""What a note is about as a whole."""
_DERIVATIVE = Phrases(
    "derivative", "derivatives", "partial derivative", "partial derivatives", "ableitung", "partielle ableitung"
)
_HESSIAN = Phrases(
    "hessian", "hessian matrix", "full hessian", "hesse-matrix", "hessematrix", "hesse matrix", "second derivative",
    "second derivatives", "second-order derivative", "second-order derivatives", "second partial derivatives",
    "second-order partial derivatives", "matrix of second derivatives", "zweite ableitung", "zweiten ableitungen",
    "zweiten partiellen ableitungen",
)  # fmt: skip
_STATIONARY = Phrases(
    "minimizer", "minimiser", "maximizer", "maximiser", "stationary point", "critical point", "closed form",
    "closed-form solution", "closed form solution", "closed-form expression", "closed-form minimizer",
    "analytic solution", "analytical solution", "least squares solution", "least-squares solution",
    "least squares estimator", "least-squares estimator", "least squares estimate", "least-squares estimate",
    "maximum likelihood estimate", "maximum likelihood estimator", "maximum-likelihood estimate",
    "maximum-likelihood estimator", "mle", "ml estimator", "ml estimate", "minimalstelle", "maximalstelle",
    "minimierer", "geschlossene form", "geschlossene l\u00f6sung", "station\u00e4ren punkt", "station\u00e4re stelle",
    "maximum-likelihood-sch\u00e4tzer", "kleinste-quadrate-sch\u00e4tzer", "kleinste-quadrate-l\u00f6sung",
)  # fmt: skip
_OPTIMAL = Phrases("optimal", "best", "optimale", "optimalen", "maximum likelihood", "maximum-likelihood")
_ONE = Phrases("one", "single", "first", "one single", "exactly one", "einen", "ersten")
_DESCENT = Phrases(
    "step of gradient descent", "gradient descent step", "gradient-descent step", "gradient step",
    "iteration of gradient descent", "gradient descent iteration", "step of the gradient descent algorithm",
    "gradient descent update", "gradient-descent update", "gradient descent update rule", "gradient update",
    "update rule of gradient descent", "update rule for gradient descent", "gradient descent rule",
    "gradient descent update equation", "gradient descent update equations", "gradient descent updates",
    "gradient descent update rules",
    "schritt des gradientenabstiegs", "schritt gradientenabstieg", "gradientenabstiegsschritt", "gradientenschritt",
    "schritt des gradientenverfahrens", "update-regel des gradientenabstiegs",
    "aktualisierungsregel des gradientenabstiegs",
)  # fmt: skip
_RULE = Phrases(
    "update", "update rule", "update rules", "update equation", "update equations", "weight update", "weight updates",
    "update-regel", "aktualisierungsregel", "updated values",
)  # fmt: skip
_BY_DESCENT = Phrases(
    "of gradient descent", "for gradient descent", "des gradientenabstiegs", "by gradient descent",
    "using gradient descent", "with gradient descent", "mit gradientenabstieg",
)  # fmt: skip
_USING = Phrases("by", "using", "with", "by performing", "by taking", "durch", "mit")
"""Words behind which the method of an update stands."""
_UPDATE = Phrases("update", "aktualisieren sie", "aktualisiere")
_NEWTON = Phrases(
    "newton step", "newton update", "newton iteration", "step of newton s method", "iteration of newton s method",
    "newton s step", "newton update rule", "newton-schritt", "schritt des newton-verfahrens",
    "schritt des newtonverfahrens",
)  # fmt: skip
_RATE = Phrases(
    "with learning rate", "with a learning rate", "with the learning rate", "with a learning rate of",
    "with learning rate of", "with step size", "with a step size of", "with the step size", "using learning rate",
    "using a learning rate of", "using a learning rate", "with stepsize", "using step size", "with", "using", "mit",
    "mit lernrate", "mit der lernrate", "mit schrittweite", "mit der schrittweite", "learning rate",
    "and learning rate",
)  # fmt: skip
_NAMED_RATE = Phrases("learning rate")
_RATES = (r"\eta", r"\alpha")
"""Letters that are a learning rate without being called one."""
_OF = Phrases("of", "for", "on", "von", "der", "des", "f\u00fcr")
_BY = Phrases(
    "with respect to", "with regard to", "in respect to", "w r t", "wrt", "by", "nach", "bez\u00fcglich", "bzgl",
    "hinsichtlich", "over", "\u00fcber", "as a function of",
)  # fmt: skip
_ARTICLES = Phrases(
    "the", "a", "an", "its", "this", "that", "these", "our", "der", "die", "das", "den", "dem", "des", "ein", "eine",
    "einen", "both", "each", "us", "full", "explicit", "analytic", "analytical", "general", "corresponding",
    "following", "two", "three", "four", "zwei", "drei", "vier",
    "expression", "expressions", "formula", "expression for", "expressions for", "formula for", "an", "formulas for",
    "sie", "zugeh\u00f6rige", "jeweils", "resulting", "all", "equation for", "equations for", "matrix form of",
)  # fmt: skip
_LOSS = Phrases(
    "loss", "cost", "objective", "error", "loss function", "cost function", "objective function", "error function",
    "function", "log-likelihood", "likelihood", "negative log-likelihood", "verlust", "verlustfunktion", "kosten",
    "kostenfunktion", "zielfunktion", "fehler", "fehlerfunktion", "verlustes", "energy", "criterion", "risk",
)  # fmt: skip
_THINGS = Phrases(
    "parameter", "parameters", "weight", "weights", "weight vector", "weight matrix", "bias", "biases", "vector",
    "vectors", "variable", "variables", "value", "values", "value of", "values of", "parameter vector", "of", "input",
    "parametern", "gewicht", "gewichte", "gewichten", "gewichtsvektor", "vektor", "wert", "werte", "logits", "matrix",
    "hidden layer", "hidden state", "hidden states", "hidden units", "hidden vector", "hidden activations",
    "activation", "activations", "pre-activation", "pre-activations", "input vector", "inputs", "bias vector",
    "bias vectors",
    "weight matrices", "matrices", "embedding", "embeddings", "coefficients", "scalars", "eingabe", "eingabevektor",
    "gewichtsmatrix", "gewichtsmatrizen", "biasvektor", "verdeckte schicht", "verdeckten schicht", "aktivierung",
    "aktivierungen",
)  # fmt: skip
ALL = Phrases(
    "all parameters", "all the parameters", "all of the parameters", "each parameter", "each of the parameters",
    "every parameter", "all weights and biases", "all the weights and biases", "all model parameters",
    "all the weights", "all weights", "each weight", "all learnable parameters", "all trainable parameters",
    "all of its parameters", "all network parameters", "all the parameters of the network", "every weight and bias",
    "all the parameters of the model", "the model parameters", "allen gewichten",
    "its parameters", "the parameters", "all parameters of the network", "all parameters of the model",
    "allen parametern",
    "allen gewichten und biases", "alle parameter", "the weights and biases", "all weights and all biases",
    "all weight matrices and bias vectors", "all weight matrices and biases", "all weight matrices and all biases",
    "allen gewichtsmatrizen und biasvektoren", "allen gewichtsmatrizen und biases",
)  # fmt: skip
_MATRICES = Phrases(
    "all weight matrices", "all the weight matrices", "all of the weight matrices", "each weight matrix",
    "each of the weight matrices", "every weight matrix", "the weight matrices", "all matrices",
    "allen gewichtsmatrizen", "den gewichtsmatrizen", "jeder gewichtsmatrix",
)  # fmt: skip
"""Words for those parameters that are matrices."""
EXCEPT = Phrases(
    "except", "except for", "apart from", "other than", "but not", "but", "without", "excluding",
    "with the exception of", "au\u00dfer", "ausser", "bis auf", "ohne", "mit ausnahme von",
)  # fmt: skip
"""Words behind "all parameters" before those that are not meant."""
_JOIN = Phrases("and", "und", "as well as", "sowie", "then", "also", "or", "dann")
_TO_ZERO = Phrases(
    "to zero", "equal to zero", "to 0", "equal to 0", "gleich null", "gleich 0", "auf null", "zu null", "to be zero"
)
_IT = Phrases(
    "it", "this", "the result", "result", "your result", "this gradient", "this expression", "ihn", "sie", "diese"
)
_THEM = Phrases(
    "them", "both", "it", "these", "these gradients", "these derivatives", "both gradients", "both derivatives",
    "the derivatives", "the gradients", "all of them", "your results", "the results", "all gradients",
    "all derivatives", "diese", "diese ableitungen", "diese gradienten", "die ableitungen", "die gradienten",
)  # fmt: skip
"""Words for the derivatives that were asked for before, of which the numbers are asked for."""
_GIVING = Phrases(
    "for", "at", "with", "given", "using", "let", "suppose", "assume", "where", "at the point", "for the values",
    "with the values", "for the input", "at the values", "numerically for", "numerically at", "f\u00fcr", "mit", "bei",
    "an der stelle", "seien", "sei", "gegeben", "by using", "for the example", "with the weights", "consider",
)  # fmt: skip
"""Words before numbers at which something is to be computed."""
_IN_WHICH = Phrases("where", "with", "for", "wobei", "mit", "f\u00fcr")
"""Words before what the note declares within a question."""
_TO = Phrases("to", "for", "of")
"""Words again before the next that a derivative is by, "with respect to $W$ and to $b$"."""
_IN_TERMS = Phrases("in terms of", "as a function of", "as functions of")
"""Words before what an answer may use."""
_NUMERICALLY = Phrases(
    "at these values", "for these values", "at this point", "at the given values", "for the given values",
    "for this example", "an dieser stelle", "f\u00fcr diese werte", "numerically", "as a number", "as numbers",
    "numerisch", "zahlenm\u00e4\u00dfig",
)  # fmt: skip
_FORWARD = Phrases(
    "forward pass", "a forward pass", "one forward pass", "forward propagation", "vorw\u00e4rtsdurchlauf",
    "forw\u00e4rtspropagation", "vorw\u00e4rtspropagation", "all activations", "all intermediate values",
)  # fmt: skip
_COMPUTED = Phrases(
    "value of", "values of", "value", "values", "output", "outputs", "activation", "activations", "pre-activation",
    "pre-activations", "prediction", "predictions", "hidden activation", "hidden activations", "probabilities",
    "numerical value of", "numerical values of", "werte von", "wert von", "ausgabe", "aktivierung", "aktivierungen",
    "network output", "output of the network",
)  # fmt: skip
_TAIL = Phrases(
    "using the chain rule", "by the chain rule", "with the chain rule", "by hand", "in closed form", "in matrix form",
    "in vector form", "in matrix notation", "in vector notation", "in vectorized form", "step by step", "explicitly",
    "analytically", "show your work", "show all steps", "showing your work", "her", "ab", "an", "auf", "durch", "aus",
    "mit der kettenregel", "mithilfe der kettenregel", "in geschlossener form", "in matrixform", "as a matrix",
    "as a vector", "as vectors", "as matrices", "als vektor", "als matrix", "in vektorform",
    "in full", "daraus", "hieraus",
)  # fmt: skip

_TELLING = (_IN_WHICH, _IN_TERMS, _GIVING, _USING, _OF, _BY)
"""Words before what is no answer."""
_OF_DERIVATIVES = (_TAIL, _BEFORE, _GRADIENT, _BACKWARD, _NETWORK, _ARTICLES, _LOSS, _THINGS, ALL)
"""Other words of questions for derivatives."""
_CHANGES_NOTHING = Phrases(
    *(
        "squared mean average total quadratic binary cross-entropy cross entropy logistic hinge training empirical"
        " regularized regularised final overall scalar respect chain rule backpropagation backprop multivariate need"
        " want goal simple just very carefully using we you your i let s it is are be to in at from above below here"
        " how can will would should must could other required elementwise element-wise numerator denominator layout"
        " has have as error signal differentiate differentiating leiten leite ableiten"
        " computing through left do draw graph computational all"
        " remaining desired necessary respectively thus therefore so directly which what out up only one single scalars"
        " numbers real kettenregel mittlere mittleren quadratische quadratischen wir wollen nur im am ist sind zum zur"
        " f\u00fcr m\u00fcssen elementweise fehlersignal jetzt anschlie\u00dfend"
    ).split()
)
"""Words that a question for derivatives may have and that are none of the others."""


@dataclass(frozen=True)
class Request:
    """What one question asks for.

    ``kind`` is that of a part; ``derive`` and ``list`` are of derivatives of the loss, ``compute`` of quantities, and
    ``again`` of the derivatives before, in numbers.
    ``names`` are what it is by, none where the sentence does not say; ``everything`` if it says that all parameters are
    meant.  ``of`` is what is differentiated, "" for the loss; ``rate`` the learning rate as it is written, with its
    number.  Of updates there are three kinds: ``update`` by gradient descent, ``newton``, and ``update rule`` where the
    sentence does not say which.
    """

    kind: str
    at: int
    names: tuple[str, ...] = ()
    of: str = ""
    everything: bool = False
    without: tuple[str, ...] = ()
    """What is not meant by "all parameters except $b$"."""
    matrices: bool = False
    """Whether of all parameters those are meant that are matrices."""
    also: tuple[str, ...] = ()
    """What is meant besides all parameters, "and the input $x$"."""
    rate: tuple[str, str] | None = None
    in_numbers: bool = False
    """Whether it is about the numbers that the sentence itself gives."""
    bends: int = 0
    """Of a stationary point: 1 where the loss is to be smallest, -1 where it is to be largest, 0 where nothing says."""
    several: bool = False
    """Whether only its plural, "the gradients", says by what it is asked: by all parameters, or by what follows."""
    nabla: bool = False
    r"""Whether it is ``\nabla f``, without a letter below: by the arguments of f, or by all parameters."""


@dataclass
class _About:
    """What stands behind a noun: the quantities that it is of and by, the derivatives that it is, a learning rate."""

    of: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    everything: bool = False
    without: tuple[str, ...] = ()
    matrices: bool = False
    also: tuple[str, ...] = ()
    shown: Meant = NOTHING
    rate: tuple[str, str] | None = None


class Questions:
    """Reads the questions of a sentence; ``loss`` is the name of what is differentiated."""

    def __init__(self, found: Sequence[Element], loss: str):
        self.found = found
        self.loss = loss
        self.reader = Reader(found)
        self.requests: list[Request] = []
        self.in_numbers = False
        self.rest: int | None = None
        """Where something begins that is asked for behind the questions, and that no part answers."""

    def begins(self) -> bool:
        """Whether the sentence begins like a question, whatever it asks for."""
        self.reader.position = 0
        self.skip_number()
        verbs = (_OTHERS, _LISTS, _VERBS, _SET, _SOLVE, _MINIMIZE, _UPDATE, _FOR_WHICH)
        return any(self.reader.length(phrases) for phrases in verbs)

    def besides(self, at: int, claimed: Collection[int]) -> list[int]:
        """Where a sentence first asks for something else than derivatives, which are ``claimed`` by their places.

        That is behind a place a word that no question for derivatives has, after "and" or a verb; and a formula after a
        verb, unless words before it tell what is differentiated or what may be used.
        """
        reader = self.reader
        reader.position = 0
        asking, joined = False, None
        while not reader.ended:
            here = self.at
            if reader.took(_VERBS) or reader.took(_LISTS):
                asking, joined = True, here
            elif any(map(reader.took, _TELLING)):
                asking = False
            elif reader.took(_JOIN):
                joined = self.at
            elif self.took_all(_About()):
                if not reader.at_formula():
                    return [here]
            elif (shown := reader.formula()) is not None:
                if asking and here not in claimed and not shown.meant.declares and not shown.states:
                    return [here]
                joined = None
            elif not any(map(reader.took, _OF_DERIVATIVES)):
                if joined is not None and joined > at:
                    return [joined]
                reader.position += 1
        return []

    def strange(self, start: int, end: int) -> list[int]:
        """Where words of a question for derivatives stand that none needs: they may ask it of another problem."""
        reader, found = self.reader, []
        reader.position = 0
        known = (_VERBS, _LISTS, *_TELLING, _JOIN, *_OF_DERIVATIVES, _CHANGES_NOTHING, _SHOW, _OTHERS, _HESSIAN,
                 _MATRICES, EXCEPT, _NUMERICALLY, _SET, _SOLVE, _TO_ZERO, _WHERE, _THAT)  # fmt: skip
        while not reader.ended:
            here = self.at
            if not any(map(reader.took, known)) and reader.formula() is None and reader.number() is None:
                found += [here] if start <= here < end else []
                reader.position += 1
        return found

    def skip_number(self) -> None:
        while self.numbers() or self.reader.took(_BEFORE) or self.reader.number() is not None:
            continue

    def read(self) -> list[Request] | None:
        """The questions; None if any word is left."""
        reader = self.reader
        self.skip_number()
        if reader.ended or not self.clause():
            return None
        while not reader.ended:
            before = reader.position
            numbers = self.numbers() or self.takes_numbers() or self.declarations()
            self.rest = self.otherwise() if self.requests and not numbers else None
            if self.rest is not None:
                break
            if not numbers and not reader.took(_TAIL) and not reader.took(_JOIN) and not self.clause():
                return None
            assert reader.position > before, "what is read is passed over"
        words = [element for element in self.found if isinstance(element, Word)]
        bends = (words in _LEAST) - (words in _LARGEST)
        again = any(request.kind == "again" for request in self.requests)  # "Find them, and evaluate them at $w = 2$."
        return [
            replace(request, in_numbers=self.in_numbers and (not again or request.kind == "again"), bends=bends)
            for request in _shared(self.requests)
        ]

    def otherwise(self) -> int | None:
        """Where "and show that it is convex" begins, a verb that no part answers; None if nothing such stands here."""
        reader, before = self.reader, self.reader.position
        reader.skip(_JOIN)
        at = self.at
        if reader.position > before:
            shows = reader.took(_SHOW)
            shown = reader.formula() if shows else None
            if reader.took(_OTHERS) or (shows and (shown is None or not shown.states)):
                return at
        reader.position = before
        return None

    def numbers(self) -> bool:
        """Whether "for $x = 2$ and $w = 3$" stands here."""
        found = self.told(_GIVING, lambda meant: bool(meant.numbers), _ARTICLES, _THINGS)
        self.in_numbers = self.in_numbers or found
        return found

    def declarations(self) -> bool:
        r"""Whether "where $W \in \mathbb{R}^{K \times D}$ and $x \in \mathbb{R}^D$" stands here."""
        return self.told(_IN_WHICH, lambda meant: bool(meant.declares)) or self.told(
            _IN_TERMS, lambda meant: bool(meant.names or meant.slopes)
        )

    def told(self, introduced: Phrases, tells: Callable[[Meant], bool], *before_each: Phrases) -> bool:
        """Whether formulas of one kind stand here, behind the words that introduce them; they are passed over."""
        reader, before = self.reader, self.reader.position
        found = False
        if reader.took(introduced):
            while True:
                here = reader.position
                reader.skip(_JOIN)
                reader.skip(*before_each)
                shown = reader.formula()
                if shown is None or not tells(shown.meant):
                    reader.position = here
                    break
                found = True
        if not found:
            reader.position = before
        return found

    @property
    def at(self) -> int:
        return self.found[min(self.reader.position, len(self.found) - 1)].start

    # --- clauses ---

    def clause(self) -> bool:
        """Whether a verb with all that it asks for stands here."""
        at = self.at
        return self.first_of(
            self.for_which, self.set_to_zero, self.solved, self.minimized, self.updated, self.shows, self.verb, at=at
        )

    def first_of(self, *readers: Callable[[int], bool], at: int) -> bool:
        """Whether one of these can be read from here; what a failed one took or asked for is given back."""
        begin, count = self.reader.position, len(self.requests)
        for read in readers:
            if read(at):
                return True
            self.reader.position = begin
            del self.requests[count:]
        return False

    def shows(self, at: int) -> bool:
        """ "Show that $\\nabla_w J = X^T r$": what is to be shown is told by its formula."""
        return self.reader.took(_SHOW) and self.reader.formula() is not None

    def verb(self, at: int) -> bool:
        """ "Compute A, B and C"."""
        reader = self.reader
        self.lists = reader.took(_LISTS)
        if not self.lists and not reader.took(_VERBS):
            return False
        if not self.noun(at):
            return False
        while True:
            before = reader.position
            reader.skip(_JOIN)
            if reader.ended or not self.noun(self.at):
                reader.position = before
                return True

    def noun(self, at: int) -> bool:
        if self.first_of(self.those_before, at=at):
            return True
        self.skip_articles()
        return self.first_of(
            self.hessian, self.jacobian, self.newton, self.descent, self.gradient, self.stationary, self.optimal,
            self.that_minimizes, self.forward, self.formulas, at=at,
        )  # fmt: skip

    def ask(self, kind: str, at: int, about: _About, *, several: bool = False) -> bool:
        names = tuple(dict.fromkeys(about.names))
        nabla = not names and any(not by for _, by in about.shown.slopes)
        asked = Request(
            kind,
            at,
            names,
            everything=about.everything,
            without=about.without,
            matrices=about.matrices,
            also=about.also,
            rate=about.rate,
            several=several,
            nabla=nabla,
        )
        self.requests.append(asked)
        return True

    # --- nouns ---

    def those_before(self, at: int) -> bool:
        """ "Evaluate them at $w = 2$"."""
        return self.reader.took(_THEM) and (self.numbers() or self.takes_numbers()) and self.ask("again", at, _About())

    def takes_numbers(self) -> bool:
        """Whether "at these values" stands here."""
        found = self.reader.took(_NUMERICALLY)
        self.in_numbers = self.in_numbers or found
        return found

    def hessian(self, at: int) -> bool:
        if not self.reader.took(_HESSIAN):
            return False
        self.called()
        about = self.about()
        fits = set(about.of) <= {self.loss} and not about.shown.slopes and about.rate is None
        return fits and self.seconds(at, about) if about.shown.seconds else fits and self.ask("hessian", at, about)

    def seconds(self, at: int, about: _About) -> bool:
        """Second derivatives as formulas, which agree with what the words say."""
        by = tuple(dict.fromkeys(below for _, below in about.shown.seconds if below))
        if any(above != self.loss for above, _ in about.shown.seconds) or (by and about.names and by != about.names):
            return False
        return self.ask("hessian", at, replace(about, names=about.names or by))

    def called(self) -> None:
        """Passes over the letter that names what is asked, "the Hessian matrix $H$ of $f$"."""
        before = self.reader.position
        shown = self.reader.formula()
        if shown is None or not shown.meant.new:
            self.reader.position = before

    def jacobian(self, at: int) -> bool:
        if not self.reader.took(JACOBIAN):
            return False
        self.called()
        about = self.about()
        if about.names or about == _About(of=about.of):
            return self.total(at, replace(about, names=about.names or ("",)))
        return self.total(at, about)

    def gradient(self, at: int) -> bool:
        derivative = self.reader.length(_DERIVATIVE) > 0
        several = self.reader.length(_GRADIENTS) > 0 or self.reader.length(_BACKWARD) > 0
        if not self.reader.took(_GRADIENT) and not self.reader.took(_BACKWARD):
            return False
        about = self.about()
        if set(about.of) - {self.loss} or any(above != self.loss for above, _ in about.shown.slopes):
            return derivative and self.total(at, about)
        below = tuple(below for _, below in about.shown.slopes if below)
        if about.shown.seconds or about.shown.zero or about.rate or (below and about.names):
            return False
        names = about.names or below
        several = several and not names and not about.everything
        kind = "list" if self.lists else "derive"
        return self.ask(kind, at, replace(about, names=names), several=several)

    def total(self, at: int, about: _About) -> bool:
        """The Jacobian of one quantity by others."""
        shown = about.shown.slopes
        pairs = shown or tuple((of, by) for of in about.of for by in about.names)
        if about.everything or about.rate or about.shown.seconds or about.shown.zero or not pairs:
            return False
        if (shown and (about.of or about.names)) or len(about.of) > 1 or any(of == self.loss for of, _ in pairs):
            return False
        if not all(by for _, by in shown):
            return False
        self.requests += [Request("jacobian", at, (by,) if by else (), of) for of, by in pairs]
        return True

    def newton(self, at: int) -> bool:
        self.reader.took(_ONE)
        return self.reader.took(_NEWTON) and self.step(at, "newton", _About())

    def descent(self, at: int) -> bool:
        self.reader.took(_ONE)
        before = self.reader.position
        if (self.reader.took(_DESCENT) or self.reader.took(_RULE)) and self.reader.at_formula():
            shown = self.reader.formula()
            if shown is not None and shown.meant.descent:
                about = _About(names=(shown.meant.descent,), rate=shown.meant.rate)
                return self.step(at, "update", about)
        self.reader.position = before
        if self.reader.took(_DESCENT):
            return self.step(at, "update", _About())
        if not self.reader.took(_RULE):
            return False
        given = self.about()
        return given.shown == NOTHING and self.step(
            at, "update" if self.reader.took(_BY_DESCENT) else "update rule", given
        )

    def updated(self, at: int) -> bool:
        """ "Update $w$ by one step of gradient descent"."""
        reader = self.reader
        if not reader.took(_UPDATE):
            return False
        everything = reader.took(ALL)
        names = self.names()
        before = reader.position
        reader.took(_USING)
        self.skip_articles()
        reader.took(_ONE)
        descent = reader.took(_DESCENT) or reader.took(_BY_DESCENT)
        if not descent:
            reader.position = before
        given = _About(names=names, everything=everything and not names)
        return bool(names or everything) and self.step(at, "update" if descent else "update rule", given)

    def step(self, at: int, kind: str, given: _About) -> bool:
        """A step of descent: behind its noun stand what is updated, and the learning rate."""
        about = self.about()
        of = [name for name in (*given.of, *about.of) if name != self.loss]
        names = (*given.names, *of, *about.names)
        about.rate = about.rate or given.rate
        if about.shown != NOTHING or len(set(names)) < len(names) or (kind == "newton" and about.rate):
            return False
        return self.ask(kind, at, replace(about, names=names, everything=about.everything or given.everything))

    def stationary(self, at: int) -> bool:
        if not self.reader.took(_STATIONARY):
            return False
        direct = self.names() if self.reader.at_formula() else ()
        about = self.about()
        names = (*direct, *(name for name in about.of if name != self.loss), *about.names)
        alone = about.shown == NOTHING and not about.everything and about.rate is None
        return alone and self.ask("stationary", at, replace(about, names=names))

    def optimal(self, at: int) -> bool:
        """ "the optimal $w$"."""
        names = self.names() if self.reader.took(_OPTIMAL) else ()
        return bool(names) and self.ask("stationary", at, _About(names=names))

    def that_minimizes(self, at: int) -> bool:
        """ "the $w$ that minimizes $J$", "the value of $w$ for which $J$ is minimal"."""
        reader, names = self.reader, self.names()
        if not names:
            return False
        if reader.took(_WHERE):
            good = self.the_loss() and reader.took(_IS) and reader.took(_SMALLEST)
        elif reader.took(_THAT):
            good = (reader.took(_MINIMIZES) and self.the_loss()) or (self.the_loss() and reader.took(_MINIMIZES))
        else:
            good = False
        return good and self.ask("stationary", at, _About(names=names))

    def forward(self, at: int) -> bool:
        """ "the forward pass", or "the loss" without a letter."""
        reader = self.reader
        if reader.took(_FORWARD):
            return self.ask("compute", at, _About())
        reader.skip(_COMPUTED, _OF, _ARTICLES)
        return reader.took(_LOSS) and not reader.at_formula() and self.ask("compute", at, _About(names=(self.loss,)))

    def formulas(self, at: int) -> bool:
        """Derivatives, second derivatives or quantities that a verb asks for by their formulas."""
        reader, count = self.reader, len(self.requests)
        reader.skip(_COMPUTED, _ARTICLES, _LOSS)
        while (shown := reader.formula()) is not None:
            meant = shown.meant
            if meant.descent:
                good = self.ask("update", at, _About(names=(meant.descent,), rate=meant.rate))
            elif meant.seconds:
                good = self.seconds(shown.start, _About(shown=meant))
            elif meant.slopes and not meant.zero:
                mine = tuple(by for of, by in meant.slopes if of == self.loss)
                others = tuple((of, by) for of, by in meant.slopes if of != self.loss)
                asked = _About(names=tuple(filter(None, mine)), shown=meant)
                good = all(by for _, by in others) and (
                    not mine or self.ask("list" if self.lists else "derive", at, asked)
                )
                self.requests += [Request("jacobian", shown.start, (by,), of) for of, by in others]
            else:
                good = bool(meant.names) and self.ask("compute", at, _About(names=meant.names))
            if not good:
                return False
        return len(self.requests) > count

    # --- whole clauses ---

    def for_which(self, at: int) -> bool:
        """ "For which $w$ is $J$ minimal?" """
        if not self.reader.took(_FOR_WHICH):
            return False
        names = self.names()
        good = names and self.reader.took(_IS) and self.the_loss() and self.reader.took(_SMALLEST)
        return bool(good) and self.ask("stationary", at, _About(names=names))

    def set_to_zero(self, at: int) -> bool:
        """ "Set the gradient to zero and solve for $w$"."""
        reader = self.reader
        if not reader.took(_SET):
            return False
        about = _About()
        if not reader.took(_IT):
            self.skip_articles()
            about = self.about() if reader.took(_GRADIENT) or reader.at_formula() else about
        below = tuple(by for of, by in about.shown.slopes if of == self.loss and by)
        fits = (
            all(of == self.loss for of, _ in about.shown.slopes)
            and set(about.of) <= {self.loss}
            and not about.everything
        )
        if not fits or not (about.shown.zero or reader.took(_TO_ZERO)):
            return False
        reader.skip(_JOIN)
        return self.solution(at, about.names or below)

    def solved(self, at: int) -> bool:
        """ "Solve $\\nabla_w J = 0$ for $w$", or "solve for $w$" where the sentence has set something to zero."""
        reader = self.reader
        before = reader.position
        if any(request.kind == "stationary" for request in self.requests):
            return self.solution(at, ()) and reader.position > before
        shown = reader.formula() if reader.took(_SOLVE) else None
        if shown is None or not shown.meant.zero or any(of != self.loss for of, _ in shown.meant.slopes):
            return False
        names = tuple(by for _, by in shown.meant.slopes if by)
        found = self.names() if reader.took(_FOR) else names
        return (not names or set(found) == set(names)) and self.ask("stationary", at, _About(names=names or found))

    def solution(self, at: int, names: tuple[str, ...]) -> bool:
        """ "and solve for $w$", if the sentence goes on with that."""
        reader = self.reader
        found: tuple[str, ...] = ()
        if reader.took(_SOLVE) and reader.took(_FOR):
            found = self.names()
            if not found:
                return False
        agree = not found or not names or set(found) == set(names)
        return agree and self.ask("stationary", at, _About(names=found or names))

    def minimized(self, at: int) -> bool:
        """ "Minimize $J$ with respect to $w$"."""
        if not self.reader.took(_MINIMIZE) or not self.the_loss():
            return False
        about = self.about()
        fits = about.shown == NOTHING and not about.of and not about.everything and about.rate is None
        return fits and self.ask("stationary", at, about)

    # --- what a noun is about ---

    def about(self) -> _About:
        """All that says of what and by what a noun is."""
        found, reader = _About(), self.reader
        for _ in self.found:
            before = reader.position
            if not any(self.back_to(before) or read(found) for read in (self.by, self.rate, self.of, self.shown)):
                reader.position = before
                break
        return found

    def back_to(self, position: int) -> bool:
        self.reader.position = position
        return False

    def by(self, found: _About) -> bool:
        """ "with respect to $w$ and all other words that say so"."""
        if not self.reader.took(_BY):
            return False
        if self.took_all(found):
            return self.all_of(found)
        names = self.names()
        found.names += names
        while names and (more := self.more()):
            found.names += more
        return bool(names)

    def more(self) -> tuple[str, ...]:
        """The quantities behind "and with respect to", or "and to"."""
        before = self.reader.position
        self.reader.skip(_JOIN)
        names = self.names() if self.reader.took(_BY) or self.reader.took(_TO) else ()
        if not names:
            self.reader.position = before
        return names

    def took_all(self, found: _About) -> bool:
        found.matrices = self.reader.length(_MATRICES) > self.reader.length(ALL)
        return self.reader.took(_MATRICES if found.matrices else ALL)

    def all_of(self, found: _About) -> bool:
        """Behind "all parameters" stand which these are, "$W$ and $b$", or which are not meant, "except $b$".

        Or what is meant besides: "and $x$", "and with respect to the input $x$".
        """
        if self.reader.length(_JOIN):
            before = self.reader.position
            self.reader.took(_JOIN)
            found.also = self.names() or self.more()
            found.everything = True
            if not found.also:
                self.reader.position = before
            return True
        excepts = self.reader.took(EXCEPT)
        names = self.names()
        found.everything = excepts or not names
        found.without, found.names = (names, found.names) if excepts else ((), found.names + names)
        return bool(names) or not excepts

    def rate(self, found: _About) -> bool:
        named = self.reader.length(_RATE) > 1 or self.reader.length(_NAMED_RATE) > 0
        if not self.reader.took(_RATE):
            return False
        self.reader.took(_OF)
        shown = self.reader.formula()
        number = None if shown else self.reader.number()
        rate = shown.meant.rate if shown else (("", number) if number is not None else None)
        if rate is None or not (named or rate[0] in _RATES):
            return False
        found.rate = rate
        return True

    def of(self, found: _About) -> bool:
        """ "of the loss $L$", "for $w$", "for all parameters"."""
        reader = self.reader
        if not reader.took(_OF):
            return False
        if self.took_all(found):
            return self.all_of(found)
        before = reader.position
        self.skip_articles()
        if reader.took(_NETWORK):
            return True
        loss = reader.took(_LOSS)
        reader.skip(_LOSS)
        names = self.names() if reader.at_formula() or not loss else ()
        found.of += names
        return bool(names) or (loss and reader.position > before)

    def shown(self, found: _About) -> bool:
        """A derivative as a formula."""
        shown = self.reader.formula()
        fits = shown is not None and found.shown == NOTHING and bool(shown.meant.slopes or shown.meant.seconds)
        if shown is not None and fits:
            found.shown = shown.meant
        return fits

    def names(self) -> tuple[str, ...]:
        """Quantities, parted by commas or "and", with words such as "the weights"."""
        reader = self.reader
        found: list[str] = []
        while True:
            before = reader.position
            joined = not found or reader.took(_JOIN) or reader.at_formula()
            while reader.took(_ARTICLES) or (things := reader.took(_THINGS)):
                joined = joined or things
            shown = reader.formula()
            if shown is None or not shown.meant.names or not joined:
                reader.position = before
                return tuple(dict.fromkeys(found))
            found += shown.meant.names

    def the_loss(self) -> bool:
        """Whether the loss is named here, by a word or its letter."""
        reader = self.reader
        self.skip_articles()
        word = reader.took(_LOSS)
        reader.skip(_LOSS)
        if not reader.at_formula():
            return word
        shown = reader.formula()
        return shown is not None and shown.meant.names == (self.loss,)

    def skip_articles(self) -> None:
        self.reader.skip(_ARTICLES)


def _shared(requests: Sequence[Request]) -> list[Request]:
    """The requests of one sentence: what one of them leaves out is as in the next that has it, else as before."""
    found = list(requests)
    for n, request in enumerate(found):
        if request.names or request.everything or request.several or request.kind in ("jacobian", "compute"):
            continue
        if request.kind == "again":
            found[n] = replace(
                request, names=tuple(name for r in found[:n] if r.kind in ("derive", "list") for name in r.names)
            )
            continue
        others = [
            r for r in (*found[n + 1 :], *reversed(found[:n])) if r.kind != "compute" and (r.names or r.everything)
        ]
        if others:
            other = others[0]
            found[n] = replace(
                request,
                names=other.names,
                everything=other.everything,
                without=other.without,
                matrices=other.matrices,
                also=other.also,
            )
    computed = [request for request in found if request.kind == "compute" and request.names]
    if len(computed) > 1:
        names = tuple(dict.fromkeys(name for request in computed for name in request.names))
        together = replace(computed[0], names=names)
        found = [together if request is computed[0] else request for request in found if request not in computed[1:]]
    return [r for n, r in enumerate(found) if r not in found[:n]]
