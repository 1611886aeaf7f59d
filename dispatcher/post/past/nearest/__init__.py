"""How near a rule came to being complete, for each form of ``when``: what there was, what was missing, by how much.

``scene`` holds what came; ``single``, ``counted``, ``steps``, ``silence`` and ``timed`` look at one sort of form each.
"""
