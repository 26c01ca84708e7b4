"""Quizzes as QTI 1.2 in a content package, as Canvas imports them.

Structure: https://www.imsglobal.org/question/qtiv1p2/imsqti_asi_bindv1p2.html, with the fields that Canvas adds; the
manifest names the assessment and Canvas' own file about it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from xml.etree import ElementTree

from backsym.quiz.moodle import name_of
from backsym.quiz.questions import Question, Quiz
from backsym.quiz.texts import Texts, canvas_image

QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
CANVAS = "http://canvas.instructure.com/xsd/cccv1p0"
PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"

_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every file of the archive, which is the same whenever it is written."""


def qti_zip(title: str, quizzes: Sequence[Quiz]) -> bytes:
    """The content package, to be imported as "QTI .zip file"."""
    title = title.replace("$", "")
    number = sum(len(quiz.questions) for quiz in quizzes)
    assessment = _assessment(title, quizzes)
    own = _identity("assessment", assessment)
    files = {
        "imsmanifest.xml": _manifest(own, title),
        f"{own}/assessment_meta.xml": _meta(own, title, number),
        f"{own}/{own}.xml": assessment.replace("IDENTITY", own),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, text.encode("utf-8"))
    return out.getvalue()


def _identity(kind: str, *texts: str) -> str:
    """An identifier that only equal texts share."""
    return f"backsym_{kind}_{hashlib.sha256('|'.join(texts).encode('utf-8')).hexdigest()[:32]}"


def _assessment(title: str, quizzes: Sequence[Quiz]) -> str:
    root = ElementTree.Element("questestinterop", xmlns=QTI)
    assessment = ElementTree.SubElement(root, "assessment", ident="IDENTITY", title=title)
    _metadata(assessment, {"cc_maxattempts": "1"})
    section = ElementTree.SubElement(assessment, "section", ident="root_section")
    texts = Texts(canvas_image)
    for quiz in quizzes:
        for question in quiz.questions:
            section.append(_item(quiz, question, texts))
    return _written(root)


def _item(quiz: Quiz, question: Question, texts: Texts) -> ElementTree.Element:
    name = name_of(quiz, question)
    forms = [texts.choice(question, choice) for choice in question.choices]
    own = _identity("question", name, *forms)
    choices = [_identity("choice", own, form) for form in forms]
    item = ElementTree.Element("item", ident=own, title=name)
    fields = {
        "question_type": "multiple_choice_question", "points_possible": "1.0",
        "original_answer_ids": ",".join(choices), "assessment_question_identifierref": _identity("reference", own),
    }  # fmt: skip
    _metadata(ElementTree.SubElement(item, "itemmetadata"), fields)
    presentation = ElementTree.SubElement(item, "presentation")
    _material(presentation, f"{texts.statement(quiz.statement)}\n{texts.question(question)}")
    response = ElementTree.SubElement(presentation, "response_lid", ident="response1", rcardinality="Single")
    render = ElementTree.SubElement(response, "render_choice")
    for ident, form in zip(choices, forms, strict=True):
        _material(ElementTree.SubElement(render, "response_label", ident=ident), form)
    processing = ElementTree.SubElement(item, "resprocessing")
    outcomes = ElementTree.SubElement(processing, "outcomes")
    ElementTree.SubElement(outcomes, "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
    for ident, choice in zip(choices, question.choices, strict=True):
        condition = ElementTree.SubElement(processing, "respcondition")
        condition.set("continue", "No" if choice.right else "Yes")
        variable = ElementTree.SubElement(condition, "conditionvar")
        ElementTree.SubElement(variable, "varequal", respident="response1").text = ident
        if choice.right:
            ElementTree.SubElement(condition, "setvar", action="Set", varname="SCORE").text = "100"
        feedback = {"feedbacktype": "Response", "linkrefid": f"{ident}_fb"}
        ElementTree.SubElement(condition, "displayfeedback", feedback)
    for ident, choice in zip(choices, question.choices, strict=True):
        feedback_of = ElementTree.SubElement(item, "itemfeedback", ident=f"{ident}_fb")
        _material(ElementTree.SubElement(feedback_of, "flow_mat"), texts.feedback(question, choice))
    return item


def _meta(own: str, title: str, points: int) -> str:
    """Canvas' own file: a quiz that is not published yet, one attempt."""
    root = ElementTree.Element("quiz", identifier=own, xmlns=CANVAS)
    for key, value in (
        ("title", title), ("description", ""), ("shuffle_answers", "true"), ("scoring_policy", "keep_highest"),
        ("quiz_type", "assignment"), ("points_possible", f"{points:.1f}"), ("show_correct_answers", "true"),
        ("allowed_attempts", "1"), ("one_question_at_a_time", "false"), ("cant_go_back", "false"),
        ("available", "false"),
    ):  # fmt: skip
        ElementTree.SubElement(root, key).text = value
    return _written(root)


def _manifest(own: str, title: str) -> str:
    about = _identity("about", own)
    root = ElementTree.Element("manifest", identifier=_identity("manifest", own), xmlns=PACKAGE)
    metadata = ElementTree.SubElement(root, "metadata")
    ElementTree.SubElement(metadata, "schema").text = "IMS Content"
    ElementTree.SubElement(metadata, "schemaversion").text = "1.1.3"
    ElementTree.SubElement(root, "organizations")
    resources = ElementTree.SubElement(root, "resources")
    quiz = ElementTree.SubElement(resources, "resource", identifier=own, type="imsqti_xmlv1p2")
    ElementTree.SubElement(quiz, "file", href=f"{own}/{own}.xml")
    ElementTree.SubElement(quiz, "dependency", identifierref=about)
    kind = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
    meta = ElementTree.SubElement(resources, "resource", identifier=about, type=kind, href=f"{own}/assessment_meta.xml")
    ElementTree.SubElement(meta, "file", href=f"{own}/assessment_meta.xml")
    return _written(root)


def _metadata(parent: ElementTree.Element, fields: dict[str, str]) -> None:
    metadata = ElementTree.SubElement(parent, "qtimetadata")
    for label, entry in fields.items():
        field = ElementTree.SubElement(metadata, "qtimetadatafield")
        ElementTree.SubElement(field, "fieldlabel").text = label
        ElementTree.SubElement(field, "fieldentry").text = entry


def _material(parent: ElementTree.Element, text: str) -> None:
    material = ElementTree.SubElement(parent, "material")
    ElementTree.SubElement(material, "mattext", texttype="text/html").text = text


def _written(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
