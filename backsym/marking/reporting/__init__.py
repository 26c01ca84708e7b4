"""Verdicts of a class: files in, tables, pages and graders' formats out."""
