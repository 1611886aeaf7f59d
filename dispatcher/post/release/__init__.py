"""Other rules for a post, and the ones before them: what runs, who put it there and when, and how to get it back.

``history`` is the list of editions that ran, ``request`` how ``apply`` speaks to a running post, ``standing`` what the
post answers, ``process`` who asks it; ``running`` is what it runs, read from its folder, ``candidate`` what the files
would bring, ``losses`` what a changed rule would forget, and ``planning`` all of that together.
"""
