"""The course's models, one architecture a file.

They know tokens as plain numbers: neither scores nor datasets, widgets nor notation. Decoding is in `musegen_edu.sampling`.
"""
