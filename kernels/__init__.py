"""Arithmetic on pixels and points: NumPy reference, Numba on the CPU, CuPy on the GPU."""
