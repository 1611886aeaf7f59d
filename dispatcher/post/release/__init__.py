"""Other rules for a post, and the ones before them: what runs, who put it there and when, and how to get it back.

``history`` is the list of editions that ran, ``standing`` what the post answers, ``process`` who asks it. ``running``
is what it runs, read from its folder, ``candidate`` what files would bring, ``losses`` what a changed rule would
forget, and ``planning`` all of that together. ``request`` is how ``handover`` speaks to the running post, ``alone``
keeps a second person out meanwhile. ``restoring`` says what going back means for the files, and ``files`` does it.
"""
