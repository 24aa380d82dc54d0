"""Serving a trained family: predictions for members, budgets and deadlines, and what they cost on this machine.

``prediction`` answers ``Family.predict``; where a deadline is given, ``deadline`` has ``workers`` run members in the
order that ``subsets`` of the ``frontier`` advise. ``anytime`` measures the frontier with ``timings``, and
``frontier_file`` keeps it. ``classifying`` answers for image files.
"""
