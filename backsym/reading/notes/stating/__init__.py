"""What a note states: each statement with one side, its functions put in, its derivatives known by their names."""
