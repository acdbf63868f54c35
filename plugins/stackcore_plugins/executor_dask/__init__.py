"""Executor `dask`: slabs and pairs as tasks of Dask workers, in other processes or on other machines."""
