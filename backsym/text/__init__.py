"""User text with mathematics in it: what stands where, and whether LaTeX can set it."""
