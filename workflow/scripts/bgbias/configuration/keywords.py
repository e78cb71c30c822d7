"""Words of a configuration that say what kind of thing its own words around them name."""

TIMM = "timm/"  # a backbone's model of this prefix is timm's, which knows where its weights are
EXPORTED = ".pt2"  # one of this suffix is a file of the user's, network and weights in one
IMAGENET = "imagenet"  # weights that somebody published
PML = "pml/"  # a loss's type of this prefix is a class of pytorch-metric-learning
READY = "ready"  # the model of a masker that is a folder of masks which somebody has made
CUSTOM = "_custom"  # a masker's model of this suffix has no weights but those that the user gives
