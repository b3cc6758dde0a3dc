"""The fusion model: assembling, probing, counting."""
