"""Whether an answer is right, and whether it has the form that is asked for."""
