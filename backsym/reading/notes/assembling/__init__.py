"""A note as a whole: what it states, what that leaves open, and the tree of the problem file that it means."""
