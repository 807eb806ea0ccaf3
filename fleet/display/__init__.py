"""How numbers, times and states are shown: words, figures and charts."""
