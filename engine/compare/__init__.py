"""Two to four pictures next to each other: what differs in how they were made, and in them.

Importing this costs nothing: numpy and Pillow come with the first picture.
"""

from engine.compare.comparison import Comparison, Side, of_batch
from engine.compare.figures import Figure
from engine.compare.likeness import Likeness, likeness, likenesses
from engine.compare.pictures import Difference, difference_picture, wipe
from engine.compare.settings import Setting
from engine.compare.words import Kind, Word

__all__ = [
    "Comparison",
    "Difference",
    "Figure",
    "Kind",
    "Likeness",
    "Setting",
    "Side",
    "Word",
    "difference_picture",
    "likeness",
    "likenesses",
    "of_batch",
    "wipe",
]
