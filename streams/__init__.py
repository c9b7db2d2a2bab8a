"""How it arrives: sources, the journal, batches and their delivery into the warehouse. It decides nothing."""
