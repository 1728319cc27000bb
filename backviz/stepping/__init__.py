"""Going through a computation step by step: the state, its commands, and what they print.

The state is frozen and knows nothing of terminals; the shell, the notebook object and the
command line are three thin faces of the same commands.
"""
