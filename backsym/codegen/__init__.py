"""Modules of Python that compute a network and its gradients, for NumPy, PyTorch and JAX.

The one way in is ``module.module_source``, and ``skeleton`` for the version that leaves the gradients to a student.
"""
