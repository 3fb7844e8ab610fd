"""The CPU kernels of fused.cpp and attention.cpp as autograd functions, compiled once into the
user's cache.

VIREO_TRAINING_PLAIN=1 selects plain PyTorch, which a GPU uses as well.
"""

import ctypes
import functools
import hashlib
import os
import pathlib
import subprocess
import tempfile
from typing import Any

import torch
from torch import Tensor

HERE = pathlib.Path(__file__).parent
FLAGS = ["-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared", "-fPIC", "-std=c++20"]
FLAGS += ["-mprefer-vector-width=512"]


@functools.lru_cache(maxsize=1)
def flags_of_cpu() -> str:
    """/proc/cpuinfo, or nothing where there is none."""
    path = pathlib.Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def low_precision(device: torch.device) -> torch.dtype:
    """The type of matrix products: bfloat16, or float32 on a CPU that only emulates bfloat16, which
    is 80 times slower."""
    units = "amx_bf16" in flags_of_cpu() or "avx512_bf16" in flags_of_cpu()
    return torch.bfloat16 if units or device.type != "cpu" else torch.float32


def compiled(name: str, *more: str) -> ctypes.CDLL | None:
    """Compiles the kernels of a source file, or loads them from the cache.

    Returns None without a compiler, or where VIREO_TRAINING_PLAIN is set.
    """
    flags = [*FLAGS, *more]
    if os.environ.get("VIREO_TRAINING_PLAIN"):
        return None
    source = HERE / name
    mark = hashlib.sha256(source.read_bytes() + " ".join(flags).encode()).hexdigest()[:16]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    made = cache / "vireo-training" / f"{source.stem}-{mark}.so"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=made.parent, suffix=".so", delete=False) as part:
            command = ["g++", *flags, str(source), "-o", part.name]
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError):
            os.unlink(part.name)
            return None
        os.replace(part.name, made)
    return ctypes.CDLL(str(made))


@functools.lru_cache(maxsize=2)
def library(element: torch.dtype) -> ctypes.CDLL | None:
    """The kernels for activations of bfloat16 or float32, or None."""
    return compiled("fused.cpp", *(["-DROWS_OF_FLOAT32"] if element == torch.float32 else []))


@functools.lru_cache(maxsize=1)
def tile_kernels() -> ctypes.CDLL | None:
    """The attention kernels for AMX tiles, or None on a processor without them."""
    if "amx_bf16" not in flags_of_cpu():
        return None
    kernels = compiled("attention.cpp")
    return kernels if kernels is not None and kernels.attention_ready() else None


def is_usable(x: Tensor) -> bool:
    """Whether the kernels can process this tensor."""
    return not x.is_cuda and library(low_precision(x.device)) is not None


def attention_kernels(q: Tensor) -> ctypes.CDLL | None:
    """The attention kernels for the type of q."""
    return (q.dtype == torch.bfloat16 and tile_kernels()) or library(q.dtype)


def pointer(tensor: Tensor) -> ctypes.c_void_p:
    """The address of a tensor's data."""
    return ctypes.c_void_p(tensor.data_ptr())


def pointer_or_null(tensor: Tensor | None) -> ctypes.c_void_p:
    """The address of a tensor's data, or null for None."""
    return ctypes.c_void_p(0) if tensor is None else pointer(tensor)


