"""Computation graphs and network drawings: derived from a problem, laid out, and written in several languages."""
