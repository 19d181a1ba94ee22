"""Pictures from folders, archives and arrays, as training batches."""
