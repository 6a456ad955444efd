"""Keys of the session state that the Overview page owns."""

PATH = "ingest_path"
UPLOAD = "ingest_upload"
TARGET = "ingest_target"
FORMAT = "ingest_format"
MAP = "ingest_map"  # one a role: which column it is read from
