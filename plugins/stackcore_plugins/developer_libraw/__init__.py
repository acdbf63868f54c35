"""Developer `libraw`: camera raw files through rawpy and LibRaw."""
