"""
The names that belong to this installation of the pipeline, and to no application.

The local engine writes the label (engine/images.py); changing it there makes every stand-in image anew.
"""

from typing import Final

STAND_IN_LABEL: Final = "dojangkok.stand-in"
