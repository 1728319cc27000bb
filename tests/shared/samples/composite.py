"""Composite ops, normalization, convolution and pooling."""

from typing import Any

import numpy as np

from backviz.ops import OPS
from samples import Sample


def _weighted(name: str, shapes: Any, params: Any, peer: Any) -> Sample:
    """A sum with fixed weights, of fixed data.

    Gradients that are differences can come near 0, where rounding decides about their last
    digits, here and in torch; fixed numbers keep clear of that. Entry by entry, such ops are
    compared in tests/ops/test_composite.py.
    """
    random = np.random.default_rng(5)
    data = tuple(random.uniform(0.5, 2.0, shape) for shape in shapes)
    weights = random.uniform(0.5, 1.5, np.shape(OPS[name](*data, **params)))
    return Sample(
        data,
        params,
        torch=lambda torch, *xs: (peer(torch, *xs) * torch.as_tensor(weights)).sum(),
        call=lambda *xs: OPS["sum"](OPS[name](*xs, **params) * weights),
    )


def _shares(name: str, shape: Any, **params: Any) -> Sample:
    axis = params.get("axis", -1)

    def peer(torch, x):
        if isinstance(axis, int):
            return getattr(torch.nn.functional, name)(x, dim=axis)
        axes = [a % x.ndim for a in (range(x.ndim) if axis is None else axis)]
        order = [a for a in range(x.ndim) if a not in axes] + axes  # torch takes only one
        moved = x.permute(order)
        made = getattr(torch.nn.functional, name)(moved.flatten(x.ndim - len(axes)), dim=-1)
        return made.reshape(moved.shape).permute(np.argsort(order).tolist())

    return _weighted(name, (shape,), params, peer)


