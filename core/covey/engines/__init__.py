"""The engines that belong to core: batches are computed in this process, or in several of this machine."""
