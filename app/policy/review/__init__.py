"""Looking at policies before and after they decide: cases, explanations, warnings, differences, replays."""
