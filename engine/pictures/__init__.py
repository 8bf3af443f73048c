"""Pictures on disk: files that say how they were made.

``save`` writes them, ``read`` and ``load`` take them back, ``names`` says where they go, and
``records`` makes a record of the pictures of a run. Importing this costs nothing.
"""
