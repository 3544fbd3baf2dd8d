"""What networks read, made of aligned grey crops; training and live use do it here, and nowhere else."""
