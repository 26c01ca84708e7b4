"""What a document says: blocks, before any output language."""
