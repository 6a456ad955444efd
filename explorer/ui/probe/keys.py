"""Keys of the session state that the Probe page owns."""

PROMPT = "probe_prompt"
RESPONSE = "probe_response"
PROMPT_2 = "probe_prompt_2"
RESPONSE_2 = "probe_response_2"
SAMPLE = "probe_sample"  # int: the row whose text was taken from the address
SHADE = "probe_shade"
STEER = "probe_steer"
FACTOR = "probe_factor"
MODEL = "probe_model"
SAE = "probe_sae"
