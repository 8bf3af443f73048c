"""What can be asked of the engine besides runs: to measure some specs, or to climb the ladder.

Plain and frozen, as everything that crosses the engine's thread.
"""

from __future__ import annotations

from engine.ladder.request import Ladder, LadderResult
from engine.measure.request import Measurement, MeasurementResult

Study = Measurement | Ladder
StudyResult = MeasurementResult | LadderResult
