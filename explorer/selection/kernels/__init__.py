"""Compiled inner loops: plain arrays in, plain arrays out. Imported only by the methods that use them."""
