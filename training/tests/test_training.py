"""python3 -m unittest discover -s tests   (in training/; a minute on two cores)"""

import argparse
import dataclasses
import json
import pathlib
import random
import tempfile
import unittest

import numpy
import torch
from PIL import Image

from vireo_training import (
    answers,
    blend,
    checkpoint,
    export,
    fused,
    grow,
    lora,
    network,
    tiling,
    tower,
)
from vireo_training.batches import draw_batch, retained
from vireo_training.chat import NO_TARGET, tokens_of
from vireo_training.data import auxiliary_targets, mixture, scenes
from vireo_training.data import print_windows
from vireo_training.data.page import CLASS_OF, TRAINING_FONTS, Page, box_text
from vireo_training.learner import TOWER, Learner
from vireo_training.plan import STAGES, Drawing, rows_of
from vireo_training.sizes import Sizes, VisionSizes
from vireo_training.tokenizer import Tokenizer

MINI = pathlib.Path(__file__).parents[2] / "models" / "mini"
SMALL = Sizes(
    pattern="M*-", projector=64, intermediate=64, vision=VisionSizes(layers=1, mlp=64)
)


# What rows between the kernels are made of, and how far off results may be.
ELEMENTS = ((torch.bfloat16, 3e-3), (torch.float32, 1e-5))


def off(a, b):
    """Relative distance."""
    return float((a.float() - b.float()).norm() / b.float().norm())


class Exact:
    """float32 everywhere within the block."""

    def __enter__(self):
        network.Linear.exact = True

    def __exit__(self, *_):
        network.Linear.exact = False


