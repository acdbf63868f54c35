"""Aligner `ecc`: links registered by the enhanced correlation coefficient, solved jointly for all frames."""
