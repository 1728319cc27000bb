"""Walk through the backward pass one step at a time, as in a REPL.

python -i examples/steps.py
"""

import backviz

L = backviz.load("L=(a*b+c)*(a-c); a=2; b=3; c=4")
for step in backviz.backward_steps(L):
    name = step.node.label or step.node.op.name
    print(f"{name:>5}: gradient {step.upstream:g}")
    for part in step.contributions:
        to = part.input.label or part.input.op.name
        print(f"{'':7}to {to}: {step.upstream:g} × {part.local:g} = {part.value:g}")
