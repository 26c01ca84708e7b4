"""Marking: students' answers are read, judged by evaluation, explained, and marked.

``answers`` reads a text, ``judge`` decides whether it is right, ``verdicts`` puts both into words and marks.
"""
