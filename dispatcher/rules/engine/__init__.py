"""The pure core that judges rules: windows, absences, states and schedules. Time is an argument, state a value."""
