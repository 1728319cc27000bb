"""The engine: ops, recorded values, symbols, and one backward pass.

It knows nothing of graphs, pictures or the table's rows, which `backviz.ops` adds.
"""
