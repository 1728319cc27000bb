"""A training of a recorded loss: who learns, step by step, and any step of it again."""

from backviz.training.choice import Chosen, choose
from backviz.training.course import Course, Moment, Recipe
from backviz.training.result import Training, trained

__all__ = ["Chosen", "Course", "Moment", "Recipe", "Training", "choose", "trained"]
