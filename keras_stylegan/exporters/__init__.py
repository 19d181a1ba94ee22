"""Writers of deployable artefacts."""
