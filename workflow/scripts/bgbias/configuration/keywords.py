"""Reserved prefixes, suffixes and values in the configuration."""

TIMM = "timm/"  # prefix of a backbone's model: a timm model; timm knows where its weights are
EXPORTED, ONNX = ".pt2", ".onnx"  # suffixes of a backbone's model: the user's own file, a whole network
NETWORKS = (EXPORTED, ONNX)
IMAGENET = "imagenet"  # a backbone's weights: the published ones
PML = "pml/"  # prefix of a loss's type: a class of pytorch-metric-learning
READY = "ready"  # a masker's model: a folder of existing masks
CUSTOM = "_custom"  # suffix of a masker's model: one without weights of its own, the user provides them
