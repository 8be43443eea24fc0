"""Makes the pages that are kept here: python docs/explore/make.py"""

from pathlib import Path

from autograd_scalar import Page, Value, exp, explore, nn

HERE = Path(__file__).parent


def sigmoid() -> Page:
    """The neuron of the README: a sigmoid of w·x + b."""
    x, w, b = Value(0.5, "x"), Value.parameter(-1.2, "w"), Value.parameter(0.1, "b")
    z = w * x + b
    z.label = "z"
    a = 1 / (1 + exp(-z))
    a.label = "a"
    return explore(a, title="The sigmoid of a neuron", renderer="embedded")


def network() -> Page:
    """Two inputs, layers of four, three and two neurons, and the error."""
    model = nn.MLP(2, [4, 3, 2], "sigmoid", output="sigmoid", bias=False, rng=4)
    inputs = [Value(0.05, "x_1"), Value(0.9, "x_2")]
    error = nn.half_squared_error(model(inputs), [Value(0.01, "t_1"), Value(0.99, "t_2")])
    error.label = "E"
    return explore(error, title="A 2-4-3-2 network", renderer="embedded")


def cross_entropy() -> Page:
    """Softmax and cross-entropy of three logits."""
    logits = [Value(number, f"z_{i}") for i, number in enumerate((2.0, -1.0, 0.5), 1)]
    powers = [exp(z) for z in logits]
    total = sum(powers)
    total.label = "S"
    shares = [power / total for power in powers]
    for i, share in enumerate(shares, 1):
        share.label = f"p_{i}"
    loss = -shares[0].log()
    loss.label = "L"
    return explore(loss, title="Softmax with cross-entropy", renderer="embedded")


PAGES = {"sigmoid": sigmoid, "network-2-4-3-2": network, "cross-entropy": cross_entropy}


if __name__ == "__main__":
    for name, page in PAGES.items():
        page().save(HERE / f"{name}.html")
