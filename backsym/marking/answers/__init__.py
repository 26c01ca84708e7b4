"""Students' texts to expressions: what was answered."""
