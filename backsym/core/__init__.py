"""What everything else is built on: expressions, names, the function table, problems as plain data, errors."""
