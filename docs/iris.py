"""Trains a small network to tell three kinds of iris apart: python docs/iris.py"""

import random

from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from autograd_scalar import nn, no_grad

flowers, kinds = load_iris(return_X_y=True)
train, test, train_kinds, test_kinds = train_test_split(
    flowers, kinds, test_size=0.3, random_state=0, stratify=kinds
)
scaler = StandardScaler().fit(train)
train_set = list(zip(scaler.transform(train).tolist(), train_kinds.tolist(), strict=True))
test_set = list(zip(scaler.transform(test).tolist(), test_kinds.tolist(), strict=True))


def accuracy(model, flowers):
    """The share of flowers whose kind has the largest logit."""
    right = 0
    with no_grad():
        for measures, kind in flowers:
            logits = model(measures)
            right += logits.index(max(logits)) == kind
    return right / len(flowers)


model = nn.MLP(4, [8, 3], activation="tanh", rng=0)
optimiser = nn.Adam(model.parameters(), lr=0.05, weight_decay=1e-3)
shuffle = random.Random(0).shuffle

for epoch in range(1, 31):
    shuffle(train_set)
    total = 0.0
    for start in range(0, len(train_set), 15):
        batch = train_set[start : start + 15]
        losses = [nn.cross_entropy(model(measures), kind) for measures, kind in batch]
        loss = sum(losses) / len(losses)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.data * len(batch)
    if epoch % 5 == 0:
        print(
            f"epoch {epoch:2}: loss {total / len(train_set):.4f}, "
            f"training accuracy {accuracy(model, train_set):.3f}"
        )

print(f"accuracy on {len(test_set)} flowers held out: {accuracy(model, test_set):.3f}")
