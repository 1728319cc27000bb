"""Linear algebra."""

from samples import Sample

# well conditioned, and with positive inverses, so that no sum in a gradient cancels
SQUARE = [[2.0, -0.5, -0.3], [-0.4, 1.5, -0.2], [-0.1, -0.6, 1.8]]
OTHER = [[1.2, -0.3, -0.4], [-0.2, 1.6, -0.5], [-0.7, -0.1, 2.1]]
STACK = [SQUARE, OTHER]
SINGULAR = [[2.0, -1.0, -1.0], [-1.0, 2.0, -1.0], [-1.0, -1.0, 2.0]]  # of rank 2, exactly


def _einsum(subscripts, *given):
    """A call of einsum, with the subscripts as numpy and torch both take them."""

    def call(*operands):
        from backviz.ops import einsum

        return einsum(subscripts, *operands)

    return Sample(given, {}, torch=lambda torch, *xs: torch.einsum(subscripts, *xs), call=call)


def _cofactors(torch, x):
    a, b, c = x.unbind(-2)
    return torch.stack([torch.linalg.cross(*pair) for pair in ((b, c), (c, a), (a, b))], -2)


def _of_the_symmetric_part(function):
    """torch's, of what backviz takes."""
    return lambda torch, x: function(torch, (x + x.mT) / 2)


def _signs(ours, theirs):
    """Vectors are unique but for their signs: those of torch turned as ours are."""
    return theirs * (theirs.detach() * ours).sum(-2, keepdim=True).sign()


def _vectors(torch, x):
    from backviz.ops import OPS

    ours = torch.as_tensor(OPS["eigenvectors"](x.detach().numpy()))
    return _signs(ours, torch.linalg.eigh((x + x.mT) / 2)[1])


def _left(torch, x):
    from backviz.ops import OPS

    ours = torch.as_tensor(OPS["left_vectors"](x.detach().numpy()))
    return _signs(ours, torch.linalg.svd(x, full_matrices=False)[0])


def _right(torch, x):
    from backviz.ops import OPS

    ours = torch.as_tensor(OPS["right_vectors"](x.detach().numpy()))
    return _signs(ours.mT, torch.linalg.svd(x, full_matrices=False)[2].mT).mT


def _minors(torch, x):
    """By the first row, for 3 × 3: torch's own has gradient 0 at a singular matrix."""
    a, b, c = x.unbind(0)
    return torch.dot(a, torch.linalg.cross(b, c))


def _two_by_two(torch, x):
    (a, b), (c, d) = x
    return a * d - b * c


def _vdot(torch, a, b):
    return (a.flatten() * b.flatten()).sum()


def _tensordot(given, axes):
    return Sample(given, {"axes": axes}, torch=lambda torch, a, b: torch.tensordot(a, b, dims=axes))


