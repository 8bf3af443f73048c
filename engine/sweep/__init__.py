"""Sweeps: one spec, and what is changed of it along one to three axes. Light: no torch."""

from engine.sweep.axis import Axis, AxisValue
from engine.sweep.ordering import Bill, bill, order
from engine.sweep.states import CellState, Grid, State, grid
from engine.sweep.sweep import MAX_CELLS, Cell, Sweep
from engine.sweep.syntax import NAMES, brings_prompts, parse_axis, parse_sweep

__all__ = [
    "MAX_CELLS",
    "NAMES",
    "Axis",
    "AxisValue",
    "Bill",
    "Cell",
    "CellState",
    "Grid",
    "State",
    "Sweep",
    "bill",
    "brings_prompts",
    "grid",
    "order",
    "parse_axis",
    "parse_sweep",
]
