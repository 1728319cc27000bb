"""The engine: ops, recorded values, symbols, and one backward pass.

It knows nothing of graphs, pictures or the table's rows, which `backviz.ops` adds.
"""

from backviz.autodiff.table import OPS

# Before any module of the engine is there: the rows bring the methods of values and the
# functions of numpy that record, so nothing depends on which module was imported first.
OPS.fill()