POSITIVE = [[2.0, 0.5, 0.3], [0.4, 1.5, 0.2], [0.1, 0.6, 1.8]]
TALL = [[1.0, 0.4], [-0.3, 2.0], [0.5, 1.2]]
WIDE = [[1.0, -0.3, 0.5], [0.4, 2.0, 1.2]]
SAMPLES: dict[str, list[Sample]] = {
    "cholesky": [
        Sample(
            (POSITIVE,), torch=_of_the_symmetric_part(lambda torch, x: torch.linalg.cholesky(x))
        ),
        Sample(
            ([SQUARE, OTHER],), {"upper": True},
            torch=_of_the_symmetric_part(lambda torch, x: torch.linalg.cholesky(x, upper=True)),
        ),
        Sample(([[2.0]],)),
    ],
    "eigvalsh": [
        Sample((SQUARE,), torch=_of_the_symmetric_part(lambda torch, x: torch.linalg.eigvalsh(x))),
        Sample((STACK,), torch=_of_the_symmetric_part(lambda torch, x: torch.linalg.eigvalsh(x))),
    ],
    "eigenvectors": [Sample((SQUARE,), torch=_vectors), Sample((STACK,), torch=_vectors)],
    "svdvals": [Sample((SQUARE,)), Sample((TALL,)), Sample(([WIDE, WIDE[::-1]],))],
    "left_vectors": [Sample((x,), torch=_left) for x in (SQUARE, TALL, WIDE, STACK)],
    "right_vectors": [Sample((x,), torch=_right) for x in (SQUARE, TALL, WIDE, STACK)],
    "matmul": [
        Sample(shapes)
        for shapes in [
            ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)),
            ((5, 2, 3), (5, 3, 2)), ((5, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)), ((3,), (4, 3, 2)),
            ((4, 2, 3), (3,)), ((4, 1, 2, 3), (5, 3, 2)), ((2, 2, 2, 3), (3, 4)),
        ]
    ],
    "outer": [
        Sample(((3,), (4,))),
        Sample(((2, 2), (3,)), torch=lambda torch, a, b: torch.outer(a.flatten(), b)),
        Sample(((), (3,)), torch=lambda torch, a, b: torch.outer(a.flatten(), b)),
    ],
    "vdot": [
        Sample(((3,), (3,))),
        Sample(((2, 3), (2, 3)), torch=_vdot),
        Sample(((2, 3), (6,)), torch=_vdot),
        Sample(((), ()), torch=_vdot),
    ],
    "trace": [
        Sample(((3, 3),)),
        Sample(((2, 4),)),
        Sample(((3, 4),), {"offset": 1}, torch=lambda torch, x: x.diagonal(1).sum(-1)),
        Sample(((4, 3),), {"offset": -2}, torch=lambda torch, x: x.diagonal(-2).sum(-1)),
        Sample(
            ((2, 3, 4),),
            {"axis1": -1, "axis2": 1},
            torch=lambda torch, x: x.diagonal(0, -1, 1).sum(-1),
        ),
        Sample(
            ((2, 3, 4),),
            {"offset": 1, "axis1": 0, "axis2": 2},
            torch=lambda torch, x: x.diagonal(1, 0, 2).sum(-1),
        ),
    ],
    "einsum": [
        _einsum("ij,jk->ik", (2, 3), (3, 4)),
        _einsum("ij, jk", (2, 3), (3, 4)),
        _einsum("i,i->", (3,), (3,)),
        _einsum("i,j->ji", (3,), (2,)),
        _einsum("ij->ji", (2, 3)),
        _einsum("ij->", (2, 3)),
        _einsum("ij->j", (2, 3)),
        _einsum("ii", (3, 3)),
        _einsum("ii->i", (3, 3)),
        _einsum("iji->j", (3, 2, 3)),
        _einsum("iii->", (2, 2, 2)),
        _einsum("ij,k->i", (2, 3), (4,)),
        _einsum("ii,ij->j", (3, 3), (3, 2)),
        _einsum("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)),
        _einsum("i,ij,j->", (2,), (2, 3), (3,)),
        _einsum(",i->i", (), (3,)),
        _einsum("...ij,...jk->...ik", (4, 2, 3), (4, 3, 2)),
        _einsum("...ij,jk->...ik", (2, 4, 2, 3), (3, 2)),
        _einsum("...ij,...j", (4, 1, 2, 3), (5, 3)),
        _einsum("b...,b...->b...", (2, 3), (2, 3)),
        _einsum("...ii->...i", (2, 3, 3)),
        _einsum("Ab,bA->A", (2, 3), (3, 2)),
        _einsum("ij,ij->ij", (1, 3), (2, 3)),
    ],
    "tensordot": [
        _tensordot(((2, 3, 4), (3, 4, 2)), 2),
        _tensordot(((2, 3), (3, 4)), 1),
        _tensordot(((2,), (3,)), 0),
        _tensordot(((2, 3, 4), (4, 5, 2)), ((0, 2), (2, 0))),
        _tensordot(((2, 3, 4), (4, 2)), ([-1], [0])),
    ],
    "dot": [
        Sample(((3,), (3,))),
        Sample(((2, 3), (3, 4)), torch=lambda torch, a, b: a @ b),
        Sample(((2, 3), (3,)), torch=lambda torch, a, b: a @ b),
        Sample(((2, 2, 3), (3, 4)), torch=lambda torch, a, b: a @ b),
        Sample(((), (2, 3)), torch=lambda torch, a, b: a * b),
        Sample(((2, 3), ()), torch=lambda torch, a, b: a * b),
        Sample(((), ()), torch=lambda torch, a, b: a * b),
        Sample(((2, 3), (2, 3, 2)), torch=lambda torch, a, b: torch.einsum("ij,kjl->ikl", a, b)),
        Sample(((3,), (2, 3, 2)), torch=lambda torch, a, b: torch.einsum("j,kjl->kl", a, b)),
    ],
    "inner": [
        Sample(((3,), (3,))),
        Sample(((2, 3), (4, 3))),
        Sample(((2, 2, 3), (3,))),
        Sample(((), (3,)), torch=lambda torch, a, b: a * b),
    ],
    "inv": [
        Sample((SQUARE,), torch=lambda torch, x: torch.linalg.inv(x)),
        Sample((STACK,), torch=lambda torch, x: torch.linalg.inv(x)),
        Sample(([[4.0]],), torch=lambda torch, x: torch.linalg.inv(x)),
    ],
    "solve": [
        Sample((SQUARE, (3,)), torch=lambda torch, a, b: torch.linalg.solve(a, b)),
        Sample((SQUARE, (3, 2)), torch=lambda torch, a, b: torch.linalg.solve(a, b)),
        Sample((STACK, (2, 3, 1)), torch=lambda torch, a, b: torch.linalg.solve(a, b)),
        Sample((STACK, (3, 2)), torch=lambda torch, a, b: torch.linalg.solve(a, b.expand(2, 3, 2))),
        Sample((SQUARE, (2, 3, 2)), torch=lambda torch, a, b: torch.linalg.solve(a, b)),
        Sample(
            (STACK, (3,)),
            torch=lambda torch, a, b: torch.linalg.solve(a, b[:, None].expand(2, 3, 1))[..., 0],
        ),
    ],
    "det": [
        Sample((SQUARE,)),
        Sample((STACK,)),
        Sample(([[4.0]],)),
        Sample((SINGULAR,), torch=_minors),
        Sample(([[1.0, 2.0], [2.0, 4.0]],), torch=_two_by_two),
    ],
    "cofactors": [
        Sample((SQUARE,), torch=_cofactors),
        Sample((STACK,), torch=_cofactors),
        Sample((SINGULAR,), torch=_cofactors),
    ],
    "logabsdet": [
        Sample((SQUARE,), torch=lambda torch, x: torch.linalg.slogdet(x)[1]),
        Sample((STACK,), torch=lambda torch, x: torch.linalg.slogdet(x)[1]),
    ],
    "slogdet_sign": [
        Sample(
            ([SQUARE, SQUARE[::-1]],), torch=lambda torch, x: torch.linalg.slogdet(x)[0].detach()
        ),
    ],
}  # fmt: skip
