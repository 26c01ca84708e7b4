"""Problem files and collections: YAML, its keys, declarations, parts."""
