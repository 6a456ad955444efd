"""Steps that move data between stages."""
