"""Reading a post's past: its journal, or a copy or an export of it, while the post itself runs on undisturbed.

``source`` opens it, ``walk`` says what the rules were given, ``replaying`` gives that to rules once more.
"""
