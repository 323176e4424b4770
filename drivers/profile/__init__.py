"""Device profiles: what a make says on its wire, as data. A new make is one TOML file and no Python."""