class Product(torch.autograd.Function):
    """x·Wᵀ. The gradient of W is computed as (xᵀ·dy)ᵀ: with 1160 rows, which is no multiple of 64,
    dyᵀ·x takes seven times as long on a CPU."""

    @staticmethod
    def forward(context: Any, x: Tensor, weight: Tensor) -> Tensor:
        context.save_for_backward(x, weight)
        return x @ weight.t()

    @staticmethod
    def backward(context: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = context.saved_tensors
        return dy @ weight, (x.flatten(0, -2).t() @ dy.flatten(0, -2)).t()


class MambaMix(torch.autograd.Function):
    """A Mamba-2 mixer without projections: u [batch, tokens, width] to [batch, tokens, inner]."""

    @staticmethod
    def forward(context: Any, u: Tensor, conv_weight: Tensor, *vectors: Tensor) -> Tensor:
        u = u.contiguous()
        params = torch.cat([conv_weight.reshape(-1), *vectors])
        batch, tokens, _ = u.shape
        heads, inner = len(vectors[1]), len(vectors[-1])
        out = u.new_empty(batch, tokens, inner)
        library(u.dtype).mamba(pointer(u), pointer(params), batch, tokens, heads, pointer(out))
        context.save_for_backward(u, params)
        context.sizes = [conv_weight.numel(), *map(len, vectors)]
        return out

    @staticmethod
    def backward(context: Any, dout: Tensor) -> tuple[Tensor | None, ...]:
        u, params = context.saved_tensors
        batch, tokens, _ = u.shape
        du, dparams = torch.empty_like(u), torch.zeros_like(params)
        dout = dout.to(u.dtype).contiguous()
        heads = context.sizes[2]
        library(u.dtype).mamba_back(
            pointer(u),
            pointer(params),
            pointer(dout),
            batch,
            tokens,
            heads,
            pointer(du),
            pointer(dparams),
        )
        first, *rest = dparams.split(context.sizes)
        return du, first.view(-1, 4), *rest


class Norm(torch.autograd.Function):
    """RMS norm, or layer norm when there is a bias: float32 rows to rows of `element`."""

    @staticmethod
    def forward(
        context: Any, x: Tensor, weight: Tensor, bias: Tensor | None, element: torch.dtype
    ) -> Tensor:
        x = x.float().contiguous()
        width = x.shape[-1]
        rows = x.numel() // width
        y = torch.empty(x.shape, dtype=element)
        kept = torch.empty(rows, 2)
        library(element).norm(
            pointer(x),
            pointer(weight),
            pointer_or_null(bias),
            rows,
            width,
            pointer(y),
            pointer(kept),
        )
        context.save_for_backward(x, weight, kept)
        context.centred, context.element = bias is not None, element
        return y

    @staticmethod
    def backward(context: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, kept = context.saved_tensors
        width = x.shape[-1]
        dy = dy.to(context.element).contiguous()
        dx = torch.empty_like(x)
        dw, db = torch.zeros(width), torch.zeros(width)
        library(context.element).norm_back(
            pointer(x),
            pointer(weight),
            pointer(dy),
            pointer(kept),
            x.numel() // width,
            width,
            context.centred,
            pointer(dx),
            pointer(dw),
            pointer(db),
        )
        return dx, dw, db if context.centred else None, None


class Attend(torch.autograd.Function):
    """softmax(q·kᵀ/√64)·v for [batch, heads, tokens, 64]; causal or not."""

    @staticmethod
    def forward(context: Any, q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
        q, k, v = (t.contiguous() for t in (q, k, v))
        batch, heads, tokens, width = q.shape
        context.sizes = (
            batch * heads,
            tokens,
            ctypes.c_float(width**-0.5),
            ctypes.c_bool(causal),
        )
        out, sums = torch.empty_like(q), torch.empty(q.shape[:-1])
        attention_kernels(q).attention(
            pointer(q), pointer(k), pointer(v), *context.sizes, pointer(out), pointer(sums)
        )
        context.save_for_backward(q, k, v, out, sums)
        return out

    @staticmethod
    def backward(context: Any, dout: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, out, sums = context.saved_tensors
        dout = dout.to(q.dtype).contiguous()
        dq, dk, dv = (torch.empty_like(q) for _ in range(3))
        attention_kernels(q).attention_back(
            pointer(q),
            pointer(k),
            pointer(v),
            pointer(out),
            pointer(dout),
            pointer(sums),
            *context.sizes,
            pointer(dq),
            pointer(dk),
            pointer(dv),
        )
        return dq, dk, dv, None
