"""YAML to rules: parsing and checks, pure."""