class Kernels(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        if fused.library(torch.float32) is None:
            self.skipTest("no C++ compiler: plain PyTorch is used")

    def test_mamba_and_its_gradients(self):
        for element, near in ELEMENTS:
            mixer = network.Mamba2(Sizes())
            with torch.no_grad():
                for p in mixer.parameters():
                    p.add_(torch.randn_like(p) * 0.05)
            for tokens in (5, 64, 150):
                u = torch.randn(3, tokens, 1160).to(element).requires_grad_()
                dout = torch.randn(3, tokens, 512).to(element)
                plain = u.detach().float().requires_grad_()
                with Exact():
                    wanted = mixer.mix(plain)
                wanted.backward(dout.float())
                grads = {n: p.grad for n, p in mixer.named_parameters() if p.grad is not None}
                mixer.zero_grad(set_to_none=True)
                names = ("conv_weight", "conv_bias", "dt_bias", "A_log", "D", "norm_weight")
                made = fused.MambaMix.apply(u, *(getattr(mixer, name) for name in names))
                made.backward(dout)
                self.assertLess(off(made, wanted), near)
                self.assertLess(off(u.grad, plain.grad), near)
                for name in names:
                    self.assertLess(off(getattr(mixer, name).grad, grads[name]), 1e-3, name)
                mixer.zero_grad(set_to_none=True)

    def test_norms_and_their_gradients(self):
        for element, near in ELEMENTS:
            for bias in (None, torch.randn(192, requires_grad=True)):
                x = torch.randn(50, 192, requires_grad=True)
                weight = torch.randn(192, requires_grad=True)
                dout = torch.randn(50, 192).to(element)
                leaves = [x, weight, *([bias] if bias is not None else [])]
                centred = x if bias is None else x - x.mean(-1, keepdim=True)
                eps = network.RMS_NORM_EPS if bias is None else network.LAYER_NORM_EPS
                scale = torch.rsqrt(centred.square().mean(-1, keepdim=True) + eps)
                wanted = centred * scale * weight + (0 if bias is None else bias)
                grads = torch.autograd.grad(wanted, leaves, dout.float())
                made = fused.Norm.apply(x, weight, bias, element)
                self.assertLess(off(made, wanted), near)
                for got, want in zip(torch.autograd.grad(made, leaves, dout), grads):
                    self.assertLess(off(got, want), 1e-4)

    def test_attention_and_its_gradients(self):
        for element, near in ELEMENTS:
            for tokens in (3, 32, 64, 70, 300):
                for causal in (False, True):
                    low = [torch.randn(2, 3, tokens, 64).to(element) for _ in range(3)]
                    plain = [t.float().requires_grad_() for t in low]
                    low = [t.requires_grad_() for t in low]
                    dout = torch.randn(2, 3, tokens, 64).to(element)
                    with Exact():
                        wanted = network.attend(*plain, causal=causal)
                    wanted.backward(dout.float())
                    made = fused.Attend.apply(*low, causal)
                    made.backward(dout)
                    self.assertLess(off(made, wanted), 2 * near)
                    for a, b in zip(low, plain):
                        self.assertLess(off(a.grad, b.grad), 4 * near)


class Formulas(unittest.TestCase):
    def test_chunked_scan_is_the_recurrence(self):
        torch.manual_seed(1)
        x, dt = torch.randn(2, 37, 4, 8), torch.rand(2, 37, 4)
        a, b, c = -torch.rand(4) * 2, torch.randn(2, 37, 2, 16), torch.randn(2, 37, 2, 16)
        held, wanted = torch.zeros(2, 4, 8, 16), []
        for t in range(37):
            heads = [each[:, t].repeat_interleave(2, 1) for each in (b, c)]
            held = torch.exp(dt[:, t] * a)[..., None, None] * held
            held = held + (dt[:, t, :, None] * x[:, t])[..., None] * heads[0][:, :, None]
            wanted.append((held * heads[1][:, :, None]).sum(-1))
        with Exact():
            made = network.scan(x, dt, a, b, c, 8)
        self.assertLess(off(made, torch.stack(wanted, 1)), 1e-5)

    def test_tiles(self):
        for size, most, grid in (
            ((481, 202), 12, (5, 2)), ((1178, 1779), 12, (2, 3)), ((724, 724), 12, (1, 1)),
            ((725, 725), 12, (2, 2)), ((640, 480), 12, (4, 3)), ((1920, 1080), 6, (2, 1)),
            ((300, 4000), 12, (1, 12)), ((4000, 300), 1, (1, 1)),
        ):
            self.assertEqual(tiling.grid_of(*size, 512, most), grid)


class Checkpoints(unittest.TestCase):
    def test_what_is_exported_is_what_is_loaded(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            own = network.Network(SMALL)
            export.write_safetensors(folder / "model.safetensors", export.tensors_of(own))
            export.write_json(folder / "config.json", export.config(SMALL, 1270))
            read = checkpoint.load(folder)
            self.assertEqual(read.sizes, own.sizes)
            for (name, a), (_, b) in zip(own.named_parameters(), read.named_parameters()):
                self.assertLess(off(b, a) if a.any() else 0, 3e-3, name)

    def test_merged_adapters_answer_like_adapters(self):
        torch.manual_seed(2)
        own = network.Network(SMALL)
        adapters = lora.adapt(own, 4, 2.0)
        for adapter in adapters.values():
            torch.nn.init.normal_(adapter.b, std=0.1)
        ids = torch.randint(0, 1000, (1, 20))
        with Exact(), torch.no_grad():
            wanted = own.logits(ids)
            for name, adapter in adapters.items():
                _, index, _, leaf, _ = name.split(".")
                adapter.base.weight.data = adapter.merged()
                setattr(own.layers[int(index)].mixer, leaf, adapter.base)
            self.assertLess(off(own.logits(ids), wanted), 1e-5)

    def test_layers_computed_again_have_the_same_gradients(self):
        torch.manual_seed(3)
        own = network.Network(SMALL)
        adapters = lora.adapt(own, 4, 2.0)
        ids, found = torch.randint(0, 1000, (1, 20)), []
        with Exact():
            for own.recomputes in (False, True):
                own.logits(ids).square().mean().backward()
                found.append([each.b.grad.clone() for each in adapters.values()])
                own.zero_grad()
        for a, b in zip(*found):
            self.assertEqual(off(a, b), 0)

    def test_pictures_are_read_as_the_engine_reads_them(self):
        clear = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
        deep = Image.fromarray(numpy.full((2, 2), 30000, numpy.uint16))
        for picture, seen in ((clear, 255), (deep, 30000 >> 8)):
            self.assertEqual(tiling.opaque(picture).getpixel((0, 0)), (seen, seen, seen))

    def test_merges_may_be_texts(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "tokenizer.json"
            held = json.loads((MINI / "tokenizer.json").read_text())
            held["model"]["merges"] = [" ".join(pair) for pair in held["model"]["merges"]]
            file.write_text(json.dumps(held))
            text = "The total is 93.10."
            self.assertEqual(Tokenizer(folder).encode(text), Tokenizer(MINI).encode(text))

    def test_a_blend_lies_between_a_checkpoint_and_a_run(self):
        torch.manual_seed(4)
        with tempfile.TemporaryDirectory() as folder:
            run = pathlib.Path(folder) / "run.pt"
            weights = blend.state_of(MINI)["average"]
            far = {name: p + torch.randn_like(p) for name, p in weights.items()}
            torch.save({"average": {**far, "text.weight": torch.ones(2)}}, run)
            for share in (0, 0.4, 1):
                made = blend.blended(run, MINI, share)["average"]
                for name, p in weights.items():
                    self.assertLess(off(made[name], p + share * (far[name] - p)), 1e-6)
                self.assertEqual(made["text.weight"].tolist(), [1, 1])
            with self.assertRaises(ValueError):
                blend.blended(run, MINI, 1.5)

    def test_new_layers_change_nothing_yet(self):
        sizes = dataclasses.replace(SMALL, pattern="M*-")
        begun = Learner(sizes)
        self.assertEqual(grow.places_of("[M]M*[-]-"), ("MM*--", [None, 0, 1, None, 2]))
        state = {name: p.detach() for name, p in begun.named_parameters()}
        weights = grow.grown(state, "[M]M*[-]-", sizes)
        for marked in ("M*[-]", "M*--"):
            with self.assertRaises(ValueError):
                grow.grown(state, marked, sizes)
        more = Learner(dataclasses.replace(sizes, pattern="MM*--"))
        more.load_state_dict(weights)
        ids = torch.randint(0, 1000, (2, 9))
        with Exact():
            self.assertEqual(off(more.network.logits(ids), begun.network.logits(ids)), 0)


class Data(unittest.TestCase):
    def test_every_kind_can_be_drawn_and_learnt(self):
        tokenizer, rng = Tokenizer(MINI), random.Random(5)
        learner = Learner(Sizes())
        for kind in mixture.SIZES:
            batch = draw_batch(kind, 2, rng, tokenizer)
            self.assertEqual((batch["targets"] != NO_TARGET).any(1).all(), True)
            loss, weight, _, _, reading = learner(batch)
            (loss / weight + sum(reading.values())).backward()
            self.assertTrue(torch.isfinite(loss))

    def test_print_is_taught_to_the_tower_alone(self):
        options = argparse.Namespace(seed="1", rate=1, keep=0.5, tokenizer=MINI)
        run = tower.TowerRun({}, options)
        before = {name: p.detach().clone() for name, p in run.learner.named_parameters()}
        losses = run.learn(progress=0.1)
        self.assertTrue(numpy.isfinite(list(losses.values())).all())
        for name, p in run.learner.named_parameters():
            self.assertEqual(name.startswith(TOWER), not torch.equal(p, before[name]), name)

    def test_targets_spell_the_answer_and_end(self):
        tokenizer, rng = Tokenizer(MINI), random.Random(6)
        for _ in range(30):
            sample = mixture.tile(rng)
            sample.settle()
            ids, targets = tokens_of(sample, tokenizer, 256, rng)
            told = [t for t in targets if t != NO_TARGET]
            wanted = [i for _, a in sample.turns for i in [*tokenizer.encode(a), tokenizer.end]]
            self.assertEqual(told, wanted)

    def test_a_window_is_taught_the_boxes_of_the_tile(self):
        page = Page(256, 96, random.Random(1), TRAINING_FONTS)
        box = page.text(32, 40, "Total", 16)
        top = box[1] / 96
        self.assertTrue(box_text(page, box).startswith(f"[125, {round(1000 * top)}, "))
        page.frame = (500, 250, 500, 187.5)
        self.assertTrue(box_text(page, box).startswith(f"[562, {round(250 + 187.5 * top)}, "))

    def test_a_window_of_print_has_the_letters_and_extents_of_its_strings(self):
        class First:
            def randint(self, least, most):
                return least

        page = Page(512, 512, random.Random(1), TRAINING_FONTS)
        page.text(32, 48, "Total 12.5", 16)
        x1, y1, x2, y2 = page.boxes[0]
        held = [(x, y, CLASS_OF[letter], x1, y1, x2, y2) for x, y, letter in page.glyphs]
        picture = numpy.zeros((512, 512, 3), numpy.uint8)
        pixels, cells, extents = print_windows.window(picture, numpy.array(held), First())
        side = print_windows.SIDE
        self.assertEqual(pixels.shape, (side, side, 3))
        patches = slice(side // 16)
        wanted = auxiliary_targets.letters_of(page, 512, 512)[:, patches, patches]
        self.assertEqual(cells.tolist(), wanted.tolist())
        row, column = numpy.argwhere(cells[0, ..., 0])[0]
        left, up, right, down = extents[row, column]
        self.assertEqual((row, column), (3, 2))
        self.assertEqual((left, up), (16 // 8, int((48 + 24 - y1) / 2)))
        self.assertEqual((right, down), (int((x2 - 32) / 8), int((y2 - 48) / 2)))

    def test_a_glyph_beside_a_border_may_be_in_either_patch(self):
        page = Page(64, 32, random.Random(1), TRAINING_FONTS, plain=True)
        page.glyphs = [(16.5, 8, "a"), (40, 8, "b")]
        cells = auxiliary_targets.letters_of(page, 64, 32)[..., 0]
        a, b = CLASS_OF["a"], CLASS_OF["b"]
        held = {tuple(shift[0]) for shift in cells.tolist()}
        self.assertEqual(held, {(0, a, b, 0), (a, 0, b, 0)})

    def test_a_video_keeps_its_first_frame_and_what_changes(self):
        frames = numpy.zeros((4, 64, 64, 3), numpy.uint8)
        frames[2:, :32, 32:] = 200
        frames[3, 32:, :32] = 200
        kept = retained(frames, 0.625, random.Random(1))
        rest = [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
        self.assertEqual(kept.astype(int).tolist(), [[1, 1, 1, 1], *rest])
        self.assertTrue(retained(frames, 0, random.Random(1)).all())

    def test_both_lines_of_a_picture_token_have_clues(self):
        tokenizer = Tokenizer(MINI)
        page = Page(64, 32, random.Random(1), TRAINING_FONTS, plain=True)
        page.text(0, 0, "7", 12)
        page.text(0, 16, "4", 12)
        halves, wholes = auxiliary_targets.token_clues(page, tokenizer, 64, 32)
        texts = halves[0, :, :, 0].tolist()
        self.assertEqual(texts, [[tokenizer.ordinary("7")[0], tokenizer.ordinary("4")[0]], [-1, -1]])
        self.assertEqual(wholes[:, auxiliary_targets.PLACE].tolist(), [[0, 0], [0, 1]])

    def test_text_has_a_clue_of_what_is_on_its_left_or_above(self):
        tokenizer = Tokenizer(MINI)
        page = Page(128, 64, random.Random(1), TRAINING_FONTS, plain=True)
        page.text(0, 0, "7", 12)
        page.text(64, 0, "4", 12)
        page.text(0, 32, "9", 12)
        self.assertEqual(auxiliary_targets.neighbours_of(page), [(None, None), (0, None), (None, 0)])
        halves, _ = auxiliary_targets.token_clues(page, tokenizer, 128, 64)
        seven = tokenizer.ordinary("7")[0]
        self.assertEqual(halves[0, 0, 0, auxiliary_targets.EARLIER].tolist(), [-1, -1, -1])
        self.assertEqual(halves[0, 2, 0, auxiliary_targets.EARLIER].tolist(), [seven, -1, -1])
        self.assertEqual(halves[0, 4, 0, auxiliary_targets.EARLIER].tolist(), [seven, -1, -1])

    def test_a_moved_shape_is_read_where_it_was_and_where_it_is(self):
        tokenizer, rng = Tokenizer(MINI), random.Random(8)
        while True:
            sample = scenes.pair(rng, TRAINING_FONTS)
            if "moved" in sample.turns[0][1]:
                break
        _, targets = tokens_of(sample, tokenizer, 256, rng)
        where = auxiliary_targets.read_at(sample, targets, tokenizer, 512, 512)
        *_, start, end = sample.turns[0][1].spots
        ninths = {tuple(place * 3 // 32) for place in where if place[0] >= 0}
        self.assertEqual(ninths, {start[3:], end[3:]})

    def test_what_comes_again_is_read_once(self):
        page = Page(128, 64, random.Random(1), TRAINING_FONTS, plain=True)
        page.text(0, 0, "Q1", 12)
        page.text(0, 32, "15", 12)
        read = auxiliary_targets.sources("Q1: 15. 15 + 15 = 30", page)
        self.assertEqual(read, [0, 1, -1, 2, 3, *9 * [-1]])

    def test_kinds_and_colours_are_counted(self):
        rng = random.Random(3)
        for _ in range(20):
            sample = scenes.counts(rng, 192, 192)
            told = {ask: int(answer) for ask, answer in sample.turns}
            whole = told.pop("How many shapes are there?")
            self.assertIn(whole, range(1, 7))
            of_kinds = sum(n for ask, n in told.items() if " shapes " not in ask)
            of_colours = sum(n for ask, n in told.items() if " shapes " in ask)
            self.assertEqual((of_kinds, of_colours), (whole, whole))

    def test_processes_share_the_rows_of_a_step(self):
        for stage, (*_, printed, rows) in enumerate(STAGES):
            drawn = [Drawing("a", MINI, rank=rank, world=2).step(stage) for rank in (0, 1)]
            for rank, (batches, windows) in enumerate(drawn):
                self.assertEqual(len(windows["pixels"]), printed)
                for batch, row in zip(batches, rows[rank::2], strict=True):
                    self.assertIn(batch["kind"], dict(row))

    def test_no_print_is_drawn_for_a_tower_that_rests(self):
        batches, windows = Drawing("a", MINI, rows=[[("spoken", 1)]], printed=False).step(0)
        self.assertEqual((len(batches), windows), (1, None))

    def test_rows_are_written_on_a_command_line(self):
        rows = [[("counts", 12)], [("pair", 1), ("clip", 2)]]
        self.assertEqual(rows_of("counts:12 pair:1|clip:2"), rows)
        with self.assertRaisesRegex(ValueError, "cats"):
            rows_of("counts:12 cats:1")

    def test_a_part_of_an_invoice_is_asked_for_every_place(self):
        sample = mixture.places(random.Random(4))
        sample.settle()
        boxes = [json.loads(answer) for _, answer in sample.turns]
        self.assertEqual(len(boxes), len({ask.rstrip("?.").split()[-1] for ask, _ in sample.turns}))
        for left, top, right, bottom in boxes:
            self.assertTrue(0 <= left < right <= 1000 and 0 <= top < bottom <= 1000)

    def test_a_draft_changes_no_answer(self):
        model, tokenizer = checkpoint.load(MINI), Tokenizer(MINI)
        item = {"images": [], "question": "Copy: two words"}
        with Exact():
            wanted, _ = answers.answer(model, tokenizer, item, MINI, 12)
            for draft in (wanted, wanted[:1], [wanted[0], 300, *wanted[2:]], [301, 302]):
                made, likeliest = answers.answer(model, tokenizer, item, MINI, 12, draft)
                self.assertEqual(made, wanted)
                self.assertEqual([each[0][0] for each in likeliest], wanted)

    def test_the_tokenizer_agrees_with_the_engine(self):
        tokenizer = Tokenizer(MINI)
        for text in ("Größe 12.5 €", 'a "b" c\n\n d', "<TOOLCALL>[{}]</TOOLCALL>", "日本"):
            self.assertEqual(tokenizer.decode(tokenizer.encode(text)), text)
        held = json.loads((MINI / "tokenizer.json").read_text())
        self.assertEqual(len(tokenizer.vocab), len(held["model"]["vocab"]))


if __name__ == "__main__":
    unittest.main()
