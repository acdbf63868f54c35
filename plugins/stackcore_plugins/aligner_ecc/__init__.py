"""Aligner `ecc`: neighbours registered by the enhanced correlation coefficient, composed from the middle outwards."""
