"""Ops that take arrays apart and put them together: concatenate, index, pad, repeat."""
