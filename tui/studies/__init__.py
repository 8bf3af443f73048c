"""Words and outlooks of sweeps and of the ladder. No widgets."""
