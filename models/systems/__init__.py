"""Published micro-expression recognisers, rewritten to one interface: arrays of our pipeline in, class logits out."""
