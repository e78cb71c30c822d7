"""What the report says of grid, variants, trainings and settings."""

from bgbias.results.report_content import run_facts, scope, settings_lines, variant_words


def test_the_grid_in_words_names_variants_of_trained_models_only():
    model = {"dataset": "sop", "backbone": "b", "loss": "triplet"}
    trained = [model | {"variant": variant} for variant in ("bgaugment", "base")]
    frozen = model | {"backbone": "mine", "loss": "frozen", "variant": "base"}
    assert scope([*trained, frozen]) == (
        "dataset Online Products; loss Triplet; variants Base and BGAugment; backbones B and Mine."
    )
    assert scope([frozen]) == "dataset Online Products; backbone Mine."


def test_settings_show_keys_in_the_spelling_of_yaml_and_no_folder_of_this_machine():
    settings = {"training": {"momentum": 0.9, "ratio": [0.75, 4 / 3]}, "weights": "/home/me/u2.onnx"}
    settings |= {"flip": True, "images": None, "frozen": [], "groups": {}, "rate": 1e-5, "names": ["a", "b"]}
    assert list(settings_lines(settings)) == [
        ("training.momentum", "0.9"),
        ("training.ratio", "[0.75, 1.33333]"),
        ("weights", "u2.onnx"),
        ("flip", "true"),
        ("images", "null"),
        ("frozen", "[]"),
        ("groups", "{}"),
        ("rate", "1e-05"),
        ("names", "[a, b]"),
    ]


def test_variants_in_words():
    variants = ((0.0, "clean"), (0.0, "swapped"), (0.5, "swapped"), (1.0, "swapped"))
    said = [variant_words({"probability": share, "selection": selection}) for share, selection in variants]
    assert said == [
        "the original images; its epoch is chosen on clean validation images",
        "the original images; its epoch is chosen on background-swapped validation images",
        "images whose background is replaced by another one with a probability of 0.5; its epoch is chosen "
        "on background-swapped validation images",
        "images whose background is always replaced by another one; its epoch is chosen on "
        "background-swapped validation images",
    ]


def test_times_and_epochs_are_those_of_the_trained():
    taken = {"mean": [0.5, 0.25, 0], "std": [1, 1, 0.1], "order": "BGR", "maximum": 255.0}
    run = {"backbone": "mine", "input": taken, "embedding_size": 64, "versions": {"torch": "2.0"}}
    frozen = run | {"loss": "frozen"}
    trained = run | {"loss": "triplet", "device": "CPU", "epochs": 6}
    runs = [trained | {"seconds": seconds} for seconds in (10.0, 12.0)]
    network = [
        ("Mine, input", "BGR from 0 to 255, mean 0.5, 0.25, 0, std 1, 1, 0.1"),
        ("Mine, embedding", "64 dimensions"),
    ]
    assert run_facts([*runs, frozen]) == [
        ("models", "3"),
        ("training time, all models", "0:00:22"),
        ("training time, one model", "10 to 12 s"),
        ("epochs", "6"),
        ("device", "CPU"),
        *network,
        ("torch", "2.0"),
    ]
    assert run_facts([frozen]) == [("models", "1"), *network, ("torch", "2.0")]
    old = {key: value for key, value in frozen.items() if key not in ("input", "embedding_size")}
    assert run_facts([old]) == [("models", "1"), ("torch", "2.0")]
    assert ("Mine, embedding", "64 or 512 dimensions") in run_facts([*runs, frozen | {"embedding_size": 512}])
