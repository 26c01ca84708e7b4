"""What users import: the public class of a problem, and the gradient of one expression."""
