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

HERE = pathlib.Path(__file__).parent
FLAGS = ["-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared", "-fPIC", "-std=c++20"]
FLAGS += ["-mprefer-vector-width=512"]


@functools.lru_cache(maxsize=1)
def flags_of_cpu():
    path = pathlib.Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def low(device):
    """What matrices are multiplied in: bfloat16, but float32 on a CPU that only emulates that (80
    times as slowly)."""
    units = "amx_bf16" in flags_of_cpu() or "avx512_bf16" in flags_of_cpu()
    return torch.bfloat16 if units or device.type != "cpu" else torch.float32


def built(name, *more):
    """The compiled kernels of a source file, or None without compiler or when not wanted."""
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
def library(element):
    """Kernels for rows of bfloat16 or float32."""
    return built("fused.cpp", *(["-DROWS_OF_FLOAT32"] if element == torch.float32 else []))


@functools.lru_cache(maxsize=1)
def tiles():
    """Attention on AMX tiles, where the processor has them."""
    if "amx_bf16" not in flags_of_cpu():
        return None
    kernels = built("attention.cpp")
    return kernels if kernels is not None and kernels.attention_ready() else None


def usable(x):
    return not x.is_cuda and library(low(x.device)) is not None


def meeting(q):
    """Kernels of attention for rows of q's type."""
    return (q.dtype == torch.bfloat16 and tiles()) or library(q.dtype)


def at(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


def at_or_null(tensor):
    return ctypes.c_void_p(0) if tensor is None else at(tensor)


class Product(torch.autograd.Function):
    """x·Wᵀ. The gradient of W is made as (xᵀ·dy)ᵀ: for 1160 rows, no multiple of 64, the other way
    round takes seven times as long on a CPU."""

    @staticmethod
    def forward(context, x, weight):
        context.save_for_backward(x, weight)
        return x @ weight.t()

    @staticmethod
    def backward(context, dy):
        x, weight = context.saved_tensors
        return dy @ weight, (x.flatten(0, -2).t() @ dy.flatten(0, -2)).t()


class MambaMix(torch.autograd.Function):
    """u [batch, tokens, width] to [batch, tokens, inner] of its type: all but the projections."""

    @staticmethod
    def forward(context, u, conv_weight, *vectors):
        u = u.contiguous()
        params = torch.cat([conv_weight.reshape(-1), *vectors])
        batch, tokens, _ = u.shape
        heads, inner = len(vectors[1]), len(vectors[-1])
        out = u.new_empty(batch, tokens, inner)
        library(u.dtype).mamba(at(u), at(params), batch, tokens, heads, at(out))
        context.save_for_backward(u, params)
        context.sizes = [conv_weight.numel(), *map(len, vectors)]
        return out

    @staticmethod
    def backward(context, dout):
        u, params = context.saved_tensors
        batch, tokens, _ = u.shape
        du, dparams = torch.empty_like(u), torch.zeros_like(params)
        dout = dout.to(u.dtype).contiguous()
        heads = context.sizes[2]
        library(u.dtype).mamba_back(
            at(u), at(params), at(dout), batch, tokens, heads, at(du), at(dparams)
        )
        first, *rest = dparams.split(context.sizes)
        return du, first.view(-1, 4), *rest


class Norm(torch.autograd.Function):
    """RMS norm, or layer norm when there is a bias: float32 rows to rows of `element`."""

    @staticmethod
    def forward(context, x, weight, bias, element):
        x = x.float().contiguous()
        width = x.shape[-1]
        rows = x.numel() // width
        y = torch.empty(x.shape, dtype=element)
        kept = torch.empty(rows, 2)
        library(element).norm(at(x), at(weight), at_or_null(bias), rows, width, at(y), at(kept))
        context.save_for_backward(x, weight, kept)
        context.centred, context.element = bias is not None, element
        return y

    @staticmethod
    def backward(context, dy):
        x, weight, kept = context.saved_tensors
        width = x.shape[-1]
        dy = dy.to(context.element).contiguous()
        dx = torch.empty_like(x)
        dw, db = torch.zeros(width), torch.zeros(width)
        library(context.element).norm_back(
            at(x), at(weight), at(dy), at(kept), x.numel() // width, width,
            context.centred, at(dx), at(dw), at(db),
        )
        return dx, dw, db if context.centred else None, None


class Attend(torch.autograd.Function):
    """softmax(q·kᵀ/√64)·v for [batch, heads, tokens, 64]; causal or not."""

    @staticmethod
    def forward(context, q, k, v, causal):
        q, k, v = (t.contiguous() for t in (q, k, v))
        batch, heads, tokens, width = q.shape
        context.sizes = (batch * heads, tokens, ctypes.c_float(width**-0.5), ctypes.c_bool(causal))
        out, sums = torch.empty_like(q), torch.empty(q.shape[:-1])
        meeting(q).attention(at(q), at(k), at(v), *context.sizes, at(out), at(sums))
        context.save_for_backward(q, k, v, out, sums)
        return out

    @staticmethod
    def backward(context, dout):
        q, k, v, out, sums = context.saved_tensors
        dout = dout.to(q.dtype).contiguous()
        dq, dk, dv = (torch.empty_like(q) for _ in range(3))
        meeting(q).attention_back(
            at(q), at(k), at(v), at(out), at(dout), at(sums), *context.sizes, at(dq), at(dk), at(dv)
        )
        return dq, dk, dv, None
