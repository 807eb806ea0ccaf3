"""Running an installation: start, supervision, health pages, backup and keys. Imports every other part."""
