"""What a template means: packaging, the SAM transform, parameters, intrinsic functions, schemas."""
