"""From syntax trees to checked expressions: names, shapes, index letters."""
