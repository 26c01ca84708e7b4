"""The kinds of parts that a question can have, a class each: see ``kind``."""
