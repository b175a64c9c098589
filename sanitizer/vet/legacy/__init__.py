"""A data-only reader of `.bin` checkpoints, the zip format of torch.save since 1.6, and their rebuild as safetensors.

No pickle module and no torch: the few instructions of a state dict's pickle are carried out by our own machine, which
can make tensors' descriptions and plain data and can call nothing. There is no way around it, and no fallback.
"""
