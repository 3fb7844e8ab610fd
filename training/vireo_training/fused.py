"""fused.cpp behind autograd: compiled once into the user's cache, used on a CPU where it can be.

VIREO_TRAINING_PLAIN=1 keeps to plain PyTorch, which is also what a GPU and a test use.
"""

import ctypes
import functools
import hashlib
import os
import pathlib
import subprocess
import tempfile

import torch

SOURCE = pathlib.Path(__file__).with_name("fused.cpp")
FLAGS = ["-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared", "-fPIC", "-std=c++20"]
FLAGS += ["-mprefer-vector-width=512"]


@functools.lru_cache(maxsize=1)
def library():
    """The compiled kernels, or None when there is no compiler or they are not wanted."""
    if os.environ.get("VIREO_TRAINING_PLAIN"):
        return None
    name = hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:16]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    built = cache / "vireo-training" / f"{name}.so"
    if not built.exists():
        built.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=built.parent, suffix=".so", delete=False) as part:
            command = ["g++", *FLAGS, str(SOURCE), "-o", part.name]
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError):
            os.unlink(part.name)
            return None
        os.replace(part.name, built)
    return ctypes.CDLL(str(built))


def usable(x):
    return not x.is_cuda and library() is not None


def at(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


def at_or_null(tensor):
    return ctypes.c_void_p(0) if tensor is None else at(tensor)


class MambaMix(torch.autograd.Function):
    """u [batch, tokens, width] bf16 to [batch, tokens, inner] bf16: all but the projections."""

    @staticmethod
    def forward(context, u, conv_weight, *vectors):
        u = u.contiguous()
        params = torch.cat([conv_weight.reshape(-1), *vectors])
        batch, tokens, _ = u.shape
        heads, inner = len(vectors[1]), len(vectors[-1])
        out = u.new_empty(batch, tokens, inner)
        library().mamba(at(u), at(params), batch, tokens, heads, at(out))
        context.save_for_backward(u, params)
        context.sizes = [conv_weight.numel(), *map(len, vectors)]
        return out

    @staticmethod
    def backward(context, dout):
        u, params = context.saved_tensors
        batch, tokens, _ = u.shape
        du, dparams = torch.empty_like(u), torch.zeros_like(params)
        dout = dout.bfloat16().contiguous()
        heads = context.sizes[2]
        library().mamba_back(
            at(u), at(params), at(dout), batch, tokens, heads, at(du), at(dparams)
        )
        first, *rest = dparams.split(context.sizes)
        return du, first.view(-1, 4), *rest


class Norm(torch.autograd.Function):
    """RMS norm, or layer norm when there is a bias: float32 rows to bf16 rows."""

    @staticmethod
    def forward(context, x, weight, bias):
        x = x.float().contiguous()
        width = x.shape[-1]
        rows = x.numel() // width
        y = torch.empty(x.shape, dtype=torch.bfloat16)
        kept = torch.empty(rows, 2)
        library().norm(at(x), at(weight), at_or_null(bias), rows, width, at(y), at(kept))
        context.save_for_backward(x, weight, kept)
        context.centred = bias is not None
        return y

    @staticmethod
    def backward(context, dy):
        x, weight, kept = context.saved_tensors
        width = x.shape[-1]
        dy = dy.bfloat16().contiguous()
        dx = torch.empty_like(x)
        dw, db = torch.zeros(width), torch.zeros(width)
        library().norm_back(
            at(x), at(weight), at(dy), at(kept), x.numel() // width, width,
            context.centred, at(dx), at(dw), at(db),
        )
        return dx, dw, db if context.centred else None
