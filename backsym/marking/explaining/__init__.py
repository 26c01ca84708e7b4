"""What is wrong with a wrong answer: the smallest repair, a counterexample, the words."""
