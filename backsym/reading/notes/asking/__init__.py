"""What the sentences of a note ask for, word by word."""
