"""Server processes: where their programs are, who they run as, how they begin and end."""
