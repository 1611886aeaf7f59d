"""The code, broken on purpose: each mutant is a known way to break the promise, and some suite must notice it.

A mutant is a text edit of one or a few functions, made in a child process and nowhere else. An edit whose text is not
found any more fails loudly: the mutant has to follow the code.
"""
