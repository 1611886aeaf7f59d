"""The rules that run at the precinct: what they see, how they are judged, and what they raise.

The store's thread writes each input down with what caused it and hands it over; the rules' thread asks the matcher,
steps the engine and hands back what is to be kept. So no alert, no receipt and no officer ever waits for a rule, and a
kill at any moment finds on the disk either an input that is still to be judged or all that it led to.
"""
