"""The practice page: problems to be solved in a browser, checked line by line, with hints when they are wanted."""
