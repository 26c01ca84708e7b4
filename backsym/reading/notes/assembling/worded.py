r"""What the words of a note do with what its equations compute: "averaged over the batch", "with skip connections".

Such words are refused where no equation does it.  What a note says that its equations show is no change: each kind of
words has signs in the equations by which these show it, and where those are there, nothing is refused.

Knows the sentences of a note and the first look at its equations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from backsym.core.words import say
from backsym.reading.latex.lexer import tokens_in
from backsym.reading.latex.names import letter_of_name
from backsym.reading.notes.assembling.provisos import (
    ALIKE,
    AS_A_CONSTANT,
    BIAS,
    OF_WEIGHTS,
    PENALTIES,
    TIES,
    Kind,
    Provisos,
    refuse,
)
from backsym.reading.notes.assembling.said import NONE, Sentence
from backsym.reading.syntax import walk
from backsym.text.phrases import Phrases

_PERHAPS = Phrases(
    "in practice", "usually", "often", "sometimes", "typically", "commonly", "in general", "could", "can", "may",
    "might", "other", "others", "some authors", "at test time", "recall", "if you", "in der praxis",
    "\u00fcblicherweise", "meist", "oft", "h\u00e4ufig", "manchmal", "kann", "k\u00f6nnen", "k\u00f6nnte",
    "zur testzeit", "beim testen", "test set", "test error", "testdaten", "called", "known as", "genannt", "hei\u00dft",
)  # fmt: skip
"""Words of a sentence that says what others do, or what may be done."""
_LOSSES = frozenset(
    "loss losses cost costs objective error errors criterion penalty verlust verluste kosten fehler zielfunktion"
    " kostenfunktion verlustfunktion fehlerfunktion loss-funktion".split()
)
_WE = frozenset("we wir".split())
_OF_SLOPES = frozenset(
    "gradient gradients derivative derivatives update updates step learning rate gradienten ableitung ableitungen"
    " lernrate schritt".split()
)
"""Words of what is done with derivatives."""
_AVERAGES = Phrases(
    *(f"{verb} {what}" for verb in ("average", "averages", "averaging", "mitteln")
      for what in ("the loss", "the losses", "the cost", "the error", "it", "den verlust", "die verluste")),
    "averaged", "average over", "averages over", "averaging over", "mean over", "average of the",
    "averaged over", "gemittelt", "mitteln", "mittelt", "mittelwert \u00fcber", "mittel \u00fcber",
    "mittel der einzelnen", "durchschnitt der", "durchschnitt \u00fcber",
)  # fmt: skip
_MEAN_ERRORS = Phrases(
    "mean squared", "mean-squared", "mean-squared-error", "mean square", "mse", "average loss", "average squared",
    "average error", "mean loss", "mean absolute", "mittlere quadratische", "mittleren quadratischen",
    "mittlerer quadratischer", "mittlere verlust", "mittleren verlust", "mse-verlust",
)  # fmt: skip
_OTHER_MEANS = frozenset(
    "weighted moving running exponential pooling pooled squared square gewichtet gewichtete gewichteter gleitend"
    " gleitende".split()
)
_SUMS = Phrases(
    "summed over", "summed up", "sum over all", "sums over", "sum over", "summing over", "summiert", "aufsummiert",
    "summieren", "summe \u00fcber",
)  # fmt: skip
_OF_ONE = Phrases(
    *(f"{one} {kind}{what}" for one in ("one", "single", "per", "each", "individual", "a", "an")
      for kind in ("", "training ", "data ") for what in ("example", "sample", "point", "instance")),
    "per-example", "per-sample", "einzelnes beispiel", "ein beispiel", "pro beispiel", "jedes beispiel",
    "eines beispiels", "einzelnen beispiels", "einzelnes trainingsbeispiel", "ein trainingsbeispiel",
    "pro trainingsbeispiel", "eines trainingsbeispiels",
)  # fmt: skip
_MEANS = frozenset(("mean", "average", "var", "std"))
_TOTALS = _MEANS | {"sum", "norm", "dot", "trace", "tr", "max"}
_WITH = frozenset(
    "plus add adds added adding contains contain includes include included including use uses using together with"
    " zuz\u00fcglich addieren addiert hinzu enth\u00e4lt verwenden verwendet benutzen nutzen samt mit"
    " kommt dazu".split()
)
_NEAR = 5
"""Words between such a word and what is added."""
_SKIPS = Phrases(
    "skip connection", "skip connections", "skip-connection", "skip-connections", "residual connection",
    "residual connections", "shortcut connection", "shortcut connections", "skip-verbindung", "skip-verbindungen",
    "residualverbindung", "residualverbindungen", "residuale verbindung", "sprungverbindung", "sprungverbindungen",
)  # fmt: skip
_SCALES = Phrases(
    "scaled by", "rescaled by", "multiplied by", "divided by", "weighted by", "scaled with", "skaliert mit",
    "skaliert um", "multipliziert mit", "geteilt durch", "dividiert durch", "gewichtet mit", "scale by",
)  # fmt: skip
_SCALED = _LOSSES | frozenset(
    "input inputs data feature features image images pixel pixels output outputs logit logits activation activations"
    " score scores eingabe eingaben daten merkmale bilder ausgabe ausgaben logits aktivierungen".split()
)
_DIVIDED = frozenset("divided geteilt dividiert".split())
_SCALED_BY = _DIVIDED | frozenset("skaliert multipliziert gewichtet".split())
"""German verbs behind what is scaled by."""
_FACTORS = {
    "half": 2, "halb": 2, "halbe": 2, "h\u00e4lfte": 2, "twice": 2, "double": 2, "doppelt": 2, "doppelte": 2,
    "quarter": 4, "viertel": 4, "third": 3, "drittel": 3, "tenth": 10, "zehntel": 10, "thrice": 3,
}  # fmt: skip
_TIMES = frozenset("times mal fold -fold".split())
_BETWEEN = frozenset("is equals the a one ist gleich das die der ein eine only just nur".split())
_REGIONS = Phrases(
    "linear otherwise", "linear for", "linear beyond", "linear outside", "linear instead", "quadratic for",
    "quadratic near", "quadratisch f\u00fcr", "linear f\u00fcr", "sonst linear", "ansonsten linear",
)  # fmt: skip
_IN_PARTS = frozenset(
    ("max", "min", "abs", "relu", "where", "cases", "clip", "huber", "sign", "step", "log", "sqrt", "cosh")
)
_TRANSFORMS = (
    (Phrases("clipped", "clamped", "gekappt"), frozenset(("clip", "min", "max", "relu"))),
    (
        Phrases(
            *(f"{verb} {kind}{word}" for verb in ("is", "are") for kind in ("", "batch-", "layer-")
              for word in ("normalised", "normalized")), "wird normiert", "ist normiert", "werden normiert",
            *(f"{verb} {kind} {word}" for verb in ("use", "apply", "with") for kind in ("layer", "batch")
              for word in ("normalization", "normalisation")),
        ),
        frozenset(("var", "std", "softmax")),
    ),
    (
        Phrases("rounded", "binarised", "binarized", "quantised", "quantized", "gerundet", "binarisiert"),
        frozenset(("round", "sign", "step")),
    ),
    (Phrases("max pooling", "max-pooling", "average pooling", "mean pooling"), frozenset(("max", "mean", "sum"))),
    (Phrases("bidirectional", "bidirektional"), frozenset(("concat",))),
)  # fmt: skip
"""Words for what is done with a part of a network, and the functions that show it."""
_OF_NETWORKS = _LOSSES | frozenset(
    "output outputs hidden layer layers activation activations weights logits units recurrence network ausgabe ausgaben"
    " schicht schichten aktivierungen gewichte rekursion netz".split()
)
_DROPOUT = Phrases("dropout", "drop-out")
_DROPS = frozenset("dropped dropped-out zero zeroed deaktiviert ausgeschaltet weggelassen null".split())
_UNITS = frozenset("units unit neurons activations inputs neuronen einheiten aktivierungen eingaben".split())
_APPLIED = frozenset(
    "apply applied applies use used uses using with rate probability randomly training wird werden angewendet"
    " angewandt verwenden verwendet benutzen nutzen rate wahrscheinlichkeit".split()
)
_MASKS = frozenset("m r d mask xi varepsilon".split())
_ENTRYWISE = frozenset(("odot", "circ", "*", "ast", "otimes", "star"))
_COMPLEX = Phrases(
    "complex number", "complex numbers", "complex-valued", "complex valued", "complex conjugate", "imaginary unit",
    "imaginary part", "complex plane", "komplexe zahl", "komplexe zahlen", "komplexwertig", "komplexwertige",
    "imagin\u00e4re einheit", "imagin\u00e4rteil", "komplex konjugiert", "komplex konjugierte", "komplex-konjugierte",
)  # fmt: skip
_IS_COMPLEX = frozenset("complex komplex".split())
_BE = frozenset("is are be let sei ist seien sind und and all".split())
_CODES = Phrases(
    *(f"{word} of" for word in ("encoding", "embedding", "representation", "code", "projection", "transform", "output",
      "prediction", "hidden state", "activation", "features")),
    *(f"{word} von" for word in ("kodierung", "einbettung", "darstellung", "repr\u00e4sentation", "ausgabe",
      "vorhersage", "projektion")),
    "output for", "prediction for", "ausgabe f\u00fcr", "vorhersage f\u00fcr", "obtained from", "computed from",
    "calculated from", "wird aus", "entsteht aus",
)  # fmt: skip
"""What a network makes of something."""
_IS = frozenset("is the an a its be denotes ist sei die der das eine ein learned latent vector".split())


_NEXT = frozenset("next n\u00e4chsten n\u00e4chste n\u00e4chster".split())
_TEXTS = frozenset("chapter chapters lecture lectures week course kapitel kapiteln vorlesung vorlesungen woche".split())
_CLAUSES = frozenset(
    "as like wie now here jetzt hier but aber and und while w\u00e4hrend which that this dies diese dieser then dann so"
    " already schon bereits too also auch still inside within network beim".split()
)
"""Words by which a sentence may be about this problem, too."""
_PREPARED = Phrases(
    "divided", "scaled", "rescaled", "multiplied", "normalised", "normalized", "standardised", "standardized", "durch",
    "clipped",
)  # fmt: skip
_WERE = frozenset("were was been wurden wurde".split())
_RAW = frozenset(
    "image images pixel pixels data dataset photo photos bild bilder bildern daten datensatz pixelwerte".split()
)
"""What is done before there is a network, and to what."""


class Worded:
    """The sentences of a note that do something with what the equations compute, which no equation does."""

    def __init__(self, provisos: Provisos):
        self.provisos = provisos
        self.equations = provisos.equations
        self.last = self.equations.found[-1].name
        self.sides = [e.sides[1] for e in self.equations.found if e.sides is not None]
        self.of_one = any(s.has(_OF_ONE) for s in provisos.sentences)

    def check(self) -> None:
        """Raises InputError with each sentence that changes the problem."""
        if len(self.sides) < len(self.equations.found):
            return
        self.check_real()
        sentences = (s for s in self.provisos.sentences if not self.provisos.is_heading(s) and self.is_of_this(s))
        refuse(self.provisos.source, sentences, self.kinds())

    def check_real(self) -> None:
        r"""Refuses a letter i that is used as the imaginary unit: upright, in an exponent, ``|a + i b|``, beside
        ``\bar z`` of what is computed, or with ``i^2 = -1``."""
        known = self.equations.given()
        for name in ("i", "j"):
            spelled = known.get(name)
            roots = [f for f in self.provisos.formulas if is_root_of_minus_one(self.provisos.texts(f), name)]
            if roots:
                place = (roots[0].start, roots[0].end)
                raise self.provisos.source.error(say("notes.proviso.complex"), place)
            if spelled is not None and (self.is_upright(spelled.span) or self.is_used_as_unit(name)):
                raise self.provisos.source.error(say("notes.proviso.complex"), spelled.span)

    def is_upright(self, span: tuple[int, int]) -> bool:
        return "\\mathrm" in self.provisos.source.text[max(0, span[0] - 8) : span[1]]

    def is_used_as_unit(self, name: str) -> bool:
        trees = [tree for side in self.sides for tree in walk(side)]
        powers = [t.children[1] for t in trees if t.kind == "pow" and t.children[0].value == "e"]
        powers += [t for t in trees if t.kind == "call" and t.value == "exp"]
        indices = {id(index) for t in trees if t.kind == "entry" for index in t.children[1:]}
        turns = any(part.value == name and id(part) not in indices for power in powers for part in walk(power))
        marked = {spelled.key[0].partition(":") for spelled in self.equations.given().values()}
        conjugate = any(mark in ("bar", "star", "overline") and of in self.provisos.computed for mark, _, of in marked)
        return turns or conjugate or "abs" in self.provisos.calls

    def kinds(self) -> tuple[Kind, ...]:
        """What a sentence says that is done here, and what in the equations shows it."""
        adds, calls = self.provisos, self.provisos.calls
        return (
            Kind(say("notes.proviso.averaged"), self.averages, said=(_AVERAGES,), shown=self.divides),
            Kind(say("notes.proviso.averaged"), self.sums, said=(_SUMS,), shown=self.totals),
            Kind(
                say("notes.proviso.added"), self.penalises, said=(PENALTIES,),
                shown=lambda: adds.is_penalised() or adds.penalty(),
            ),
            Kind(say("notes.proviso.added"), lambda s: not {*s.words} & NONE, said=(_SKIPS,), shown=self.adds_itself),
            Kind(say("notes.proviso.scaled"), self.scales),
            Kind(say("notes.proviso.scaled"), self.multiplies),
            Kind(say("notes.proviso.function"), self.of_loss, said=(_REGIONS,), shown=lambda: calls & _IN_PARTS),
            Kind(say("notes.proviso.layer"), self.transforms, shown=self.divides_by_more),
            Kind(say("notes.proviso.dropout"), self.drops, shown=self.masks),
            Kind(say("notes.proviso.tied"), self.shares, said=(TIES, OF_WEIGHTS), unless=(ALIKE,)),
            Kind(say("notes.proviso.excepted"), self.spares, always=True),
            Kind(say("notes.proviso.complex"), self.is_complex),
            Kind(say("notes.proviso.coded"), self.encodes, said=(_CODES,)),
        )  # fmt: skip

    def is_of_this(self, s: Sentence) -> bool:
        """Whether a sentence is about this problem: not what others do, in another text, or what was done to data."""
        return not s.has(_PERHAPS) and not self.is_of_another_text(s) and not self.is_of_raw_data(s)

    def is_of_another_text(self, s: Sentence) -> bool:
        """ "In the next chapter we add a penalty", without another clause that might be about this one."""
        places = [n for n, word in enumerate(s.words[:-1]) if word in _NEXT and s.words[n + 1] in _TEXTS]
        if len(places) != 1 or s.shown or {*s.words} & _CLAUSES:
            return False
        ends = s.places[places[0] + 1] + len(s.words[places[0] + 1])
        text = self.provisos.source.text
        return not any(sign in text[s.start : ends] + text[ends + 1 : s.end] for sign in ",;:()")

    def is_of_raw_data(self, s: Sentence) -> bool:
        """ "The images were divided by 255", of no quantity and no part of a network: they are given so."""
        words = {*s.words}
        done = any({*s.words[max(0, n - 1) : n]} & _WERE for n in s.places_of(_PREPARED))
        named = any(text.strip("\\").isalpha() for f in s.shown.values() for text in self.provisos.texts(f))
        return (
            done and bool(words & _RAW) and not named and not words & ((_OF_NETWORKS | _SCALED | _WE) - _RAW | _CLAUSES)
        )

    def of_loss(self, s: Sentence) -> bool:
        """Whether it is about the loss, by a word, its letter or its equation."""
        shown = [f for f in s.shown.values() if not f.displayed]
        named = any(self.last in self.provisos.entry_names(f) for f in shown)
        at = self.equations.found[-1].segment.start
        return named or bool({*s.words} & _LOSSES) or any(f.start <= at < f.end for f in s.shown.values())

    # --- what the equations show ---

    def divides(self) -> bool:
        """Whether they divide by a size or a number other than 2, or take a mean."""
        trees = [tree for side in self.sides for tree in walk(side)]
        below = [t.children[1] for t in trees if t.kind == "div"]
        below += [t.children[0] for t in trees if t.kind == "pow" and t.children[1].kind == "neg"]
        plain = [[*walk(tree)] for tree in below if not any(t.kind in ("call", "add") for t in walk(tree))]
        sizes = any(t.kind == "name" and t.value not in self.provisos.computed for each in plain for t in each)
        numbers = any(t.kind == "num" and t.value not in ("1", "2") for each in plain for t in each)
        return sizes or numbers or bool(self.provisos.calls & _MEANS)

    def totals(self) -> bool:
        """Whether they sum, or multiply vectors."""
        return bool(self.provisos.calls & _TOTALS) or any(t.kind == "transpose" for x in self.sides for t in walk(x))

    def means(self) -> list[Sentence]:
        """Sentences that speak of a mean squared error, where the equations sum and divide by no number of terms."""
        sums = bool(self.provisos.calls & {"sum", "norm"}) and not self.divides()
        return [s for s in self.provisos.sentences if sums and s.has(_MEAN_ERRORS)]

    def divides_by_more(self) -> bool:
        """Whether they divide by anything but a number."""
        trees = (tree for side in self.sides for tree in walk(side))
        return any(t.kind == "div" and t.children[1].kind != "num" for t in trees)

    def masks(self) -> bool:
        """Whether they multiply entry by entry, or have a quantity that is called as masks are."""
        names = {letter_of_name(name) for name in self.provisos.known}
        return bool(self.provisos.signs & _ENTRYWISE or names & _MASKS)

    def adds_itself(self) -> bool:
        """Whether a sum has a term that is a quantity alone, which is computed or used elsewhere, too."""
        used = Counter(t.value for side in self.sides for t in walk(side) if t.kind == "name")
        for add in (t for side in self.sides for t in walk(side) if t.kind == "add"):
            terms = [t for t in add.children if t.kind != "neg"]
            bare = [t.children[0].value if t.kind == "entry" else t.value for t in terms if t.kind in ("name", "entry")]
            if len(terms) > 1 and any(name in self.provisos.computed or used[name] > 1 for name in bare):
                return True
        return "concat" in self.provisos.calls

    # --- kinds ---

    def averages(self, s: Sentence) -> bool:
        """ "We average over all examples", where nothing is divided by their number."""
        others = {*s.words} & (_OTHER_MEANS | _OF_SLOPES)
        return self.is_of_all(s) and not others

    def sums(self, s: Sentence) -> bool:
        """ "The loss is summed over all outputs", where nothing is summed."""
        return self.is_of_all(s) and not {*s.words} & _OF_SLOPES

    def is_of_all(self, s: Sentence) -> bool:
        """Whether it is about the loss, or what we do, and no equation may be that of one example."""
        return not self.of_one and (self.of_loss(s) or bool({*s.words[:2]} & _WE))

    def penalises(self, s: Sentence) -> bool:
        """ "Plus an L2 penalty", where no term is of what is learned alone."""
        beside = (s.words[max(0, n - _NEAR) : n + _NEAR] for n in s.places_of(PENALTIES))
        return any({*words} & _WITH for words in beside) and not {*s.words} & NONE

    def scales(self, s: Sentence) -> bool:
        r""" "The inputs are scaled by $1/\sqrt{D}$", where the equations have no such factor."""
        words = {*s.words}
        ends = [n + length for n in range(len(s.words)) if (length := _SCALES.length_at(s.words, n))]
        by = [m for n in ends for m in range(n, min(n + 5, len(s.words)))][:5]
        by += [n - 1 for n, word in enumerate(s.words) if n and word in _SCALED_BY]
        divides = bool(words & _DIVIDED) and bool(words & _LOSSES) and not self.divides()
        found = [n for n in by if n in s.shown or s.words[n][:1].isdecimal()]
        named = (self.provisos.names(f) & self.provisos.computed for f in s.shown.values() if not f.displayed)
        about = (words & _SCALED or any(named)) and not words & _OF_SLOPES
        return bool(about) and any(divides or self.is_strange(s, n) for n in found)

    def is_strange(self, s: Sentence, at: int) -> bool:
        """Whether a number or formula has what no equation has."""
        tokens = self.provisos.texts(s.shown[at]) if at in s.shown else [s.words[at]]
        told = [*takewhile(lambda text: text != "in", (text.lstrip("\\") for text in tokens))]
        told = [
            text for text in told if text[:1].isalnum() and text not in ("1", "sqrt", "frac", "tfrac", "left", "right")
        ]
        return bool(told) and not {*told} <= {sign.lstrip("\\") for sign in self.provisos.signs}

    def multiplies(self, s: Sentence) -> bool:
        r""" "The loss is 5 % of the squared error", "half the error", where no equation has such a factor."""
        numbers = {t.value for side in self.sides for t in walk(side) if t.kind == "num"}
        exponents = (t.children[1].value for side in self.sides for t in walk(side) if t.kind == "pow")
        factors = Counter(t.value for side in self.sides for t in walk(side) if t.kind == "num")
        factors.subtract(Counter(exponents))
        shown = {value for value in numbers if factors[value] > 0}
        told = [n for n, word in enumerate(s.words) if word in _FACTORS and str(_FACTORS[word]) not in shown]
        told += [n for n in self.percents(s) if not shown - {"1", "2"}]
        told += [
            n for n, word in enumerate(s.words[:-1])
            if word[:1].isdecimal() and s.words[n + 1] in _TIMES and word not in shown and not shown - {"1", "2"}
        ]  # fmt: skip
        return any(self.is_of_loss(s, n) for n in told) and not {*s.words} & _OF_SLOPES

    def is_of_loss(self, s: Sentence, n: int) -> bool:
        """Whether nothing but "is" stands between the loss and what is said."""
        places = [*s.before(n, _BETWEEN)]
        at = places[-1] if places else n
        named = self.last in self.provisos.entry_names(s.shown.get(at))
        return len(places) > 1 and (s.words[at] in _LOSSES or named)

    def transforms(self, s: Sentence) -> bool:
        """ "The output is normalised", "the weights are clipped", where no equation does so."""
        words = {*s.words}
        said = any(s.has(phrases) and not self.provisos.calls & shown for phrases, shown in _TRANSFORMS)
        about = words & _OF_NETWORKS and not words & (_OF_SLOPES | NONE)
        return said and bool(about)

    def drops(self, s: Sentence) -> bool:
        """ "Dropout is applied to the hidden layer", where no equation has a mask."""
        words = {*s.words}
        said = (s.has(_DROPOUT) and words & _APPLIED) or (words & _DROPS and words & _UNITS and self.percents(s))
        return bool(said) and not words & NONE

    def percents(self, s: Sentence) -> list[int]:
        """The numbers of the words that are a number with a percent sign."""
        text = self.provisos.source.text
        ends = {n: s.places[n] + len(word) for n, word in enumerate(s.words) if word[:1].isdecimal()}
        shown = [n for n, f in s.shown.items() if self.provisos.texts(f)[-1:] in (["\\%"], ["%"])]
        return [*shown, *(n for n, end in ends.items() if text[end : end + 3].lstrip("$\\ ")[:1] == "%")]

    def shares(self, s: Sentence) -> bool:
        """ "The weights are shared", where each stands once, and none is of many examples or steps."""
        trees = [tree for side in self.sides for tree in walk(side)]
        used = Counter(t.value for t in trees if t.kind == "name")
        given = [name for name in self.equations.given() if letter_of_name(name)[:1] in "WUVwuv"]
        once = len(given) > 1 and all(used[name] == 1 for name in given)
        named = any(self.provisos.names(f) for f in s.shown.values())
        return not named and once and not any(t.kind == "entry" or t.value == "conv" for t in trees)

    def spares(self, s: Sentence) -> bool:
        """ "The bias is not regularised", where it is."""
        words, biases = {*s.words}, self.provisos.biases & self.provisos.penalty()
        named = s.has(BIAS) or any(self.provisos.names(f) & biases for f in s.shown.values())
        return bool(named) and s.has(PENALTIES) and bool(words & NONE) and bool(biases)

    def is_complex(self, s: Sentence) -> bool:
        """ "Let $z$ be complex", of what the equations have, or "the imaginary unit"."""
        places = [n for n, word in enumerate(s.words) if word in _IS_COMPLEX]
        subjects = (self.provisos.subject(s.shown[m]) for n in places for m in s.before(n, _BE) if m in s.shown)
        said = s.has(_COMPLEX) or any(names & self.provisos.known for names in subjects)
        return said and not {*s.words} & NONE

    def encodes(self, s: Sentence) -> bool:
        r""" "$v$ is the encoding of $x'$", where v is given, and x, of which the network makes such, is known."""
        for n in s.places_of(_CODES):
            behind = n + _CODES.length_at(s.words, n)
            before = [m for m in s.before(n, _IS) if m in s.shown]
            given = {name for m in before for name in self.provisos.names(s.shown[m])} - self.provisos.computed
            of = s.shown.get(behind)
            tokens = tokens_in(self.provisos.source, of.start, of.end) if of is not None and not of.displayed else ()
            letters = {*[t.text.lstrip("\\") for t in tokens if t.kind in ("letter", "greek")][:1]}
            bases = {letter_of_name(name) for name in self.provisos.known}
            plain = "one-hot" not in s.words and not {*s.words} & AS_A_CONSTANT
            if given & self.provisos.known and letters & bases and plain:
                return True
        return False


def is_root_of_minus_one(texts: Sequence[str], name: str) -> bool:
    r"""Whether a formula says ``i^2 = -1`` or ``i = \sqrt{-1}``."""
    text = "".join(text.lstrip("\\") for text in texts if text not in ("(", ")"))
    return f"{name}^2=-1" in text or f"{name}=sqrt-1" in text
