"""What a note is before it is read: without comments and front matter, with its macros written out."""
