"""LaTeX mathematics: text to syntax trees."""
