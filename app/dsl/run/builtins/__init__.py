"""The functions and methods that the language brings along: what is declared, and what carries it out."""
