"""scikit-learn estimators whose networks are globally optimal and written in wedges of samples."""

from geomnn.estimators.classifier import WedgeClassifier
from geomnn.estimators.regressor import WedgeRegressor

__all__ = ["WedgeClassifier", "WedgeRegressor"]
