"""What a teacher says around a derivation: the idea before it, how to read its result, a slip that is often made."""
