"""The numeric judge: evaluates what is displayed and differentiates only by complex step."""
