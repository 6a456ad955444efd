"""Keys of the session state that the Overview page owns."""

PATH = "ingest_path"
UPLOAD = "ingest_upload"
TARGET = "ingest_target"
FORMAT = "ingest_format"
MAP = "ingest_map"  # one per role: the column that it is read from