def _maxout(shape: Any, pieces: int, axis: int = -1) -> Sample:
    def peer(torch, x):
        groups = x.unflatten(axis, (x.shape[axis] // pieces, pieces))
        return groups.amax(dim=axis if axis < 0 else axis + 1)

    return Sample((shape,), {"pieces": pieces, "axis": axis}, torch=peer)


def _dropout(shape: Any, **params: Any) -> Sample:
    """torch draws other numbers: compare with a multiplication by our mask."""
    mask = OPS["dropout"](np.ones(shape), **params)
    return Sample((shape,), params, torch=lambda torch, x: x * torch.as_tensor(mask))


def _layer_norm(*shapes: Any, **params: Any) -> Sample:
    axis, eps = params.get("axis", -1), params.get("eps", 1e-5)

    def peer(torch, x, gain=1.0, bias=0.0):
        centred = x - x.mean(axis, keepdim=True)
        return centred / (centred.square().mean(axis, keepdim=True) + eps).sqrt() * gain + bias

    return _weighted("layer_norm", shapes, params, peer)


def _batch_norm(*shapes: Any, **params: Any) -> Sample:
    eps = params.get("eps", 1e-5)

    def peer(torch, x, gain=None, bias=None):
        axes = [0, *range(2, x.ndim)]
        along = (-1,) + (1,) * (x.ndim - 2)
        if "mean" in params:
            mean, var = (torch.tensor(params[k]).double().reshape(along) for k in ("mean", "var"))
        else:
            mean = x.mean(axes, keepdim=True)[0]
            var = (x - mean).square().mean(axes, keepdim=True)[0]
        out = (x - mean) / (var + eps).sqrt()
        out = out if gain is None else out * gain.reshape(along)
        return out if bias is None else out + bias.reshape(along)

    return _weighted("batch_norm", shapes, params, peer)


def _group_norm(*shapes: Any, **params: Any) -> Sample:
    groups, eps = params["groups"], params.get("eps", 1e-5)

    def peer(torch, x, gain=None, bias=None):
        along = (-1,) + (1,) * (x.ndim - 2)
        rows = x.reshape(len(x), groups, -1)
        centred = rows - rows.mean(-1, keepdim=True)
        out = (centred / (centred.square().mean(-1, keepdim=True) + eps).sqrt()).reshape(x.shape)
        out = out if gain is None else out * gain.reshape(along)
        return out if bias is None else out + bias.reshape(along)

    return _weighted("group_norm", shapes, params, peer)


def _linear(*shapes: Any) -> Sample:
    return Sample(shapes, torch=lambda torch, x, w, b=0.0: x @ w + b)


def _functional(name: str, *shapes: Any, **params: Any) -> Sample:
    words = OPS[name].torch_options
    options = {words.get(k, k): v for k, v in params.items()}
    return Sample(
        shapes,
        params,
        torch=lambda torch, *xs: getattr(torch.nn.functional, name)(*xs, **options),
    )


def _to_input(upstream: Any, kernel: Any, extent: tuple[int, ...], **params: Any) -> Sample:
    def peer(torch, g, k):
        channels = k.shape[1] * params.get("groups", 1)
        back = getattr(torch.nn.grad, f"conv{len(extent)}d_input")
        return back((g.shape[0], channels, *extent), k, g, **params)

    return Sample((upstream, kernel), {"extent": extent, **params}, torch=peer)


def _to_kernel(x: Any, upstream: Any, size: tuple[int, ...], **params: Any) -> Sample:
    def peer(torch, a, g):
        channels = a.shape[1] // params.get("groups", 1)
        back = getattr(torch.nn.grad, f"conv{len(size)}d_weight")
        return back(a, (g.shape[1], channels, *size), g, **params)

    return Sample((x, upstream), {"size": size, **params}, torch=peer)


def _windows(shape: Any, size: tuple[int, ...], **params: Any) -> Sample:
    def peer(torch, x):
        options = {k: v for k, v in params.items() if k != "lowest"}
        if len(size) == 1:  # torch takes windows of two axes only
            options = {k: (v, 1) if k != "padding" else (v, 0) for k, v in options.items()}
            taken = torch.nn.functional.unfold(x[..., None], (*size, 1), **options)
        else:
            taken = torch.nn.functional.unfold(x, size, **options)
        return taken.reshape(OPS["windows"](np.ones(shape), size=size, **params).shape)

    return Sample((shape,), {"size": size, **params}, torch=peer)


def _overlap_add(shape: Any, extent: tuple[int, ...], **params: Any) -> Sample:
    def peer(torch, x):
        flat = x.reshape(shape[0], shape[1] * shape[2] * shape[3], -1)
        return torch.nn.functional.fold(flat, extent, shape[2:4], **params)

    return Sample((shape,), {"extent": extent, **params}, torch=peer)


def _others(shape: Any, **params: Any) -> Sample:
    def peer(torch, x):
        taken = torch.nn.functional.unfold(x, params["size"], stride=params["stride"])
        taken = taken.reshape(x.shape[0], x.shape[1], -1, taken.shape[-1])
        others = torch.ones_like(taken).scatter(2, taken.argmax(2, keepdim=True), 0.0)
        return others.reshape(OPS["not_first_largest"](x.detach().numpy(), **params).shape)

    return Sample((shape,), params, torch=peer)


SAMPLES: dict[str, list[Sample]] = {
    "softmax": [
        _shares("softmax", (4,)),
        _shares("softmax", (2, 3), axis=0),
        _shares("softmax", (2, 3, 2), axis=-2),
        _shares("softmax", (2, 3), axis=None),
        _shares("softmax", (2, 2, 2), axis=(0, -1)),
    ],
    "softmin": [
        _shares("softmin", (4,)),
        _shares("softmin", (2, 3), axis=0),
        _shares("softmin", (2, 3), axis=(0, 1)),
    ],
    "log_softmax": [
        _shares("log_softmax", (4,)),
        _shares("log_softmax", (2, 3), axis=0),
        _shares("log_softmax", (2, 3, 2), axis=-2),
        _shares("log_softmax", (2, 3), axis=(0, 1)),
    ],
    "maxout": [
        _maxout((6,), 2),
        _maxout((2, 6), 3),
        _maxout((4, 2, 3), 2, axis=0),
        _maxout((2, 4, 3), 2, axis=-2),
        _maxout((2, 4), 1),
        _maxout((2, 4), 4, axis=1),
    ],
    "dropout": [
        _dropout((3, 4), p=0.5, seed=1),
        _dropout((5,), p=0.2, seed=2),
        _dropout((5,), p=0, seed=2),
        _dropout((2, 2), p=1, seed=2),
        _dropout((5,), p=0.5, seed=2, training=False),
        _dropout((), p=0.5, seed=3),
    ],
    "layer_norm": [
        _layer_norm((2, 4)),
        _layer_norm((2, 4), (4,)),
        _layer_norm((3, 4), (4,), (4,)),
        _layer_norm((2, 2, 3), (2, 3), (3,), axis=(-2, -1), eps=0.1),
        _layer_norm((3, 2), (3, 1), (), axis=0),
        _layer_norm((2, 3), axis=None),
    ],
    "batch_norm": [
        _batch_norm((4, 2)),
        _batch_norm((4, 2), (2,)),
        _batch_norm((3, 2, 2), (2,), (2,)),
        _batch_norm((2, 2, 2, 2), (2,), (2,), eps=0.1),
        _batch_norm((3, 2, 2), (2,), (2,), mean=(0.5, -1.0), var=(2.0, 0.5)),
        _batch_norm((3, 2), mean=[0.5, -1.0], var=[2.0, 0.5], eps=1e-3),
    ],
    "group_norm": [
        _group_norm((2, 4), groups=2),
        _group_norm((2, 4), (4,), groups=1),
        _group_norm((2, 2, 3), (2,), (2,), groups=2, eps=0.1),
        _group_norm((1, 4, 2, 2), (4,), (4,), groups=2),
    ],
    "embedding": [
        Sample(
            ((3, 2),),
            call=lambda w: OPS["embedding"]([[0, 2], [2, 1]], w),
            torch=lambda torch, w: torch.nn.functional.embedding(torch.tensor([[0, 2], [2, 1]]), w),
        ),
        Sample(
            ((3, 2),),
            call=lambda w: OPS["embedding"](1, w),
            torch=lambda torch, w: torch.nn.functional.embedding(torch.tensor(1), w),
        ),
    ],
    "linear": [
        _linear((2, 3), (3, 4)),
        _linear((2, 3), (3, 4), (4,)),
        _linear((3,), (3, 2), (2,)),
        _linear((3,), (3, 2)),
        _linear((2, 2, 3), (3, 2), (2,)),
    ],
    "conv1d": [
        _functional("conv1d", (2, 1, 5), (1, 1, 3)),
        _functional("conv1d", (1, 2, 5), (3, 2, 2), (3,)),
        _functional("conv1d", (1, 2, 6), (2, 2, 3), (2,), stride=2, padding=1),
        _functional("conv1d", (1, 2, 6), (4, 1, 2), (4,), dilation=3, groups=2),
        _functional("conv1d", (2, 1, 1), (1, 1, 1)),
    ],
    "conv2d": [
        _functional("conv2d", (1, 1, 4, 4), (1, 1, 2, 3)),
        _functional("conv2d", (2, 2, 3, 4), (2, 2, 2, 2), (2,)),
        _functional("conv2d", (1, 2, 4, 3), (1, 2, 3, 2), (1,), stride=(2, 1), padding=(2, 1)),
        _functional("conv2d", (1, 2, 5, 4), (2, 1, 2, 2), groups=2, stride=2, dilation=(2, 1)),
    ],
    "conv_transpose1d": [
        _functional("conv_transpose1d", (2, 1, 3), (1, 1, 3)),
        _functional(
            "conv_transpose1d", (1, 2, 3), (2, 3, 2), (3,), stride=3, padding=1, output_padding=2
        ),
    ],
    "conv_transpose2d": [
        _functional("conv_transpose2d", (1, 2, 2, 3), (2, 1, 2, 2)),
        _functional(
            "conv_transpose2d",
            (1, 4, 3, 2),
            (4, 1, 2, 3),
            (2,),
            stride=(2, 1),
            padding=(1, 0),
            output_padding=(1, 0),
            groups=2,
            dilation=(1, 2),
        ),
    ],
    "conv_to_input": [
        _to_input((1, 2, 3), (2, 1, 3), (5,)),
        _to_input((1, 2, 2, 3), (2, 2, 2, 2), (4, 5), stride=2, padding=(0, 1)),
        _to_input((1, 2, 2), (2, 1, 2), (5,), groups=2, dilation=3),
    ],
    "conv_to_kernel": [
        _to_kernel((2, 1, 5), (2, 2, 3), (3,)),
        _to_kernel((1, 2, 4, 5), (1, 2, 2, 3), (2, 2), stride=2, padding=(0, 1)),
        _to_kernel((1, 2, 5), (1, 2, 2), (2,), groups=2, dilation=3),
    ],
    "windows": [
        _windows((1, 2, 5), (3,)),
        _windows((1, 2, 6), (2,), stride=2, padding=1, dilation=3),
        _windows((2, 1, 3, 4), (2, 2), stride=(1, 2), padding=(1, 0)),
        _windows((1, 1, 3, 3), (2, 2), lowest=True),
        # a last window half outside is one of an image with zeros behind it
        Sample(
            ((1, 1, 4),),
            {"size": (3,), "stride": (2,), "ceil_mode": True},
            torch=lambda torch, x: torch.nn.functional.pad(x, (0, 1)).unfold(2, 3, 2).mT,
        ),
    ],
    "overlap_add": [
        _overlap_add((1, 2, 2, 2, 2, 3), (3, 4)),
        _overlap_add((1, 1, 2, 1, 2, 2), (4, 3), stride=(2, 2), padding=(1, 0), dilation=(2, 1)),
        Sample(
            ((1, 1, 3, 2),),
            {"extent": (4,), "stride": (2,)},
            torch=lambda torch, x: torch.nn.functional.fold(x[0], (5, 1), (3, 1), stride=(2, 1))[
                :, :, :4, 0
            ],
        ),
    ],
    "max_pool1d": [
        _functional("max_pool1d", (2, 2, 6), size=2),
        _functional("max_pool1d", (1, 2, 5), size=3, stride=1, padding=1),
        _functional("max_pool1d", (1, 1, 7), size=2, stride=3, dilation=3, ceil_mode=True),
        _functional("max_pool1d", (1, 1, 3), size=2, stride=2, padding=1, ceil_mode=True),
    ],
    "max_pool2d": [
        _functional("max_pool2d", (1, 2, 4, 4), size=2),
        _functional("max_pool2d", (1, 1, 5, 4), size=(3, 2), stride=(2, 1), padding=(1, 1)),
        _functional("max_pool2d", (1, 1, 4, 5), size=2, padding=1, dilation=(1, 2), ceil_mode=True),
    ],
    "avg_pool1d": [
        _functional("avg_pool1d", (2, 2, 6), size=2),
        _functional("avg_pool1d", (1, 2, 5), size=3, stride=1, padding=1),
        _functional("avg_pool1d", (1, 1, 4), size=3, padding=1, ceil_mode=True),
        _functional("avg_pool1d", (1, 1, 3), size=2, padding=1, count_include_pad=False),
    ],
    "avg_pool2d": [
        _functional("avg_pool2d", (1, 2, 4, 4), size=2),
        _functional("avg_pool2d", (1, 1, 5, 4), size=(3, 2), stride=(2, 1), padding=(1, 1)),
        _functional(
            "avg_pool2d",
            (1, 1, 4, 3),
            size=3,
            stride=2,
            padding=(1, 0),
            ceil_mode=True,
            count_include_pad=False,
        ),
        _functional("avg_pool2d", (1, 1, 3, 4), size=2, stride=1, padding=1, divisor_override=3),
    ],
    "unfold": [
        _functional("unfold", (2, 2, 3, 4), size=2),
        _functional(
            "unfold", (1, 1, 4, 5), size=(2, 3), stride=(2, 1), padding=(1, 0), dilation=(2, 1)
        ),
    ],
    "fold": [
        _functional("fold", (1, 8, 6), extent=(3, 4), size=2),
        _functional("fold", (2, 2, 4), extent=(3, 4), size=(2, 1), stride=2, padding=(1, 0)),
    ],
    "interpolate": [
        _functional("interpolate", (2, 1, 3), size=5),
        _functional("interpolate", (1, 1, 3, 4), scale_factor=(2, 0.5)),
        _functional("interpolate", (1, 2, 4), size=3, mode="nearest-exact"),
        _functional("interpolate", (1, 1, 4), size=6, mode="linear"),
        _functional("interpolate", (1, 1, 4), size=5, mode="linear", align_corners=True),
        _functional("interpolate", (1, 2, 3, 2), scale_factor=2, mode="bilinear"),
        _functional("interpolate", (1, 1, 2, 3), size=(3, 5), mode="bilinear", align_corners=True),
        _functional("interpolate", (1, 1, 3, 4), scale_factor=1.6, mode="bilinear"),
        _functional(
            "interpolate",
            (1, 1, 3, 4),
            scale_factor=1.6,
            mode="bilinear",
            recompute_scale_factor=True,
        ),
        _functional("interpolate", (1, 1, 3, 4), size=(4, 2), mode="bicubic"),
        _functional("interpolate", (1, 1, 3, 4), size=(4, 2), mode="bicubic", align_corners=True),
        _functional("interpolate", (1, 1, 5, 4), size=(2, 3), mode="area"),
    ],
    "not_first_largest": [_others((1, 2, 4, 4), size=(2, 2), stride=(2, 1))],
}
