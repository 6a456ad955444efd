"""The sparse autoencoder: loading any sae-lens SAE, sparse encoding, training and quality measures."""
