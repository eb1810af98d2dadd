"""What a WedgeClassifier is compared with: estimators of scikit-learn, and two that stand here for other packages.

PEERS has of each how one is made and the grid that its options are from; what needs a package that is absent is left
out.
"""

import importlib.util
import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import LabelBinarizer


class Adam(ClassifierMixin, BaseEstimator):
    """One hidden layer of ReLU neurons in PyTorch: Adam on the cross entropy, with weight decay, slower and slower."""

    def __init__(self, width=100, weight_decay=1e-3, lr=1e-2, epochs=100, batch=64, seed=0):
        self.width, self.weight_decay, self.lr = width, weight_decay, lr
        self.epochs, self.batch, self.seed = epochs, batch, seed

    def fit(self, X, y):
        import torch

        torch.manual_seed(self.seed)
        torch.set_num_threads(1)
        self.classes_, labels = np.unique(y, return_inverse=True)
        table, labels = torch.tensor(np.asarray(X), dtype=torch.float32), torch.tensor(labels)
        layers = torch.nn.Linear(X.shape[1], self.width), torch.nn.Linear(self.width, len(self.classes_))
        self.model_ = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
        # half of decay · ‖weights‖² is added to the mean loss
        descent = torch.optim.Adam(self.model_.parameters(), self.lr, weight_decay=self.weight_decay)
        slower = torch.optim.lr_scheduler.CosineAnnealingLR(descent, self.epochs)
        for _ in range(self.epochs):
            for rows in torch.randperm(len(table)).split(self.batch):
                descent.zero_grad()
                torch.nn.functional.cross_entropy(self.model_(table[rows]), labels[rows]).backward()
                descent.step()
            slower.step()
        return self

    def predict_proba(self, X):
        import torch

        with torch.no_grad():
            return self.model_(torch.tensor(np.asarray(X), dtype=torch.float32)).softmax(1).numpy()

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Convex(ClassifierMixin, BaseEstimator):
    """A network of pyscnn: the convex program over random gates, as squared loss on ±1 (1, 0 for several classes)."""

    def __init__(self, formulation="gated_relu", neurons=500, reg=1e-2, seed=0):
        self.formulation, self.neurons, self.reg, self.seed = formulation, neurons, reg, seed

    def fit(self, X, y):
        from scnn.optimize import optimize
        from scnn.regularizers import NeuronGL1

        self.codes_ = LabelBinarizer(neg_label=-1 if len(np.unique(y)) == 2 else 0)
        targets = self.codes_.fit_transform(y).astype(np.float32)
        self.classes_, table = self.codes_.classes_, self._table(X)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model_, _ = optimize(
                self.formulation,
                self.neurons,
                table,
                targets,
                table,
                targets,
                NeuronGL1(self.reg),
                seed=self.seed,
            )
        return self

    def predict(self, X):
        f = self.model_(self._table(X))
        return self.classes_[f.argmax(axis=1) if f.shape[1] > 1 else (f[:, 0] > 0).astype(int)]

    def _table(self, X):
        return np.column_stack([X, np.ones(len(X))]).astype(np.float32)


PEERS = {
    "MLPClassifier": (MLPClassifier(max_iter=500), {
        "hidden_layer_sizes": [(20,), (50,), (100,), (200,), (100, 50)], "alpha": [1e-4, 1e-2, 1e-1, 1.0, 10.0],
        "learning_rate_init": [1e-3, 1e-2], "activation": ["relu", "tanh"]}),
    "gradient boosting": (HistGradientBoostingClassifier(early_stopping=False), {
        "learning_rate": [0.03, 0.1, 0.3], "max_iter": [50, 100, 200], "max_leaf_nodes": [4, 8, 31],
        "min_samples_leaf": [5, 20], "l2_regularization": [0.0, 1.0]}),
    "PyTorch, Adam": (Adam(), {
        "width": [20, 100, 400], "weight_decay": [0.0, 1e-4, 1e-3, 1e-2], "lr": [1e-3, 1e-2], "epochs": [30, 100]}),
    "pyscnn": (Convex(), {
        "formulation": ["gated_relu", "relu"], "neurons": [100, 500], "reg": [3e-2, 1e-2, 3e-3, 1e-3, 3e-4]}),
}  # fmt: skip
NEEDS = {"PyTorch, Adam": "torch", "pyscnn": "scnn"}


def here():
    """Those whose packages are here."""
    return [name for name in PEERS if name not in NEEDS or importlib.util.find_spec(NEEDS[name])]
