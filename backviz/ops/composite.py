"""Ops made of simpler ops: softmax, normalization, dropout, maxout."""
