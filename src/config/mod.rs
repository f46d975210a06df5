//! `sluice.yaml`: types, defaults, validation, JSON schema.
