"""Finished and unfinished runs, read from their folders alone: what ``swc runs`` lists, compares and draws. No torch.

``header`` reads what a checkpoint says of itself; ``reading`` finds folders of runs and makes a ``model.Run`` of each;
``compare`` says in which settings runs differ; ``tables``, ``serial`` and ``curves`` show it.
"""
