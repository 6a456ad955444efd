"""The language model: loading, tokenising samples, reading the residual stream, generating and fine-tuning."""
