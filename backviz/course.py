"""A course on backpropagation and training, topic by topic: what is seen, and what shows it.

`backviz list course` prints it. Invariant: every topic has a command, and a test runs them all, so
that nothing stands here that cannot be seen. A topic is one row of the table below; another comes
with `COURSE.add`.
"""

from __future__ import annotations

from dataclasses import dataclass

from backviz.registry import Registry


@dataclass(frozen=True, slots=True)
class CourseTopic:
    """One topic: what it says, what a person sees of it, and the commands that show it.

    A command is a line for a shell; those that name a file of `examples/` run where that is.

    >>> COURSE["by-hand"].commands[0]
    'backviz graph @course-forward -o by-hand.svg'
    """

    name: str
    part: str
    about: str
    shows: str
    commands: tuple[str, ...]


COURSE: Registry[CourseTopic] = Registry("topic of the course")

# name, what it says, what is seen, the commands; `-o NAME` stands for the topic's own name.
_PARTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Graph and backpropagation": (
        (
            "graph", "A computation is a graph: its leaves are variables, the rest are operations",
            "the value of every node, in the order of the computation",
            "graph @simple --forward-only -o NAME.svg",
        ),
        (
            "chain-rule", "The backward pass is the chain rule, node by node in reverse order",
            "upstream · local = contribution on every arrow, a step at a time",
            "steps @simple -o NAME.html",
            "explain local",
        ),
        (
            "second-order", "The gradient of a graph is a graph as well",
            "the backward pass, drawn as a graph of its own",
            "graph 'y=x**3; x=2' --order 2 -o NAME.svg",
        ),
        (
            "gates", "A sum copies the gradient, a product swaps its factors, max routes",
            "the rule of each gate with its numbers",
            "graph @gates --contributions -o NAME.svg", "explain gates",
        ),
        (
            "fan-out", "What is used more than once gets the sum of what comes back",
            "each contribution, then their sum",
            "graph @diamond --contributions -o NAME.svg", "explain accumulate",
        ),
        (
            "traced", "The graph is built while ordinary code runs",
            "a Python function, traced",
            "graph examples/neuron.py:squared_error -o NAME.svg",
            "explain detach",
        ),
        (
            "neuron-to-network", "A neuron, a layer, a network; and the same with matrices",
            "a box for each weight, and one matrix product with the same numbers",
            "graph @karpathy-neuron -o NAME-1.svg", "graph @mazur-scalar -o NAME-2.svg",
            "graph @mazur -o NAME-3.svg", "animate hidden_lines -o NAME-4.mp4",
            "animate width_fit -o NAME-5.mp4", "animate logistic_boundary -o NAME-6.mp4",
            "explain delta",
        ),
        (
            "by-hand", "A forward pass on paper: hidden units (40, 40), output 0",
            "these numbers, unit by unit and with matrices",
            "graph @course-forward -o NAME.svg", "graph @course-forward-matrix -o NAME-2.svg",
        ),
        (
            "softmax", "Several classes: softmax with cross-entropy, for which max is no stand-in",
            "scores, shares, and the gradient p − y on the scores",
            "animate softmax_bars -o NAME.mp4", "graph @softmax-ce --for slide -o NAME.svg",
            "explain softmax-loss",
        ),
        (
            "training-step", "A step of training: zero_grad, forward, loss, backward, step",
            "one step whole, and the same without zero_grad",
            "animate training_step -o NAME.mp4", "explain zero-grad",
            "explain gradient-or-update",
        ),
    ),
    "Activations": (
        (
            "activations", "Sigmoid, tanh, ReLU and those after them: function and derivative",
            "the curves on shared axes, the flat parts shaded, ranges and greatest slopes; maxout",
            "animate activation_curves --names sigmoid,tanh,relu,gelu -o NAME.mp4",
            "animate maxout -o NAME-2.mp4",
        ),
        (
            "saturation", "A unit whose input is far from 0 passes hardly any gradient",
            "histograms of every layer, and the share of saturated units",
            "animate saturation -o NAME.mp4", "animate unit_inputs -o NAME-2.mp4",
            "animate saturation_map -o NAME-3.mp4",
            "explain dead-or-vanishing",
        ),
        (
            "dead-units", "A ReLU can die; a leaky one cannot",
            "the share of dead units against the rate; a slope that is learned",
            "animate dead_units -o NAME.mp4", "animate prelu_slope -o NAME-2.mp4",
            "explain dead-relu",
        ),
        (
            "choice", "The activation decides how fast a network learns",
            "one network and one seed, a loss curve for each activation",
            "animate activations -o NAME.mp4",
        ),
    ),
    "Vanishing and exploding gradients": (
        (
            "quarter", "Each sigmoid multiplies the gradient by a quarter at most",
            "the gradient against depth, below the bound 0.25ⁿ",
            "animate quarter_bound -o NAME.mp4", "animate gradient_flow -o NAME-2.mp4",
            "animate gradient_histograms -o NAME-3.mp4", "animate time_gradient -o NAME-4.mp4",
            "explain quarter",
        ),
        (
            "rescaling", "A large factor does not bring a vanished gradient back",
            "signal to noise before and after, beside a healthy layer",
            "animate rescaled_gradient -o NAME.mp4",
        ),
        (
            "clipping", "An exploding gradient is cut: by norm, or entry by entry",
            "the norms with and without, and whether the direction stays",
            "animate clipping -o NAME.mp4",
            "explain clipping",
        ),
        (
            "skip", "With y = x + F(x) the factor is 1 + F′: the gradient has a way around",
            "a deep network with and without, as curves and on the graph",
            "animate gradient_strip -o NAME.mp4",
            "graph examples/graphs/residual_block.py:loss -o NAME.svg",
            "animate skip_surface -o NAME-2.mp4",
            "explain residual",
        ),
    ),
    "Initialization": (
        (
            "equal-weights", "Weights that begin alike stay alike",
            "the rows of W after some steps",
            "animate zero_init -o NAME.mp4",
            "explain zero-init",
        ),
        (
            "variance", "A sum of n terms has n times the variance, layer after layer",
            "the variance of every layer: measured, and the line of the theory",
            "animate init_variance --inits large,small -o NAME.mp4",
            "explain init-variance",
        ),
        (
            "xavier-he", "Xavier and He keep the variance, forwards and backwards",
            "the variance of signal and gradient in every layer",
            "animate init_variance -o NAME.mp4", "animate fans -o NAME-2.mp4",
            "animate lsuv -o NAME-3.mp4",
        ),
    ),
    "Optimizers": (
        (
            "sgd", "Gradient descent; the noise of mini-batches is centred",
            "batches of several sizes; their gradients around the full one, and the 1/√B law",
            "animate mini_batches -o NAME.mp4", "animate gradient_noise -o NAME-2.mp4",
            "animate line_fit -o NAME-3.mp4",
            "explain uphill",
        ),
        (
            "momentum", "Momentum adds up the gradients of the past",
            "gradient, velocity and step, one step after another; the plane of rate and momentum",
            "animate step_anatomy --optimizer momentum --rate 0.02 -o NAME.mp4",
            "animate momentum_plane -o NAME-2.mp4",
        ),
        (
            "nesterov", "Nesterov takes the gradient at the place that is looked ahead to",
            "the look ahead, and where it brakes earlier",
            "animate overshoot -o NAME.mp4",
            "animate step_anatomy --optimizer nesterov --rate 0.02 -o NAME-2.mp4",
        ),
        (
            "adagrad", "AdaGrad divides by the root of all squares so far",
            "how its steps become short, one after another",
            "animate step_anatomy --optimizer adagrad -o NAME.mp4",
        ),
        (
            "adadelta", "Adadelta needs no rate: it divides two averages",
            "both averages, one step after another",
            "animate step_anatomy --optimizer adadelta --rate 1 -o NAME.mp4",
        ),
        (
            "rmsprop", "RMSprop divides by the root of an average that forgets",
            "the average, one step after another",
            "animate step_anatomy --optimizer rmsprop --rate 0.05 -o NAME.mp4",
        ),
        (
            "adam", "Adam: two averages, both corrected for their start at 0",
            "m, v, their corrections and the step, one after another; their arrows on a surface",
            "animate step_anatomy -o NAME.mp4", "animate surface -o NAME-2.mp4",
        ),
        (
            "adamw", "AdamW shrinks the weights themselves, not their gradient",
            "the two ways, and where they part",
            "animate weight_decay -o NAME.mp4",
        ),
        (
            "adam-relatives", "AdaMax, NAdam and AMSGrad change one line of Adam each",
            "their ways from one start",
            "animate optimizers --optimizers adam,adamax,nadam,adam:amsgrad=true -o NAME.mp4",
        ),
        (
            "memory", "An optimizer keeps up to two more numbers for each parameter",
            "a table of the copies beside the ways",
            "animate memory -o NAME.mp4", "animate conventions -o NAME-2.mp4",
        ),
        (
            "ways", "Zig-zag in a ravine, overshooting, and stuck in a local minimum",
            "ways on surfaces that were chosen for it",
            "animate optimizers --surface ravine --optimizers sgd,momentum,nesterov -o NAME.mp4",
            "animate overshoot -o NAME-2.mp4", "animate start_points -o NAME-3.mp4",
            "animate plateau -o NAME-4.mp4", "animate saddle_escape -o NAME-5.mp4",
            "animate sharp_minima -o NAME-6.mp4",
        ),
        (
            "averages", "A cumulative, a moving and an exponential average",
            "the three on one noisy series, and what each remembers",
            "animate averages -o NAME.mp4",
        ),
        (
            "rates", "Rates that fall by a schedule; rates too small, right and too large",
            "rate and loss against the step; a range test that finds the rate",
            "animate schedules -o NAME.mp4", "animate rates -o NAME-2.mp4",
            "animate rate_range -o NAME-3.mp4", "animate update_ratio -o NAME-4.mp4",
        ),
    ),
    "Normalization and regularization": (
        (
            "batch-norm", "Batch norm: mean and variance of the batch, γ and β, running statistics",
            "what enters a layer over training, with and without",
            "animate layer_inputs -o NAME.mp4", "animate running_statistics -o NAME-2.mp4",
            "animate norm_rates -o NAME-3.mp4",
            "explain batch-modes",
        ),
        (
            "layer-norm", "Layer norm: statistics of each sample, whatever the batch",
            "the axes of both side by side, with a single sample as well",
            "animate norm_axes -o NAME.mp4",
            "animate input_drift --against wiring=layer_norm --samples 1 -o NAME-2.mp4",
        ),
        (
            "drift", "What a layer is fed with moves while the layers below it learn",
            "mean and spread of its inputs against the step",
            "animate input_drift -o NAME.mp4",
        ),
        (
            "dropout", "Dropout: a mask times 1/(1 − p) in training, nothing afterwards",
            "masks, the mean over them beside the whole network, dropout before batch norm",
            "animate dropout -o NAME.mp4", "animate dropout_variance -o NAME-2.mp4",
            "explain dropout",
        ),
        (
            "l1-l2", "An L1 penalty makes weights 0, an L2 penalty makes them small",
            "diamond and disc on the contour lines, and the weights against λ",
            "animate penalties -o NAME.mp4",
        ),
        (
            "decay", "An L2 penalty and decoupled decay are the same for SGD, not for Adam",
            "two ways and the distance between them",
            "animate weight_decay -o NAME.mp4",
            "explain weight-decay",
        ),
        (
            "overfitting", "Under- and overfitting, and when to stop",
            "training and validation loss, and the step to stop at",
            "animate overfitting -o NAME.mp4", "animate capacity -o NAME-2.mp4",
        ),
        (
            "input-scaling", "Inputs of different size make training slow or unstable",
            "contour lines and ways before and after scaling; steps against the condition number",
            "animate input_scaling -o NAME.mp4", "animate condition_number -o NAME-2.mp4",
            "explain small-input",
        ),
    ),
    "Losses": (
        (
            "losses", "Squares, Huber, hinge, cross-entropy: what an error costs, how it pulls",
            "value and gradient on one axis; a line that outliers pull away",
            "animate loss_curves -o NAME.mp4", "animate loss_curves --kind all -o NAME-2.mp4",
            "animate robust_fit -o NAME-3.mp4",
        ),
        (
            "sigmoid-losses", "A saturated sigmoid: squares learn slowly, cross-entropy does not",
            "δ for both, from a = 0.99 where 0 is right",
            "animate sigmoid_losses -o NAME.mp4",
            "explain loud-but-deaf",
        ),
    ),
    "Practice": (
        (
            "saving", "To save a model is to save the optimizer's state as well",
            "a run that was resumed with the optimizer's state, and without it",
            "animate resume -o NAME.mp4",
        ),
        (
            "batches", "Data come in batches, shuffled with a seed",
            "the batches of three runs, two of them with one seed",
            "animate batches -o NAME.mp4",
            "explain mean-or-sum",
        ),
    ),
}  # fmt: skip

for _part, _topics in _PARTS.items():
    for _name, _about, _shows, *_commands in _topics:
        _lines = (f"backviz {command}".replace("NAME", _name) for command in _commands)
        COURSE.add(_name, CourseTopic(_name, _part, _about, _shows, tuple(_lines)))
